"""Shared specs in a project: its settings, its lock, the vendored documents."""
