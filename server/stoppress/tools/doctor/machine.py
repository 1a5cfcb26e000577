"""What the doctor sees of the machine and of the settings: it runs where the node runs, as its user."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from pathlib import Path

from stoppress.errors import StartError
from stoppress.process.sockets import BACKLOG
from stoppress.settings import Settings
from stoppress.tools.doctor.finding import Finding, fail, ok, warn
from stoppress.web.editors.auth import Keys

_FEWEST_FILES, _MANY_FILES = 1_024, 16_384
_SHORTEST_SECRET = 16
_SOMAXCONN = Path("/proc/sys/net/core/somaxconn")


def look_at_machine(settings: Settings) -> Iterator[Finding]:
    _, files = resource.getrlimit(resource.RLIMIT_NOFILE)
    yield judge_files(files)
    if _SOMAXCONN.exists():
        yield judge_backlog(int(_SOMAXCONN.read_text()))
    yield _keys(settings)
    if settings.max_readers_per_address:
        yield judge_proxies(settings.trusted_proxies)


def judge_files(files: int) -> Finding:
    """`files`: how many one process may open, `RLIM_INFINITY` if any number."""
    advice = f"one process may open {files:,} files, and each reader is one: set LimitNOFILE= or `ulimit -Hn` higher"
    if files == resource.RLIM_INFINITY or files >= _MANY_FILES:
        return ok("files", "any number of files" if files < 0 else f"one process may open {files:,} files")
    return fail("files", advice) if files < _FEWEST_FILES else warn("files", advice)


def judge_backlog(somaxconn: int) -> Finding:
    if somaxconn >= BACKLOG:
        return ok("backlog", f"{BACKLOG:,} connections may wait to be accepted")
    return warn(
        "backlog",
        f"only {somaxconn:,} connections may wait to be accepted when all readers come back at once: "
        f"set sysctl net.core.somaxconn={BACKLOG}",
    )


def judge_proxies(trusted: str) -> Finding:
    """`trusted`: networks of proxies, where readers are limited by address."""
    if trusted:
        return ok("proxies", f"readers' addresses are taken from {trusted}")
    return warn(
        "proxies",
        "readers are limited by address, and behind a proxy all have the proxy's: "
        "set STOPPRESS_TRUSTED_PROXIES to its network",
    )


def _keys(settings: Settings) -> Finding:
    try:
        text = settings.read_keys()
        number = len(Keys(text))
    except StartError as error:
        return fail("keys", str(error))
    if not number:
        return fail("keys", "nobody can publish: set STOPPRESS_KEYS=name:editor:SECRET or STOPPRESS_KEYS_FILE")
    short = [part.split(":")[0] for part in text.split() if len(part.split(":", 2)[2]) < _SHORTEST_SECRET]
    if short:
        return warn("keys", f"the secret of {', '.join(short)} can be guessed: make one with secrets.token_urlsafe(24)")
    return ok("keys", f"{number} of editors")
