"""Secrets as clients send them."""

from __future__ import annotations

import httpx
import pytest
from starlette.datastructures import Headers

from stoppress.web.bearer import find_bearer
from tests.conftest import StartNode

SECRETS = ["secret-of-ann", "voilà", "пароль", "x"]


def sent(value: bytes) -> Headers:
    return Headers(raw=[(b"authorization", value)])


@pytest.mark.parametrize(
    ("value", "index"),
    [
        (b"Bearer secret-of-ann", 0),
        (b"bearer secret-of-ann", 0),
        (b"BEARER   secret-of-ann \t", 0),
        ("Bearer voilà".encode(), 1),
        ("Bearer voilà".encode("latin-1"), 1),
        ("Bearer пароль".encode(), 2),
        (b"Bearer x", 3),
        (b"Bearer secret-of-an", None),
        (b"Bearer Secret-of-ann", None),
        (b"Bearer voila", None),
        ("Bearer voilà".encode()[:-1], None),
        (b"Basic secret-of-ann", None),
        (b"secret-of-ann", None),
        (b"Bearer", None),
        (b"Bearer ", None),
        (b"", None),
        (b"Bearer x\x85", None),
        (b"Bearer secret-of-ann, x", None),
    ],
)
def test_a_secret_is_found_in_either_encoding(value: bytes, index: int | None):
    assert find_bearer(sent(value), SECRETS) == index


def test_a_request_without_the_header_has_none():
    assert find_bearer(Headers(), SECRETS) is None


def test_without_secrets_none_fits():
    assert find_bearer(sent(b"Bearer "), []) is None


def test_a_secret_of_the_environment_need_not_be_text():
    secret = b"voil\xe0".decode(errors="surrogateescape")
    assert find_bearer(sent(b"Bearer voil\xe0"), [secret]) == 0


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
async def test_keys_and_the_token_of_the_metrics_are_taken_alike(start_node: StartNode, tmp_path, encoding: str):
    (tmp_path / "token").write_text("jetonà\n", encoding="utf-8")
    node = await start_node(STOPPRESS_KEYS="ann:editor:voilà", STOPPRESS_METRICS_TOKEN_FILE=str(tmp_path / "token"))
    async with httpx.AsyncClient(base_url=node.url, trust_env=False) as client:
        for path, secret in (("/api/blogs", "voilà"), ("/metrics", "jetonà")):
            right = {b"authorization": f"bearer {secret}".encode(encoding)}
            assert (await client.get(path, headers=right)).status_code == 200
            refused = await client.get(path, headers={b"authorization": f"bearer {secret}x".encode(encoding)})
            assert refused.status_code == 401 and refused.headers["www-authenticate"].startswith("Bearer realm=")
