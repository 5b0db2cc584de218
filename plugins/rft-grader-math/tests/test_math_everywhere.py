"""It works in any thread, in an event loop, and in forked, spawned and daemonic processes."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from rft_grader_math import Policy, compare, equivalent
from rft_grader_math.algebra import pool

PATIENT = Policy(timeout=120)
PAIRS = [
    ("42", r"\boxed{42}", True),
    (r"\frac{1}{2}", "The answer is 0.5.", True),
    (r"(x+1)^2", r"\boxed{x^2+2x+1}", True),
    (r"\frac{\pi^2}{6}", r"\boxed{\sum_{n=1}^{\infty} \frac{1}{n^2}}", True),
    (r"\frac{\pi^2}{6}", r"\boxed{\sum_{n=1}^{\infty} \frac{1}{n^3}}", False),
    ("x^2 < 4", "-2 < x < 2", True),
]


def verdicts() -> list[bool]:
    return [equivalent(gold, answer, PATIENT) for gold, answer, _ in PAIRS]


EXPECTED = [expected for *_, expected in PAIRS]


def send_verdicts(connection: object) -> None:
    connection.send(verdicts())  # type: ignore[attr-defined]


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
@pytest.mark.parametrize("daemon", [False, True])
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_in_processes(method: str, daemon: bool) -> None:
    assert verdicts() == EXPECTED  # so that a fork finds a pool that is not its own
    context = multiprocessing.get_context(method)
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=send_verdicts, args=(sender,), daemon=daemon)
    process.start()
    assert receiver.poll(200)
    assert receiver.recv() == EXPECTED
    process.join()
    assert verdicts() == EXPECTED  # the child has not taken the parent's workers


def test_in_many_threads() -> None:
    with ThreadPoolExecutor(8) as threads:
        results = list(threads.map(lambda _: verdicts(), range(16)))
    assert results == [EXPECTED] * 16


def test_in_an_event_loop_and_in_threads_at_once() -> None:
    async def run() -> list[list[bool]]:
        loop = [asyncio.to_thread(verdicts) for _ in range(4)]
        here = verdicts()
        return [here, *await asyncio.gather(*loop)]

    assert asyncio.run(run()) == [EXPECTED] * 5


def test_signals_of_the_caller_are_untouched() -> None:
    before = signal.getsignal(signal.SIGALRM), signal.getitimer(signal.ITIMER_REAL)
    signal.signal(signal.SIGALRM, lambda *_: None)
    signal.setitimer(signal.ITIMER_REAL, 300)
    verdicts()
    assert signal.getitimer(signal.ITIMER_REAL)[0] > 0
    signal.setitimer(signal.ITIMER_REAL, *before[1])
    signal.signal(signal.SIGALRM, before[0])


def test_workers_are_as_many_as_declared_and_end_with_the_process() -> None:
    script = (
        "from rft_grader_math import equivalent, Policy\n"
        "from rft_grader_math.algebra import pool\n"
        "equivalent('x^2<4', '-2<x<2', Policy(timeout=120))\n"
        "print(*[w._process.pid for w in pool._pool()._all], flush=True)\n"
    )
    for ending in ("", "import os; os.kill(os.getpid(), 9)"):
        done = subprocess.run(
            [sys.executable, "-c", script + ending], capture_output=True, text=True, check=False
        )
        pids = [int(pid) for pid in done.stdout.split()]
        assert len(pids) == pool.WORKERS
        deadline = time.monotonic() + 20
        while any(map(is_running, pids)) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert not any(map(is_running, pids))


def is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def test_a_busy_worker_does_not_hold_up_the_others() -> None:
    """While one comparison hangs, those that need the algebra, too, are answered."""
    verdicts()
    hanging = threading.Thread(target=hang)
    hanging.start()
    time.sleep(0.2)
    assert [compare(g, a, PATIENT).equal for g, a, _ in PAIRS] == EXPECTED
    assert hanging.is_alive()
    hanging.join()


def hang() -> None:
    with pytest.raises(RuntimeError):
        compare(r"\sqrt{2}", r"\boxed{\prod_{n=1}^{\infty} n^{n^n}}", Policy(timeout=10))


def test_importing_is_light() -> None:
    code = "import sys, rft_grader_math; print('sympy' in sys.modules, 'rft_core' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=os.environ
    )
    assert done.stdout.split() == ["False", "False"]
