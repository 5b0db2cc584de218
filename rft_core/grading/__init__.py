"""Running graders: batches in, grades out."""
