"""Weights on disk <-> networks in memory: cards, the store, downloads, every published file layout."""
