"""What needs a computer algebra system, and the processes that it runs in."""
