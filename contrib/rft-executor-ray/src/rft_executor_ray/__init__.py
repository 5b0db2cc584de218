"""Graders of rft-core on a Ray cluster: the executor `ray`."""
