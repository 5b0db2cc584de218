"""Discovery of shareable, versioned reward specs."""
