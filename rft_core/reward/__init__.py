"""From grades to a reward: gates, weights or a formula, and shapers."""
