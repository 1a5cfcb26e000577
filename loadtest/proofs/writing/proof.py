"""Play faults at random moments while somebody writes and sends, and check what is there after each."""

from __future__ import annotations

import asyncio
import random
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

import httpx
from playwright.async_api import Error, Page

from loadtest.proofs.writing.browser import KillableBrowser, killable_browser
from loadtest.proofs.writing.check import LostAndDouble, check
from loadtest.proofs.writing.network import CuttableNetwork
from loadtest.proofs.writing.typist import READY, Typist, look
from loadtest.server import KEY, NodeProcess

ADMIN = "admin-of-the-load-test"
PASSWORD = "correct horse battery"  # noqa: S105

SETTLED_SECONDS = 180.0
"""Seconds within which everything is sent after a fault, on a busy machine."""

FAULTS = ("browser", "server", "network")


class WritingStage:
    """A server, a network in front of it and an editor with a browser."""

    def __init__(self, node: NodeProcess, network: CuttableNetwork, browser: KillableBrowser, seed: int) -> None:
        self.node = node
        self.network = network
        self.browser = browser
        self.typist = Typist(seed)
        self.url = f"http://localhost:{network.port}"
        self._cookies: list[Any] = []
        self.page: Page | None = None

    async def open(self) -> Page:
        """Open the desk, in a browser that has just started. Sign in the first time."""
        page = self.page = await self.browser.start()
        page.set_default_timeout(SETTLED_SECONDS * 1000)
        if self._cookies:
            await page.context.add_cookies(self._cookies)  # browsers write them to the disk only every 30 s
        await page.goto(f"{self.url}/desk/blogs/demo")
        if "/desk/sign-in" in page.url:
            await page.fill("[name=name]", "ann")
            await page.fill("[name=password]", PASSWORD)
            await page.keyboard.press("Enter")
            await page.wait_for_url("**/desk/blogs/demo")
            [session] = [one for one in await page.context.cookies() if one["name"] == "__Host-stoppress"]
            names = {name: session[name] for name in ("name", "value", "httpOnly", "secure", "sameSite")}
            self._cookies = [{**names, "url": f"https://localhost:{self.network.port}/"}]
        await page.wait_for_selector(READY, state="attached")
        return page

    async def entries(self) -> list[dict[str, Any]]:
        """Return all entries that the server has."""
        async with editor(self.node) as http:
            answer = await http.get("/api/blogs/demo/entries", params={"limit": 500})
            return list(answer.raise_for_status().json()["entries"])

    async def settled(self) -> dict[str, Any]:
        """Return what the page has once nothing waits to be sent."""
        assert self.page is not None
        async with asyncio.timeout(SETTLED_SECONDS):
            while (kept := await look(self.page))["waiting"]:  # noqa: ASYNC110
                await asyncio.sleep(0.1)
        return kept


def editor(node: NodeProcess, key: str = KEY) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=node.url, headers={"authorization": f"Bearer {key}"}, timeout=60, trust_env=False)


@asynccontextmanager
async def desk(seed: int) -> AsyncIterator[WritingStage]:
    """Give a desk whose editor has signed in."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True)))
        keys = f"load:editor:{KEY} root:admin:{ADMIN}"
        node = await stack.enter_async_context(NodeProcess(folder, STOPPRESS_KEYS=keys))
        network = await stack.enter_async_context(CuttableNetwork(node.port))
        browser = await stack.enter_async_context(killable_browser(folder / "profile"))
        async with editor(node, ADMIN) as http:
            (await http.put("/api/blogs/demo", json={"headline": "Demo"})).raise_for_status()
            person = {"role": "editor", "password": PASSWORD, "display_name": "Ann"}
            (await http.put("/api/people/ann", json=person)).raise_for_status()
        made = WritingStage(node, network, browser, seed)
        await made.open()
        yield made


async def kill_browser(stage: WritingStage, moments: random.Random) -> LostAndDouble:
    """Kill the browser while somebody types; open it again and check."""
    assert stage.page is not None
    typing = asyncio.create_task(stage.typist.type_for_ever(stage.page))
    await asyncio.sleep(0.5 + moments.random() * 4)
    fault_at = time.monotonic()
    await stage.browser.kill()
    with suppress(Error):
        await typing
    await stage.open()
    kept = await stage.settled()
    entries = await stage.entries()
    found = check(stage.typist, entries, kept, fault_at)
    stage.typist.found(kept["form"], {str(entry.get("markdown")) for entry in entries})
    return found


async def kill_server(stage: WritingStage, moments: random.Random) -> LostAndDouble:
    """Kill the server while somebody types, and start it again."""

    async def fault() -> None:
        await stage.node.kill()
        await asyncio.sleep(moments.random() * 2)
        await stage.node.start()

    return await _while_typing(stage, moments, fault)


async def cut_network(stage: WritingStage, moments: random.Random) -> LostAndDouble:
    """Cut the network while somebody types, and mend it."""

    async def fault() -> None:
        stage.network.cut()
        await asyncio.sleep(moments.random() * 3)
        await stage.network.mend()

    return await _while_typing(stage, moments, fault)


async def _while_typing(
    stage: WritingStage, moments: random.Random, fault: Callable[[], Awaitable[None]]
) -> LostAndDouble:
    assert stage.page is not None
    typing = asyncio.create_task(stage.typist.type_for_ever(stage.page))
    await asyncio.sleep(0.5 + moments.random() * 3)
    await fault()
    await asyncio.sleep(0.5)
    typing.cancel()
    with suppress(asyncio.CancelledError):
        await typing
    kept = await stage.settled()
    stage.typist.found(
        await stage.page.input_value("#write-body")
    )  # a key may have been pressed after the cancellation
    # The page has lived on: not even the newest character may be lost
    return check(stage.typist, await stage.entries(), kept, float("inf"))


ACTS: dict[str, Callable[[WritingStage, random.Random], Awaitable[LostAndDouble]]] = {
    "browser": kill_browser,
    "server": kill_server,
    "network": cut_network,
}


class FaultsPlayed(NamedTuple):
    """What a fault has done."""

    lost: list[str]
    double: list[str]
    sent: int
    """How many entries were sent."""
    slowness: float
    """See `Typist.slowness`."""


async def play(fault: str, times: int, seed: int) -> FaultsPlayed:
    """Play a fault several times."""
    moments = random.Random(seed)  # noqa: S311
    lost: list[str] = []
    double: list[str] = []
    async with desk(seed) as stage:
        for number in range(times):
            found = await ACTS[fault](stage, moments)
            lost += [f"{number}: {text}" for text in found.lost]
            double += [f"{number}: {text}" for text in found.double]
        return FaultsPlayed(lost, double, len(stage.typist.sent), stage.typist.slowness)


async def writing(times: int, faults: tuple[str, ...] = FAULTS, seed: int | None = None) -> bool:
    """Play faults and print what was found.

    Args:
        times: how often each fault happens.
        faults: of `FAULTS`.
        seed: for the moments and texts; by default another one each time.
    """
    seed = random.randrange(10**6) if seed is None else seed  # noqa: S311
    is_kept = True
    for fault in faults:
        lost, double, sent, slowness = await play(fault, times, seed)
        print(f"{fault}: {times} times while {sent:,} entries were sent: {len(lost)} lost, {len(double)} posted twice")
        if slowness > 1:
            print(f"  the machine was busy: keys took {slowness:.1f} times as long as usual, and so may keeping them")
        for text in [*lost, *double]:
            print(f"  {text}")
        is_kept = is_kept and not lost and not double
    if not is_kept:
        print(f"seed {seed}")
    return is_kept
