"""The bench's process: `python -m rft_core.testing.contract.child FD`.

It is told where to import from, gets an `Order`, and then checks by name until the other end of
the connection is closed.
"""

from __future__ import annotations

import os
import sys
import threading
from multiprocessing.connection import Connection
from time import sleep as _sleep
from typing import Any


def main() -> None:
    """Serve until nobody is left to ask."""
    connection: Connection[Any, Any] = Connection(int(sys.argv[1]))
    threading.Thread(target=_end_with_parent, args=[os.getppid()], daemon=True).start()
    # Anything the grader prints outside of a check that looks for it goes nowhere.
    try:
        path = connection.recv()
        sys.path += [entry for entry in path if entry not in sys.path]
        _serve(connection)
    except (EOFError, OSError):
        pass
    # Threads and processes that the grader left behind do not hold this one up.
    os._exit(0)


def _end_with_parent(parent: int) -> None:
    """End when the parent has ended, in whatever way, and whatever the grader is doing."""
    while os.getppid() == parent:
        _sleep(1.0)
    os._exit(1)


def _serve(connection: Connection[Any, Any]) -> None:
    from rft_core.testing.contract.bench import Bench
    from rft_core.testing.contract.catalogue import look
    from rft_core.testing.contract.laboratory import At
    from rft_core.testing.contract.order import Order
    from rft_core.testing.contract.process_state import remember
    from rft_core.testing.contract.watching import watch

    watch()
    remember()

    def tell(what: str, seconds: float, *, may_be_lost: bool = False) -> None:
        connection.send(At(what, seconds, may_be_lost))

    bench = Bench(Order.unpack(connection.recv()), tell)
    direct = {"grades": bench.first_grades, "backwards": bench.grades_backwards}
    while True:
        name = connection.recv()
        connection.send(direct[name]() if name in direct else look(name, bench))


if __name__ == "__main__":
    main()
