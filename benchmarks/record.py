"""What every measurement writes down beside its figures: command, date, machine, versions; and what it keeps."""

import datetime
import json
import os
import platform
import sys
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np

from lmtutorial import files

LIBRARIES = ("lmtutorial", "tensorflow", "tensorflow-cpu", "keras", "numpy", "lime", "shap", "torch", "captum")


def processor() -> str:
    """The processor's name."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.is_file() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def versions() -> dict[str, str]:
    """{library: version} of those that are installed, and Python's."""
    found = {"python": platform.python_version()}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def circumstances(module: str) -> dict:
    """When, how and where a measurement was taken."""
    return {
        "command": " ".join(["python", "-m", module, *sys.argv[1:]]),
        "date": datetime.date.today().isoformat(),
        "machine": {"processor": processor(), "cores": os.cpu_count(), "system": platform.system()},
        "versions": versions(),
    }


def write(name: str, values: dict) -> Path:
    """Write `values` as data/measurements/NAME, whole or not at all."""
    target = files.data_folder() / "measurements" / name
    with files.written_whole(target) as beside:
        beside.write_text(json.dumps(values, indent=1, allow_nan=False) + "\n", encoding="utf-8")
    return target


def kept(folder: Path, name: str, make: Callable[[], dict]) -> dict[str, np.ndarray]:
    """{name: array} from FOLDER/NAME.npz, made and written there if it is not there yet, so that a run can go on."""
    file = folder / f"{name}.npz"
    if not file.is_file():
        with files.written_whole(file) as beside, beside.open("wb") as out:
            np.savez(out, **make())
    with np.load(file, allow_pickle=False) as found:
        return dict(found)


def stage(folder: Path, name: str, make: Callable[[], dict]) -> dict:
    """What FOLDER/NAME.json holds, made and written there if it is not there yet: one stage of a run that can go on."""
    file = folder / f"{name}.json"
    if not file.is_file():
        found = make()
        with files.written_whole(file) as beside:
            beside.write_text(json.dumps(found), encoding="utf-8")
    return json.loads(file.read_text(encoding="utf-8"))
