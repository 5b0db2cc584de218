"""A task with verifiers' own scoring of boxed answers, for the grader's cases."""

import verifiers.v1 as vf


class Data(vf.TaskData):
    """A sum."""

    answer: str


class Sums(vf.Task[Data, vf.State, vf.TaskConfig]):
    """Right if the boxed answer is."""

    @vf.reward
    async def right(self, trace: vf.Trace) -> float:
        """Compare by math-verify."""
        score: float = vf.verify_boxed_math_answer(trace.last_reply, self.data.answer)
        return score
