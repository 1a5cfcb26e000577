"""Addresses inside: none gets through, in whatever notation, and not by DNS that changes its mind."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from stoppress.access.fetch import FetchFailed, LimitedClient
from stoppress.access.outside import InsideHosts, NotAllowed, is_outside
from tests.access.test_jwks import certificate
from tests.support.receiver import Receiver

INSIDE = (
    *("127.0.0.1", "127.1", "127.255.255.254", "0", "0.0.0.0", "localhost", "localhost.", "LOCALHOST"),  # noqa: S104
    *("2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1", "017700000001", "127.0.1"),
    *("10.0.0.1", "10.255.255.255", "172.16.0.1", "172.31.255.254", "192.168.0.1", "192.168.1"),
    *("169.254.169.254", "169.254.170.2", "2852039166", "0xa9fea9fe", "100.64.0.1", "100.100.100.200"),
    *("168.63.129.16", "192.0.0.192", "192.88.99.1", "198.18.0.1", "203.0.113.9", "224.0.0.1", "239.255.255.250"),
    *("240.0.0.1", "255.255.255.255"),
    *("[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::ffff:169.254.169.254]", "[::127.0.0.1]"),
    *("[fe80::1]", "[fc00::1]", "[fd00:ec2::254]", "[fec0::1]", "[ff02::1]", "[2001:db8::1]"),
    *("[2002:7f00:1::]", "[2002:a9fe:a9fe::1]", "[64:ff9b::127.0.0.1]", "[64:ff9b::a9fe:a9fe]"),
    *("[64:ff9b:1::7f00:1]", "[2001:0:53aa:64c:0:0:80ff:fffe]", "[100::1]", "[0:0:0:0:0:ffff:10.0.0.1]"),
)
"""Hosts of addresses inside."""

MALFORMED = (
    *("ftp://1.1.1.1/", "file:///etc/passwd", "gopher://1.1.1.1/", "//1.1.1.1/", "http:1.1.1.1", "javascript:1"),
    *("http://user@1.1.1.1/", "http://1.1.1.1@127.0.0.1/", "http://:x@1.1.1.1/", "http://1.1.1.1:0/", "http://"),
    *("http://1.1.1.1:99999/", "http://1.1.1.1:x/", "http://1.1.1.1\\@127.0.0.1/", "http://1.1.1.1 /", "http://[::1"),
    *(
        "http://1.1.1.1\r\nx: y/",
        "http://\uff11\uff12\uff17.0.0.1/",
        "http://\u2460\u2461\u2466.\u24ea.\u24ea.\u2460/",
        "http://1.1.1.1:22/",
        "http://1.1.1.1:25/",
        f"http://{'0' * 64}.example/",
        "http://a..example/",
    ),
)


@pytest.mark.parametrize("host", INSIDE)
async def test_no_address_inside_gets_through(host: str):
    for url in (f"http://{host}/", f"https://{host}:8443/x"):
        with pytest.raises((NotAllowed, OSError)):  # the system may not know the notation
            await InsideHosts().checked(url)


def test_there_are_more_than_thirty_of_them():
    assert len(set(INSIDE)) >= 30


@pytest.mark.parametrize("url", MALFORMED)
async def test_a_malformed_address_does_not_get_through(url: str):
    with pytest.raises((NotAllowed, OSError)):
        await InsideHosts().checked(url)


@pytest.mark.parametrize(
    ("url", "ip"),
    [
        ("http://1.1.1.1/", "1.1.1.1:80"),
        ("https://8.8.8.8/", "8.8.8.8:443"),
        ("https://8.8.8.8:8443/", "8.8.8.8:8443"),
        ("https://[2606:4700:4700::1111]/", "[2606:4700:4700::1111]:443"),
        ("https://[64:ff9b::8.8.8.8]/", "[64:ff9b::808:808]:443"),
    ],
)
async def test_addresses_of_the_internet_do(url: str, ip: str):
    assert await InsideHosts().checked(url) == ip


@pytest.mark.parametrize("text", ["", "x", "fe80::1%eth0", "1.1.1.1%0", "127.1", "0x7f000001"])
def test_what_is_not_a_plain_address_is_not_outside(text: str):
    assert not is_outside(text)


@pytest.mark.parametrize(
    ("setting", "url"),
    [
        ("127.0.0.1:9000", "http://127.0.0.1:9000/"),
        ("localhost", "http://localhost:1234/"),
        ("127.0.0.0/8", "http://127.1.2.3:25/"),
        ("[::1]:8080", "http://[::1]:8080/"),
        ("10.0.0.0/8 127.0.0.1", "http://127.0.0.1/"),
    ],
)
async def test_an_operator_can_allow_addresses_inside(setting: str, url: str):
    assert await InsideHosts(setting).checked(url)


@pytest.mark.parametrize(
    ("setting", "url"),
    [
        ("127.0.0.1:9000", "http://127.0.0.1:9001/"),
        ("localhost", "http://127.0.0.1/"),
        ("10.0.0.0/8", "http://127.0.0.1/"),
        ("hooks.internal", "http://127.0.0.1/"),
    ],
)
async def test_but_only_these(setting: str, url: str):
    with pytest.raises(NotAllowed):
        await InsideHosts(setting).checked(url)


class Names:
    """A resolver that a test controls: it gives the next of the answers each time."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers = list(answers)
        self.asked = 0

    async def getaddrinfo(self, _host: str, port: int, **_: Any) -> list[tuple[Any, ...]]:
        self.asked += 1
        ips = self.answers.pop(0)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, port)) for ip in ips]


@pytest.fixture
def resolve(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Names]:
    def use(*answers: list[str]) -> Names:
        names = Names(*answers)
        monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", names.getaddrinfo)
        return names

    return use


async def test_a_name_with_one_address_inside_does_not_get_through(resolve: Callable[..., Names]):
    resolve(["1.1.1.1", "10.0.0.7"])
    with pytest.raises(NotAllowed, match=r"rebind.example is 10.0.0.7, which is not an address of the internet"):
        await InsideHosts().checked("http://rebind.example/")


async def test_a_request_goes_to_the_address_that_was_checked(resolve: Callable[..., Names]):
    """The name leads inside when it is asked for a second time. Nothing asks."""
    with socket.create_server(("127.0.0.1", 0)) as inside:
        inside.setblocking(False)
        port = inside.getsockname()[1]
        names = resolve(["192.0.2.1"], ["127.0.0.1"])
        client = LimitedClient(may_be_inside=False, hosts=InsideHosts("192.0.2.0/24"))
        posting = asyncio.create_task(client.post(f"http://rebind.example:{port}/", b"x", {}))
        done, _ = await asyncio.wait([posting], timeout=0.5)
        posting.cancel()
        await asyncio.gather(posting, return_exceptions=True)
        assert names.asked == 1
        with pytest.raises(BlockingIOError):
            inside.accept()
        assert all(isinstance(one.exception(), FetchFailed) for one in done)


async def test_an_address_inside_is_not_even_connected_to():
    with socket.create_server(("127.0.0.1", 0)) as inside:
        inside.setblocking(False)
        client = LimitedClient(may_be_inside=False)
        with pytest.raises(FetchFailed, match="not an address of the internet"):
            await client.post(f"http://127.0.0.1:{inside.getsockname()[1]}/", b"x", {})
        with pytest.raises(BlockingIOError):
            inside.accept()


async def test_the_certificate_has_to_be_for_the_name_and_not_for_the_address(
    resolve: Callable[..., Names], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    made, key = certificate(tmp_path, "hooks.example.org")
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(made, key)
    monkeypatch.setenv("SSL_CERT_FILE", str(made))
    resolve(["127.0.0.1"], ["127.0.0.1"])
    client = LimitedClient(may_be_inside=False, hosts=InsideHosts("127.0.0.0/8"))
    async with Receiver(tls) as receiver:
        assert await client.post(f"https://hooks.example.org:{receiver.port}/", b"x", {}) == 204
        assert receiver.received[0].headers["host"] == f"hooks.example.org:{receiver.port}"
        with pytest.raises(FetchFailed):
            await client.post(f"https://other.example.org:{receiver.port}/", b"x", {})
        assert len(receiver.received) == 1
