"""The example of the guide for CMSs runs as it is, also a second time, and leaves what editors have changed."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import httpx
import pytest

from tests.support.node import RunningNode
from tests.support.paths import ROOT

PAGE = ROOT / "docs" / "howto" / "publish-from-a-cms.md"


async def test_the_example_of_the_cms_runs_at_each_start(
    node: RunningNode, editor: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    text = await asyncio.to_thread(PAGE.read_text)
    (code,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    code = compile(code.replace("http://127.0.0.1:8000", node.url), PAGE.name, "exec")
    monkeypatch.setenv("STOPPRESS_API_KEY", node.key)
    printed = []
    for _start in range(2):
        names: dict[str, Any] = {"__name__": "__main__"}
        await asyncio.to_thread(exec, code, names)
        names["blog"].client.close()
        printed.append(re.sub(r"(cursor \d+-)\w+", r"\1TAG", capsys.readouterr().out))
        await editor.patch("/api/blogs/council", json={"status": "ended", "standfirst": "Approved."})
    assert printed[0] == re.sub(
        r"(cursor \d+-)\w+", r"\1TAG", text.partition("It prints:\n\n```\n")[2].partition("```")[0]
    )
    ended, _, rest = printed[1].partition("\n")
    assert ended == "the blog has ended; its page says so above every new entry"
    assert re.sub(r"cursor \d+", "", rest) == re.sub(r"cursor \d+", "", printed[0])
    assert (await editor.get("/api/blogs/council")).json()["standfirst"] == "Approved."
