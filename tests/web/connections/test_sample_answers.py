"""The answers of sampled readers, as bytes of a connection."""

from __future__ import annotations

import itertools

import pytest
from websockets.extensions.permessage_deflate import PerMessageDeflate
from websockets.frames import Frame, Opcode

from stoppress.web.connections.sample_answers import painted_cursor

ANSWER = b'{"painted":"42-t0yp1"}'


def frame(text: bytes, *, compress: bool = False, mask: bool = True, opcode: Opcode = Opcode.TEXT) -> bytes:
    extensions = [PerMessageDeflate(False, True, 15, 15)] if compress else []
    return Frame(opcode, text).serialize(mask=mask, extensions=extensions)


@pytest.mark.parametrize("compress", [False, True])
@pytest.mark.parametrize("text", [ANSWER, b'{ "painted": "42-t0yp1" }\n'])
def test_an_answer_is_read(text: bytes, compress: bool):
    assert painted_cursor(frame(text, compress=compress), compressed=compress) == "42-t0yp1"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x81",
        frame(ANSWER)[:-1],
        frame(ANSWER) + b"\x81",
        frame(ANSWER, mask=False),
        frame(ANSWER, opcode=Opcode.BINARY),
        frame(ANSWER, compress=True),
        frame(b'{"painted":"0"}'),
        frame(b'{"painted":"042-t0yp1"}'),
        frame(b'{"painted":"42-' + b"x" * 40 + b'"}'),
        frame(b'{"painted":"42-t0yp1","painted":"43-x"}'),
        frame(b" " * 200 + ANSWER),
        b"\xc1\x85\0\0\0\0hello",
    ],
    ids=itertools.count(),  # masks are random, and ids must be the same in all workers
)
def test_whatever_else_comes_is_left_to_the_parser(data: bytes):
    assert painted_cursor(data, compressed=False) is None


def test_a_bomb_is_not_inflated():
    assert painted_cursor(frame(b" " * 50_000 + ANSWER, compress=True), compressed=True) is None
    assert painted_cursor(b"\xc1\x85\0\0\0\0hello", compressed=True) is None
