"""For tests of judges without a model: a scripted OpenAI-compatible server on loopback.

from rft_grader_judge.testing import Reply, ScriptedServer, verdict_json

with ScriptedServer(Reply(verdict_json(reason="short", score=3))) as server:
    grader = make_grader(JudgeGrader, model="any", endpoint={"base_url": server.base_url})
    ...
    assert "Is it right?" in server.requests[0].text

Scripts are functions from `Request` to `Reply`, one reply for all, or a sequence of replies in the
order in which requests arrive. Replies have delays, error statuses and faults.
"""

from rft_grader_judge.testing.messages import Fault, Reply, Request, verdict_json
from rft_grader_judge.testing.server import Script, ScriptedServer

__all__ = ["Fault", "Reply", "Request", "Script", "ScriptedServer", "verdict_json"]
