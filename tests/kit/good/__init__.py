"""Good graders of different shapes: the test kit has nothing to say of them."""
