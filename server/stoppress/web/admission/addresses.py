"""The client address of a request: that of its connection, or the one that trusted proxies report.

Any client can send X-Forwarded-For. Only the part that trusted proxies have written is reliable: from its right end to
the first address that is not a trusted proxy.
"""

from __future__ import annotations

import logging
import re
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

_Address = IPv4Address | IPv6Address

log = logging.getLogger("stoppress.addresses")

_MAX_HOPS = 20
"""Maximum number of proxies in a chain; addresses further left are ignored."""

_FOR = re.compile(r'(?:^|;)\s*for\s*=\s*(?:"([^"]*)"|([^;"\s]*))', re.IGNORECASE)


class Addresses:
    """Finds the client address of requests.

    Args:
        proxies: networks of trusted proxies, separated by spaces.
    """

    def __init__(self, proxies: str = "") -> None:
        self._proxies = [ip_network(part) for part in proxies.split()]
        self._has_warned = False
        self.client = lru_cache(maxsize=4_096)(self._client)
        """Return the client's address, given the peer address, X-Forwarded-For and Forwarded (RFC 7239), or "".

        If both headers are there, X-Forwarded-For counts.
        """

    def group(self, peer: str, forwarded_for: str = "", forwarded: str = "") -> str:
        """Return the key for counting clients: the address, or the /64 network of an IPv6 address (one household)."""
        return _group(self.client(peer, forwarded_for, forwarded))

    def _client(self, peer: str, forwarded_for: str = "", forwarded: str = "") -> str:
        address = _address(peer)
        if address is None:
            return peer
        if forwarded_for or forwarded:
            self._warn_of(address)
        hops = forwarded_for.split(",") if forwarded_for else [_hop(part) for part in forwarded.split(",")]
        for hop in hops[: -_MAX_HOPS - 1 : -1]:
            if not self._is_ours(address):
                break
            further = _address(hop)
            if further is None:
                break  # a trusted proxy would have written an address
            address = further
        return str(address)

    def _is_ours(self, address: _Address) -> bool:
        return any(address in network for network in self._proxies if network.version == address.version)

    def _warn_of(self, peer: _Address) -> None:
        """Warn once of a private peer that sends forwarding headers: it may be a proxy missing in the settings."""
        if peer.is_private and not self._has_warned and not self._is_ours(peer):
            self._has_warned = True
            advice = "if this is your proxy, add it to STOPPRESS_TRUSTED_PROXIES; now its readers count as one address"
            log.warning("proxy_not_trusted", extra={"address": str(peer), "advice": advice})


def _address(text: str) -> _Address | None:
    text = text.strip()
    bracketed = re.fullmatch(r"\[([^]]*)\](?::[0-9]+)?", text)
    text = bracketed[1] if bracketed else re.sub(r"^([0-9.]+):[0-9]+$", r"\1", text)
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def _hop(part: str) -> str:
    found = _FOR.search(part)
    return (found[1] or found[2] or "") if found else ""


@lru_cache(maxsize=4_096)
def _group(client: str) -> str:
    address = _address(client)
    if isinstance(address, IPv6Address):
        return str(ip_network((address, 64), strict=False))
    return client
