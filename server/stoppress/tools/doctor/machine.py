"""The doctor's checks of the machine and the settings. It runs on the node's machine, as the node's user."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from pathlib import Path

from stoppress.errors import StartError
from stoppress.process.sockets import BACKLOG
from stoppress.settings import Settings
from stoppress.tools.doctor.finding import Finding
from stoppress.web.editors.auth import Keys

_MIN_FILES, _MANY_FILES = 1_024, 16_384
_MIN_SECRET_LENGTH = 16
_SOMAXCONN = Path("/proc/sys/net/core/somaxconn")


class MachineCheck:
    """The checks of one machine.

    Args:
        settings: the settings of the node.
        open_files: the number of files that one process may open, or `RLIM_INFINITY`. The default is that of this one.
        somaxconn: the kernel's net.core.somaxconn; None: unknown. The default is that of this machine.
    """

    def __init__(self, settings: Settings, open_files: int | None = None, somaxconn: int | None = None) -> None:
        self._settings = settings
        self._open_files = resource.getrlimit(resource.RLIMIT_NOFILE)[1] if open_files is None else open_files
        self._somaxconn = somaxconn
        if somaxconn is None and _SOMAXCONN.exists():
            self._somaxconn = int(_SOMAXCONN.read_text())

    def findings(self) -> Iterator[Finding]:
        """Run all checks."""
        yield self._files()
        if self._somaxconn is not None:
            yield self._backlog(self._somaxconn)
        yield self._keys()
        if self._settings.max_readers_per_address:
            yield self._proxies()

    def _files(self) -> Finding:
        files = self._open_files
        text = f"one process may open {files:,} files"
        if files == resource.RLIM_INFINITY:
            return Finding.ok("files", "one process may open any number of files")
        if files >= _MANY_FILES:
            return Finding.ok("files", text)
        advice = f"{text}, and each reader needs one; raise LimitNOFILE= or `ulimit -Hn`"
        return Finding.fail("files", advice) if files < _MIN_FILES else Finding.warn("files", advice)

    def _backlog(self, somaxconn: int) -> Finding:
        if somaxconn >= BACKLOG:
            return Finding.ok("backlog", f"{BACKLOG:,} connections may wait to be accepted")
        return Finding.warn(
            "backlog",
            f"only {somaxconn:,} connections may wait to be accepted when all readers reconnect at once; "
            f"set sysctl net.core.somaxconn={BACKLOG}",
        )

    def _proxies(self) -> Finding:
        if trusted := self._settings.trusted_proxies:
            return Finding.ok("proxies", f"the node takes readers' addresses from {trusted}")
        return Finding.warn(
            "proxies",
            "readers are limited by address, but behind a proxy all readers have the proxy's address; "
            "set STOPPRESS_TRUSTED_PROXIES to its network",
        )

    def _keys(self) -> Finding:
        try:
            text = self._settings.read_keys()
            number = len(Keys(text))
        except StartError as error:
            return Finding.fail("keys", str(error))
        if not number:
            return Finding.fail(
                "keys", "nobody can publish; set STOPPRESS_KEYS=name:editor:SECRET or STOPPRESS_KEYS_FILE"
            )
        short = [part.split(":")[0] for part in text.split() if len(part.split(":", 2)[2]) < _MIN_SECRET_LENGTH]
        if short:
            return Finding.warn(
                "keys", f"the secret of {', '.join(short)} can be guessed; make one with secrets.token_urlsafe(24)"
            )
        return Finding.ok("keys", f"{number} editors' keys" if number > 1 else "1 editor's key")
