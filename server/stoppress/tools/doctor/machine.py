"""The doctor's checks of the machine and the settings. It runs on the node's machine, as the node's user."""

from __future__ import annotations

import errno
import resource
from collections.abc import Callable, Collection, Iterator
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path

from stoppress.errors import StartError
from stoppress.process.node import Node, check_workers
from stoppress.process.sockets import BACKLOG, listen
from stoppress.settings import Settings
from stoppress.tools.doctor.finding import Finding, fail, ok, run_each, warn
from stoppress.web.editors.auth import NO_KEYS, Keys
from stoppress.web.pages.layout import Layout

_MIN_FILES, _MANY_FILES = 1_024, 16_384
_MIN_SECRET_LENGTH = 16
_LONG_BEAT_SECONDS = 30.0
_SILENCE_SECONDS = 60.0
"""Many proxies and mobile networks close a connection after this silence."""

_WIDEST_PUBLIC_PREFIX = {4: 12, 6: 24}
"""Shortest prefix of a network of proxies that is not private, by IP version. Networks of large CDNs are smaller."""

_PRIVATE = tuple(
    map(
        ip_network,
        "10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.168.0.0/16 fc00::/7 fe80::/10".split(),
    )
)

_SOMAXCONN = Path("/proc/sys/net/core/somaxconn")


def check_machine(
    settings: Settings,
    wrong: Collection[str] = (),
    open_files: int | None = None,
    somaxconn: int | None = None,
) -> Iterator[Finding]:
    """Check one machine.

    Args:
        settings: the settings of the node.
        wrong: the names of settings that have their default because their value is wrong. They are not judged.
        open_files: the number of files that one process may open, or `RLIM_INFINITY`. The default is that of this one.
        somaxconn: the kernel's net.core.somaxconn. The default is that of this machine, if it is known.
    """
    checks: dict[str, Callable[[], Iterator[Finding]]] = {
        "files": lambda: _files(open_files),
        "backlog": lambda: _backlog(somaxconn),
        "keys": lambda: _keys(settings),
        "beat": lambda: _beat(settings.beat),
        "proxies": lambda: _proxies(settings),
        "workers": lambda: _workers(settings),
        "inbox": lambda: _inbox(settings),
    }
    judged = {"beat": ("beat",), "proxies": ("trusted_proxies",), "workers": ("workers", "store"), "inbox": ("store",)}
    return run_each(
        {subject: check for subject, check in checks.items() if not set(judged.get(subject, ())) & set(wrong)}
    )


def _files(limit: int | None) -> Iterator[Finding]:
    yield _judge_files(resource.getrlimit(resource.RLIMIT_NOFILE)[1] if limit is None else limit)


def _judge_files(files: int) -> Finding:
    if files == resource.RLIM_INFINITY:
        return ok("files", "one process may open any number of files")
    text = f"one process may open {files:,} files"
    if files >= _MANY_FILES:
        return ok("files", text)
    level = fail if files < _MIN_FILES else warn
    return level("files", f"{text}, and each reader needs one; raise LimitNOFILE= or `ulimit -Hn`")


def _backlog(somaxconn: int | None) -> Iterator[Finding]:
    if somaxconn is None and _SOMAXCONN.exists():
        somaxconn = int(_SOMAXCONN.read_text())
    if somaxconn is not None and somaxconn >= BACKLOG:
        yield ok("backlog", f"{BACKLOG:,} connections may wait to be accepted")
    elif somaxconn is not None:
        text = f"only {somaxconn:,} connections may wait to be accepted when all readers reconnect at once"
        yield warn("backlog", f"{text}; set sysctl net.core.somaxconn={BACKLOG}")


def _proxies(settings: Settings) -> Iterator[Finding]:
    trusted = settings.trusted_proxies
    if wide := [network for network in trusted.split() if _is_wide(ip_network(network))]:
        text = f"STOPPRESS_TRUSTED_PROXIES has {', '.join(wide)}, so strangers can pretend to have any address"
        yield warn("proxies", f"{text}; name only the addresses or networks of your proxies")
    elif settings.max_readers_per_address and trusted:
        yield ok("proxies", f"the node takes readers' addresses from {trusted}")
    elif settings.max_readers_per_address:
        text = "readers are limited by address, but behind a proxy all readers have the proxy's address"
        yield warn("proxies", f"{text}; set STOPPRESS_TRUSTED_PROXIES to its network")


def _is_wide(network: IPv4Network | IPv6Network) -> bool:
    """Return whether a network has far more addresses than anybody has proxies."""
    version = network.version
    is_private = any(network.subnet_of(one) for one in _PRIVATE if one.version == version)  # type: ignore[arg-type]
    return network.prefixlen < _WIDEST_PUBLIC_PREFIX[version] and not is_private


def _workers(settings: Settings) -> Iterator[Finding]:
    return _made(lambda: check_workers(settings.workers, can_share=not _is_file(settings)))


def _inbox(settings: Settings) -> Iterator[Finding]:
    if settings.inbox and _is_file(settings):
        text = "--inbox reads messages from Redis, but the store is a file"
        yield fail("inbox", f"{text}; name a Redis with --store, or leave --inbox out")


def _is_file(settings: Settings) -> bool:
    """Return whether the store is a file. If its address cannot be read, the check of the store reports that."""
    try:
        return settings.read_store().startswith("sqlite:")
    except StartError:
        return False


def _keys(settings: Settings) -> Iterator[Finding]:
    text = settings.read_keys()
    yield _judge_keys(text, len(Keys(text)))


def _judge_keys(text: str, number: int) -> Finding:
    if not number:
        return warn("keys", f"{NO_KEYS}; set STOPPRESS_KEYS=name:admin:SECRET or STOPPRESS_KEYS_FILE")
    short = [part.split(":")[0] for part in text.split() if len(part.split(":", 2)[2]) < _MIN_SECRET_LENGTH]
    if short:
        names = ", ".join(short)
        return warn("keys", f"the secret of {names} can be guessed; make one with secrets.token_urlsafe(24)")
    return ok("keys", f"{number} editors' keys" if number > 1 else "1 editor's key")


def _beat(seconds: float) -> Iterator[Finding]:
    text = f"silent connections get a beat every {seconds:g} s"
    if seconds <= _LONG_BEAT_SECONDS:
        yield ok("beat", text)
    else:
        level = warn if seconds < _SILENCE_SECONDS else fail
        yield level(
            "beat", f"{text}, but many proxies close them after {_SILENCE_SECONDS:g} s; set STOPPRESS_BEAT to 20"
        )


def check_parts(settings: Settings) -> Iterator[Finding]:
    """Yield a failure for each further part of a node that cannot be made."""
    parts: dict[str, Callable[[], object]] = {
        "templates": lambda: Layout(settings.templates),
        "metrics": settings.read_metrics_token,
        "address": lambda: _listen(settings),
    }
    return run_each({subject: lambda part=part: _made(part) for subject, part in parts.items()})  # type: ignore[misc]


def check_start(settings: Settings) -> Iterator[Finding]:
    """Yield a failure if `serve` would not start for a reason that no other check knows."""
    return run_each({"start": lambda: _made(lambda: _build(settings))})


def _build(settings: Settings) -> None:
    Node(settings).tracing.close()


def _made(part: Callable[[], object]) -> Iterator[Finding]:
    part()
    return iter(())


def _listen(settings: Settings) -> None:
    try:
        listen(settings.host, settings.port).close()
    except StartError as error:
        if getattr(error.__context__, "errno", None) != errno.EADDRINUSE:  # it may be the node that listens there
            raise
