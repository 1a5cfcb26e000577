"""The process that re-encodes one image: it reads the image from its input, and writes the files to its output.

It gives up its rights to memory, processor time and files before it reads a byte. If a decoder has a fault that an
image can use, the image gets at a process that lives for a second and has no secrets.
"""

from __future__ import annotations

import contextlib
import os
import resource
import sys
from pathlib import Path

import msgspec

from stoppress.errors import ImageRejected
from stoppress.media.limits import MAX_OUTPUT_BYTES, WORKER_CPU_SECONDS, WORKER_MEMORY_BYTES
from stoppress.media.made import WorkerAnswer

_NICENESS = 10
"""Readers come first."""

_FIRST_VICTIM = "1000"
"""If the machine runs out of memory, the kernel ends this process and not the node."""

_TOO_MUCH = "The image needs more memory than the server gives it. Make it smaller, or save it as a JPEG."


def main() -> None:
    """Re-encode one image."""
    from stoppress.media.picture import make  # load the decoders before the limits count

    limit()
    try:
        answer = WorkerAnswer(made=make(sys.stdin.buffer.read()))
    except ImageRejected as error:
        answer = WorkerAnswer(rejected=str(error))
    except MemoryError:
        answer = WorkerAnswer(rejected=_TOO_MUCH)
    with os.fdopen(1, "wb", closefd=False) as output:
        output.write(msgspec.msgpack.encode(answer))


def limit() -> None:
    """Set the limits of this process, for good."""
    with contextlib.suppress(OSError):  # a sandbox may forbid it
        os.nice(_NICENESS)
        Path("/proc/self/oom_score_adj").write_text(_FIRST_VICTIM)
    for kind, most in (
        (resource.RLIMIT_AS, WORKER_MEMORY_BYTES),
        (resource.RLIMIT_CPU, WORKER_CPU_SECONDS),
        (resource.RLIMIT_FSIZE, MAX_OUTPUT_BYTES),
        (resource.RLIMIT_NOFILE, 16),
        (resource.RLIMIT_CORE, 0),
    ):
        _, hard = resource.getrlimit(kind)
        lower = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(kind, (lower, lower))


if __name__ == "__main__":
    main()
