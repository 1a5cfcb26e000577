"""Every setting: by environment, by flag, its default, and what is wrong with a wrong one."""

from __future__ import annotations

import re
from typing import Any

import pytest

from stoppress.errors import StartError
from stoppress.settings import SETTINGS, Settings, load, parse, unknown

ROWS: dict[str, tuple[Any, str, Any]] = {
    "host": ("127.0.0.1", "0.0.0.0", "0.0.0.0"),  # noqa: S104, nothing listens
    "port": (8000, "9000", 9000),
    "store": ("sqlite:stoppress.db", "redis://127.0.0.1/0", "redis://127.0.0.1/0"),
    "store_file": ("", "/run/store", "/run/store"),
    "keys": ("", "ann:editor:secret-of-ann", "ann:editor:secret-of-ann"),
    "keys_file": ("", "/run/keys", "/run/keys"),
    "token_secret_file": ("", "/run/secret", "/run/secret"),
    "token_jwks": ("", "https://login.example.org/jwks.json", "https://login.example.org/jwks.json"),
    "token_cookie": ("stoppress_token", "subscription", "subscription"),
    "reader_origins": ("", "https://WWW.example.org/", "https://www.example.org"),
    "beat": (20.0, "0.5", 0.5),
    "workers": (1, "4", 4),
    "newest": (50, "7", 7),
    "log_format": ("auto", "json", "json"),
    "log_level": ("info", "error", "error"),
    "metrics_token_file": ("", "/run/token", "/run/token"),
    "metrics_blogs": (0, "9", 9),
    "drain": (15.0, "2.5", 2.5),
    "lead": (0.0, "5", 5.0),
    "max_readers": (0, "20000", 20_000),
    "max_readers_per_address": (0, "500", 500),
    "max_handshakes": (5_000, "1000", 1_000),
    "max_writes": (12_000, "60", 60),
    "max_guesses": (30, "5", 5),
    "session_idle_minutes": (120, "30", 30),
    "session_hours": (12, "1", 1),
    "undo_seconds": (0, "10", 10),
    "oidc_issuer": ("", "https://id.example.org/realms/news", "https://id.example.org/realms/news"),
    "oidc_client_id": ("", "stoppress", "stoppress"),
    "oidc_client_secret_file": ("", "/run/secrets/oidc", "/run/secrets/oidc"),
    "oidc_roles": ("", "groups:desk=admin", "groups:desk=admin"),
    "oidc_name": ("preferred_username", "email", "email"),
    "inbox": ("", "cms", "cms"),
    "slack_file": ("", "/run/slack.json", "/run/slack.json"),
    "webhook_hosts": ("", "Hooks.internal:80, 10.0.0.0/8", "hooks.internal:80 10.0.0.0/8"),
    "trusted_proxies": ("", "10.0.0.0/8, 192.0.2.1 2001:db8::/32", "10.0.0.0/8 192.0.2.1/32 2001:db8::/32"),
    "public_url": ("", "https://live.example.org/", "https://live.example.org"),
    "api_origins": ("", "https://CMS.example.org/, http://x:3000", "https://cms.example.org http://x:3000"),
    "publisher": ("", "The Herald", "The Herald"),
    "page_max_age": (0, "30", 30),
    "audit_days": (365, "30", 30),
    "media": ("", "s3://bucket/images", "s3://bucket/images"),
    "versions": (50, "0", 0),
    "templates": ("", "/srv/templates", "/srv/templates"),
}
"""For each setting its default, and another value: as text, and as it is read."""

WRONG = [
    *(("port", text) for text in ("", "x", "-1", "65536", "80.5", "1e3", "0x50")),
    *(("beat", text) for text in ("", "x", "0", "-1", "nan", "inf", "-inf", "3601")),
    *(("undo_seconds", text) for text in ("", "-1", "61", "0.5")),
    *(("newest", text) for text in ("", "x", "0", "201", "1.5")),
    *(("workers", text) for text in ("", "x", "0", "-1", "257", "1.5")),
    *(("metrics_blogs", text) for text in ("", "x", "-1", "1001", "1.5")),
    *(("log_format", text) for text in ("", "xml")),
    *(("log_level", text) for text in ("", "loud")),
    *((name, text) for name in ("drain", "lead") for text in ("", "x", "-1", "nan", "inf", "601")),
    *((name, text) for name in ("max_readers", "max_readers_per_address") for text in ("", "-1", "1.5", "10000001")),
    *(
        (name, text)
        for name in ("max_handshakes", "max_writes", "max_guesses")
        for text in ("", "-1", "1.5", "1000001")
    ),
    *(("session_idle_minutes", text) for text in ("", "-1", "4", "1.5", "43201")),
    *(("session_hours", text) for text in ("", "0", "1.5", "721")),
    *(("token_cookie", text) for text in ("", "a b", "a=b", "x" * 65)),
    *(("reader_origins", text) for text in ("x", "null")),
    *(("audit_days", text) for text in ("", "0", "3651", "1.5")),
    *(("versions", text) for text in ("", "-1", "1001", "1.5")),
    *(("inbox", text) for text in ("a b", "a:b", "x" * 65)),
    *(("trusted_proxies", text) for text in ("x", "10.0.0.1/8", "10.0.0.0/33", "proxy.example")),
    *(("page_max_age", text) for text in ("", "x", "-1", "3601", "1.5")),
    *(
        ("public_url", text)
        for text in ("x", "live.example.org", "ftp://x", "https://x/path", "https://x#y", "https://")
    ),
    *(("api_origins", text) for text in ("x", "null", "https://x https://y/path")),
    *((name, text) for name in ("host", "store") for text in ("", "  ")),
]


def test_the_defaults_are_those_of_the_contract():
    assert load(environ={})._asdict() == {name: default for name, (default, _, _) in ROWS.items()}
    assert {setting.name for setting in SETTINGS} == set(Settings._fields)


@pytest.mark.parametrize("name", ROWS)
def test_a_setting_comes_from_a_flag_or_else_from_the_environment(name):
    _, text, value = ROWS[name]
    variable = f"STOPPRESS_{name.upper()}"
    for flags, environ in (
        ({}, {variable: text}),
        ({name: None}, {variable: text}),
        ({name: text}, {}),
        ({name: text}, {variable: "7"}),
    ):
        assert getattr(load(flags, environ=environ), name) == value


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.name)
def test_a_setting_is_documented(setting):
    assert re.fullmatch(r"[A-Z].{10,}\.", setting.help)


@pytest.mark.parametrize(
    ("name", "text"),
    [("lead", "0"), ("beat", "20"), ("page_max_age", "0"), ("max_writes", "12000"), ("keys", "none"), ("port", "8000")],
)
def test_a_default_is_shown_as_people_write_it(name, text):
    assert [setting.default_text for setting in SETTINGS if setting.name == name] == [text]


def test_secrets_have_no_flag():
    assert [setting.name for setting in SETTINGS if not setting.has_flag] == ["keys"]


def test_white_space_around_a_value_does_not_count():
    assert load(environ={"STOPPRESS_HOST": " ::1\n", "STOPPRESS_PORT": " 9000 "})[:2] == ("::1", 9000)


@pytest.mark.parametrize(("name", "text"), WRONG)
def test_a_wrong_value_is_refused_by_its_variable_or_flag(name, text):
    with pytest.raises(StartError, match=f"STOPPRESS_{name.upper()}={text!r}: must"):
        load(environ={f"STOPPRESS_{name.upper()}": text})
    with pytest.raises(StartError, match=f"--{name.replace('_', '-')}={text!r}: must"):
        load({name: text}, environ={})


def test_all_wrong_values_are_named_at_once_and_replaced_by_their_defaults():
    environ = {"STOPPRESS_BEAT": "20s", "STOPPRESS_PUBLIC_URL": "https://x/path", "STOPPRESS_NEWEST": "7"}
    with pytest.raises(StartError, match=r"^--port='x': must .*; STOPPRESS_BEAT='20s': must .*; STOPPRESS_PUBLIC_URL="):
        load({"port": "x"}, environ)
    settings, wrong = parse({"port": "x"}, environ)
    assert sorted(wrong) == ["beat", "port", "public_url"]
    assert settings == Settings(newest=7)


def test_a_long_wrong_value_is_not_repeated_whole():
    with pytest.raises(StartError) as refusal:
        load({"port": "x" * 5_000}, environ={})
    assert len(str(refusal.value)) < 300


@pytest.mark.parametrize(
    ("name", "text"), [("keys", "a:editor:x\nb:editor:y"), ("store", "redis://:secret@127.0.0.1/0")]
)
def test_a_secret_comes_from_a_file_if_one_is_named_and_else_from_the_environment(tmp_path, name, text):
    (tmp_path / name).write_text(f"{text}\n")
    environ = {f"STOPPRESS_{name.upper()}": "other"}
    assert getattr(load(environ=environ), f"read_{name}")() == "other"
    environ |= {f"STOPPRESS_{name.upper()}_FILE": str(tmp_path / name)}
    assert getattr(load(environ=environ), f"read_{name}")().strip() == text


def test_an_empty_store_file_is_named(tmp_path):
    file = tmp_path / "store"
    file.write_text("\n")
    with pytest.raises(StartError, match=f"STOPPRESS_STORE_FILE {re.escape(str(file))} is empty"):
        load(environ={"STOPPRESS_STORE_FILE": str(file)}).read_store()


@pytest.mark.parametrize("name", ["keys", "store"])
@pytest.mark.parametrize("kind", ["missing", "folder", "binary"])
def test_a_file_with_a_secret_that_cannot_be_read_is_named(tmp_path, kind, name):
    file = tmp_path / name
    if kind == "folder":
        file.mkdir()
    if kind == "binary":
        file.write_bytes(b"\xff\xfe")
    variable = f"STOPPRESS_{name.upper()}_FILE"
    with pytest.raises(StartError, match=f"cannot read {variable} {re.escape(str(file))}: .+"):
        getattr(load(environ={variable: str(file)}), f"read_{name}")()


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("STOPPRESS_MAX_READER", "did you mean STOPPRESS_MAX_READERS?"),
        ("STOPRESS_BEAT", "did you mean STOPPRESS_BEAT?"),
        ("stoppress_keys_file", "did you mean STOPPRESS_KEYS_FILE?"),
        ("STOPPRESS_API_KEYS", "did you mean STOPPRESS_API_KEY?"),
        ("STOPPRESS_QQQQ", "see `stoppress serve --help`"),
    ],
)
def test_a_variable_that_no_command_reads_is_named_with_the_nearest_one(name: str, advice: str):
    known = {setting.variable: "" for setting in SETTINGS} | {"STOPPRESS_URL": "", "STOPPRESS_API_KEY": "", "PATH": ""}
    assert list(unknown({**known, name: "9"})) == [f"{name} is not a setting and has no effect; {advice}"]
