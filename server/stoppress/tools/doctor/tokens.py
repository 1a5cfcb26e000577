"""The doctor's check of readers' tokens: whether a node can read the keys that sign them."""

from __future__ import annotations

import asyncio
import stat
from collections.abc import AsyncIterator
from pathlib import Path

from stoppress.settings import Settings
from stoppress.tools.doctor.finding import Finding, fail, ok, warn


async def check_tokens(settings: Settings) -> AsyncIterator[Finding]:
    """Check the keys of tokens, if there are any. Raises `StartError`."""
    file, place = settings.token_secret_file, settings.token_jwks
    if not file and not place:
        return
    from stoppress.access.jwks import Jwks  # imports joserfc, which only nodes that take tokens need
    from stoppress.access.key_set import TokenKeys, WrongKeySet

    jwks = Jwks(TokenKeys(settings.read_token_secret()), place)
    if file and (await asyncio.to_thread(_mode, Path(file))) & (stat.S_IROTH | stat.S_IWOTH):
        yield warn("tokens", f"every user of the machine can read {file}, and make tokens; use chmod 600")
    try:
        keys = await jwks.read() if place else jwks.keys()
    except (OSError, WrongKeySet) as error:
        reason = str(error) or "no answer in time"
        yield fail("tokens", f"cannot read STOPPRESS_TOKEN_JWKS={place}: {reason}; tokens get 503 until it can be read")
        return
    yield ok("tokens", f"readers' tokens may be signed with {', '.join(keys.algorithms)}")


def _mode(file: Path) -> int:
    return file.stat().st_mode
