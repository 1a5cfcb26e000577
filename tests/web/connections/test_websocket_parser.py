"""What readers send: whole, in fragments, compressed, and wrong."""

from __future__ import annotations

import pytest
from websockets.extensions.permessage_deflate import PerMessageDeflate
from websockets.frames import Close, Frame, Opcode

from stoppress.web.connections.websocket_parser import WebSocketParser

TEXT = "Grüße 🗞️".encode()


def sent(*frames: Frame) -> bytes:
    return b"".join(frame.serialize(mask=True) for frame in frames)


def close_code(data: bytes, *, compressed: bool = False) -> int | None:
    """The code that the parser closes with; None if it goes on."""
    parser = WebSocketParser(compressed=compressed)
    parser.receive(data)
    return parser.close_code if parser.is_over else None


@pytest.mark.parametrize("cut", range(len(TEXT) + 1))
def test_text_may_be_cut_within_a_character(cut: int):
    frames = Frame(Opcode.TEXT, TEXT[:cut], fin=False), Frame(Opcode.PING, b"\xff"), Frame(Opcode.CONT, TEXT[cut:])
    assert close_code(sent(*frames)) is None


@pytest.mark.parametrize("bad", [b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xf5\x80\x80\x80", b"ok \x80", TEXT[:-1]])
def test_text_that_is_not_utf8_is_1007(bad: bytes):
    assert close_code(sent(Frame(Opcode.TEXT, bad))) == 1007
    assert close_code(sent(Frame(Opcode.TEXT, b"x", fin=False), Frame(Opcode.CONT, bad))) == 1007
    assert close_code(sent(Frame(Opcode.BINARY, bad))) is None


@pytest.mark.parametrize(("text", "code"), [(b"\xff\xfe", 1007), (TEXT, None)])
def test_compressed_text_is_checked_after_inflation(text: bytes, code: int | None):
    deflate = PerMessageDeflate(True, True, 15, 15)
    data = Frame(Opcode.TEXT, text).serialize(mask=True, extensions=[deflate])
    assert close_code(data, compressed=True) == code


def test_bytes_are_checked_as_soon_as_they_cannot_become_text():
    assert close_code(sent(Frame(Opcode.TEXT, b"\xff", fin=False))) == 1007


@pytest.mark.parametrize("code", [1000, 1001, 4000])
def test_a_close_between_fragments_is_answered_with_its_code(code: int):
    frames = Frame(Opcode.TEXT, b"begun", fin=False), Frame(Opcode.CLOSE, Close(code, "").serialize())
    assert close_code(sent(*frames)) == code
