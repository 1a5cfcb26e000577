"""What the worker process answers."""

from __future__ import annotations

from msgspec import Struct


class MadeFile(Struct):
    """One re-encoded file."""

    width: int
    height: int
    end: str
    """The type, as in the names of files: `avif`, `jpg` or `png`."""
    data: bytes


class MadeImage(Struct):
    """The files of one image: the fallback, and the sizes that browsers choose from, the smallest first."""

    fallback: MadeFile
    sizes: list[MadeFile]


class WorkerAnswer(Struct, omit_defaults=True):
    """The image, or a sentence that says why it was rejected."""

    made: MadeImage | None = None
    rejected: str = ""
