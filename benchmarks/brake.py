"""A slower processor for a browser: its processes are stopped for most of the time, a few milliseconds at a time.

The switch in Chromium's protocol slows only the main thread of a page. Stopping whole processes slows its workers too,
and what draws the page, and needs no right that a process has not over those that it started.
"""

import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

RUN, SLOWER = 0.002, 4  # seconds of running in a turn; how many times slower that makes a program


def processes_below(parent: int) -> list[int]:
    """All processes that a process has started, and those that these have."""
    children = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            above = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
        except (FileNotFoundError, ProcessLookupError):
            continue  # it has ended meanwhile
        children.setdefault(above, []).append(int(folder.name))
    found = list(children.get(parent, []))
    for process in found:  # the list grows while it is read
        found.extend(children.get(process, []))
    return found


@contextmanager
def slowed(name: bytes = b"chrom"):
    """Within the block all programs that this process has started, and that are called so, run at a quarter's speed."""
    programs = {p: Path(f"/proc/{p}/cmdline").read_bytes().split(b"\0")[0] for p in processes_below(os.getpid())}
    slow = [str(process) for process, program in programs.items() if name in program]
    if not slow:
        raise RuntimeError(f"this process has started no {name.decode()}")
    brake = subprocess.Popen([sys.executable, __file__, *slow], stdout=subprocess.PIPE)
    brake.stdout.readline()
    try:
        yield
    finally:
        brake.terminate()
        brake.wait()


def stop_and_go(processes: list[int]) -> None:
    """Let processes run for a moment, stop them three times as long, and so on until this one is told to end.

    A moment on a busy machine may last longer than it should: the stop lasts three times what it lasted.
    """

    def tell(what: int) -> None:
        for process in processes:
            try:
                os.kill(process, what)
            except ProcessLookupError:
                continue

    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    print("slow from here on", flush=True)
    try:
        while True:
            begin = time.perf_counter()
            tell(signal.SIGCONT)
            time.sleep(RUN)
            tell(signal.SIGSTOP)
            time.sleep((SLOWER - 1) * (time.perf_counter() - begin))
    finally:
        tell(signal.SIGCONT)


if __name__ == "__main__":
    stop_and_go([int(process) for process in sys.argv[1:]])
