"""Runs what a Dockerfile says in plain directories, because not every machine that runs tests has an engine.

It knows the instructions that ours uses, and refuses others. A stage is a folder; `/x` is `x` in that folder, for
COPY, WORKDIR and RUN's working directory. So commands of RUN have to name places relative to that.
"""

from __future__ import annotations

import fnmatch
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from tests.support.paths import ROOT


class Instruction(NamedTuple):
    name: str
    text: str


def instructions(dockerfile: Path) -> list[Instruction]:
    lines = [line for line in dockerfile.read_text().splitlines() if not line.startswith("#")]
    joined = re.sub(r"\\\n", "", "\n".join(lines))
    return [Instruction(*line.split(maxsplit=1)) for line in joined.splitlines() if line.strip()]


def ignored(path: str) -> bool:
    """Return whether .dockerignore keeps a path of the checkout out: the last line that fits a part of it decides."""
    decision = False
    parts = path.split("/")
    prefixes = ["/".join(parts[: n + 1]) for n in range(len(parts))]
    for line in (ROOT / ".dockerignore").read_text().splitlines():
        pattern = line.strip().lstrip("!")
        if pattern and not pattern.startswith("#"):
            anywhere = pattern.removeprefix("**/")
            fits = any(
                fnmatch.fnmatch(prefix, pattern)
                or (anywhere != pattern and fnmatch.fnmatch(Path(prefix).name, anywhere))
                for prefix in prefixes
            )
            decision = not line.startswith("!") if fits else decision
    return decision


class Stage:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.workdir = folder
        self.env: dict[str, str] = {}
        self.user = ""

    def place(self, path: str) -> Path:
        return self.folder / path.lstrip("/") if path.startswith("/") else self.workdir / path


class Image:
    """The last stage of a Dockerfile, built in a folder."""

    def __init__(self, dockerfile: Path, folder: Path) -> None:
        self.instructions = instructions(dockerfile)
        self._folder = folder
        self._stages: list[Stage] = []
        self._named: dict[str, Stage] = {}
        for name, text in self.instructions:
            getattr(self, f"_{name.lower()}")(text)

    @property
    def stage(self) -> Stage:
        return self._stages[-1]

    def value(self, name: str) -> str:
        """Of the last instruction with this name."""
        return [one.text for one in self.instructions if one.name == name][-1]

    def _from(self, text: str) -> None:
        name = text.split()[-1] if " AS " in text else "final"
        folder = self._folder / name
        folder.mkdir()
        self._stages.append(Stage(folder))
        self._named[name] = self.stage

    def _workdir(self, text: str) -> None:
        self.stage.workdir = self.stage.place(text)
        self.stage.workdir.mkdir(parents=True, exist_ok=True)

    def _env(self, text: str) -> None:
        self.stage.env |= dict(word.split("=", 1) for word in shlex.split(text))

    def _copy(self, text: str) -> None:
        words = text.split()
        options = dict(word.removeprefix("--").split("=") for word in words if word.startswith("--"))
        *sources, target = [word for word in words if not word.startswith("--")]
        earlier = self._named[options["from"]] if "from" in options else None
        for source in sources:
            origin = earlier.place(source) if earlier else ROOT / source
            if not earlier:
                assert not ignored(source), f"COPY {source}: .dockerignore keeps it out"
            place = self.stage.place(target) / (origin.name if target.endswith("/") or target == "." else "")
            place.parent.mkdir(parents=True, exist_ok=True)
            if origin.is_dir():
                shutil.copytree(origin, place, symlinks=True, dirs_exist_ok=True, ignore=None if earlier else leave_out)
            else:
                shutil.copy(origin, place)

    def _run(self, text: str) -> None:
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        environ = {**os.environ, **self.stage.env, "PATH": path, "PIP_NO_COMPILE": "1"}  # compiling takes as long again
        done = subprocess.run(["sh", "-euc", text], cwd=self.stage.workdir, env=environ, capture_output=True, text=True)
        assert done.returncode == 0, f"RUN {text}\n{done.stdout}{done.stderr}"

    def _user(self, text: str) -> None:
        self.stage.user = text

    def _nothing(self, _text: str) -> None:
        """It says something about the image, and does nothing while it is built."""

    _arg = _label = _volume = _expose = _stopsignal = _healthcheck = _entrypoint = _cmd = _nothing


def leave_out(folder: str, names: list[str]) -> list[str]:
    place = Path(folder).relative_to(ROOT)
    return [name for name in names if ignored(str(place / name))]
