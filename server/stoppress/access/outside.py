"""Which addresses are on the internet, and which are inside: of this machine, of its network, or of its cloud.

A request to an address that somebody else has chosen must not reach the inside. So the host is resolved once, every
address that it has is checked, and the connection goes to the checked address, whatever the name means a moment later.
"""

from __future__ import annotations

import asyncio
import re
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import SplitResult, urlsplit

_INSIDE_4 = tuple(
    map(
        IPv4Network,
        (
            *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"),
            *("192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24"),
            *("192.168.0.0/16", "192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24"),
            *("224.0.0.0/4", "240.0.0.0/4"),
            "168.63.129.16/32",  # Azure answers every machine here
        ),
    )
)
"""What the IANA registries of special addresses have, and one more."""

_GLOBAL_6 = IPv6Network("2000::/3")
"""All that has been given out as addresses of the internet."""

_INSIDE_6 = tuple(map(IPv6Network, ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")))
"""Exceptions in it. Teredo and 6to4 (2001::/32, 2002::/16) lead to the IPv4 address in them, from any network."""

_NAT64 = IPv6Network("64:ff9b::/96")
"""Stands for IPv4 addresses, for example where DNS64 is used."""

_PORTS = (80, 443)
"""Allowed ports below 1024: the others are of services that should not get requests of strangers."""


class NotAllowed(ValueError):
    """A request may not go to this address; the message says why."""


def is_outside(text: str) -> bool:
    """Return whether an IP address is one of the internet."""
    try:
        address = ip_address(text)
    except ValueError:  # also with a zone (%), as only link-local addresses have one
        return False
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _INSIDE_4)
    if address in _NAT64:
        return is_outside(str(IPv4Address(int(address) & 0xFFFF_FFFF)))
    return address in _GLOBAL_6 and not any(address in network for network in _INSIDE_6)


class InsideHosts:
    """Hosts and networks inside to which requests may go nevertheless.

    Args:
        text: host names, IP addresses, networks such as 10.1.0.0/16, and any of these but networks with `:PORT`,
            separated by spaces, as the settings have checked it.
    """

    def __init__(self, text: str = "") -> None:
        self._names: set[str] = set()
        self._networks: list[IPv4Network | IPv6Network] = []
        for part in text.lower().split():
            try:
                self._networks.append(ip_network(part))
            except ValueError:
                self._names.add(part)

    def allow(self, parts: SplitResult, port: int, ip: str) -> bool:
        """Return whether a request for an address may go to this IP address inside."""
        host = f"[{parts.hostname}]" if ":" in str(parts.hostname) else str(parts.hostname)
        if host in self._names or f"{host}:{port}" in self._names:
            return True
        try:
            address: IPv4Address | IPv6Address = ip_address(ip)
        except ValueError:
            return False
        return any(address in network for network in self._networks)

    async def checked(self, url: str) -> str:
        """Return the IP address, with the port, to which a request for a URL may connect.

        Raises:
            NotAllowed: the URL is malformed, or a host behind it is inside.
            OSError: the host cannot be resolved.
        """
        parts, port = _parts(url)
        try:
            found = await asyncio.get_running_loop().getaddrinfo(str(parts.hostname), port, type=1)  # SOCK_STREAM
        except UnicodeError:  # a part of it is empty, or longer than 63 characters
            raise NotAllowed("the address names no valid host") from None
        ips = [str(one[4][0]) for one in found]
        for ip in ips:
            if self.allow(parts, port, ip):
                continue
            if not is_outside(ip):
                raise NotAllowed(f"{parts.hostname} is {ip}, which is not an address of the internet")
            if port < 1024 and port not in _PORTS:
                raise NotAllowed(f"port {port} is not allowed; use 80, 443, or one from 1024")
        return (f"[{ips[0]}]" if ":" in ips[0] else ips[0]) + f":{port}"


def _parts(url: str) -> tuple[SplitResult, int]:
    """Return the parts of a URL and its port. Raises `NotAllowed`."""
    if not re.fullmatch(r"[\x21-\x7e]{1,2000}", url) or "\\" in url:
        raise NotAllowed("the address must have at most 2,000 ASCII characters, without spaces and \\")
    try:
        parts = urlsplit(url)
        port = parts.port
        host = parts.hostname
    except ValueError as error:
        raise NotAllowed(f"the address is malformed: {error}") from None
    if parts.scheme not in ("http", "https"):
        raise NotAllowed("the address must begin with https:// or http://")
    if not host or port == 0:
        raise NotAllowed("the address names no host, or port 0")
    if parts.username is not None or parts.password is not None:
        raise NotAllowed("the address must not contain a user or a password")
    return parts, port or (443 if parts.scheme == "https" else 80)
