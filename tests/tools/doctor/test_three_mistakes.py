"""`stoppress doctor` on deployments with three mistakes at once: it names each of them."""

from __future__ import annotations

import asyncio
import json
import os
import random
import re
import subprocess
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from click.testing import CliRunner

from stoppress.cli import cli
from stoppress.errors import StoppressError
from stoppress.tools.doctor.finding import Finding, Level
from stoppress.tools.doctor.run import as_json, as_line, findings
from tests.support.node import RunningNode, sqlite_url
from tests.tools.doctor.mistakes import CERTIFICATES, MISTAKES, Deployment, Mistake, write_nginx

SEED, SETS = 14, 24

REPORTED = (
    ("a public address with a path", "no keys file", "eviction"),
    ("a beat with a unit", "no folder", "no templates"),
    ("a public address with a path", "no keys file", "a rare beat"),
)
"""Sets of which an earlier doctor named only one or two."""

AT_ONCE = 8

SERIOUS = (Level.WARN, Level.FAIL)


def sets() -> list[tuple[Mistake, ...]]:
    """Return sets of three mistakes that do not exclude each other; each mistake is in one of them."""
    chance = random.Random(SEED)
    unused: list[Mistake] = []
    found = [tuple(one for one in MISTAKES if one.name in names) for names in REPORTED]
    while len(found) < SETS:
        chosen: list[Mistake] = []
        while len(chosen) < 3:
            unused = unused or chance.sample(MISTAKES, len(MISTAKES))
            fitting = next((one for one in unused if fits(one, chosen)), None)
            if fitting is None:
                fitting = chance.choice([one for one in MISTAKES if fits(one, chosen)])
            else:
                unused.remove(fitting)
            chosen.append(fitting)
        found.append(tuple(chosen))
    return found


def fits(mistake: Mistake, others: list[Mistake]) -> bool:
    stores = {one.store for one in (mistake, *others)} - {""}
    taken = {place for one in others for place in one.places.split()}
    return len(stores) <= 1 and not taken & set(mistake.places.split())


@pytest.fixture(scope="module")
async def node(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[RunningNode]:
    async with RunningNode(sqlite_url(tmp_path_factory.mktemp("store")), STOPPRESS_BEAT="0.5") as node:
        await node.make_blog()
        yield node


@pytest.fixture(scope="module")
def deployments(node: RunningNode, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Deployment]]:
    """All deployments: one nginx in front of one node, with a server for each."""
    folder = tmp_path_factory.mktemp("deployments")
    made = [Deployment(folder / str(number), node.port, chosen) for number, chosen in enumerate(sets())]
    command = write_nginx(folder, made, "user root root;" if os.geteuid() == 0 else "")
    trusted = folder / "trusted.pem"
    trusted.write_text("".join((folder / f"{name}.pem").read_text() for name in CERTIFICATES))
    with pytest.MonkeyPatch.context() as patch, (folder / "log").open("wb") as log:
        patch.setenv("SSL_CERT_FILE", str(trusted))
        nginx = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        asyncio.run(until_open(made[-1].port))
        yield made
        nginx.terminate()
        nginx.wait()
    for deployment in made:
        deployment.stop()


async def until_open(port: int) -> None:
    async with asyncio.timeout(30):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.02)
            else:
                return writer.close()


def examined(deployment: Deployment) -> list[Finding]:
    async def collected() -> list[Finding]:
        return [one async for one in findings(deployment.flags, deployment.url, "demo")]

    return asyncio.run(collected())


def test_the_sets_have_every_mistake():
    assert len(MISTAKES) >= 40
    assert {mistake.name for chosen in sets() for mistake in chosen} == {mistake.name for mistake in MISTAKES}
    assert all(len(chosen) == 3 for chosen in sets())


@pytest.mark.redis
def test_each_of_three_mistakes_is_named(deployments: list[Deployment]):
    unnamed = []
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for deployment, found in zip(deployments, pool.map(examined, deployments), strict=True):
            listed = json.loads(as_json(found))["findings"]
            lines = [re.sub(r"\x1b\[\d*m", "", as_line(one)) for one in found]
            assert lines == [f"{one['level']:<4}  {one['check']:<11}  {one['message']}" for one in listed]
            unnamed += [
                f"{mistake.name}: {mistake.check}, {mistake.phrase!r}, of {deployment}\n" + "\n".join(lines)
                for mistake in deployment.mistakes
                if not any(is_named(mistake, finding) for finding in found)
            ]
    assert not unnamed, "\n\n".join(unnamed)


def is_named(mistake: Mistake, finding: Finding) -> bool:
    return finding.level in SERIOUS and finding.subject == mistake.check and mistake.phrase in finding.text


def test_the_command_says_the_same_as_text_and_as_json(deployments: list[Deployment]):
    deployment = deployments[0]
    flags = [f"--{name.replace('_', '-')}={text}" for name, text in deployment.flags.items()]
    arguments = ["doctor", "--url", deployment.url, "--blog", "demo", *flags]
    text, answer = (CliRunner().invoke(cli, [*arguments, *more]) for more in ([], ["--json"]))
    assert isinstance(text.exception, StoppressError)
    assert isinstance(answer.exception, StoppressError)
    found = json.loads(answer.stdout)["findings"]
    checks = [re.split("  +", line)[1] for line in text.stdout.splitlines()]
    assert checks == [one["check"] for one in found]
    for mistake in deployment.mistakes:
        assert mistake.phrase in text.stdout
        assert any(one["check"] == mistake.check and mistake.phrase in one["message"] for one in found)
