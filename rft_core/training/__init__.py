"""Training and evaluation: the only part that imports torch, transformers and TRL."""
