"""How good a fill is, measured against pictures whose truth is known."""
