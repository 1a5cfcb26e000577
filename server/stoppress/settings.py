"""All settings: one list with the environment variable, flag, default and help text of each."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Callable, Iterator, Mapping
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any, NamedTuple, get_type_hints

from stoppress.errors import StartError


class Setting(NamedTuple):
    """One field of `Settings`, as the command line and the documentation need it."""

    name: str
    default: Any
    parse: Callable[[str], Any]
    help: str

    @property
    def has_flag(self) -> bool:
        """Whether the command line takes it. Secrets have no flag, because other users of the machine can see flags."""
        return self.name != "keys"

    @property
    def variable(self) -> str:
        return f"STOPPRESS_{self.name.upper()}"

    @property
    def option(self) -> str:
        return f"--{self.name.replace('_', '-')}"

    @property
    def default_text(self) -> str:
        """The default as people write it: `none` for an empty text only, as 0 is a value."""
        return f"{self.default:g}" if isinstance(self.default, float) else str(self.default) or "none"


def _number(least: float, most: float, kind: type[int] | type[float] = float) -> Callable[[str], float]:
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


def _whole(least: int, most: int) -> Callable[[str], float]:
    return _number(least, most, int)


def _text(text: str) -> str:
    if not text.strip():
        raise ValueError("must not be empty")
    return text.strip()


def _name(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_.-]{0,64}", text.strip()):
        raise ValueError("must be a name of at most 64 letters, digits, '_', '.' or '-'")
    return text.strip()


def _cookie(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_.-]{1,64}", text.strip()):
        raise ValueError("must be a name of 1 to 64 letters, digits, '_', '.' or '-'")
    return text.strip()


def _word(*words: str) -> Callable[[str], str]:
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


def _inside_hosts(text: str) -> str:
    parts = text.lower().replace(",", " ").split()
    for part in parts:
        try:
            ip_network(part)
        except ValueError:
            if not re.fullmatch(r"([a-z0-9_.-]{1,253}|\[[0-9a-f:.]{2,45}\])(:[0-9]{1,5})?", part):
                example = "must be hosts such as hooks.internal:8080, or networks such as 10.1.0.0/16"
                raise ValueError(f"{example}, separated by commas; got {part[:60]!r}") from None
    return " ".join(parts)


def _origins(text: str) -> str:
    return " ".join(_origin(part).lower() for part in text.replace(",", " ").split())


def _origin(text: str) -> str:
    text = text.strip().removesuffix("/")
    if text and not re.fullmatch(r"https?://([\w.-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?", text, re.ASCII):
        raise ValueError("must be http:// or https:// and a host without a path, as in https://live.example.org")
    return text


class Settings(NamedTuple):
    """The values that a node runs with. Each field says how its text is read, what it is for, and its default."""

    host: Annotated[str, _text, "Address to listen on."] = "127.0.0.1"
    port: Annotated[int, _whole(0, 65_535), "Port to listen on; 0 takes a free one."] = 8000
    store: Annotated[
        str,
        _text,
        "Store of the blogs: sqlite:PATH for one node; redis://, redis+sentinel:// or redis+cluster:// for several.",
    ] = "sqlite:stoppress.db"
    store_file: Annotated[str, str, "File with the store's address, instead of STOPPRESS_STORE."] = ""
    keys: Annotated[str, str, "Editors' API keys: name:role:secret, separated by spaces."] = ""
    keys_file: Annotated[str, str, "File with the API keys, instead of STOPPRESS_KEYS."] = ""
    token_secret_file: Annotated[str, str.strip, "File with the secret of readers' tokens (HS256)."] = ""
    token_jwks: Annotated[
        str, str.strip, "JWKS with the public keys of readers' tokens: a path or an https address."
    ] = ""
    token_cookie: Annotated[str, _cookie, "Name of the publisher's cookie with a reader's token."] = "stoppress_token"  # noqa: S105
    reader_origins: Annotated[str, _origins, "Origins whose pages may read private blogs, separated by commas."] = ""
    beat: Annotated[float, _number(0.05, 3_600), "Seconds between beats on silent connections."] = 20.0
    workers: Annotated[int, _whole(1, 256), "Processes that share the port; more than 1 needs a Redis store."] = 1
    newest: Annotated[int, _whole(1, 200), "Entries in a reset and on a page."] = 50
    log_format: Annotated[str, _word("auto", "json", "text"), "Log format; auto: text on a terminal, else JSON."] = (
        "auto"
    )
    log_level: Annotated[str, _word("info", "warning", "error"), "Minimum log level."] = "info"
    metrics_token_file: Annotated[str, str, "File with the token for /metrics; none: only this machine may read."] = ""
    metrics_blogs: Annotated[int, _whole(0, 1_000), "Number of blogs named in metrics, the largest first."] = 0
    drain: Annotated[float, _number(0, 600), "Maximum seconds for disconnecting readers at a stop."] = 15.0
    lead: Annotated[float, _number(0, 600), "Seconds to keep listening after a stop is requested."] = 0.0
    max_readers: Annotated[int, _whole(0, 10_000_000), "Maximum readers; 0: as many as open files allow."] = 0
    max_readers_per_address: Annotated[int, _whole(0, 10_000_000), "Maximum readers of an address; 0: no limit."] = 0
    max_handshakes: Annotated[int, _whole(0, 1_000_000), "Maximum new readers a second; 0: no limit."] = 5_000
    max_writes: Annotated[int, _whole(0, 1_000_000), "Maximum writes of a key a minute; 0: no limit."] = 12_000
    max_guesses: Annotated[
        int, _whole(0, 1_000_000), "Maximum wrong keys, or tokens, from an address a minute; 0: no limit."
    ] = 30
    session_idle_minutes: Annotated[int, _whole(5, 43_200), "Minutes after which an unused session ends."] = 120
    session_hours: Annotated[int, _whole(1, 720), "Hours after which a session ends in any case."] = 12
    undo_seconds: Annotated[int, _whole(0, 60), "Seconds in which the desk can take back a publication; 0: none."] = 0
    oidc_issuer: Annotated[str, str.strip, "Address of the OpenID provider with which people sign in."] = ""
    oidc_client_id: Annotated[str, str.strip, "Id of this server at the OpenID provider."] = ""
    oidc_client_secret_file: Annotated[str, str, "File with this server's secret at the OpenID provider."] = ""
    oidc_roles: Annotated[str, str.strip, "Roles by claims, as in groups:newsroom=editor groups:desk=admin."] = ""
    oidc_name: Annotated[str, _text, "Claim that is the name of a person."] = "preferred_username"
    inbox: Annotated[str, _name, "Name of the editor for messages through Redis; none: do not read any."] = ""
    slack_file: Annotated[str, str, "File with the configuration of the intake from Slack; none: take nothing."] = ""
    webhook_hosts: Annotated[str, _inside_hosts, "Hosts and networks inside to which webhooks may lead."] = ""
    trusted_proxies: Annotated[str, _networks, "Networks of proxies whose X-Forwarded-For to trust."] = ""
    public_url: Annotated[str, _origin, "Public address of this server, as in https://live.example.org."] = ""
    api_origins: Annotated[str, _origins, "Origins whose pages may use the editors' API, separated by commas."] = ""
    publisher: Annotated[str, str.strip, "Name of the publisher, for search engines and feeds."] = ""
    page_max_age: Annotated[int, _whole(0, 3_600), "Seconds for which a CDN may cache pages, embeds and feeds."] = 0
    audit_days: Annotated[int, _whole(1, 3_650), "Days for which the audit is kept."] = 365
    media: Annotated[
        str,
        str.strip,
        "Storage of images: file:PATH, s3://BUCKET, gs://BUCKET, az://CONTAINER or off; none: beside the SQLite file.",
    ] = ""
    versions: Annotated[int, _whole(0, 1_000), "Earlier versions of each entry that are kept for editors."] = 50
    templates: Annotated[str, str.strip, "Directory with templates that replace the server's own."] = ""

    def read_keys(self) -> str:
        """Return the API keys, from `keys_file` if it is set. Raises `StartError` if the file cannot be read."""
        return _read("STOPPRESS_KEYS_FILE", self.keys_file) if self.keys_file else self.keys

    def read_metrics_token(self) -> str:
        """Return the token for /metrics, "" without a file. Raises `StartError` if the file is unreadable or empty."""
        file = self.metrics_token_file
        return _read("STOPPRESS_METRICS_TOKEN_FILE", file, "write a token into it") if file else ""

    def read_oidc_client_secret(self) -> str:
        """Return the secret at the OpenID provider, "" without a file. Raises `StartError` if it cannot be read."""
        file = self.oidc_client_secret_file
        return _read("STOPPRESS_OIDC_CLIENT_SECRET_FILE", file, "write the secret into it") if file else ""

    def read_token_secret(self) -> bytes:
        """Return the secret of readers' tokens, empty without a file. Raises `StartError` like `read_metrics_token`."""
        file = self.token_secret_file
        return _read("STOPPRESS_TOKEN_SECRET_FILE", file, "write a secret into it").encode() if file else b""

    def read_store(self) -> str:
        """Return the store's address, from `store_file` if set. Raises `StartError` if that is unreadable or empty."""
        file = self.store_file
        return _read("STOPPRESS_STORE_FILE", file, "write the address into it") if file else self.store


def _settings() -> Iterator[Setting]:
    for name, annotated in get_type_hints(Settings, include_extras=True).items():
        parse, text = annotated.__metadata__
        yield Setting(name, Settings._field_defaults[name], parse, text)


SETTINGS = tuple(_settings())

_OTHER_VARIABLES = ("STOPPRESS_URL", "STOPPRESS_API_KEY")
"""Variables that only other commands read."""


_READ_ADVICE = "name a text file that the node's user can read"


def _read(variable: str, path: str, advice_if_empty: str = "") -> str:
    try:
        text = Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        advice = "create the file, or correct its path" if isinstance(error, FileNotFoundError) else _READ_ADVICE
        raise StartError(f"cannot read {variable} {path}: {reason}; {advice}") from None
    if advice_if_empty and not text:
        raise StartError(f"{variable} {path} is empty; {advice_if_empty}")
    return text


def load(flags: Mapping[str, str | None] | None = None, environ: Mapping[str, str] = os.environ) -> Settings:
    """Return the settings from flags, environment variables and defaults, in this order of precedence.

    Raises:
        StartError: values are wrong; the message names each of these settings and its allowed values.
    """
    settings, wrong = parse(flags, environ)
    if wrong:
        raise StartError("; ".join(wrong.values()))
    return settings


def parse(
    flags: Mapping[str, str | None] | None = None, environ: Mapping[str, str] = os.environ
) -> tuple[Settings, dict[str, str]]:
    """Return the settings like `load`, but with the default for each wrong value, and the errors by name."""
    values, wrong = {}, {}
    for setting in SETTINGS:
        flag = (flags or {}).get(setting.name)
        source, text = (setting.option, flag) if flag is not None else (setting.variable, environ.get(setting.variable))
        try:
            values[setting.name] = setting.default if text is None else setting.parse(text)
        except ValueError as error:
            values[setting.name] = setting.default
            wrong[setting.name] = f"{source}={text[:100] if text else text!r}: {error}"
    return Settings(**values), wrong


def unknown(environ: Mapping[str, str] = os.environ) -> Iterator[str]:
    """Yield a warning for each variable that begins like a setting, but that no command reads."""
    known = {name.removeprefix("STOPPRESS_"): name for name in (*(one.variable for one in SETTINGS), *_OTHER_VARIABLES)}
    for name in sorted(environ):
        if re.match("STOP+RES+_", name, re.IGNORECASE) and name not in known.values():
            near = difflib.get_close_matches(name.partition("_")[2].upper(), known, 1)
            yield f"{name} is not a setting and has no effect; " + (
                f"did you mean {known[near[0]]}?" if near else "see `stoppress serve --help`"
            )
