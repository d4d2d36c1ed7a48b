"""Keeps the worker running: `python -m config.keep COMMAND…` starts it anew where it ended because it had gone deaf.

The supervisor stops everything when one of its processes ends, which is right for any other end (docs/decisions/0006).
"""

import os
import signal
import subprocess
import sys
from contextlib import suppress
from typing import Any

DEAF = 75  # EX_TEMPFAIL: the worker's exit code where it heard nothing any more (financing/hearing.py)

ENDS_WITHIN = 20  # seconds after it was asked to; the supervisor waits a little longer


def main(command: list[str]) -> int:
    """Run it until it ends for any other reason than DEAF; its exit code."""
    child: subprocess.Popen[bytes] | None = None
    asked = False

    def pass_on(number: int, _frame: Any) -> None:
        nonlocal asked
        asked = True
        if child is not None and child.poll() is None:
            child.send_signal(number)
            signal.alarm(ENDS_WITHIN)

    def give_up(_number: int, _frame: Any) -> None:
        if child is not None and child.poll() is None:
            os.killpg(child.pid, signal.SIGKILL)

    signal.signal(signal.SIGALRM, give_up)
    for one in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT):
        signal.signal(one, pass_on)
    while True:
        # A group of its own, so that its children can be ended with it.
        child = subprocess.Popen(command, start_new_session=True)
        code = child.wait()
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        if asked or code != DEAF:
            return code
        sys.stderr.write("the worker had gone deaf and is started anew\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
