"""Mistakes that people make when they deploy Stoppress, to be planted several at once."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from redis import Redis

from loadtest.ports import free_port
from tests.deploy.proxies import NGINX_MAIN, program
from tests.support.node import sqlite_url
from tests.support.redis_servers import RedisServer

LIVE, EVENTS = r"~ ^/blogs/[^/]+/live$", r"~ ^/blogs/[^/]+/events$"
_PASS = "proxy_pass http://127.0.0.1:{node};"
_LOCATIONS: dict[str, str] = {
    "/": _PASS,
    "= /metrics": "return 404;",
    LIVE: f"proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade; {_PASS}",
    EVENTS: f"proxy_buffering off; {_PASS}",
}
KEY = "desk:editor:a-long-and-random-secret"
ADDRESS = "https://localhost:{port}"
CERTIFICATES = {
    "good": ("localhost", 30),
    "expired": ("localhost", 0),
    "soon": ("localhost", 3),
    "other": ("other.example.org", 30),
}
"""The host of each certificate, and for how many days it is valid."""


class Mistake(NamedTuple):
    """One mistake, and how doctor must name it."""

    name: str
    check: str
    phrase: str
    places: str
    """What it changes, separated by spaces. Two mistakes in one place exclude each other."""
    store: str = ""
    """The kind of store that it needs; empty: any."""
    flags: Mapping[str, str] = MappingProxyType({})
    """Settings. `FOLDER` stands for the folder of the deployment."""
    files: Mapping[str, str] = MappingProxyType({})
    """Files of the deployment."""
    redis: Mapping[str, str] = MappingProxyType({})
    """Configuration of Redis."""
    user: str = ""
    """Rules of a Redis user; the address of the store names it."""
    server: str = ""
    """Directives of nginx."""
    locations: Mapping[str, str] = MappingProxyType({})
    """Directives by location of nginx."""
    certificate: str = "good"
    address: str = ADDRESS
    """The `--url`."""


_ALL_KEYS = "resetkeys ~stoppress:* resetchannels &stoppress:* +@all"
_BLOG_PATHS = "headers live events blogs"

MISTAKES = (
    # Settings
    Mistake("a beat with a unit", "settings", "--beat='20s': must be a number", "beat", flags={"beat": "20s"}),
    Mistake("a rare beat", "beat", "set STOPPRESS_BEAT to 20", "beat", flags={"beat": "60"}),
    Mistake("too many entries", "settings", "--newest='9999': must be", "newest", flags={"newest": "9999"}),
    Mistake(
        "a public address with a path",
        "settings",
        "--public-url='https://x.example/live': must be",
        "public",
        flags={"public_url": "https://x.example/live"},
    ),
    Mistake(
        "another public address",
        "public url",
        "STOPPRESS_PUBLIC_URL is https://old.example, but --url is",
        "public",
        flags={"public_url": "https://old.example"},
    ),
    Mistake("everybody trusted", "proxies", "0.0.0.0/0", "proxies", flags={"trusted_proxies": "0.0.0.0/0"}),
    Mistake("half of IPv6 trusted", "proxies", "8000::/1", "proxies", flags={"trusted_proxies": "8000::/1,10.0.0.0/8"}),
    Mistake("workers on SQLite", "workers", "4 workers need", "workers", "sqlite", flags={"workers": "4"}),
    Mistake("an inbox without Redis", "inbox", "name a Redis", "workers", "sqlite", flags={"inbox": "cms"}),
    # Machine
    Mistake("no keys file", "keys", "create the file", "keys", flags={"keys_file": "FOLDER/nothing"}),
    Mistake("an empty keys file", "keys", "nobody can publish", "keys", files={"keys": ""}),
    Mistake("keys with commas", "keys", "contains another key", "keys", files={"keys": f"{KEY},b:editor:B"}),
    Mistake("a torn key", "keys", "line breaks inside a key", "keys", files={"keys": f"{KEY}\nrest"}),
    Mistake("no templates", "templates", "no such directory", "templates", flags={"templates": "FOLDER/nothing"}),
    Mistake("no token", "metrics", "METRICS_TOKEN_FILE", "token", flags={"metrics_token_file": "FOLDER/nothing"}),
    Mistake("another machine's address", "address", "cannot listen on 192.0.2.1", "host", flags={"host": "192.0.2.1"}),
    # SQLite
    Mistake("no folder", "sqlite", "does not exist; create it", "store", "sqlite", {"store": "sqlite:FOLDER/no/b.db"}),
    Mistake("a text file", "sqlite", "name another file", "store", "sqlite", files={"blogs.db": "# Blogs\n" * 99}),
    Mistake("no store file", "store", "create the file", "store workers", "sqlite", {"store_file": "FOLDER/nothing"}),
    # Redis
    Mistake(
        "eviction",
        "eviction",
        "set maxmemory-policy to noeviction",
        "memory",
        "redis",
        redis={"maxmemory": "100mb", "maxmemory-policy": "allkeys-lru"},
    ),
    Mistake("a nearly full Redis", "memory", "raise maxmemory", "memory", "redis", redis={"maxmemory": "USED"}),
    Mistake("few clients", "clients", "raise maxclients", "clients", "redis", redis={"maxclients": "20"}),
    Mistake("no snapshots", "durability", "loses everything", "durability", "redis", redis={"save": ""}),
    Mistake("no channels", "rights", "&stoppress:*", "user", "redis", user="~* +@all resetchannels"),
    Mistake("no writes", "rights", "+sadd", "user", "redis", user=f"{_ALL_KEYS} -sadd"),
    Mistake("no scripts", "rights", "+@scripting", "user", "redis", user=f"{_ALL_KEYS} -@scripting"),
    Mistake(
        "a wrong password",
        "redis",
        "Correct the user and the password",
        "user memory clients durability",
        "redis",
        flags={"store": "redis://node:wrong@127.0.0.1:REDIS/0"},
        user="~* &* +@all",
    ),
    Mistake(
        "no TLS in Redis",
        "redis",
        "try redis://",
        "user memory clients durability",
        "redis",
        flags={"store": "rediss://127.0.0.1:REDIS/0"},
    ),
    # Proxy
    Mistake("small bodies", "uploads", "client_max_body_size", "body", server="client_max_body_size 1k;"),
    Mistake("no upgrade", "websocket", "pass Upgrade", "live", locations={LIVE: _PASS}),
    Mistake(
        "buffered streams",
        "events",
        "proxy_buffering off",
        "events",
        locations={EVENTS: f"proxy_ignore_headers X-Accel-Buffering; {_PASS}"},
    ),
    Mistake("no client", "assets", "/client/page", "client", locations={"/client/": "return 404;"}),
    Mistake(
        "style sheets as text",
        "assets",
        "not text/css",
        "static",
        locations={"= /static/stoppress.css": f"proxy_hide_header Content-Type; default_type text/plain; {_PASS}"},
    ),
    Mistake("no ETag", "headers", "missing: etag", "headers", server="proxy_hide_header ETag;"),
    Mistake(
        "pages kept for ten minutes",
        "headers",
        "600 s",
        "headers",
        server="proxy_hide_header Cache-Control; add_header Cache-Control max-age=600;",
    ),
    Mistake("public metrics", "metrics", "/metrics needs no token", "metrics", locations={"= /metrics": _PASS}),
    Mistake("a redirect to itself", "page", "redirects in a circle", "list", locations={"= /": "return 302 /;"}),
    Mistake(
        "a redirected WebSocket", "websocket", "redirects the handshake", "live", locations={LIVE: "return 301 /;"}
    ),
    Mistake("a forbidden list", "page", "forbids it", "list", locations={"= /": "return 403;"}),
    Mistake("a password", "page", "asks for a password", "list", locations={"= /": "return 401;"}),
    Mistake(
        "changed paths",
        "headers",
        "does not change paths",
        _BLOG_PATHS,
        locations={"/blogs/": "proxy_pass http://127.0.0.1:{node}/other/;"},
    ),
    Mistake(
        "no node",
        "page",
        "cannot reach the node",
        f"{_BLOG_PATHS} list metrics body client static",
        locations={"/": "proxy_pass http://127.0.0.1:1;", "/blogs/": "proxy_pass http://127.0.0.1:1;"},
    ),
    Mistake("http", "page", "redirects to https://localhost", "address", address="http://localhost:{http_port}"),
    Mistake("a path", "page", "pass only scheme and host", "address", address="https://localhost:{port}/blogs/demo"),
    Mistake("an expired certificate", "tls", "expired", "certificate", certificate="expired"),
    Mistake("an old certificate", "tls", "expires in 3.0 days; renew it", "certificate", certificate="soon"),
    Mistake("another's certificate", "tls", "is for other.example.org", "certificate", certificate="other"),
)


class Deployment:
    """A deployment with mistakes: its files, its Redis, its part of nginx, and the arguments for doctor."""

    def __init__(self, folder: Path, node: int, mistakes: Iterable[Mistake]) -> None:
        self.mistakes = tuple(mistakes)
        self.port, self._http_port = free_port(), free_port()
        self._folder, self._node = folder, node
        self._redis: RedisServer | None = None
        folder.mkdir()
        self._write({"keys": KEY})
        for mistake in self.mistakes:
            self._write(mistake.files)
        store = "redis" if any(one.store == "redis" for one in self.mistakes) else "sqlite"
        self._store = self._start_redis() if store == "redis" else sqlite_url(folder)

    def __str__(self) -> str:
        return ", ".join(one.name for one in self.mistakes)

    def _write(self, files: Mapping[str, str]) -> None:
        for name, text in files.items():
            (self._folder / name).write_text(text)

    def _start_redis(self) -> str:
        self._redis = RedisServer(self._folder)
        self._redis.start()
        user = ""
        with Redis(port=self._redis.port) as admin:
            for mistake in self.mistakes:
                for name, value in mistake.redis.items():
                    admin.config_set(name, value.replace("USED", str(admin.info()["used_memory"] * 10 // 9)))
                if mistake.user:
                    admin.execute_command("ACL", "SETUSER", "node", "on", ">secret", *mistake.user.split())
                    user = "node:secret@"
        return f"redis://{user}127.0.0.1:{self._redis.port}/0"

    def stop(self) -> None:
        """End its Redis."""
        if self._redis is not None:
            self._redis.stop()

    @property
    def url(self) -> str:
        """The `--url`."""
        address = next((one.address for one in self.mistakes if one.address != ADDRESS), ADDRESS)
        return address.format(port=self.port, http_port=self._http_port)

    @property
    def flags(self) -> dict[str, str]:
        """The settings of its node, by name."""
        flags = {"store": self._store, "keys_file": "FOLDER/keys", "beat": "0.5", "port": "0"}
        for mistake in self.mistakes:
            flags |= mistake.flags
        port = str(self._redis.port) if self._redis else ""
        return {name: text.replace("FOLDER", str(self._folder)).replace("REDIS", port) for name, text in flags.items()}

    @property
    def servers(self) -> str:
        """Its part of the configuration of nginx."""
        locations, server, certificate = dict(_LOCATIONS), "", "good"
        for mistake in self.mistakes:
            if mistake.locations.keys() & {"/blogs/"}:
                locations = {name: text for name, text in locations.items() if name not in (LIVE, EVENTS)}
            locations |= mistake.locations
            server += mistake.server
            certificate = mistake.certificate if mistake.certificate != "good" else certificate
        parts = "\n".join(f"location {name} {{ {text} }}" for name, text in locations.items())
        headers = "" if "proxy_set_header" in server else "proxy_set_header Host $http_host;"
        return f"""
        server {{ listen 127.0.0.1:{self._http_port}; return 301 https://localhost:{self.port}$request_uri; }}
        server {{
            listen 127.0.0.1:{self.port} ssl;
            ssl_certificate {certificate}.pem;
            ssl_certificate_key {certificate}.key;
            {headers} {server}
            {parts.replace("{node}", str(self._node))}
        }}"""


def write_nginx(folder: Path, deployments: Iterable[Deployment], user: str) -> list[str]:
    """Write the configuration of one nginx for all deployments. Return its command."""
    for name, (host, days) in CERTIFICATES.items():
        _make_certificate(folder / name, host, days)
    servers = "\n".join(deployment.servers for deployment in deployments)
    content = f"proxy_http_version 1.1; client_max_body_size 256k; {servers}"
    (folder / "nginx.conf").write_text(NGINX_MAIN.format(user=user, content=content))
    return [program("nginx"), "-p", f"{folder}/", "-e", "stderr", "-c", "nginx.conf"]


def _make_certificate(stem: Path, host: str, days: int) -> None:
    """Make a certificate that signs itself; without any days it has expired."""
    name = ("-subj", f"/CN={stem.name}", "-addext", f"subjectAltName=DNS:{host}")
    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", f"{stem}.key")
    openssl = shutil.which("openssl") or "openssl"
    request = (openssl, "req", "-new", *key, *name, "-out", f"{stem}.csr")
    sign = (openssl, "x509", "-req", "-in", f"{stem}.csr", "-signkey", f"{stem}.key", "-copy_extensions", "copy")
    for command in (request, (*sign, "-days", str(days), "-out", f"{stem}.pem")):
        subprocess.run(command, check=True, capture_output=True)
