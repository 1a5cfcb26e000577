from __future__ import annotations

import pytest

from stoppress.errors import StartError
from stoppress.store.redis.store import RedisStore
from stoppress.store.select import store_from
from stoppress.store.sqlite.store import SQLiteStore


@pytest.mark.parametrize("url", ["sqlite:blogs.db", "sqlite:/var/lib/blogs.db", "sqlite:///var/lib/blogs.db"])
def test_a_file_is_kept_by_sqlite(url: str):
    assert isinstance(store_from(url), SQLiteStore)


@pytest.mark.parametrize(
    "url",
    [
        *("redis://localhost", "redis://:pw@localhost:7000/3", "rediss://redis.example", "unix:///run/redis.sock"),
        *("redis://localhost?prefix=paper1:", "rediss://redis.example/0?ssl_ca_certs=/etc/ca.pem"),
        *("redis+sentinel://user:pw@a:1,b:2/blogs", "rediss+sentinel://a:1/blogs/3?sentinel_password=pw"),
        *("redis+cluster://user:pw@a:1,[::1]:2", "rediss+cluster://a:1/0?prefix=paper1:live:"),
    ],
)
def test_several_nodes_share_a_redis(url: str):
    assert isinstance(store_from(url), RedisStore)


@pytest.mark.parametrize(
    "url",
    [
        *("", "blogs.db", "redis:localhost", "sqlite:", "sqlite::memory:", "sqlite://blogs.db"),
        *("postgres://editor:hunter2@db/blogs", "redis://:hunter2@localhost:port", "redis://:hunter2/@localhost"),
        *("redis://:hunter2@localhost?no_such_option=1", "redis+cluster://:hunter2@localhost?no_such_option=1"),
        *("redis://:hunter2@a:1,b:2", "redis+sentinel://:hunter2@a:1"),
        *("redis+cluster://:hunter2@a:1/1", "redis+proxy://:hunter2@a", "unix+cluster://:hunter2@/run/redis.sock"),
        *(f"redis://:hunter2@a?prefix={prefix}" for prefix in ("", ":", "paper1", "{a}:", "a b:", "a::", "*:")),
    ],
)
def test_any_other_address_is_refused_in_one_line_without_its_password(url: str):
    with pytest.raises(StartError) as refusal:
        store_from(url)
    assert "hunter2" not in str(refusal.value)
    assert "\n" not in str(refusal.value)
