from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.async_api import Browser, Page, async_playwright, expect

from stoppress.store.accounts.port import Accounts
from stoppress.store.sqlite.store import SQLiteStore
from tests.support.browser import Complaints, Embed, OpenPage, Pages
from tests.support.node import RunningNode, sqlite_url

BEAT = 0.2
"""Seconds between beats of the shared node."""

Post = Callable[..., Awaitable[dict[str, Any]]]

Launch = Callable[..., Awaitable[Browser]]

_DISABLED_FEATURES = (
    # Each window has pages for the popups of its address bar. They take half of all CPU, and nobody sees them
    "WebUIOmniboxPopup,WebUIOmniboxAimPopup,WebUIOmniboxFullPopup,"
    # Those that Playwright disables, because the last list counts
    "AvoidUnnecessaryBeforeUnloadCheckSync,DestroyProfileOnBrowserClose,HttpsUpgrades,HttpsFirstBalancedModeAutoEnable,"
    "LensOverlay,MediaRouter,PaintHolding,ThirdPartyStoragePartitioning,AvoidCorsURLLoaderRestartOnRedirect,"
    "OptimizationHints,NetworkTimeServiceQuerying,AimEnabled,PreconnectToSearch"
)

ARGUMENTS = [
    *"--headless --no-sandbox --disable-gpu --disable-background-networking --disable-component-update".split(),
    "--disable-sync",
    f"--disable-features={_DISABLED_FEATURES}",
]

_numbers = count(1)


@pytest.fixture(scope="module")
async def node(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[RunningNode]:
    """One server for all tests of a module that do not stop it. Each test uses a `blog` of its own."""
    node = RunningNode(sqlite_url(tmp_path_factory.mktemp("store")), STOPPRESS_BEAT=str(BEAT))
    await node.start()
    yield node
    assert await node.stop() == 0


@pytest.fixture
async def accounts(tmp_path: Path) -> AsyncIterator[Accounts]:
    """A store for keys, people and sessions."""
    store = SQLiteStore(tmp_path / "blogs.db")
    await store.open()
    yield store.accounts
    await store.close()


@pytest.fixture
async def editor(node: RunningNode) -> AsyncIterator[httpx.AsyncClient]:
    """A client with a key."""
    async with node.editor() as client:
        yield client


@pytest.fixture
async def reader(node: RunningNode) -> AsyncIterator[httpx.AsyncClient]:
    """A client without a key."""
    async with httpx.AsyncClient(base_url=node.url, timeout=60, trust_env=False) as client:
        yield client


@pytest.fixture
async def blog(editor: httpx.AsyncClient) -> str:
    """The name of a new blog that no other test uses."""
    name = f"blog-{next(_numbers)}"
    answer = await editor.put(f"/api/blogs/{name}", json={"headline": "Talks in Moscow"})
    assert answer.status_code == 201, answer.text
    return name


@pytest.fixture
def post(editor: httpx.AsyncClient, blog: str) -> Post:
    """Publish an entry in the test's blog; the answer is the entry with its cursor."""

    async def post(**entry: Any) -> dict[str, Any]:
        answer = await editor.post(f"/api/blogs/{blog}/entries", json={"markdown": "x"} | entry)
        assert answer.status_code == 201, answer.text
        return {**answer.json(), "cursor": answer.headers["stoppress-cursor"]}

    return post


@pytest.fixture(scope="session")
async def launch() -> AsyncIterator[Launch]:
    """Start Chromium with options of Playwright, once for all tests that ask for the same."""
    expect.set_options(timeout=60_000)  # milliseconds: a machine may be busy
    started: dict[str, Browser] = {}
    async with async_playwright() as playwright:

        async def launch(**options: Any) -> Browser:
            if str(options) not in started:
                started[str(options)] = await playwright.chromium.launch(
                    executable_path="/usr/bin/chromium", args=ARGUMENTS, **options
                )
            return started[str(options)]

        yield launch
        for chromium in started.values():
            await chromium.close()


@pytest.fixture(scope="session")
async def shared_pages(launch: Launch) -> Pages:
    return Pages(await launch())


@pytest.fixture
async def pages(shared_pages: Pages) -> AsyncIterator[Pages]:
    yield shared_pages
    await shared_pages.give_back()


@pytest.fixture
def browser(pages: Pages) -> Browser:
    """A browser for contexts of the test's own, which end with the test."""
    return pages.browser


@pytest.fixture
def complaints() -> Complaints:
    return Complaints()


@pytest.fixture
async def open_page(pages: Pages, complaints: Complaints) -> AsyncIterator[OpenPage]:
    """Open an address of a node; there must be no complaints until the end of the test."""

    async def open_(node: RunningNode, path: str = "/blogs/demo", **context: Any) -> Page:
        page = await pages.take(**context)
        complaints.watch(page, node.url)
        await page.goto(node.url + path)
        return page

    yield open_
    assert complaints == []


@pytest.fixture
async def embed(node: RunningNode, pages: Pages) -> AsyncIterator[Embed]:
    """Open a page of another origin that has the element in it; there must be no complaints until the end."""
    async with Embed(node, pages) as embed:
        yield embed
