"""The address of a Redis: one server, a service that sentinels watch, or a cluster."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import Enum
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlencode, urlsplit

from redis.asyncio.connection import parse_url

from stoppress.store.redis.format import DEFAULT_PREFIX

FORMS = (
    "redis://HOST:PORT/DATABASE, unix://SOCKET, redis+sentinel://HOST:PORT,HOST:PORT/SERVICE or "
    "redis+cluster://HOST:PORT,HOST:PORT (rediss in place of redis for TLS), and percent-encode special characters of "
    "the password; the parameter prefix is 1 to 4 words of letters, digits, '.', '_' or '-' that each end with ':'"
)
"""The forms of an address, for people."""

_PREFIX = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]{0,63}:){1,4}")


class Kind(Enum):
    """The service behind an address; the value is the second part of its scheme."""

    SERVER = ""
    SENTINEL = "sentinel"
    CLUSTER = "cluster"


class Address(NamedTuple):
    """A Redis, and how to connect to it."""

    kind: Kind
    hosts: tuple[tuple[str, int], ...]
    """The server, the sentinels, or nodes of the cluster; empty for a Unix socket."""
    options: Mapping[str, Any]
    """Keyword arguments of redis-py's connections: user, password, database, TLS."""
    prefix: str
    """The beginning of the names of all keys and channels."""
    service: str
    """The name of the service that the sentinels watch, else empty."""
    sentinel_options: Mapping[str, Any]
    """Keyword arguments of redis-py's connections to the sentinels."""

    @classmethod
    def parse(cls, url: str) -> Address:
        """Return the parts of an address. Raises `ValueError`, without the password, if it is malformed."""
        scheme, netloc, path, query, _ = urlsplit(url)
        redis, _, kind = scheme.partition("+")
        parameters = dict(parse_qsl(query, keep_blank_values=True))
        prefix = parameters.pop("prefix", DEFAULT_PREFIX)
        login = {name: parameters.pop(f"sentinel_{name}", "") for name in ("username", "password")}
        service, port = "", 6379
        if kind == Kind.SENTINEL.value:
            port = 26379
            service, _, path = path[1:].partition("/")
        user, at, hosts = netloc.rpartition("@")
        end = f"/{path.removeprefix('/')}?{urlencode(parameters)}"
        servers: list[dict[str, Any]] = [{**parse_url(f"{redis}://{user}{at}{host}{end}")} for host in hosts.split(",")]
        options = {name: value for name, value in servers[0].items() if name not in ("host", "port")}
        encryption = {name: options[name] for name in options if name.startswith("ssl") or name == "connection_class"}
        places = tuple((server.get("host", "localhost"), server.get("port", port)) for server in servers)
        address = cls(
            Kind(kind),
            () if "path" in options else places,
            options,
            prefix,
            service,
            encryption | {name: value for name, value in login.items() if value},
        )
        address._check()
        return address

    def _check(self) -> None:
        """Raise `ValueError` if the parts do not fit together."""
        wrong = (
            not _PREFIX.fullmatch(self.prefix)
            or (self.kind is Kind.SERVER and len(self.hosts) > 1)
            or (self.kind is Kind.SENTINEL and not self.service)
            or (self.kind is Kind.CLUSTER and self.database)
            or (self.kind is not Kind.SERVER and not self.hosts)
        )
        if wrong:
            raise ValueError(self.kind)

    @property
    def database(self) -> int:
        """The number of the database."""
        return int(self.options.get("db", 0))

    def __str__(self) -> str:
        """Return the address for messages, without user and password."""
        servers = ",".join(f"{host}:{port}" for host, port in self.hosts) or str(self.options.get("path"))
        return f"{servers}/{self.service}" if self.service else servers
