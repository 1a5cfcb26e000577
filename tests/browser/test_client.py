"""The JavaScript client in a real browser, through what happens to networks, servers and pages.

Each walk is made by a page that renders by itself, and by the server's own page, where what counts is the document.
It ends with exactly the server's state, without a reload, and with each version of an entry applied once.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import pytest
from playwright.async_api import Browser, BrowserContext, Page

from tests.conftest import Eventually, StartNode
from tests.support.browser import Pages
from tests.support.fixtures import Launch
from tests.support.network import Network
from tests.support.node import RunningNode
from tests.support.publishing import edit, post, send

pytestmark = pytest.mark.browser

BEAT = 0.1
"""Seconds, and so few that a test sees many."""

OWN = "/own-page"

STEP = 10_000
"""Milliseconds of the page's clock in which the client hears a beat."""

PAGE = """<!doctype html><meta charset="utf-8"><title>A page that renders by itself</title>
<script type="module">
  import { LiveBlog } from "/client/index.js";
  const live = new LiveBlog("/blogs/demo");
  const entries = () => live.state.entries.map(({ id, version, status }) => [id, version, status]);
  watch(live, () => live.state.cursor, entries);
  live.start();
</script>
"""

WATCH = """
  Math.random = () => 0;
  window.applied = [];
  window.watch = (live, cursor, entries) => {
    Object.assign(window, { live, shown: () => ({ cursor: cursor(), entries: entries() }) });
    live.addEventListener("change", ({ detail }) => {
      for (const id of detail.changed) {
        const entry = live.state.entry(id);
        if (entry && !detail.reset) applied.push(`${id} ${entry.version}`);
      }
    });
  };
  const { port1, port2 } = new MessageChannel(); // its turns come by real time, whatever the clock is told
  window.heardSince = (since, heard) => {
    port2.onmessage = () => (live.phase === "live" && live.lastHeard <= since ? port1.postMessage(0) : heard());
    port1.postMessage(0);
  };
"""

WATCH_ELEMENT = """() => {
  const element = document.querySelector("live-blog");
  const statusOf = ({ classList }) => (classList.contains("retracted") ? "retracted" : "published");
  watch(element.live, () => element.dataset.cursor, () =>
    [...document.querySelectorAll("article")].map((one) => [
      one.id.replace("entry-", ""), Number(one.dataset.version), statusOf(one)
    ]));
}"""


class Tab(NamedTuple):
    """A page with a client in it."""

    page: Page
    eventually: Eventually

    async def open(self, address: str) -> None:
        await self.page.add_init_script(WATCH)
        await self.page.goto(address)
        if not address.endswith(OWN):
            await self.page.evaluate(WATCH_ELEMENT)
        await self.reach("live")
        await self.page.evaluate("window.sameDocument = true")

    async def reach(self, phase: str) -> None:
        await self.eventually(lambda: self.page.evaluate("phase => window.live?.phase === phase", phase))

    async def phase(self) -> str:
        return str(await self.page.evaluate("live.phase"))

    async def state(self) -> dict[str, Any]:
        return dict(await self.page.evaluate("shown()"))

    async def pass_time(self, milliseconds: int) -> None:
        """Timers run, and in each step the network has its turn: a live client hears something."""
        for _ in range(milliseconds // STEP):
            begun = await self.page.evaluate("Date.now()")
            await self.page.clock.run_for(STEP)
            await self.page.evaluate("since => new Promise(heard => heardSince(since, heard))", begun)

    async def hide(self, hidden: bool) -> None:
        # Headless Chromium has no tab that is not seen
        await self.page.evaluate(
            """hidden => {
                Object.defineProperty(document, "hidden", {get: () => hidden, configurable: true});
                document.dispatchEvent(new Event("visibilitychange", {bubbles: true}));
            }""",
            hidden,
        )


@dataclass
class World:
    """A node, the network before it, and the tabs of one browser."""

    node: RunningNode
    network: Network
    context: BrowserContext
    eventually: Eventually
    path: str
    tabs: list[Tab] = field(default_factory=list)
    _posted = 0
    _last = ""

    async def tab(self) -> Tab:
        tab = Tab(await self.context.new_page(), self.eventually)
        await tab.page.clock.install()
        await tab.open(self.network.url + self.path)
        self.tabs.append(tab)
        return tab

    async def write(self) -> None:
        """A new entry, an edit of it, which is one version that a reader who was away never sees, and a retraction."""
        self._posted += 1
        entry = await post(self.node, markdown=f"News {self._posted}")
        await edit(self.node, entry, markdown=f"News {self._posted}, edited")
        if self._last and self._posted % 2:
            await send(self.node, "DELETE", f"/entries/{self._last}", {})
        self._last = entry

    async def truth(self) -> dict[str, Any]:
        async with self.node.editor() as client:
            changes = (await client.get("/blogs/demo/changes")).json()
        newest_first = sorted(changes["entries"], key=lambda entry: (entry["published_at"], entry["id"]), reverse=True)
        return {
            "cursor": changes["cursor"],
            "entries": [[entry["id"], entry["version"], entry["status"]] for entry in newest_first],
        }

    async def becomes_true(self, *tabs: Tab) -> None:
        """Every tab shows exactly the server's state, after one more write, and got there without a reload."""
        await self.write()
        truth = await self.truth()
        for tab in tabs or self.tabs:

            async def shown(tab: Tab = tab) -> bool:
                return await tab.state() == truth and await tab.phase() == "live"

            await self.eventually(shown)
            assert await tab.page.evaluate("window.sameDocument") is True
            applied = await tab.page.evaluate("applied")
            assert len(applied) == len(set(applied)), "a version was applied twice"

    async def returns_to_sockets(self, tab: Tab) -> None:
        """Let time pass until the tab has one WebSocket: on a slow machine it may have fallen back meanwhile."""
        steps = 0
        while not self.network.readers("live") and (steps := steps + 1) < 100:  # a slow machine needs more of them
            await asyncio.gather(tab.pass_time(STEP), self.write())
        await self.readers("live", 1)
        await self.becomes_true()

    async def readers(self, surface: str, count: int) -> None:
        async def counted() -> bool:
            return self.network.readers(surface) == count

        await self.eventually(counted)


@pytest.fixture
async def browser(launch: Launch) -> AsyncIterator[Browser]:
    """Chromium as people have it: pages are kept for the back button."""
    pages = Pages(await launch(ignore_default_args=["--disable-back-forward-cache"]))
    yield pages.browser
    await pages.give_back()


@pytest.fixture(params=[OWN, "/blogs/demo"], ids=["own page", "server's page"])
async def world(
    request: pytest.FixtureRequest, empty_node: StartNode, eventually: Eventually, browser: Browser
) -> AsyncIterator[World]:
    node = await empty_node(STOPPRESS_BEAT=str(BEAT))
    await node.make_blog()
    async with Network(node.port, {OWN: PAGE}) as network:
        yield World(node, network, await browser.new_context(), eventually, request.param)


async def test_sockets_and_then_events_that_a_proxy_blocks_and_lets_through_again(world):
    world.network.block("live")
    tab = await world.tab()
    await world.readers("events", 1)
    await world.becomes_true()
    world.network.block("live", "events")
    await world.write()
    await world.becomes_true()
    await world.readers("changes", 1)
    assert world.network.readers("events") == 0
    world.network.block()
    await world.returns_to_sockets(tab)
    assert world.network.readers("changes") == 0


async def restart(world: World, tab: Tab) -> None:
    await world.node.stop()
    await tab.reach("reconnecting")
    await world.node.start()


async def go_offline_for_a_minute(world: World, tab: Tab) -> None:
    await world.context.set_offline(True)
    assert await tab.phase() == "reconnecting"
    await world.write()
    await tab.pass_time(60_000)
    assert await tab.phase() == "reconnecting"
    await world.context.set_offline(False)


async def hide_for_minutes(world: World, tab: Tab) -> None:
    await tab.hide(True)
    await tab.pass_time(170_000)
    await world.readers("live", 1)
    await tab.pass_time(10_000)
    await world.readers("live", 0)
    await world.write()
    await tab.hide(False)


async def sleep_while_the_connection_dies(world: World, tab: Tab) -> None:
    world.network.freeze()
    await world.write()
    await tab.page.clock.fast_forward("01:00:00")


async def test_a_restart_and_absences(world):
    tab = await world.tab()
    await world.becomes_true()
    for happens in (restart, go_offline_for_a_minute, hide_for_minutes, sleep_while_the_connection_dies):
        await happens(world, tab)
        await world.becomes_true()
        await world.returns_to_sockets(tab)


async def test_the_back_button(world):
    tab = await world.tab()
    await world.becomes_true()
    await tab.page.goto(f"{world.network.url}/livez")
    await world.readers("live", 0)
    await world.write()
    await tab.page.go_back(wait_until="commit")
    await world.becomes_true()
    await world.readers("live", 1)


async def test_two_tabs_have_one_connection_and_the_other_goes_on_when_one_is_closed(world):
    first = await world.tab()
    second = await world.tab()
    third = await world.tab()
    await world.becomes_true()
    await world.readers("live", 1)
    await first.page.close()
    await world.becomes_true(second, third)
    await world.readers("live", 1)
    # Headless Chromium freezes no page that is seen, which all are
    await second.page.evaluate("document.dispatchEvent(new Event('freeze'))")

    async def third_leads() -> bool:
        return not await third.page.evaluate("navigator.locks.query().then(({pending}) => pending.length)")

    await world.eventually(third_leads)
    await world.becomes_true(third)
    await world.readers("live", 1)
    await second.page.evaluate("document.dispatchEvent(new Event('resume'))")
    await world.becomes_true(second, third)
    await world.readers("live", 1)
