"""What a first visit weighs on the wire."""

from __future__ import annotations

import gzip
import json
import subprocess

import httpx

from stoppress.tools.demo.replay import Timeline
from tests.support.page import Document
from tests.support.paths import ROOT

LIMIT = 40 * 1024

BUNDLE = "import('./scripts/bundle.js').then(async (m) => console.log(JSON.stringify((await m.everything()).manifest)))"


def bundle() -> dict[str, dict[str, dict[str, int]]]:
    """What a built client weighs, file by file."""
    made: dict[str, dict[str, dict[str, int]]] = json.loads(
        subprocess.check_output(["node", "-e", BUNDLE], cwd=ROOT / "client_js")
    )
    return made


def paragraphs() -> list[str]:
    """Prose in the length of an entry, no two alike: our own."""
    pages = sorted((ROOT / "docs").rglob("*.md"))
    texts = [text for page in pages for text in page.read_text(encoding="utf-8").split("\n\n")]
    return [" ".join(text.split()) for text in texts if 200 < len(text) < 2_000 and text[0].isalpha()]


async def test_a_page_with_50_entries_fits_into_40_kilobytes(start_node, figure):
    node = await start_node()
    timeline = Timeline.karabakh()
    told = [step.entry for step in timeline.steps if step.op == "create" and step.entry]
    entries = [*told, *({"title": text[:60], "markdown": text} for text in paragraphs())][:50]
    await node.make_blog(**timeline.header)
    async with node.editor() as editor:
        for entry in entries:
            assert (await editor.post("/api/blogs/demo/entries", json=entry)).status_code == 201
    async with httpx.AsyncClient(base_url=node.url, trust_env=False) as reader:
        page = await reader.get("/blogs/demo")
        document = Document(page.text)
        assert len(document.all("//article")) == len(entries) == 50
        html = int(page.headers["content-length"])
        own = int((await reader.get("/static/stoppress.css")).headers["content-length"])
        icon = int((await reader.get("/static/icon.svg")).headers["content-length"])
    made = bundle()
    script = made["entries"]["page"]["gzip"]
    style = sum(file["gzip"] for name, file in made["files"].items() if name.startswith("live-blog."))
    data = len(gzip.compress(json.dumps(document.structured).encode()))
    (said,) = document.all("//template[@data-part='said']")
    texts = len(gzip.compress(said.text_content().encode()))
    words = sum(len(article.text_content().split()) for article in document.all("//article"))
    total = html + own + icon + script + style
    figure(
        f"page with 50 entries of {words} words, gzip: {html} bytes of HTML (by themselves, "
        f"structured data {data}, texts that scripts say {texts}), "
        f"{own + style} of style sheets, {icon} of the icon, {script} of the script; {total} in all"
    )
    assert total <= LIMIT
