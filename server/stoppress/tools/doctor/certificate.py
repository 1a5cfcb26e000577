"""The doctor's checks of a site's certificate: its time, its name and its authority, each on its own."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import time
from collections.abc import AsyncIterator
from typing import Any

from stoppress.tools.doctor.finding import Finding, fail, ok, warn

_FAIL_DAYS, _WARN_DAYS = 2, 14
"""Days until a certificate expires."""

_DEADLINE_SECONDS = 10.0
_NO_CHECK_TIME = 0x200000  # X509_V_FLAG_NO_CHECK_TIME; the ssl module has no name for it


def unverified() -> ssl.SSLContext:
    """Return a context for a client that accepts every certificate. The checks here judge it; others go on."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


async def check_certificate(host: str, port: int) -> AsyncIterator[Finding]:
    """Judge the certificate of a host."""
    async with asyncio.timeout(_DEADLINE_SECONDS):
        encoded = await _certificate(host, port, unverified(), encoded=True)
        own = _timeless(cadata=encoded)
        own.verify_flags |= ssl.VerifyFlags.VERIFY_X509_PARTIAL_CHAIN  # it may have been signed by anybody
        certificate = await _certificate(host, port, own)
        begins, ends = (ssl.cert_time_to_seconds(certificate[name]) for name in ("notBefore", "notAfter"))
        yield judge_days((ends - time.time()) / 86_400)
        if begins > time.time():
            yield fail("tls", f"the certificate is valid only from {certificate['notBefore']} on; check both clocks")
        own.check_hostname = True
        if await _error(host, port, own):
            names = ", ".join(name for _, name in certificate.get("subjectAltName", ())) or "no host"
            text = f"the certificate is for {names}, not for {host}"
            yield fail("tls", f"{text}; get one with this name, or correct --url")
        if error := await _error(host, port, _timeless()):
            advice = "install its whole chain in the proxy, or name its authority with SSL_CERT_FILE"
            yield fail("tls", f"certificate verify failed: {error}; {advice}")


def judge_days(days: float) -> Finding:
    """Judge a certificate that expires in `days` days."""
    if days <= 0:
        return fail("tls", f"the certificate expired {-days:.1f} days ago; renew it, and check the automatic renewal")
    text = f"the certificate expires in {f'{days:.1f} days' if days >= 2 else f'{days * 24:.1f} hours'}"
    if days >= _WARN_DAYS:
        return ok("tls", text)
    level = fail if days < _FAIL_DAYS else warn
    return level("tls", f"{text}; renew it, and check the automatic renewal")


def _timeless(cadata: bytes | None = None) -> ssl.SSLContext:
    """Return a context that checks only the chain of a certificate, to the given one or to the machine's."""
    context = ssl.create_default_context(cadata=cadata)
    context.check_hostname = False
    context.verify_flags |= _NO_CHECK_TIME
    return context


async def _certificate(host: str, port: int, context: ssl.SSLContext, *, encoded: bool = False) -> Any:
    """Return the certificate, as `SSLSocket.getpeercert` does."""
    _, writer = await asyncio.open_connection(host, port, ssl=context)
    try:
        return writer.get_extra_info("ssl_object").getpeercert(encoded)
    finally:
        writer.close()
        with contextlib.suppress(OSError, TimeoutError):
            await writer.wait_closed()


async def _error(host: str, port: int, context: ssl.SSLContext) -> str:
    """Return why a context rejects the certificate; empty if it does not."""
    try:
        await _certificate(host, port, context)
    except ssl.SSLCertVerificationError as error:
        return error.verify_message
    return ""
