"""The swarm's small WebSocket client, against what `websockets` sends."""

from __future__ import annotations

import pytest
from websockets.frames import Frame, Opcode

from stoppress.tools.swarm.frames import BrokenFrames, HandshakeAnswer, InflateState, split_frames
from stoppress.tools.swarm.plan import Target
from stoppress.web.connections.handshake import Handshake
from stoppress.wire.frames import DeflateStream

SIZES = (0, 1, 125, 126, 65_535, 65_536)


@pytest.mark.parametrize("size", SIZES)
def test_a_frame_of_any_length_is_cut(size: int):
    data = Frame(Opcode.BINARY, b"x" * size).serialize(mask=False)
    assert split_frames(data + data + data[:1]) == ([(0x82, b"x" * size)] * 2, data[:1])


def test_a_frame_that_comes_byte_by_byte_is_kept_until_it_is_whole():
    data, rest, got = Frame(Opcode.TEXT, b"y" * 200).serialize(mask=False), b"", []
    for place in range(len(data)):
        pieces, rest = split_frames(rest + data[place : place + 1])
        got += pieces
    assert (got, rest) == ([(0x81, b"y" * 200)], b"")


@pytest.mark.parametrize(
    "data",
    [b"\x01\x01a", b"\x80\x01a", b"\xa1\x01a", b"\x83\x01a"],
    ids=["a piece", "the rest of one", "an unknown bit", "an unknown kind"],
)
def test_what_no_node_sends_is_broken(data: bytes):
    with pytest.raises(BrokenFrames):
        split_frames(data)


def test_a_masked_frame_is_broken():
    with pytest.raises(BrokenFrames, match="mask"):
        split_frames(Frame(Opcode.TEXT, b"a").serialize(mask=True))


def test_the_server_reads_the_handshake_and_its_answer_is_taken():
    asked = Handshake.parse(Target.parse("http://[::1]:1", "demo", msgpack=True, compress=True).handshake("4-abc"))
    assert asked is not None and (asked.blog, asked.since) == ("demo", "4-abc")
    assert asked.subprotocol == "stoppress.v1+msgpack"
    assert HandshakeAnswer.parse(asked.response[:-1]) is None
    got = HandshakeAnswer.parse(asked.response + b"rest")
    assert got is not None and (got.is_websocket, got.compressed, got.rest) == (True, True, b"rest")


def test_readers_that_received_the_same_share_their_state_and_others_do_not():
    stream = DeflateStream()
    first, second = (split_frames(stream.frame(Opcode.TEXT, b"the same words " * 9))[0][0][1] for _ in range(2))
    start = InflateState()
    text, state = start.inflate(first)
    assert text == b"the same words " * 9
    assert start.inflate(first)[1] is state
    assert state.inflate(second)[0] == text
    with pytest.raises(BrokenFrames):
        InflateState().inflate(second)
