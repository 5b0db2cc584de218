"""How well a grader agrees with people, and whether it is fit to reward with."""
