"""Secrets as clients send them."""

from __future__ import annotations

import itertools

import httpx
import pytest
from starlette.datastructures import Headers

from stoppress.web.bearer import check_bearer
from stoppress.web.problems import HTTPError
from tests.conftest import StartNode

SECRETS = ["secret-of-ann", "voilà", "пароль", "x"]


def check(value: bytes, secrets: list[str]) -> int:
    return check_bearer(Headers(raw=[(b"authorization", value)]), secrets, "Send it.", "here")


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
    ],
)
def test_a_secret_is_found_in_either_encoding(value: bytes, index: int):
    assert check(value, SECRETS) == index


@pytest.mark.parametrize(
    "value",
    [
        *(
            b"Bearer secret-of-an",
            b"Bearer Secret-of-ann",
            b"Bearer voila",
            "Bearer voilà".encode()[:-1],
            b"Bearer x\x85",
        ),
        *(b"Basic secret-of-ann", b"secret-of-ann", b"Bearer", b"Bearer ", b"", b"Bearer secret-of-ann, x"),
    ],
)
def test_anything_else_is_refused_with_advice(value: bytes):
    with pytest.raises(HTTPError, match=r"^Send it\.$") as refusal:
        check(value, SECRETS)
    assert (refusal.value.status, refusal.value.headers) == (401, {"www-authenticate": 'Bearer realm="here"'})


def test_a_request_without_the_header_is_refused_and_all_where_there_are_no_secrets():
    with pytest.raises(HTTPError):
        check_bearer(Headers(), SECRETS, "Send it.")
    with pytest.raises(HTTPError):
        check(b"Bearer ", [])


def test_a_secret_of_the_environment_need_not_be_text():
    assert check(b"Bearer voil\xe0", [b"voil\xe0".decode(errors="surrogateescape")]) == 0


async def test_keys_and_the_token_of_the_metrics_are_taken_alike(start_node: StartNode, tmp_path):
    (tmp_path / "token").write_text("jetonà\n", encoding="utf-8")
    node = await start_node(STOPPRESS_KEYS="ann:editor:voilà", STOPPRESS_METRICS_TOKEN_FILE=str(tmp_path / "token"))
    async with httpx.AsyncClient(base_url=node.url, trust_env=False) as client:
        secrets = {"/api/blogs": "voilà", "/metrics": "jetonà"}
        for (path, secret), encoding in itertools.product(secrets.items(), ("utf-8", "latin-1")):
            through = {b"x-forwarded-for": b"192.0.2.1"}  # a proxy: without a token, it gets no metrics
            right = through | {b"authorization": f"bearer {secret}".encode(encoding)}
            assert (await client.get(path, headers=right)).status_code == 200
            assert (await client.get(path, headers=through)).status_code == 401
            refused = await client.get(path, headers={b"authorization": f"bearer {secret}x".encode(encoding)})
            assert refused.status_code == 401 and refused.headers["www-authenticate"].startswith("Bearer realm=")
