"""nginx and Caddy, each with the files that are shipped in `deploy/`; what differs from site to site is set here."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import ssl
import subprocess
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path

import httpx

from loadtest.ports import free_port
from tests.support.paths import ROOT

NGINX, CADDYFILE = ROOT / "deploy" / "nginx", ROOT / "deploy" / "caddy" / "Caddyfile"

NGINX_MAIN = """
daemon off;
pid nginx.pid;
error_log stderr;
{user}
events {{ worker_connections 512; }}
http {{
    access_log off;
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    {content}
}}
"""


def program(name: str) -> str:
    found = shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
    assert found, f"these tests need {name}: apt-get install {name}"
    return found


def promtool(*arguments: str) -> str:
    """Run promtool, which must succeed. Return its output."""
    done = subprocess.run([program("promtool"), *arguments], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def make_certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate for localhost that signs itself, and its key."""
    certificate, key = folder / "fullchain.pem", folder / "privkey.pem"
    subprocess.run(
        [
            *(program("openssl"), "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"),
            *("-nodes", "-days", "1", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"),
            *("-keyout", key, "-out", certificate),
        ],
        check=True,
        capture_output=True,
    )
    return certificate, key


class Proxy(ABC):
    """A proxy on a free loopback port, in front of nodes.

    Args:
        folder: for its files; empty, and it must exist.
        nodes: their ports.
    """

    def __init__(self, folder: Path, nodes: Sequence[int]) -> None:
        self.folder = folder
        self.nodes = nodes
        self.port = free_port()
        self.http_port = free_port()
        self.certificate, self.key = make_certificate(folder)
        self.tls = ssl.create_default_context(cafile=str(self.certificate))
        self._process: asyncio.subprocess.Process | None = None

    @property
    def log(self) -> str:
        """Return all that it has logged: its output and its log of requests."""
        files = (self.folder / name for name in ("log", "access.log"))
        return "".join(file.read_text() for file in files if file.exists())

    @property
    def url(self) -> str:
        return f"https://localhost:{self.port}"

    @property
    def websocket_url(self) -> str:
        return f"wss://localhost:{self.port}"

    @abstractmethod
    def prepare(self) -> tuple[list[str], dict[str, str]]:
        """Write its files. Returns its command, and environment variables for it."""

    async def __aenter__(self) -> Proxy:
        """Return when it accepts connections."""
        command, environ = self.prepare()
        with (self.folder / "log").open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *command, env={**os.environ, **environ}, stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log
            )
        async with asyncio.timeout(30):
            while True:
                assert self._process.returncode is None, (self.folder / "log").read_text()
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", self.port)
                except OSError:
                    await asyncio.sleep(0.02)
                else:
                    writer.close()
                    return self

    async def __aexit__(self, *_: object) -> None:
        assert self._process is not None
        if self._process.returncode is None:
            self._process.terminate()
        await self._process.wait()

    def client(self, **options: object) -> httpx.AsyncClient:
        """A client of the site, from an address of its own: 127.0.0.7."""
        transport = httpx.AsyncHTTPTransport(verify=self.tls, local_address="127.0.0.7")
        return httpx.AsyncClient(base_url=self.url, transport=transport, timeout=20, **options)  # type: ignore[arg-type]


class Nginx(Proxy):
    def prepare(self) -> tuple[list[str], dict[str, str]]:
        self.lay_out()
        (self.folder / "stoppress" / "nodes.conf").write_text(
            "".join(f"server 127.0.0.1:{port} max_fails=1 fail_timeout=5s;\n" for port in self.nodes)
        )
        site = (NGINX / "stoppress" / "site.conf").read_text()
        rest = re.sub(r"^listen .*\n", "", site.replace("/var/log/nginx/access.log", "access.log"), flags=re.MULTILINE)
        (self.folder / "stoppress" / "site.conf").write_text(
            f"listen 127.0.0.1:{self.http_port};\nlisten 127.0.0.1:{self.port} ssl http2;\n{rest}"
        )
        return self.command, {}

    @property
    def command(self) -> list[str]:
        return [program("nginx"), "-p", f"{self.folder}/", "-e", "stderr", "-c", "nginx.conf"]

    def lay_out(self) -> None:
        """The shipped files, in a folder that is what /etc/nginx is otherwise."""
        user = "user root root;" if os.geteuid() == 0 else ""  # others may not look into the folders of tests
        (self.folder / "nginx.conf").write_text(NGINX_MAIN.format(user=user, content="include stoppress.conf;"))
        shutil.copytree(NGINX, self.folder, dirs_exist_ok=True)
        for file in (self.certificate, self.key):
            shutil.copy(file, self.folder / "stoppress")


class Caddy(Proxy):
    def prepare(self) -> tuple[list[str], dict[str, str]]:
        environ = {
            "LIVE_SITE": f"https://localhost:{self.port}",
            "LIVE_NODES": " ".join(f"127.0.0.1:{port}" for port in self.nodes),
            "LIVE_TLS": f"tls {self.certificate} {self.key}",
            "LIVE_LOG": "log",
            "LIVE_HTTP": str(self.http_port),
            "LIVE_ADMIN": f"unix/{self.folder / 'admin'}",
            "HOME": str(self.folder),
            "XDG_DATA_HOME": str(self.folder),
            "XDG_CONFIG_HOME": str(self.folder),
        }
        return [program("caddy"), "run", "--config", str(CADDYFILE), "--adapter", "caddyfile"], environ


PROXIES: dict[str, type[Proxy]] = {"nginx": Nginx, "caddy": Caddy}
