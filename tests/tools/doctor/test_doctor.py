"""`stoppress doctor` on real deployments: sound ones, and each with one thing wrong."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sqlite3
import ssl
import subprocess
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner
from redis.asyncio import Redis

from stoppress.cli import cli
from stoppress.errors import StoppressError
from stoppress.model import HEADER
from stoppress.settings import Settings
from stoppress.store.port import Write
from stoppress.store.sqlite.store import SQLiteStore
from stoppress.tools.doctor.certificate import judge_days
from stoppress.tools.doctor.finding import Finding, Level
from stoppress.tools.doctor.machine import check_machine
from stoppress.tools.doctor.redis_checks import RedisCheck
from stoppress.tools.doctor.site import SiteCheck
from stoppress.tools.doctor.stores import StoreCheck
from stoppress.tools.swarm.plan import Plan, Target
from stoppress.tools.swarm.run import run as swarm
from stoppress.tools.tail import follow
from tests.conftest import StartNode
from tests.support.command import Result, command, environment, invoke, stoppress
from tests.support.node import KEY, RunningNode, sqlite_url
from tests.support.redis_servers import RedisServer

KEYS = {"STOPPRESS_KEYS": "ann:editor:a-long-and-random-secret"}

Change = Callable[[bytes], bytes]


def levels(result: Result) -> dict[str, str]:
    """Return the level of each line by its subject."""
    return {subject: level for level, subject, *_ in map(str.split, result.out.splitlines())}


def failed(result: Result) -> str:
    """Return the only line that fails."""
    lines = [line for line in result.out.splitlines() if line.startswith("fail")]
    assert len(lines) == 1, result.out
    assert result.code == 1
    assert result.error == "1 check failed; see the lines that begin with `fail`"
    return lines[0]


async def doctor(*arguments: str, **environ: str) -> Result:
    """Run the command in this process, because starting Python would take most of the time."""
    done = await asyncio.to_thread(CliRunner().invoke, cli, ["doctor", *arguments], env=environ)
    if done.exception is not None and not isinstance(done.exception, StoppressError):
        raise done.exception
    error = f"stoppress: {done.exception}\n" if done.exception else ""
    return Result(done.exit_code, done.stdout, done.stderr + error)


class Proxy:
    """A proxy in front of a node, which may have faults.

    Args:
        ask: changes the bytes to the node.
        answer: changes the bytes from the node.
        idle_seconds: silence after which it closes the connection.
        buffers: whether it keeps event streams back until they end.
        tls: the TLS context for its clients.
        keeps: the beginning of requests whose answers it keeps for ever, as nginx does: with a new date.
    """

    def __init__(
        self,
        ask: Change = bytes,
        answer: Change = bytes,
        *,
        idle_seconds: float = 60,
        buffers: bool = False,
        tls: ssl.SSLContext | None = None,
        keeps: bytes = b"",
    ) -> None:
        self._ask, self._answer = ask, answer
        self._idle_seconds, self._buffers, self._tls = idle_seconds, buffers, tls
        self._keeps, self._kept = keeps, dict[bytes, bytes]()

    @contextlib.asynccontextmanager
    async def before(self, node: RunningNode) -> AsyncIterator[str]:
        async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            first = await reader.readuntil(b"\r\n\r\n")
            if self._keeps:
                first = first.replace(b"Connection: keep-alive", b"Connection: close")  # see each request
                if first.startswith(self._keeps):
                    writer.write(await self._kept_answer(node, first))
                    return writer.close()
            there_reader, there = await asyncio.open_connection("127.0.0.1", node.port)
            there.write(self._ask(first))
            try:
                await asyncio.gather(self._pump(reader, there, self._ask), self._back(there_reader, writer))
            except (OSError, TimeoutError):
                pass
            finally:
                writer.close()
                there.close()

        server = await asyncio.start_server(relay, "127.0.0.1", 0, ssl=self._tls)
        async with server:
            scheme = "https" if self._tls else "http"
            yield f"{scheme}://localhost:{server.sockets[0].getsockname()[1]}"

    async def _kept_answer(self, node: RunningNode, request: bytes) -> bytes:
        line = request.partition(b"\r\n")[0]
        if line not in self._kept:
            reader, writer = await asyncio.open_connection("127.0.0.1", node.port)
            writer.write(line + b"\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            self._kept[line] = (await reader.read()).replace(b"date:", b"x-date:")
            writer.close()
        return self._kept[line]

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, change: Change) -> None:
        while data := await reader.read(65_536):
            writer.write(change(data))
        writer.close()

    async def _back(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        kept = b""
        while data := await asyncio.wait_for(reader.read(65_536), self._idle_seconds):
            if self._buffers and (kept or b"text/event-stream" in data):
                kept += data
            else:
                writer.write(self._answer(data))
        writer.write(kept)
        writer.close()


@pytest.fixture(scope="module")
async def node(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[RunningNode]:
    """A node for all tests, because the doctor changes nothing."""
    async with RunningNode(sqlite_url(tmp_path_factory.mktemp("store")), STOPPRESS_BEAT="0.5") as node:
        await node.make_blog()
        async with node.editor() as editor:
            for text in ("a\u2028b\u2029c\u0085d\x0be\x0cf\x1cg", "more"):
                (await editor.post("/api/blogs/demo/entries", json={"markdown": text})).raise_for_status()
        yield node


# The site


async def test_a_sound_site_has_no_failures(node: RunningNode):
    result = await doctor("--url", node.url)
    assert result.code == 0, result.out
    expected = dict.fromkeys("page tls clock uploads headers websocket events assets".split(), "ok")
    assert levels(result) == {**expected, "metrics": "warn"}


@pytest.mark.parametrize(
    ("proxy", "what", "advice"),
    [
        (Proxy(buffers=True), "events", "X-Accel-Buffering"),
        (Proxy(ask=lambda data: data.replace(b"Upgrade: websocket\r\n", b"")), "websocket", "pass Upgrade"),
        (Proxy(ask=lambda data: data.replace(b"Sec-WebSocket-Protocol", b"X-Lost")), "websocket", "Sec-WebSocket-Pro"),
        (Proxy(answer=lambda data: data.replace(b"etag:", b"lost:")), "headers", "missing: etag"),
        (Proxy(answer=lambda data: data.replace(b"max-age=1\r", b"max-age=600\r")), "headers", "600 s, 1 at most"),
        (Proxy(answer=lambda data: data.replace(b"no-cache", b"max-age=600")), "headers", "600 s, 0 at most"),
        (Proxy(keeps=b"GET /blogs/demo/changes"), "headers", "answers a long poll at once"),
        (Proxy(keeps=b"GET /blogs/demo "), "headers", "longer than 0 s"),
    ],
    ids=["it buffers", "no Upgrade", "no subprotocol", "no ETag", "changes", "pages", "kept changes", "kept pages"],
)
async def test_what_a_proxy_does_wrong_is_said(
    node: RunningNode, proxy: Proxy, what: str, advice: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("stoppress.tools.doctor.streams.FIRST_SECONDS", 2.0)
    async with proxy.before(node) as url:
        line = failed(await doctor("--url", url))
    assert what in line and advice in line


async def test_a_path_before_all_addresses_is_said(node: RunningNode):
    async with Proxy(ask=lambda data: data.replace(b"GET /live/", b"GET /")).before(node) as url:
        assert "a host of its own" in failed(await doctor("--url", f"{url}/live"))


async def test_what_the_site_answers_is_compared_with_the_settings(node: RunningNode, tmp_path: Path):
    settings = {**KEYS, "STOPPRESS_PAGE_MAX_AGE": "60", "STOPPRESS_PUBLIC_URL": "https://live.example"}
    result = await doctor("--url", node.url, "--store", sqlite_url(tmp_path), "--newest", "1", **settings)
    assert (result.code, levels(result)["settings"]) == (0, "warn")
    for name in ("STOPPRESS_BEAT", "STOPPRESS_NEWEST", "STOPPRESS_PAGE_MAX_AGE", "STOPPRESS_PUBLIC_URL"):
        assert f"{name} is " in result.out or f"is {name};" in result.out
    same = await doctor("--url", node.url, "--beat", "0.5", **KEYS, STOPPRESS_STORE=sqlite_url(tmp_path))
    assert (same.code, levels(same)["settings"]) == (0, "ok")


async def test_a_proxy_that_ends_silent_lines_is_found(start_node: StartNode):
    node = await start_node(STOPPRESS_BEAT="20")
    await node.make_blog()
    async with Proxy(idle_seconds=1).before(node) as url:
        result = await doctor("--url", url)
    found = levels(result)
    assert result.code == 1
    assert found["websocket"] == found["events"] == "fail"
    assert result.out.count("proxy_read_timeout") == 2


async def test_a_missing_beat_is_said_of_each_stream_in_its_own_words(
    start_node: StartNode, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("stoppress.tools.doctor.streams._BEAT_SECONDS", 0.5)
    node = await start_node(STOPPRESS_BEAT="60")
    await node.make_blog()
    lines = [line for line in (await doctor("--url", node.url)).out.splitlines() if "no beat within 0.5 s" in line]
    assert [line.split()[1] for line in lines] == ["websocket", "events"]
    assert [("event stream" in line, "WebSocket" in line) for line in lines] == [(False, True), (True, False)]


async def test_a_blog_with_news_all_the_time_needs_no_beat(start_node: StartNode, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("stoppress.tools.doctor.streams.LONGEST_SECONDS", 1.0)
    node = await start_node(STOPPRESS_BEAT="60")
    await node.make_blog()
    async with node.editor() as editor:

        async def publish() -> None:
            while True:
                await editor.post("/api/blogs/demo/entries", json={"markdown": "news"})
                await asyncio.sleep(0.2)

        publishing = asyncio.create_task(publish())
        result = await doctor("--url", node.url)
        publishing.cancel()
    assert (levels(result)["websocket"], levels(result)["events"]) == ("ok", "ok")


async def test_a_site_that_cannot_be_reached_or_is_another_is_said(node: RunningNode):
    assert "cannot reach" in failed(await doctor("--url", "http://127.0.0.1:1"))
    assert "answers with 404" in failed(await doctor("--url", f"{node.url}/nothing"))
    assert "try http://" in failed(await doctor("--url", node.url.replace("http", "https")))
    for address in ("live.example.org", "https://[::1", "https://example.org:port", "ftp://a:secret@example.org"):
        line = failed(await doctor("--url", address))
        assert "is not an address" in line and "secret" not in line


async def test_a_site_without_blogs_cannot_be_examined_whole(start_node: StartNode):
    node = await start_node()
    result = await doctor("--url", node.url)
    assert (result.code, levels(result)["blog"]) == (0, "warn")


@pytest.fixture(scope="module")
async def certified(node: RunningNode, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[str, str]]:
    """The address of a proxy whose certificate only the file trusts, and that file."""
    folder = tmp_path_factory.mktemp("tls")
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    making = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 -subj /CN=localhost"
    making += f" -addext subjectAltName=DNS:localhost -keyout {key} -out {certificate}"
    await asyncio.to_thread(subprocess.run, making.split(), check=True, capture_output=True)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, key)
    async with Proxy(tls=tls).before(node) as url:
        yield url, str(certificate)


async def test_a_certificate_is_judged_by_what_is_left_of_it(certified: tuple[str, str]):
    url, certificate = certified
    trusted = await doctor("--url", url, SSL_CERT_FILE=certificate)
    unknown = await doctor("--url", url)
    assert (trusted.code, levels(trusted)["tls"]) == (0, "ok")
    assert "expires in 30.0 days" in trusted.out
    assert levels(trusted)["websocket"] == levels(trusted)["events"] == "ok"
    assert "certificate verify failed" in failed(unknown)


async def test_all_clients_trust_the_authorities_in_ssl_cert_file(
    certified: tuple[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    url, certificate = certified
    post = ["post", "--url", url, "--api-key", KEY, "demo", "news"]
    for arguments in (post, ["top", "--url", url], ["export", "--url", url, "demo", str(tmp_path / "archive")]):
        for trusted in (None, certificate):
            done = await asyncio.to_thread(CliRunner().invoke, cli, arguments, env={"SSL_CERT_FILE": trusted})
            assert (done.exit_code == 0) is bool(trusted), done
            assert trusted or "certificate verify failed" in str(done.exception)
    monkeypatch.setenv("SSL_CERT_FILE", certificate)
    await swarm(Target.parse(url, "demo"), Plan(readers=2, duration=0.5, publish=4, api_key=KEY))
    assert (await anext(follow(url, "demo")))["blog"] == "demo"


# The machine and the settings


async def test_a_sound_node_has_no_failures(tmp_path: Path):
    result = await doctor("--store", sqlite_url(tmp_path), **KEYS)
    assert result.code == 0, result.out
    found = levels(result)
    assert (found["keys"], found["sqlite"], found["disk"]) == ("ok", "ok", "ok")
    assert {"files", "backlog"} <= set(found)


@pytest.mark.parametrize(
    ("keys", "level", "text"),
    [
        ("", "warn", "nobody can publish unless the store has keys or people"),
        ("ann", "fail", "malformed"),
        ("ann:editor:short", "warn", "the secret of ann can be guessed"),
    ],
)
async def test_what_is_wrong_with_keys_is_said(tmp_path: Path, keys: str, level: str, text: str):
    result = await doctor("--store", sqlite_url(tmp_path), STOPPRESS_KEYS=keys)
    assert levels(result)["keys"] == level and text in result.out
    assert "short" not in result.out


SETUPS: dict[str, tuple[str, dict[str, str]]] = {
    "workers": ("4 workers need a store", {"STOPPRESS_WORKERS": "4"}),
    "templates": ("there is no such directory", {"STOPPRESS_TEMPLATES": "/nothing"}),
    "token": ("cannot read STOPPRESS_METRICS_TOKEN_FILE", {"STOPPRESS_METRICS_TOKEN_FILE": "/nothing"}),
    "store file": ("cannot read STOPPRESS_STORE_FILE", {"STOPPRESS_STORE_FILE": "/nothing"}),
    "keys file": ("cannot read STOPPRESS_KEYS_FILE", {"STOPPRESS_KEYS_FILE": "/nothing"}),
    "address": ("cannot listen on 192.0.2.1:8000", {"STOPPRESS_HOST": "192.0.2.1"}),
    "a wrong value": ("STOPPRESS_BEAT='x': must be a number", {"STOPPRESS_BEAT": "x"}),
}


@pytest.mark.parametrize(("text", "environ"), SETUPS.values(), ids=SETUPS)
def test_all_that_keeps_a_node_from_starting_fails(text: str, environ: dict[str, str], tmp_path: Path):
    environ = {**KEYS, "STOPPRESS_STORE": sqlite_url(tmp_path), "STOPPRESS_MAX_READER": "9", **environ}
    serve, result = invoke("serve", environ=environ), invoke("doctor", environ=environ)
    assert serve.code == 2 and text in serve.error and serve.error in failed(result)
    warning = "STOPPRESS_MAX_READER is not a setting and has no effect; did you mean STOPPRESS_MAX_READERS?"
    assert f"warning: {warning}\n" in serve.err and f"{warning}\n" in result.out


@pytest.mark.parametrize(("beat", "level"), [("20", "ok"), ("45", "warn"), ("300", "fail")])
async def test_a_beat_that_is_rarer_than_proxies_allow_is_said(tmp_path: Path, beat: str, level: str):
    result = await doctor("--store", sqlite_url(tmp_path), **KEYS, STOPPRESS_BEAT=beat)
    assert levels(result)["beat"] == level


async def test_the_findings_as_json(tmp_path: Path):
    result = await doctor("--json", "--store", "mysql://", **KEYS, STOPPRESS_MAX_READER="9")
    answer = json.loads(result.out)
    assert [set(one) for one in answer["findings"]] == [{"level", "check", "message"}] * len(answer["findings"])
    assert result.code == 1 and answer["counts"]["fail"] == 1 and answer["counts"]["warn"] == 1
    [found] = [one for one in answer["findings"] if one["level"] == "fail"]
    assert found["check"] == "store" and "unknown scheme" in found["message"]


async def test_an_exception_in_a_check_is_its_finding_and_stops_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, node: RunningNode
):
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("out of order")

    monkeypatch.setattr("stoppress.tools.doctor.machine._beat", broken)
    monkeypatch.setattr("stoppress.tools.doctor.assets.kept_seconds", broken)
    monkeypatch.setattr("stoppress.tools.doctor.streams.connect", broken)
    result = await doctor("--json", "--url", node.url, "--store", sqlite_url(tmp_path), **KEYS)
    found = {one["check"]: one for one in json.loads(result.out)["findings"]}
    for check in ("beat", "assets", "websocket"):
        assert found[check] == {"level": "fail", "check": check, "message": "the check failed: out of order"}
    assert result.code == 1 and found["sqlite"]["level"] == found["events"]["level"] == "ok"


@pytest.mark.parametrize(
    ("networks", "level"),
    [
        *((networks, "warn") for networks in ("0.0.0.0/0", "::/0", "128.0.0.0/1,10.0.0.0/8", "2000::/3", "8.0.0.0/9")),
        *((networks, "ok") for networks in ("10.0.0.0/8", "fd00::/8", "104.16.0.0/13 2400:cb00::/32", "127.0.0.1")),
    ],
)
async def test_networks_of_strangers_are_not_trusted(networks: str, level: str):
    settings = Settings(max_readers_per_address=9, trusted_proxies=networks.replace(",", " "))
    [found] = [one for one in check_machine(settings) if one.subject == "proxies"]
    assert found.level.value == level


@pytest.mark.parametrize("name", ["blogs.db", "blogs.db-wal", "blogs.db-shm"])
async def test_a_file_that_others_can_read_is_said(tmp_path: Path, name: str):
    for mode, level in ((0o644, "warn"), (0o640, "none")):
        (tmp_path / name).touch()
        (tmp_path / name).chmod(mode)
        found = {finding.subject: finding async for finding in StoreCheck(sqlite_url(tmp_path)).findings()}
        assert ("drafts" in found) == (level == "warn")


async def test_a_limit_by_address_without_a_proxy_to_believe_is_said(tmp_path: Path):
    limited = {**KEYS, "STOPPRESS_MAX_READERS_PER_ADDRESS": "1000"}
    result = await doctor("--store", sqlite_url(tmp_path), **limited)
    assert (result.code, levels(result)["proxies"]) == (0, "warn") and "STOPPRESS_TRUSTED_PROXIES" in result.out
    result = await doctor("--store", sqlite_url(tmp_path), **limited, STOPPRESS_TRUSTED_PROXIES="10.0.0.0/8")
    assert levels(result)["proxies"] == "ok"


async def test_a_store_that_cannot_be_is_said(tmp_path: Path):
    line = failed(await doctor("--store", f"sqlite:{tmp_path}/nothing/blogs.db", **KEYS))
    assert f"the folder {tmp_path}/nothing does not exist" in line
    assert "is not an SQLite file; name another file" in failed(await doctor("--store", f"sqlite:{__file__}", **KEYS))
    with closing(sqlite3.connect(tmp_path / "blogs.db")) as db:
        db.execute("PRAGMA user_version=99")
    assert "a newer stoppress wrote" in failed(await doctor("--store", f"sqlite:{tmp_path}/blogs.db", **KEYS))
    assert "unknown scheme" in failed(await doctor("--store", "mysql://somewhere", **KEYS))


async def check_beside_a_running_store(tmp_path: Path) -> None:
    store = SQLiteStore(tmp_path / "blogs.db")
    await store.open()
    await store.commit("demo", [Write(HEADER, 0, b"{}"), Write("a", 0, b"a body")])
    assert levels(await doctor("--store", sqlite_url(tmp_path), **KEYS))["sqlite"] == "ok"
    await store.close()


def test_a_damaged_store_is_said_in_the_words_of_serve(tmp_path: Path):
    asyncio.run(check_beside_a_running_store(tmp_path))
    whole = (tmp_path / "blogs.db").read_bytes()
    (tmp_path / "blogs.db").write_bytes(whole.replace(b"a body", b"a bodx"))
    environ = {**KEYS, "STOPPRESS_STORE": sqlite_url(tmp_path)}
    serve = stoppress("serve", "--port", "0", environ=environ)
    assert serve.code == 2 and "it is damaged" in serve.error
    assert serve.error in failed(invoke("doctor", environ=environ))


def test_few_files_are_a_failure(tmp_path: Path):
    limited = ("sh", "-c", 'ulimit -n 512; exec "$@"', "sh", *command("doctor", "--store", sqlite_url(tmp_path)))
    done = subprocess.run(limited, env=environment(KEYS), capture_output=True, text=True, timeout=30)
    line = failed(Result(done.returncode, done.stdout, done.stderr))
    assert "512 files" in line and "LimitNOFILE" in line


# Redis


@pytest.mark.redis
async def test_a_redis_is_examined(redis_server: RedisServer):
    result = await doctor("--store", redis_server.url, **KEYS)
    found = levels(result)
    assert result.code == 0, result.out
    assert found["durability"] == "warn" and "set appendonly to yes" in result.out  # the tests' own keeps nothing
    assert (found["redis"], found["memory"], found["clients"]) == ("ok", "ok", "ok")
    assert {"latency", "redis"} <= set(found)
    assert "redis clock" in result.out


@pytest.mark.redis
async def test_a_redis_that_throws_entries_away_fails(redis_server: RedisServer):
    async with Redis.from_url(redis_server.url) as admin:
        await admin.config_set("maxmemory", "100mb")
        await admin.config_set("maxmemory-policy", "allkeys-lru")
        try:
            line = failed(await doctor("--store", redis_server.url, **KEYS))
        finally:
            await admin.config_set("maxmemory", "0")
            await admin.config_set("maxmemory-policy", "noeviction")
    assert "set maxmemory-policy to noeviction" in line


@pytest.mark.redis
async def test_a_redis_that_does_not_answer_fails(redis_server: RedisServer):
    redis_server.freeze()
    try:
        line = failed(await doctor("--store", redis_server.url.replace("//", "//:canary@"), **KEYS))
    finally:
        redis_server.thaw()
    assert "Start a writable Redis there" in line and "canary" not in line


# Judgements on values that this machine does not have


def machine(subject: str, **values: int) -> Finding:
    """Return one finding about a machine with these limits."""
    return next(found for found in check_machine(Settings(), (), **values) if found.subject == subject)


@pytest.mark.parametrize(
    ("finding", "level"),
    [
        *((machine("files", open_files=count), Level.OK) for count in (-1, 16_384)),
        (machine("files", open_files=4_096), Level.WARN),
        (machine("files", open_files=1_023), Level.FAIL),
        (machine("backlog", somaxconn=4_096), Level.OK),
        (machine("backlog", somaxconn=128), Level.WARN),
        (judge_days(14.1), Level.OK),
        *((judge_days(days), Level.WARN) for days in (13.9, 3, 2.1)),
        *((judge_days(days), Level.FAIL) for days in (1.9, 0.1, -1)),
        (SiteCheck.metrics(403, on_this_machine=False), Level.OK),
        (SiteCheck.metrics(502, on_this_machine=False), Level.WARN),
        (SiteCheck.metrics(200, on_this_machine=False), Level.FAIL),
        (Finding.of_clock("clock", 0.9, 1), Level.OK),
        (Finding.of_clock("clock", -1.1, 1), Level.WARN),
        (RedisCheck.latency(0.001, 0.1), Level.OK),
        (RedisCheck.latency(0.006, 0.1), Level.WARN),
        (next(RedisCheck.judge({"aof_enabled": 1})), Level.OK),
        (next(RedisCheck.judge({"aof_enabled": 1, "aof_last_write_status": "err"})), Level.FAIL),
        *((found, Level.WARN) for found in RedisCheck.judge({"maxclients": 100}, workers=4)),
        (list(RedisCheck.judge({"connected_clients": 9_000, "maxclients": 10_000}))[-1], Level.WARN),
    ],
    ids=lambda value: value.subject if isinstance(value, Finding) else value.value,
)
def test_a_judgement_is_as_bad_as_the_thing(finding: Finding, level: Level):
    assert finding.level is level


async def test_the_keys_of_tokens_are_read(tmp_path: Path):
    secret, jwks = tmp_path / "secret", tmp_path / "jwks.json"
    secret.write_text("x" * 40)
    environ = {**KEYS, "STOPPRESS_TOKEN_SECRET_FILE": str(secret), "STOPPRESS_PORT": "0"}
    store = ("--store", sqlite_url(tmp_path))
    secret.chmod(0o644)
    result = await doctor(*store, **environ)
    assert "every user of the machine can read" in result.out
    secret.chmod(0o600)
    result = await doctor(*store, **environ)
    assert "readers' tokens may be signed with HS256" in result.out
    assert "every user" not in result.out
    result = await doctor(*store, **environ, STOPPRESS_TOKEN_JWKS=str(jwks))
    assert "cannot read STOPPRESS_TOKEN_JWKS" in failed(result)
    secret.write_text("short")
    result = await doctor(*store, **environ)
    assert "has 5 bytes; use 32 or more" in failed(result)


async def test_a_storage_of_images_is_tried(tmp_path: Path):
    environ = {**KEYS, "STOPPRESS_PORT": "0"}
    (tmp_path / "file").write_text("x")
    store = ("--store", sqlite_url(tmp_path))
    result = await doctor(*store, **environ, STOPPRESS_MEDIA=f"file:{tmp_path / 'media'}")
    assert "images can be written, read and deleted" in result.out
    result = await doctor(*store, **environ, STOPPRESS_MEDIA=f"file:{tmp_path / 'file' / 'media'}")
    assert "images cannot be stored" in failed(result)
    result = await doctor(*store, **environ, STOPPRESS_MEDIA="nowhere")
    assert "is not a storage" in failed(result)
