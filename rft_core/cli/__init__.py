"""The `rft` command."""
