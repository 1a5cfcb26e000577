"""The servers that are compared: Stoppress, the limit, and alternatives."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import random
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from loadtest.bench import machine
from loadtest.bench.machine import HERE, SERVER_CORE, compile_program, pin_to_core
from loadtest.ports import free_port

KEY = "key-of-the-bench-not-a-secret"

WORDS = (
    "the of to and in that is for it on with as was at by from are this have been will not said its their has who "
    "were which would more than one two three after before minister president foreign defence ministry spokesman "
    "talks peace ceasefire region border troops army operation fighting artillery drones missiles village town "
    "civilians wounded killed Armenia Azerbaijan Baku Yerevan Moscow Ankara Kremlin Turkey Russia Lavrov Putin "
    "Aliyev Pashinyan agreed called announced reported confirmed denied accused urged exchange prisoners "
    "humanitarian pause mediate invite"
).split()


def entry(number: int) -> dict[str, object]:
    """Return the body of an entry that differs with each number; readers get it as about 600 bytes."""
    chosen = random.Random(number)  # noqa: S311, repeatable
    title = " ".join(chosen.choices(WORDS, k=6)).capitalize()
    text = " ".join(chosen.choices(WORDS, k=14)).capitalize() + f", **{chosen.choice(WORDS)}** says."
    return {"title": title, "markdown": text, "source": {"name": "Kremlin"}, "tags": ["diplomacy"]}


class KeptConnection:
    """A persistent HTTP connection that reconnects if the server has closed it."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port)

    def call(self, method: str, path: str, body: str = "", headers: Mapping[str, str] | None = None) -> bytes:
        """Send a request and return the body of its 2xx answer. Raises `RuntimeError` for other answers."""
        try:
            self._connection.request(method, path, body, headers or {})
            response = self._connection.getresponse()
        except (BrokenPipeError, ConnectionResetError):
            self._connection.close()
            self._connection.request(method, path, body, headers or {})
            response = self._connection.getresponse()
        content = response.read()
        if response.status // 100 != 2:
            raise RuntimeError(f"{method} {path}: {response.status} {content.decode()}")
        return content


class BenchServer:
    """A server on one core. Subclasses start it and publish entries in their own ways.

    Args:
        folder: for its files.
        frame: an update of Stoppress, which other servers send as it is.
    """

    name = ""
    path = "/"
    headers = ""
    hello = b""
    first_frames = 1
    """The number of frames of a new reader before it is up to date."""

    def __init__(self, folder: Path, frame: str = "") -> None:
        self.folder = Path(tempfile.mkdtemp(dir=folder))
        self.programs = folder
        self.frame = frame
        self.port = free_port()
        self.process: subprocess.Popen[bytes]

    def start(self) -> None:
        self.process = subprocess.Popen(
            pin_to_core(SERVER_CORE, self.command()),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONUNBUFFERED": "1", **self.environment()},
            bufsize=0,
        )
        self.ready()

    def command(self) -> Sequence[str | Path]:
        raise NotImplementedError

    def environment(self) -> dict[str, str]:
        return {}

    def ready(self) -> None:
        """Wait until the server accepts connections."""
        self._line()

    def _line(self) -> str:
        assert self.process.stdout is not None
        line = self.process.stdout.readline().decode()
        if not line:
            sys.exit(f"{self.name} did not start; see its error above")
        return line

    def say(self, line: str) -> None:
        """Write a line to the server's standard input."""
        assert self.process.stdin is not None
        self.process.stdin.write(line.encode() + b"\n")

    def publish(self) -> None:
        self.say(self.frame)

    def returning(self) -> None:
        """Let later readers get 2 KB when they connect, by an old cursor if the server has cursors."""

    def request(self) -> bytes:
        """Return the handshake of a reader."""
        return (
            f"GET {self.path} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0\r\n"
            f"Origin: http://127.0.0.1:{self.port}\r\nAccept-Encoding: gzip, deflate, br\r\n"
            "Accept-Language: en-US,en;q=0.9\r\nCache-Control: no-cache\r\nPragma: no-cache\r\n"
            f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{self.headers}\r\n"
        ).encode()

    def cpu(self) -> float:
        return machine.cpu_seconds(self.process.pid)

    def resident(self) -> int:
        return machine.resident_bytes(self.process.pid)

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait()


class Limit(BenchServer):
    name = "limit: send() in C"

    def command(self) -> Sequence[str | Path]:
        return [compile_program("limit", self.programs), str(self.port)]

    def publish(self) -> None:
        self.say(str(len(self.frame)))
        self._line()


class Stoppress(BenchServer):
    name = "Stoppress, JSON"
    path = "/blogs/bench/live"
    program: Sequence[str | Path] = (sys.executable, "-m", "stoppress", "serve")
    number = 0
    """The number of the last entry."""

    def command(self) -> Sequence[str | Path]:
        return [*self.program, "--port", str(self.port)]

    def environment(self) -> dict[str, str]:
        return {
            "STOPPRESS_STORE": f"sqlite:{self.folder / 'blogs.db'}",
            "STOPPRESS_KEYS": f"bench:editor:{KEY}",
            "STOPPRESS_MAX_HANDSHAKES": "0",  # here all connect at once, to measure the cost
            "STOPPRESS_LOG_LEVEL": "warning",  # the other servers do not log requests either
        }

    def ready(self) -> None:
        super().ready()
        self._editor = KeptConnection(self.port)
        self.call("PUT", "/api/blogs/bench", {"headline": "Bench"})
        for _ in range(20):  # warms up what the server does only once
            self.publish()

    def call(self, method: str, path: str, body: object = None) -> bytes:
        """Send a request as an editor, and return the body of its answer."""
        headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}
        return self._editor.call(method, path, "" if body is None else json.dumps(body), headers)

    def publish(self) -> None:
        self.number += 1
        self.call("POST", "/api/blogs/bench/entries", entry(self.number))

    def flood(self, entries: int, connections: int = 8) -> float:
        """Publish short entries as fast as possible over several connections. Returns the seconds that it took."""
        body = json.dumps({"html": "<p>Goal! It is one more for the guests.</p>"}).encode()
        request = (
            f"POST /api/blogs/bench/entries HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {KEY}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        ).encode() + body
        sockets = [socket.create_connection(("127.0.0.1", self.port)) for _ in range(connections)]
        begun = time.monotonic()
        for number in range(entries + connections):
            sock = sockets[number % connections]
            if number >= connections:
                _receive_created(sock)
            if number < entries:
                sock.sendall(request)
        seconds = time.monotonic() - begun
        for sock in sockets:
            sock.close()
        return seconds

    def cursor(self) -> str:
        """Return the newest cursor of the blog."""
        return str(json.loads(self.call("GET", "/blogs/bench/changes"))["cursor"])

    def sample(self) -> str:
        """Publish an entry, and return its update as readers get it."""
        since = self.cursor()
        self.publish()
        return self.call("GET", f"/blogs/bench/changes?since={since}").decode()

    def returning(self) -> None:
        since = self.cursor()
        for _ in range(3):
            self.publish()
        self.path = f"{type(self).path}?since={since}"


def _receive_created(sock: socket.socket) -> None:
    """Receive a 201 answer; `http.client` would take more time for that than the server."""
    answer = b""
    while b"\r\n\r\n" not in answer or not answer.endswith(b"}"):
        answer += sock.recv(65_536)
    if not answer.startswith(b"HTTP/1.1 201"):
        raise RuntimeError(f"the server rejected an entry: {answer!r}")


class StoppressMsgpack(Stoppress):
    name = "Stoppress, msgpack"
    headers = "Sec-WebSocket-Protocol: stoppress.v1+msgpack\r\n"


class StoppressCompressed(Stoppress):
    name = "Stoppress, compressed"
    headers = "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n"


class StoppressContextFree(Stoppress):
    name = "Stoppress, compressed without context"
    headers = "Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover\r\n"


class Nchan(BenchServer):
    name = "nginx + nchan"
    path = "/live"

    def command(self) -> Sequence[str | Path]:
        module = Path("/usr/lib/nginx/modules/ngx_nchan_module.so")
        program = shutil.which("nginx", path=os.defpath + ":/usr/sbin:/sbin")
        if program is None or not module.exists():
            sys.exit("nchan is missing. Install it: apt-get install libnginx-mod-nchan")
        text = (HERE / "peers" / "nchan.conf").read_text()
        for word, value in (("PORT", self.port), ("FOLDER", self.folder), ("MODULE", module)):
            text = re.sub(rf"\b{word}\b", str(value), text)
        config = self.folder / "nginx.conf"
        config.write_text(text)
        return [program, "-p", self.folder, "-c", config]

    def ready(self) -> None:
        self._editor = KeptConnection(self.port)
        for _ in range(500):
            with contextlib.suppress(ConnectionRefusedError):
                socket.create_connection(("127.0.0.1", self.port)).close()
                break
            if self.process.poll() is not None:
                sys.exit("nginx did not start; see its error above")
            time.sleep(0.02)
        for _ in range(3):
            self.publish()

    def publish(self) -> None:
        self._editor.call("POST", "/publish", self.frame)


class Peer(BenchServer):
    """A program that takes a port and a first message, and sends each line of its input to all readers."""

    program: Sequence[str | Path] = ()

    def command(self) -> Sequence[str | Path]:
        interpreter, script = self.program
        return [interpreter, HERE / "peers" / script, str(self.port), self.frame * 3]


class NodeWs(Peer):
    name = "Node ws"
    program = ("node", "ws.js")


class SocketIo(Peer):
    name = "socket.io"
    program = ("node", "socketio.js")
    path = "/socket.io/?EIO=4&transport=websocket"
    first_frames = 3  # two frames of its own protocol come first
    hello = b"\x81\x82\0\0\0\0" + b"40"  # joins the namespace (socket.io protocol 5)


class Broadcast(Peer):
    name = "websockets.broadcast"
    program = (sys.executable, "broadcast.py")


class StarletteLoop(Peer):
    name = "Starlette loop"
    program = (sys.executable, "starlette_loop.py")


OURS: tuple[type[BenchServer], ...] = (Stoppress, StoppressMsgpack, StoppressCompressed, StoppressContextFree)
OTHERS: tuple[type[BenchServer], ...] = (Nchan, NodeWs, SocketIo, Broadcast, StarletteLoop)
