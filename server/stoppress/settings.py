"""All settings: one list with the environment variable, flag, default and help text of each."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from ipaddress import ip_network
from pathlib import Path
from typing import Any, NamedTuple

from stoppress.errors import StartError


class Setting(NamedTuple):
    """One setting."""

    name: str
    default: Any
    parse: Callable[[str], Any]
    help: str
    flag: bool = True
    """Whether the command line takes it. Secrets have no flag, because other users of the machine can see flags."""

    @property
    def variable(self) -> str:
        return f"STOPPRESS_{self.name.upper()}"

    @property
    def option(self) -> str:
        return f"--{self.name.replace('_', '-')}"


def _number(least: float, most: float, kind: type[int] | type[float]) -> Callable[[str], float]:
    def parse(text: str) -> float:
        try:
            value = kind(text)
        except ValueError:
            value = kind(-1)
        if not least <= value <= most:
            what = "a whole number" if kind is int else "a number"
            raise ValueError(f"must be {what} from {least} to {most}")
        return value

    return parse


def _text(text: str) -> str:
    if not text.strip():
        raise ValueError("must not be empty")
    return text.strip()


def _one_of(*words: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text not in words:
            raise ValueError(f"must be one of {', '.join(words)}")
        return text

    return parse


def _networks(text: str) -> str:
    """Return networks and addresses, given with commas or spaces, as `ip_network` texts separated by single spaces."""
    try:
        return " ".join(str(ip_network(part)) for part in text.replace(",", " ").split())
    except ValueError as error:
        raise ValueError(f"must be networks such as 10.0.0.0/8, separated by commas: {error}") from None


def _origin(text: str) -> str:
    text = text.strip().removesuffix("/")
    if text and not re.fullmatch(r"https?://([\w.-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?", text, re.ASCII):
        raise ValueError("must be http:// or https:// and a host without a path, as in https://live.example.org")
    return text


SETTINGS = (
    Setting("host", "127.0.0.1", _text, "Address to listen on."),
    Setting("port", 8000, _number(0, 65_535, int), "Port to listen on; 0 takes a free one."),
    Setting(
        "store",
        "sqlite:stoppress.db",
        _text,
        "Store of the blogs: sqlite:PATH for one node; redis://, rediss:// or unix:// for several.",
    ),
    Setting("store_file", "", str, "File with the store's address, instead of STOPPRESS_STORE."),
    Setting("keys", "", str, "Editors' API keys: name:role:secret, separated by spaces.", flag=False),
    Setting("keys_file", "", str, "File with the API keys, instead of STOPPRESS_KEYS."),
    Setting("beat", 20.0, _number(0.05, 3_600, float), "Seconds between beats on silent connections."),
    Setting("workers", 1, _number(1, 256, int), "Processes that share the port; more than 1 needs a Redis store."),
    Setting("newest", 50, _number(1, 200, int), "Entries in a reset and on a page."),
    Setting("log_format", "auto", _one_of("auto", "json", "text"), "Log format; auto: text on a terminal, else JSON."),
    Setting("log_level", "info", _one_of("info", "warning", "error"), "Minimum log level."),
    Setting("metrics_token_file", "", str, "File with the token for /metrics; none: only this machine may read it."),
    Setting("metrics_blogs", 0, _number(0, 1_000, int), "Number of blogs named in metrics, the largest first."),
    Setting("drain", 15.0, _number(0, 600, float), "Maximum seconds for disconnecting readers at a stop."),
    Setting("lead", 0.0, _number(0, 600, float), "Seconds to keep listening after a stop is requested."),
    Setting("max_readers", 0, _number(0, 10_000_000, int), "Maximum readers; 0: as many as open files allow."),
    Setting("max_readers_per_address", 0, _number(0, 10_000_000, int), "Maximum readers of an address; 0: no limit."),
    Setting("max_handshakes", 5_000, _number(0, 1_000_000, int), "Maximum new readers a second; 0: no limit."),
    Setting("max_writes", 12_000, _number(0, 1_000_000, int), "Maximum writes of a key a minute; 0: no limit."),
    Setting("trusted_proxies", "", _networks, "Networks of proxies whose X-Forwarded-For to trust."),
    Setting("public_url", "", _origin, "Public address of this server, as in https://live.example.org."),
    Setting("publisher", "", str.strip, "Name of the publisher, for search engines and feeds."),
    Setting("page_max_age", 0, _number(0, 3_600, int), "Seconds for which a CDN may cache pages, embeds and feeds."),
    Setting("templates", "", str.strip, "Directory with templates that replace the server's own."),
)


class Settings(NamedTuple):
    """The values that a node runs with, one for each of `SETTINGS`."""

    host: str
    port: int
    store: str
    store_file: str
    keys: str
    keys_file: str
    beat: float
    workers: int
    newest: int
    log_format: str
    log_level: str
    metrics_token_file: str
    metrics_blogs: int
    drain: float
    lead: float
    max_readers: int
    max_readers_per_address: int
    max_handshakes: int
    max_writes: int
    trusted_proxies: str
    public_url: str
    publisher: str
    page_max_age: int
    templates: str

    def read_keys(self) -> str:
        """Return the API keys, from `keys_file` if it is set. Raises `StartError` if the file cannot be read."""
        return _read("STOPPRESS_KEYS_FILE", self.keys_file) if self.keys_file else self.keys

    def read_metrics_token(self) -> str:
        """Return the token for /metrics, "" without a file. Raises `StartError` if the file is unreadable or empty."""
        if not self.metrics_token_file:
            return ""
        token = _read("STOPPRESS_METRICS_TOKEN_FILE", self.metrics_token_file).strip()
        if not token:
            raise StartError(f"STOPPRESS_METRICS_TOKEN_FILE {self.metrics_token_file} is empty: write a token into it")
        return token

    def read_store(self) -> str:
        """Return the store's address, from `store_file` if set. Raises `StartError` if that is unreadable or empty."""
        if not self.store_file:
            return self.store
        try:
            return _text(_read("STOPPRESS_STORE_FILE", self.store_file))
        except ValueError as error:
            raise StartError(f"STOPPRESS_STORE_FILE {self.store_file} {error}: write the address into it") from None


def _read(variable: str, path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise StartError(f"cannot read {variable} {path}: {reason}") from None


def load(flags: Mapping[str, str | None] | None = None, environ: Mapping[str, str] = os.environ) -> Settings:
    """Return the settings from flags, environment variables and defaults, in this order of precedence.

    Raises:
        StartError: a value is wrong; the message names the setting and the allowed values.
    """
    values = {}
    for setting in SETTINGS:
        flag = (flags or {}).get(setting.name)
        source, text = (setting.option, flag) if flag is not None else (setting.variable, environ.get(setting.variable))
        try:
            values[setting.name] = setting.default if text is None else setting.parse(text)
        except ValueError as error:
            raise StartError(f"{source}={text[:100] if text else text!r}: {error}") from None
    return Settings(**values)
