"""What networks learn from: so far the masks."""
