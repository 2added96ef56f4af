"""Masks of known pictures: what networks are trained and judged on."""
