"""Which origins' pages may use the editors' API."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from stoppress.process.node import Node
from stoppress.settings import Settings

CMS = "https://cms.example.org"
ASKING = {"origin": CMS, "access-control-request-method": "PATCH"}
HEADERS = "authorization, content-type, if-match, if-none-match, idempotency-key"


def client(folder: Path, origins: str) -> httpx.AsyncClient:
    node = Node(Settings(store=f"sqlite:{folder}/blogs.db", api_origins=origins))
    return httpx.AsyncClient(transport=httpx.ASGITransport(node.app), base_url="http://stoppress")


async def test_a_page_of_a_named_origin_may_use_the_api(tmp_path: Path):
    async with client(tmp_path, f"http://other {CMS}") as http:
        asked = await http.options("/api/blogs/x", headers={**ASKING, "access-control-request-headers": HEADERS})
        answer = await http.get("/api/blogs", headers={"origin": CMS})
        page = await http.options("/blogs/x", headers=ASKING)
    assert (asked.status_code, answer.status_code, page.status_code) == (200, 401, 405)
    assert set(HEADERS.split(", ")) <= set(asked.headers["access-control-allow-headers"].lower().split(", "))
    assert asked.headers["access-control-allow-origin"] == answer.headers["access-control-allow-origin"] == CMS
    exposed = "ETag, Location, Retry-After, Stoppress-Cursor, Idempotency-Replayed"
    assert answer.headers["access-control-expose-headers"] == exposed
    assert "access-control-allow-credentials" not in asked.headers
    assert "Origin" in answer.headers["vary"]


@pytest.mark.parametrize(("origins", "status"), [("https://other.example", 400), ("", 405)])
async def test_pages_of_other_origins_may_not(tmp_path: Path, origins: str, status: int):
    async with client(tmp_path, origins) as http:
        asked = await http.options("/api/blogs/x", headers=ASKING)
        answer = await http.get("/api/blogs", headers={"origin": CMS})
    assert (asked.status_code, answer.status_code) == (status, 401)
    assert not [answer for answer in (asked, answer) if "access-control-allow-origin" in answer.headers]
