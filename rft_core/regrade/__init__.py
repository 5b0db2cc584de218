"""Grading files: completions from anywhere, or what a run sampled, with another reward."""
