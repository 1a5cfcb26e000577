"""`make` leaves an environment alone that something else has made."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.paths import ROOT

ENVIRON = {name: value for name, value in os.environ.items() if name not in ("VENV", "MAKEFLAGS")}


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A directory with the Makefile, and a `.venv` as the README's *Install* creates it."""
    shutil.copy(ROOT / "Makefile", tmp_path)
    shutil.copytree(ROOT / "scripts", tmp_path / "scripts")
    (tmp_path / ".venv").mkdir()
    (tmp_path / ".venv" / "pyvenv.cfg").write_text("home = /usr/bin\n")
    return tmp_path


def run(checkout: Path, *command: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=checkout, env=ENVIRON | environ, capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize("target", ["run", "test", "check", "load", "soak", "proof", "bench", "latency", "clean"])
def test_make_uses_another_environment_if_it_has_not_made_this_one(checkout, target):
    planned = run(checkout, "make", "--dry-run", target).stdout
    assert ".venv-make" in planned and ".venv/" not in planned and "rm -rf .venv " not in planned
    (checkout / ".venv" / ".stamps").mkdir()
    assert ".venv-make" not in run(checkout, "make", "--dry-run", target).stdout


def test_setup_does_not_replace_an_environment_that_it_has_not_made(checkout):
    setup = run(checkout, "scripts/setup", "run", VENV=".venv")
    assert (setup.returncode, setup.stderr) == (
        2,
        "setup: .venv exists, and make has not created it; move it away or set VENV\n",
    )
    assert (checkout / ".venv" / "pyvenv.cfg").exists()
