"""Prepares the processes that `warm` forks: imports Stoppress and compiles its templates."""

from __future__ import annotations

from functools import partialmethod

from jinja2 import BytecodeCache, Environment
from jinja2.bccache import Bucket

from stoppress.process.serve import serve  # noqa: F401
from stoppress.store.redis.store import RedisStore  # noqa: F401
from stoppress.web.pages.layout import Layout


class _Compiled(BytecodeCache):
    def __init__(self) -> None:
        self._kept: dict[tuple[object, ...], bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if kept := self._kept.get(_identity(bucket)):
            bucket.bytecode_from_string(kept)

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._kept[_identity(bucket)] = bucket.bytecode_to_string()


def _identity(bucket: Bucket) -> tuple[object, ...]:
    """Return what the code of a template depends on; environments with their own way to compile may share a name."""
    return bucket.environment.code_generator_class, bucket.key, bucket.checksum


Environment.__init__ = partialmethod(Environment.__init__, bytecode_cache=_Compiled())  # type: ignore[method-assign, assignment]
Layout()
