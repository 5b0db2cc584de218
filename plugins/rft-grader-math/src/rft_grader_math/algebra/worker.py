"""The algebra worker: a process that may be killed at any moment.

It reads one JSON request a line and writes one JSON reply a line. It is started with a clean
interpreter and gets texts only, which it reads with this package's own bounded parser.
"""

from __future__ import annotations

import json
import os
import queue
import resource
import sys
import threading
from typing import Any, TextIO

MEMORY_BYTES = 768 * 1024**2
"""Address space of a worker."""


def main() -> None:
    """Serve requests until the input ends."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    requests: queue.SimpleQueue[str] = queue.SimpleQueue()
    replies = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # whatever else prints does not disturb the replies
    threading.Thread(target=_listen, args=(requests,), daemon=True).start()
    import sympy  # noqa: F401 - done before the first request

    _reply(replies, {"ready": True})
    while True:
        _reply(replies, _answer(json.loads(requests.get())))


def _listen(requests: queue.SimpleQueue[str]) -> None:
    """Pass requests on; end the process, busy or not, when the parent has gone."""
    for line in sys.stdin:
        requests.put(line)
    os._exit(0)


def _reply(replies: TextIO, reply: dict[str, Any]) -> None:
    replies.write(json.dumps(reply) + "\n")
    replies.flush()


def _answer(request: dict[str, Any]) -> dict[str, Any]:
    from rft_grader_math.algebra.decide import SympyAlgebra
    from rft_grader_math.compare import compare_found, read_gold
    from rft_grader_math.extraction import Extraction
    from rft_grader_math.policy import Policy

    policy = Policy.model_validate(request["policy"])
    gold = read_gold(request["gold"], policy.decimal_comma)
    found = Extraction(**request["found"])
    try:
        verdict = compare_found(gold, found, policy, algebra=SympyAlgebra())
    except Exception as error:  # noqa: BLE001 - SymPy raises all kinds; the parent tells them on
        return {"error": f"{type(error).__name__}: {error}"[:300]}
    return {"equal": verdict.equal, "tier": verdict.tier, "reason": verdict.reason}


if __name__ == "__main__":
    main()
