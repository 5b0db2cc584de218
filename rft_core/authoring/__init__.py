"""Beginning a plugin: a distribution with a grader, its cases and its tests, from a template."""
