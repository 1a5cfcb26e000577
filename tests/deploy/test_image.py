"""The Dockerfile: a linter reads it, its steps are run in plain directories, and what comes out serves."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from loadtest.ports import free_port
from stoppress.settings import SETTINGS
from tests.deploy.image import Image, ignored
from tests.support.paths import ROOT

# On a busy machine, pip and npm take minutes
pytestmark = [pytest.mark.release, pytest.mark.slow, pytest.mark.timeout(300)]

DOCKERFILE = ROOT / "Dockerfile"
UNPRIVILEGED = ["setpriv", "--bounding-set=-all", "--inh-caps=-all", "--no-new-privs"] if os.geteuid() == 0 else []


@pytest.fixture(scope="module")
def image() -> Iterator[Image]:
    with tempfile.TemporaryDirectory(prefix="stoppress-image-") as name:
        yield Image(DOCKERFILE, Path(name))
        subprocess.run(["chmod", "-R", "u+w", name], check=True)


def test_a_linter_has_nothing_to_say():
    hadolint = Path(sys.executable).with_name("hadolint")
    done = subprocess.run([hadolint, "--failure-threshold", "style", DOCKERFILE], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_the_base_is_pinned_and_can_be_pinned_further(image):
    assert re.fullmatch(r"PYTHON=3\.\d+\.\d+-slim-[a-z]+", image.instructions[0].text)
    bases = [text.split()[0] for name, text in image.instructions if name == "FROM"]
    assert bases == ["node:${NODE}", *["python:${PYTHON}"] * 2]


@pytest.mark.parametrize("path", ["stoppress.db", ".git/config", "deploy/secrets/keys", "server/x.db-wal", ".env"])
def test_what_is_private_does_not_get_into_an_image(path):
    assert ignored(path)


def test_the_image_holds_the_server_whole_and_no_tools(image):
    packages = image.stage.folder / "opt/stoppress/venv/lib" / f"python3.{sys.version_info.minor}" / "site-packages"
    for part in ("templates/blog.html", "static/stoppress.css", "client/manifest.json", "languages/de.json"):
        assert (packages / "stoppress/web/pages" / part).is_file(), part
    assert (packages / "stoppress/store/redis/commit.lua").is_file()
    assert not (packages / "pip").exists()
    assert not (packages / "hatchling").exists()
    assert sorted(path.name for path in (image.stage.folder / "opt/stoppress").iterdir()) == ["venv"]


def test_the_variables_of_the_image_are_settings_and_its_user_is_not_root(image):
    named = {name for name in image.stage.env if name.startswith("STOPPRESS_")}
    assert named <= {setting.variable for setting in SETTINGS}
    assert image.stage.env["STOPPRESS_HOST"] == "0.0.0.0"  # noqa: S104, as it is reached from outside the container
    assert re.fullmatch(r"[1-9]\d{3,}:[1-9]\d{3,}", image.stage.user)
    assert any(name == "COPY" and f"--chown={image.stage.user} " in text for name, text in image.instructions)


def test_it_runs_as_somebody_who_may_write_nothing_but_the_data(image):
    """... is healthy by its own check while it runs, ends on its signal with 0, and is not healthy then.

    Root runs it without capabilities, and is then as bound to the rights of files as everybody else.
    """
    data, opt = image.stage.folder / "data", image.stage.folder / "opt"
    subprocess.run(["chmod", "-R", "a-w", opt], check=True)
    tree = times(opt)
    python = opt / "stoppress/venv/bin/python"
    environ = {**image.stage.env, "STOPPRESS_STORE": f"sqlite:{data}/stoppress.db", "STOPPRESS_PORT": str(free_port())}
    environ["PATH"] = "/usr/bin:/bin"
    program = [*UNPRIVILEGED, python, "-m", *json.loads(image.value("ENTRYPOINT")), *json.loads(image.value("CMD"))]
    assert subprocess.run([*UNPRIVILEGED, "touch", opt / "x"], capture_output=True).returncode == 1, "it may write"
    with subprocess.Popen(program, cwd=data, env=environ, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert "serves http://0.0.0.0:" in process.stdout.readline()
            assert healthy(image, python, environ) == 0
            process.send_signal(signal.Signals[image.value("STOPSIGNAL")])
            assert process.wait(20) == 0
        finally:
            process.kill()
    assert healthy(image, python, environ) == 1
    assert times(opt) == tree
    assert (data / "stoppress.db").is_file()


def times(folder: Path) -> dict[str, int]:
    return {str(path): path.lstat().st_mtime_ns for path in folder.rglob("*")}


def healthy(image: Image, python: Path, environ: dict[str, str]) -> int:
    """The status of the image's HEALTHCHECK."""
    command = json.loads(image.value("HEALTHCHECK").partition("CMD ")[2])
    assert command[0] == "python"
    return subprocess.run([python, *command[1:]], env=environ, capture_output=True, timeout=10).returncode
