"""Scorers of Inspect as graders of rft-core, and composed rewards as scorers of Inspect."""
