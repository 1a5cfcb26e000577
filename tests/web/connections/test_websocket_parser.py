"""What readers send: whole, in fragments, compressed, and wrong."""

from __future__ import annotations

import pytest
from websockets.extensions.permessage_deflate import PerMessageDeflate
from websockets.frames import Close, Frame, Opcode

from stoppress.web.connections.websocket_parser import WebSocketParser

BEGIN = Frame(Opcode.TEXT, b"x", fin=False)

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
    assert close_code(sent(BEGIN, Frame(Opcode.CONT, bad))) == 1007
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
    frames = BEGIN, Frame(Opcode.CLOSE, Close(code, "").serialize())
    assert close_code(sent(*frames)) == code


@pytest.mark.parametrize("compressed", [False, True])
def test_a_message_may_be_cut_anywhere(compressed: bool):
    """Wherever the pieces end, the ping after it is understood."""
    data = Frame(Opcode.TEXT, b"x" * 130).serialize(mask=True)
    for cut in range(1, len(data) + 1):
        parser = WebSocketParser(compressed=compressed)
        first, second = parser.receive(data[:cut]), parser.receive(data[cut:] + sent(Frame(Opcode.PING, b"?")))
        assert (first[0] + second[0], second[1]) == (2, Frame(Opcode.PONG, b"?").serialize(mask=False))
        assert parser.is_between_messages and not parser.is_over


WRONG = {
    "http": (b"GET / HTTP/1.1\r\n\r\n", 1002),
    "unmasked": (b"\x81\x01x", 1002),
    "reserved bits": (b"\xf1\x81\0\0\0\0x", 1002),
    "a reserved opcode": (b"\x83\x81\0\0\0\0x", 1002),
    "a ping with a long length": (b"\x89\xfe\0\xc8" + b"\0" * 204, 1002),
    "a continuation of nothing": (b"\x80\x81\0\0\0\0x", 1002),
    "ones": (b"\xff" * 64, 1002),
    "too large": (sent(Frame(Opcode.TEXT, b"x" * 5_000)), 1009),
    "too large in pieces": (sent(BEGIN, *[Frame(Opcode.CONT, b"x" * 1_000, fin=False)] * 5), 1009),
}


@pytest.mark.parametrize("kind", WRONG)
def test_bytes_that_break_the_protocol_end_it_with_a_code(kind: str):
    data, code = WRONG[kind]
    assert close_code(data) == code
