"""The JavaScript client's own tests, `node --test`, beside all others."""

from __future__ import annotations

import re
import subprocess

import pytest

from tests.support.paths import CLIENT

FILES = sorted((CLIENT / "tests").glob("*.test.js"))

RELEASE = {"package.test.js": pytest.mark.release}
"""Files that build all that is published."""


@pytest.mark.parametrize("file", [pytest.param(file, id=file.name, marks=RELEASE.get(file.name, ())) for file in FILES])
def test_node_passes(file):
    done = subprocess.run(["node", file], cwd=CLIENT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"^\S+ pass [1-9]", done.stdout, re.MULTILINE), done.stdout
