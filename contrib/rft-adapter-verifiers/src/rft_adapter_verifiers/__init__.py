"""Rewards of verifiers as graders of rft-core, and composed rewards as rewards of verifiers."""
