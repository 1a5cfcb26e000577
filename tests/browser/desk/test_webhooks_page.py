"""The page of webhooks at the desk: how they are doing, and what was given up."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import expect

from tests.conftest import StartNode
from tests.support.axe import violations
from tests.support.browser import OpenPage
from tests.support.desk_page import sign_in_by_keyboard, take_picture
from tests.support.node import ADMIN_KEY, RunningNode
from tests.support.people import make_person
from tests.support.publishing import post
from tests.support.receiver import Receiver

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture
async def node(empty_node: StartNode) -> AsyncIterator[RunningNode]:
    node = await empty_node(STOPPRESS_WEBHOOK_HOSTS="127.0.0.1", STOPPRESS_MAX_GUESSES="0")
    await node.make_blog()
    await make_person(node, "ada", "admin")
    yield node
    async with node.editor(key=ADMIN_KEY) as admin:
        await admin.delete("/api/webhooks/archive")


async def test_a_webhook_is_made_and_what_it_gave_up_is_sent_again(
    node: RunningNode, open_page: OpenPage, complaints: list[str]
):
    page = await open_page(node, "/desk/sign-in", bypass_csp=True)
    await sign_in_by_keyboard(page, node, "ada", "/desk/webhooks")
    await expect(page.get_by_text("No webhooks yet.")).to_be_visible()
    async with Receiver() as receiver:
        await page.keyboard.press("n")
        await page.keyboard.type("archive")
        await page.keyboard.press("Tab")
        await page.keyboard.type("https://127.0.0.1.example:1/")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("alert")).to_contain_text("127.0.0.1.example")
        await page.get_by_label("Address").fill(receiver.url)
        await page.keyboard.press("Enter")
        secret = await page.get_by_role("textbox", name="Secret").input_value()
        assert secret.startswith("whsec_")
        await page.keyboard.press("Escape")
        row = page.locator("[data-hook=archive]")
        await expect(row).to_contain_text("Works")
        receiver.statuses = [410]
        await post(node, title="Gone")
        await receiver.until(1)
        await page.reload()
        await expect(row).to_contain_text("1 event given up")
        await expect(row).to_contain_text("After 1 attempt: it answered 410.")
        assert await violations(page) == []
        await take_picture(page, "webhooks")
        await row.get_by_role("button", name="Send again: entry.published of demo").press("Enter")
        await expect(row).to_contain_text("Works")
        assert receiver.kinds == ["entry.published"] * 2
        await row.get_by_role("button", name="Remove archive").press("Enter")
        await page.get_by_role("dialog").get_by_role("button", name="Remove").press("Enter")
        await expect(page.get_by_text("No webhooks yet.")).to_be_visible()
    complaints.clear()  # refusals
