"""The doctor's checks of the machine and the settings. It runs on the node's machine, as the node's user."""

from __future__ import annotations

import errno
import resource
from collections.abc import Callable, Iterator
from pathlib import Path

from stoppress.errors import StartError
from stoppress.process.node import Node
from stoppress.process.sockets import BACKLOG, listen
from stoppress.settings import Settings
from stoppress.tools.doctor.finding import Finding, fail, ok, warn
from stoppress.web.editors.auth import Keys
from stoppress.web.pages.layout import Layout

_MIN_FILES, _MANY_FILES = 1_024, 16_384
_MIN_SECRET_LENGTH = 16
_LONG_BEAT_SECONDS = 30.0
_SILENCE_SECONDS = 60.0
"""Many proxies and mobile networks close a connection after this silence."""

_SOMAXCONN = Path("/proc/sys/net/core/somaxconn")


def check_machine(settings: Settings, open_files: int | None = None, somaxconn: int | None = None) -> Iterator[Finding]:
    """Check one machine.

    Args:
        settings: the settings of the node.
        open_files: the number of files that one process may open, or `RLIM_INFINITY`. The default is that of this one.
        somaxconn: the kernel's net.core.somaxconn. The default is that of this machine, if it is known.
    """
    yield _files(resource.getrlimit(resource.RLIMIT_NOFILE)[1] if open_files is None else open_files)
    if somaxconn is None and _SOMAXCONN.exists():
        somaxconn = int(_SOMAXCONN.read_text())
    if somaxconn is not None:
        yield _backlog(somaxconn)
    yield _keys(settings)
    yield _beat(settings.beat)
    if settings.max_readers_per_address:
        yield _proxies(settings.trusted_proxies)


def _files(files: int) -> Finding:
    if files == resource.RLIM_INFINITY:
        return ok("files", "one process may open any number of files")
    text = f"one process may open {files:,} files"
    if files >= _MANY_FILES:
        return ok("files", text)
    level = fail if files < _MIN_FILES else warn
    return level("files", f"{text}, and each reader needs one; raise LimitNOFILE= or `ulimit -Hn`")


def _backlog(somaxconn: int) -> Finding:
    if somaxconn >= BACKLOG:
        return ok("backlog", f"{BACKLOG:,} connections may wait to be accepted")
    text = f"only {somaxconn:,} connections may wait to be accepted when all readers reconnect at once"
    return warn("backlog", f"{text}; set sysctl net.core.somaxconn={BACKLOG}")


def _proxies(trusted: str) -> Finding:
    if trusted:
        return ok("proxies", f"the node takes readers' addresses from {trusted}")
    text = "readers are limited by address, but behind a proxy all readers have the proxy's address"
    return warn("proxies", f"{text}; set STOPPRESS_TRUSTED_PROXIES to its network")


def _keys(settings: Settings) -> Finding:
    try:
        text = settings.read_keys()
        number = len(Keys(text))
    except StartError as error:
        return fail("keys", str(error))
    if not number:
        return fail("keys", "nobody can publish; set STOPPRESS_KEYS=name:editor:SECRET or STOPPRESS_KEYS_FILE")
    short = [part.split(":")[0] for part in text.split() if len(part.split(":", 2)[2]) < _MIN_SECRET_LENGTH]
    if short:
        names = ", ".join(short)
        return warn("keys", f"the secret of {names} can be guessed; make one with secrets.token_urlsafe(24)")
    return ok("keys", f"{number} editors' keys" if number > 1 else "1 editor's key")


def _beat(seconds: float) -> Finding:
    text = f"silent connections get a beat every {seconds:g} s"
    if seconds <= _LONG_BEAT_SECONDS:
        return ok("beat", text)
    level = warn if seconds < _SILENCE_SECONDS else fail
    return level("beat", f"{text}, but many proxies close them after {_SILENCE_SECONDS:g} s; set STOPPRESS_BEAT to 20")


def check_start(settings: Settings) -> Iterator[Finding]:
    """Yield everything for which `serve` would not start, except the content of the store."""
    parts: tuple[tuple[str, Callable[[], object]], ...] = (
        ("templates", lambda: Layout(settings.templates)),
        ("metrics", settings.read_metrics_token),
        ("address", lambda: _listen(settings)),
        ("start", lambda: _build(settings)),
    )
    for subject, part in parts:
        try:
            part()
        except StartError as error:
            yield fail(subject, str(error))


def _build(settings: Settings) -> None:
    Node(settings).tracing.close()


def _listen(settings: Settings) -> None:
    try:
        listen(settings.host, settings.port).close()
    except StartError as error:
        if getattr(error.__context__, "errno", None) != errno.EADDRINUSE:  # it may be the node that listens there
            raise
