"""Processes on this machine: their core, CPU time and memory."""

from __future__ import annotations

import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

SERVER_CORE, LOAD_CORE = 0, 1

HERE = Path(__file__).parent


def pin_to_core(core: int, command: Sequence[str | Path]) -> list[str]:
    """Return the command line that runs a command on one core."""
    return ["taskset", "--cpu-list", str(core), *map(str, command)]


def compile_program(name: str, folder: Path) -> Path:
    """Compile a C file of this folder, unless that is done already, and return the program."""
    program = folder / name
    if not program.exists():
        compiler = shutil.which("gcc") or sys.exit("gcc is missing. Install it: apt-get install gcc libc6-dev")
        subprocess.run([compiler, "-O2", "-Wall", "-o", program, HERE / f"{name}.c"], check=True)
    return program


def descendants(pid: int) -> Iterator[int]:
    """Return a process and all its descendants, as process ids."""
    yield pid
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            yield from descendants(int(child))


def cpu_seconds(pid: int) -> float:
    """Return the CPU seconds of a process and its descendants, including kernel time, exact to the nanosecond."""
    nanoseconds = 0
    for member in descendants(pid):
        for task in Path(f"/proc/{member}/task").iterdir():
            nanoseconds += int((task / "schedstat").read_text().split()[0])
    return nanoseconds / 1e9


def resident_bytes(pid: int) -> int:
    """Return the resident memory of a process and its descendants."""
    return sum(int(_status(member, "VmRSS")) * 1024 for member in descendants(pid))


def _status(pid: int, name: str) -> str:
    found = re.search(rf"^{name}:\s+(\d+)", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    return found[1] if found else "0"


def describe() -> str:
    """Describe this machine in one line."""
    model = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    cores = Path("/proc/cpuinfo").read_text().count("\nprocessor") + 1
    memory = re.search(r"MemTotal:\s+(\d+)", Path("/proc/meminfo").read_text())
    gigabytes = int(memory[1]) / 1024**2 if memory else 0
    return (
        f"{model[1] if model else 'CPU'}, {cores} cores, {gigabytes:.0f} GiB, "
        f"Linux {platform.release()}, Python {platform.python_version()}"
    )
