"""What the operating system says of processes, and where they run."""

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


def pinned(core: int, command: Sequence[str | Path]) -> list[str]:
    """The command, to be run on one core."""
    return ["taskset", "--cpu-list", str(core), *map(str, command)]


def compiled(name: str, folder: Path) -> Path:
    """The program of a C file beside this one."""
    program = folder / name
    if not program.exists():
        compiler = shutil.which("gcc") or sys.exit("please install gcc: apt-get install gcc libc6-dev")
        subprocess.run([compiler, "-O2", "-Wall", "-o", program, HERE / f"{name}.c"], check=True)
    return program


def family(pid: int) -> Iterator[int]:
    """A process and all its descendants."""
    yield pid
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            yield from family(int(child))


def cpu_seconds(pid: int) -> float:
    """The time that a process with its descendants was on a CPU, in the kernel too, to the nanosecond."""
    nanoseconds = 0
    for member in family(pid):
        for task in Path(f"/proc/{member}/task").iterdir():
            nanoseconds += int((task / "schedstat").read_text().split()[0])
    return nanoseconds / 1e9


def resident_bytes(pid: int) -> int:
    """The memory that a process with its descendants has in use."""
    return sum(int(_status(member, "VmRSS")) * 1024 for member in family(pid))


def _status(pid: int, name: str) -> str:
    found = re.search(rf"^{name}:\s+(\d+)", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    return found[1] if found else "0"


def describe() -> str:
    """This machine, in one line."""
    model = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    cores = Path("/proc/cpuinfo").read_text().count("\nprocessor") + 1
    memory = re.search(r"MemTotal:\s+(\d+)", Path("/proc/meminfo").read_text())
    gigabytes = int(memory[1]) / 1024**2 if memory else 0
    return (
        f"{model[1] if model else 'CPU'}, {cores} cores, {gigabytes:.0f} GiB, "
        f"Linux {platform.release()}, Python {platform.python_version()}"
    )
