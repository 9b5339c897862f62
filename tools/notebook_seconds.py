"""A pytest plugin that says at the end how many seconds each notebook took, and fails a run far over the budget.

pytest -p tools.notebook_seconds --nbval notebooks/*.ipynb
"""

from collections import Counter

BUDGET = 90  # seconds a notebook, alone on two processor cores
SHARED = 2  # two notebooks run at once and share the cores

_seconds: Counter = Counter()


def pytest_runtest_logreport(report):
    file = report.nodeid.partition("::")[0]
    if file.endswith(".ipynb"):
        _seconds[file] += report.duration


def pytest_terminal_summary(terminalreporter):
    if not _seconds:
        return
    terminalreporter.section("seconds a notebook")
    for file, seconds in sorted(_seconds.items()):
        mark = f"  over {BUDGET} s" if seconds > BUDGET else ""
        terminalreporter.write_line(f"{seconds:7.1f}  {file}{mark}")


def pytest_sessionfinish(session):
    if any(seconds > SHARED * BUDGET for seconds in _seconds.values()) and session.exitstatus == 0:
        session.exitstatus = 1
