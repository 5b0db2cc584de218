"""What every grader owes whoever runs it, checked from outside.

A check looks at a grader through a bench: a process of its own that builds the grader from its
class and its config, grades with it and watches it. So a grader that hangs, eats memory, prints or
changes its process harms nobody but the bench. `run.CHECKS` lists the checks.
"""
