"""The task file and the datasets that it names."""
