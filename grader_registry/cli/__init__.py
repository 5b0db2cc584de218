"""The commands `rft registry …`."""
