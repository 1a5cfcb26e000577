"""The element in apps: rendered by the server, taken over in the browser, changed, and mounted again and again."""

from __future__ import annotations

import json
import subprocess

import pytest
from playwright.async_api import expect

from tests.support.network import Network
from tests.support.paths import CLIENT

pytestmark = pytest.mark.browser

MOUNTS = """async (times) => {
  const deadline = performance.now() + 60_000;
  const turn = () => new Promise((next) => setTimeout(next));
  const element = () => document.querySelector("live-blog");
  for (let time = 0; time < times; time++) {
    show({ on: false });
    while (element()) await turn();
    show({ on: true });
    while (element()?.live?.phase !== "live") {
      if (performance.now() > deadline) throw Error(`not live at mount ${time}`);
      await turn();
    }
  }
}"""


def page_of(framework: str, src: str) -> str:
    """Return a page that the framework has rendered, with the app that takes it over."""
    command = ["node", str(CLIENT / "tests" / "frameworks" / "bundle.js"), framework, src]
    made = json.loads(subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout)
    head = (
        '<!doctype html><html lang="en"><meta charset="utf-8"><link rel="icon" href="/static/icon.svg"><title>A</title>'
    )
    return f'{head}<div id="app">{made["html"]}</div><script type="module">{made["script"]}</script>'


@pytest.mark.parametrize("framework", ["plain", "react", "svelte", "vue"])
async def test_an_app_mounts_and_changes_it_and_leaves_nothing_behind(
    framework, node, blog, post, editor, browser, complaints, eventually
):
    await post(title="Before")
    await editor.put(f"/api/blogs/{blog}-2", json={"headline": "Another blog"})
    async with Network(node.port, {"/app": page_of(framework, f"/blogs/{blog}")}) as network:
        src = f"{network.url}/blogs/{blog}"
        page = await browser.new_page()
        complaints.watch(page, network.url)
        await page.goto(f"{network.url}/app")
        element = page.locator("live-blog")
        await expect(page.get_by_role("heading", name="Before")).to_be_visible()

        await page.wait_for_function("'show' in window")
        await page.evaluate("src => show({ src })", f"{src}-2")
        await expect(page.get_by_role("heading", name="Another blog")).to_be_visible()
        await expect(element).to_have_attribute("src", f"{src}-2")
        await page.wait_for_function("phases.at(-1) === 'live'")
        await page.evaluate("show({ lang: 'de' })")
        await expect(page.get_by_role("button", name="Anhalten")).to_be_visible()
        for nothing in ("undefined", "null", "false"):
            await page.evaluate(f"show({{ src: {nothing}, lang: {nothing} }})")
            await expect(element.get_by_role("link")).to_have_text("Our live blog")
            assert await element.evaluate("one => [one.src, one.lang, one.live]") == ["", "", None]
            await page.evaluate("src => show({ src: new URL(src), lang: 'en' })", src)
            await expect(page.get_by_role("heading", name="Before")).to_be_visible()

        devtools = await page.context.new_cdp_session(page)
        await devtools.send("Performance.enable")

        async def counted() -> dict[str, float]:
            await devtools.send("HeapProfiler.collectGarbage")
            metrics = (await devtools.send("Performance.getMetrics"))["metrics"]
            found = {one["name"]: one["value"] for one in metrics if one["name"] in ("JSEventListeners", "Nodes")}
            readers = [value for (name, *_), value in (await node.samples()).items() if name == "stoppress_readers"]
            return found | {"readers": sum(readers)}

        async def is_as_before() -> bool:
            return all(count <= before[name] for name, count in (await counted()).items())

        await page.evaluate(MOUNTS, 2)
        before = await counted()
        await page.evaluate(MOUNTS, 20)
        await eventually(is_as_before)
        assert before["readers"] == 1
        await page.close()
        # What Chromium says of a connection that ends while it begins, as it does when an app changes its mind
        assert [one for one in complaints if "closed before the connection is established" not in one] == []
