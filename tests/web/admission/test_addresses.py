"""Where a request comes from: proxies are believed as far as they are ours, and nobody else is."""

from __future__ import annotations

import pytest

from stoppress.web.admission.addresses import Addresses

PROXIES = "10.0.0.0/8 192.0.2.7/32 fd00::/8"

CLIENTS = {
    "no proxy": ("203.0.113.5", "", "", "203.0.113.5"),
    "nobody else is believed": ("203.0.113.5", "198.51.100.1", "for=198.51.100.1", "203.0.113.5"),
    "a proxy says who": ("10.0.0.1", "198.51.100.1", "", "198.51.100.1"),
    "what a client says to a proxy": ("10.0.0.1", "1.2.3.4, 198.51.100.1", "", "198.51.100.1"),
    "two proxies": ("10.0.0.1", "1.2.3.4, 198.51.100.1, 192.0.2.7", "", "198.51.100.1"),
    "nothing but proxies": ("10.0.0.1", "10.0.0.3, 10.0.0.2", "", "10.0.0.3"),
    "a proxy that says nothing": ("10.0.0.1", "", "", "10.0.0.1"),
    "junk": ("10.0.0.1", "unknown", "", "10.0.0.1"),
    "junk behind what a client says": ("10.0.0.1", "1.2.3.4, %%%, 10.0.0.2", "", "10.0.0.2"),
    "a port": ("10.0.0.1", "198.51.100.1:5555", "", "198.51.100.1"),
    "IPv6 in brackets": ("10.0.0.1", "[2001:db8::1]:5555", "", "2001:db8::1"),
    "IPv6 through IPv6": ("fd00::1", "2001:db8::1", "", "2001:db8::1"),
    "IPv4 in IPv6, the connection": ("::ffff:10.0.0.1", "198.51.100.1", "", "198.51.100.1"),
    "IPv4 in IPv6, the client": ("10.0.0.1", "::ffff:198.51.100.1", "", "198.51.100.1"),
    "a zone": ("fe80::1%eth0", "", "", "fe80::1"),
    "Forwarded": ("10.0.0.1", "", "for=198.51.100.1;proto=https", "198.51.100.1"),
    "Forwarded, several": ("10.0.0.1", "", 'for=1.2.3.4, proto=https;For="[2001:db8::1]:80"', "2001:db8::1"),
    "Forwarded, hidden": ("10.0.0.1", "", "for=1.2.3.4, for=_hidden", "10.0.0.1"),
    "both": ("10.0.0.1", "198.51.100.1", "for=1.2.3.4", "198.51.100.1"),
    "no address": ("", "1.2.3.4", "", ""),
}


@pytest.mark.parametrize("name", CLIENTS)
def test_the_client_is_the_last_address_that_somebody_vouches_for(name: str):
    peer, forwarded_for, forwarded, client = CLIENTS[name]
    assert Addresses(PROXIES).client(peer, forwarded_for, forwarded) == client


def test_a_long_list_is_not_read_to_its_end():
    hops = ["1.2.3.4", *["10.0.0.2"] * 10_000]
    assert Addresses(PROXIES).client("10.0.0.1", ", ".join(hops), "") == "10.0.0.2"


def test_ipv6_addresses_of_one_network_count_as_one():
    addresses = Addresses()
    one, same, other = (addresses.group(text) for text in ("2001:db8::1", "2001:db8::ffff:1", "2001:db8:0:1::1"))
    assert one == same != other
    assert addresses.group("192.0.2.1") == "192.0.2.1" != addresses.group("192.0.2.2")


@pytest.mark.parametrize(
    ("peer", "forwarded_for", "warnings"),
    [
        pytest.param("172.31.84.2", "198.51.100.1", 1, id="forgotten"),
        pytest.param("172.31.84.2", "", 0, id="no proxy"),
        pytest.param("10.0.0.1", "198.51.100.1", 0, id="believed"),
        pytest.param("9.9.9.9", "198.51.100.1", 0, id="a stranger"),
    ],
)
def test_a_forgotten_proxy_is_logged(peer: str, forwarded_for: str, warnings: int, caplog: pytest.LogCaptureFixture):
    addresses = Addresses(PROXIES)
    for number in range(3):
        addresses.group(peer, forwarded_for and f"{forwarded_for}{number}")
    assert [(record.message, vars(record)["address"]) for record in caplog.records] == [
        ("proxy_not_trusted", peer)
    ] * warnings
