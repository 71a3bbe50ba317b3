"""What ends a browser test that hangs. Playwright waits for its driver without a limit, and its event loop cannot go on after an exception
that comes from a signal. So the driver is killed: the call that waits for it fails where it stands, the test after it starts another
driver, and the report tells who was busy. A test that does not even end then is failed by force. (To end the whole process instead, as
pytest-timeout's other method does, loses the report of all that passed, and xdist may wait for the lost worker for ever.)"""

import signal
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import suppress
from types import FrameType

import psutil
import pytest

MORE_S = 20.0
LOOK_S = 1.0


def begin(item: pytest.Item, limit_s: float) -> None:
    """Watch over a test until `end`."""
    is_struck = False

    def strike(number: int, frame: FrameType | None) -> None:
        nonlocal is_struck
        if is_struck:
            pytest.fail(f"{item.nodeid}: not ended {MORE_S:g} s after its browser was killed")
        is_struck = True
        told = f"{item.nodeid} has not ended within {limit_s:g} s; its browser is killed"
        sys.stderr.write("\n".join([told, *stacks(), *busy(), ""]))
        for process in driver():
            with suppress(psutil.Error):
                process.kill()

    signal.signal(signal.SIGALRM, strike)
    signal.setitimer(signal.ITIMER_REAL, limit_s, MORE_S)


def end() -> None:
    """The test is over."""
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)


def driver() -> Iterator[psutil.Process]:
    """Playwright's driver, and the browser below it."""
    for child in psutil.Process().children():
        if "run-driver" in child.cmdline():
            yield from child.children(recursive=True)
            yield child


def stacks() -> list[str]:
    """Where each thread stands."""
    names = {thread.ident: thread.name for thread in threading.enumerate()}
    return [
        f"{names.get(ident, ident)}:\n{''.join(traceback.format_stack(frame))}"
        for ident, frame in sys._current_frames().items()
    ]


def busy() -> list[str]:
    """How much each process below this one does: which kind of process of the browser, or the product."""
    processes = psutil.Process().children(recursive=True)
    for process in processes:
        _percent(process)
    time.sleep(LOOK_S)
    return [f"{percent:5.0f} % {words}" for percent, words in map(_percent, processes) if words]


def _percent(process: psutil.Process) -> tuple[float, str]:
    """How busy since it was asked before, and what it is; nothing of one that has ended."""
    try:
        words = process.cmdline()
        kinds = [word for word in words if word.startswith("--type=")] or words[1:6]
        return process.cpu_percent(), " ".join([process.name(), *kinds])
    except psutil.Error:
        return 0.0, ""
