"""The networks of the paper: torch only, no files, no pictures."""
