"""reasoning-gym's puzzles and scorers for rft-core."""
