"""For tests of graders: make samples, grade them as a run would, and hold graders to the contract.

from rft_core.testing import check_grader, grade_one, make_grader, make_sample

grader = make_grader(MyGrader, threshold=2)
assert grade_one(grader, make_sample('{"a": 1}', reference={"a": 1})).score == 1.0
check_grader(grader, cases="cases.jsonl")
"""

from rft_core.testing.card import GradeCard
from rft_core.testing.contract.run import check_grader, find_violations
from rft_core.testing.examine import Plan, examine
from rft_core.testing.findings import ContractViolationError, Finding
from rft_core.testing.making import grade_all, grade_one, make_grader, make_sample

__all__ = [
    "ContractViolationError",
    "Finding",
    "GradeCard",
    "Plan",
    "check_grader",
    "examine",
    "find_violations",
    "grade_all",
    "grade_one",
    "make_grader",
    "make_sample",
]
