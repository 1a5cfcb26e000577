"""The limits of uploaded images."""

from __future__ import annotations

MAX_UPLOAD_BYTES = 20 * 1024 * 1024

MAX_PIXELS = 50_000_000
"""The largest cameras of phones take 50 megapixels."""

WIDTHS = (320, 640, 1024, 1536, 2048)
"""The widths that are made, in pixels. The image's own width takes the place of those that are larger than it."""

FALLBACK_WIDTH = 1280
"""The greatest width of the JPEG or PNG for browsers and programs that do not choose among the others."""

MAX_PART_PIXELS = 8_000_000
"""The pixels of one size: a very high image gets narrower."""

MAX_SIDE = 16_000

WORKER_MEMORY_BYTES = 768 * 1024 * 1024
"""The address space of the process that re-encodes an image."""

WORKER_CPU_SECONDS = 30

WORKER_SECONDS = 120.0
"""The time after which the process is killed, if it waits for a processor."""

MAX_OUTPUT_BYTES = 32 * 1024 * 1024
"""The bytes that the process may write."""

MAX_WAITING = 8
"""Images that wait for the process; one more is rejected."""

MAX_BYTES_IN_PROGRESS = 3 * MAX_UPLOAD_BYTES
"""The bytes of all uploads of a node that are being received, or that wait."""
