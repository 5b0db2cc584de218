"""The classes of attacks on each family of graders; one module per scope, with `CLASSES`."""
