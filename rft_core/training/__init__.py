"""Training and evaluation: the only part that imports torch, transformers and TRL."""

import os

# TRL warns that rollout functions are experimental; the versions we allow are tested. It is said
# here, before torch starts threads: one that reads the environment while it is changed crashes.
os.environ.setdefault("TRL_EXPERIMENTAL_SILENCE", "1")
