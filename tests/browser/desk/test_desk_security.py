"""Attacks on the desk: 200 attempts to run a script from every field, forged requests, frames, and fixed sessions."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from playwright.async_api import Browser, Page, expect

from tests.conftest import StartNode
from tests.support.browser import OpenPage
from tests.support.desk_page import open_blog, sign_in_by_keyboard
from tests.support.hostile import PAYLOADS, everywhere, header_of
from tests.support.node import RunningNode
from tests.support.people import COOKIE, make_person, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(900)]

HANDLERS = """[...document.querySelectorAll("*")].filter((one) => [...one.attributes].some(({ name, value }) =>
  /^on/i.test(name) ||
  (/^(href|src|action|formaction|data)$/i.test(name) && /^\\s*(javascript|data):/i.test(value)))).length"""
"""How many elements have an attribute that runs something."""

ELEMENTS = "main :is(script, iframe, object, embed, base, meta, link, style)"


@pytest.fixture
async def node(empty_node: StartNode) -> RunningNode:
    node = await empty_node(STOPPRESS_MAX_GUESSES="0", STOPPRESS_MAX_WRITES="0")
    await node.make_blog(headline="A day in October")
    await make_person(node, "ada", "admin")
    return node


async def assert_nothing_ran(page: Page) -> None:
    await page.mouse.move(300, 300)
    assert await page.evaluate("window.executed") is None
    assert await page.evaluate(HANDLERS) == 0
    assert await page.locator(ELEMENTS).count() == 0


async def test_no_payload_runs_at_the_desk(node: RunningNode, open_page: OpenPage, complaints: list[str]):
    assert len(PAYLOADS) == 200
    await make_person(node, "cem", "contributor", display_name=PAYLOADS[0][:100])
    async with node.editor() as editor, await sign_in(node, "cem") as cem:
        for number, payload in enumerate(PAYLOADS):
            sender = cem if number % 8 == 0 else editor
            await publish(sender, payload, number)
        assert (await editor.patch("/api/blogs/demo", json=header_of(PAYLOADS[0]))).status_code == 200
        await cem.put("/api/blogs/demo/presence", json={"tab": "x" * 20, "editing": "new"})
    page = await open_page(node, "/desk/blogs/demo")
    await open_blog(page, node, "ada")
    await expect(page.locator(".row").nth(70)).to_be_attached()
    await assert_nothing_ran(page)
    while await page.locator("[data-do=older]").is_visible():
        rows = await page.locator(".row").count()
        await page.locator("[data-do=older]").click()
        await expect(page.locator(".row").nth(rows)).to_be_attached()
    await expect(page.locator(".row")).to_have_count(200)
    await assert_nothing_ran(page)
    await open_everything(page)
    for path in ("/desk", "/desk/blogs/demo/settings"):
        await page.goto(node.url + path)
        await expect(page.locator("main")).to_be_visible()
        await assert_nothing_ran(page)
    # Images called x are not there, and addresses of other hosts are refused
    complaints[:] = [one for one in complaints if "Content Security Policy" in one and "x" not in one]


async def publish(sender: httpx.AsyncClient, payload: str, number: int) -> None:
    fields = everywhere(payload, number)
    if number % 8 == 0:
        fields |= {"status": "draft", "submitted": number % 16 == 0}
    answer = await sender.post("/api/blogs/demo/entries", json=fields)
    assert answer.status_code == 201, answer.text


async def open_everything(page: Page) -> None:
    """Open the dialogs that show the text of entries."""
    article = page.locator("[data-group=published] .row article").first
    for key in ("c", "r", "v", "e"):
        await article.focus()
        await page.keyboard.press(key)
        if key != "e":
            await expect(page.get_by_role("dialog")).to_be_visible()
        await assert_nothing_ran(page)
        await page.keyboard.press("Escape")
    await page.locator("[data-part=write] [name=markdown]").fill(PAYLOADS[1])
    await page.locator("[data-part=write] [name=title]").fill(PAYLOADS[2].replace("\n", " "))
    await expect(page.locator("[data-part=preview-article] article")).to_be_attached()
    await assert_nothing_ran(page)


FORGE = """async (url) => {
  const results = [];
  const send = (mode, method, path) => fetch(url + path, {
    mode, method, credentials: "include", body: method === "POST" ? "{}" : undefined,
  }).then((answer) => results.push(answer.type), () => results.push("refused"));
  for (const path of ["/api/blogs/demo/entries", "/api/session"]) {
    await send("no-cors", "POST", path);
    await send("cors", "POST", path);
    await send("cors", "DELETE", path);
  }
  const form = document.createElement("form");
  Object.assign(form, { method: "post", action: `${url}/api/blogs/demo/entries`, target: "frame" });
  document.body.append(Object.assign(document.createElement("iframe"), { name: "frame" }), form);
  form.submit();
  return results;
}"""


async def test_another_site_writes_nothing(node: RunningNode, browser: Browser, start_node: StartNode):
    context = await browser.new_context()
    page = await context.new_page()
    await sign_in_by_keyboard(page, node, "ada")
    other = await start_node()  # another origin, of the same site for browsers: `SameSite` alone would not help
    evil = await context.new_page()
    await evil.goto(f"{other.url}/livez")
    results = await evil.evaluate(FORGE, node.url)
    assert all(result in ("opaque", "refused") for result in results)
    async with node.editor() as editor:
        assert (await editor.get("/api/blogs/demo/entries")).json()["entries"] == []
    await page.reload()
    await expect(page.locator(".bar")).to_contain_text("ada")  # still signed in, as the same person


FRAME = """(url) => new Promise((done) => {
  const frame = document.createElement("iframe");
  frame.src = url;
  frame.onload = () => done(frame.contentDocument === null || frame.contentDocument.body.childElementCount === 0);
  document.body.append(frame);
})"""


@pytest.mark.parametrize("path", ["/desk", "/desk/sign-in", "/desk/blogs/demo", "/desk/blogs/demo/settings"])
async def test_no_page_is_shown_in_a_frame(node: RunningNode, browser: Browser, start_node: StartNode, path: str):
    context = await browser.new_context()
    page = await context.new_page()
    await sign_in_by_keyboard(page, node, "ada")
    refused: list[str] = []
    evil = await context.new_page()
    evil.on("console", lambda message: refused.append(message.text))
    await evil.goto(f"{node.url}/livez")  # even this site itself may not
    assert await evil.evaluate(FRAME, node.url + path)
    assert any("frame-ancestors 'none'" in one for one in refused), refused


async def test_a_session_that_was_there_before_is_not_taken_over(node: RunningNode, browser: Browser):
    """An attacker who has put a cookie into the browser gets nothing from the sign-in."""
    await make_person(node, "eve", "contributor")
    async with await sign_in(node, "eve") as eve:
        planted = eve.headers["cookie"].partition("=")[2]
        context = await browser.new_context()
        url = node.url.replace("http:", "https:")  # for http, the browser sets no secure cookie
        cookie: Any = {"name": COOKIE, "value": planted, "url": url, "secure": True}
        for value in (planted, "made-up"):
            cookie["value"] = value
            await context.add_cookies([cookie])
            page = await context.new_page()
            if value == planted:
                await page.goto(f"{node.url}/desk")
                await page.locator(".bar summary").last.click()
                await page.get_by_role("button", name="Sign out").click()
                await page.wait_for_url("**/desk/sign-in")
                await context.add_cookies([cookie])  # planted again; its session has ended
            await sign_in_by_keyboard(page, node, "ada")
            [now] = [one["value"] for one in await context.cookies() if one["name"] == COOKIE]
            assert now not in (planted, "made-up")
            await context.clear_cookies()
        assert (await eve.get("/api/session")).status_code == 401


async def test_signing_out_leaves_no_page_behind(node: RunningNode, browser: Browser):
    page = await (await browser.new_context()).new_page()
    await open_blog(page, node, "ada")
    await page.locator(".bar summary").last.click()
    await page.get_by_role("button", name="Sign out").click()
    await page.wait_for_url("**/desk/sign-in")
    await page.go_back()
    await page.wait_for_url("**/desk/sign-in?next=*")
