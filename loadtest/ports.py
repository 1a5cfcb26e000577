"""Ports for servers that have to be told theirs, or that come back on the one they had."""

from __future__ import annotations

import random
import socket
from pathlib import Path

LOWEST, HIGHEST = 10_000, 65_535


def free_port() -> int:
    """Return a port on 127.0.0.1 that belongs to this process until it ends, whether or not a server listens on it.

    The kernel gives none of these ports to a connection or to a server that asks for port 0. Other test runs skip it:
    it is reserved by an abstract Unix socket of its name, which vanishes with the process.
    """
    for port in random.sample(candidates(), k=1_000):
        name = socket.socket(socket.AF_UNIX)
        try:
            name.bind(f"\0stoppress-port-{port}")
            with socket.create_server(("", port)):
                name.detach()  # stays open
                return port
        except OSError:  # another run has reserved it, or a server listens on it
            name.close()
    raise RuntimeError(f"none of 1,000 ports from {LOWEST} to {HIGHEST} is free")


def candidates() -> list[int]:
    """Return the ports that the kernel never hands out; where it hands out all, any."""
    file = Path("/proc/sys/net/ipv4/ip_local_port_range")
    first, last = map(int, file.read_text().split())
    ports = range(LOWEST, HIGHEST + 1)
    outside = [port for port in ports if not first <= port <= last]
    return outside if len(outside) > 1_000 else list(ports)
