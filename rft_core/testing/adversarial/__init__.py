"""The adversarial library: completions that try to be paid without being right."""
