"""Panels: what stands around the canvas and follows the document in front."""
