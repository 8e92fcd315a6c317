"""The message table: both sides and docs/protocol.md agree with it, and every field travels."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcuzoo.link import messages
from mcuzoo.link.c_header import render_c_header
from mcuzoo.link.frame import Frame, encode_frame
from mcuzoo.link.messages import MAX_PAYLOAD_BYTES, MESSAGES, Message
from mcuzoo.link.payload import field_kinds, optional_fields, pack, unpack
from mcuzoo.link.wire import MAX_TEXT_BYTES, PayloadError
from mcuzoo.project.manifest import TensorSpec
from mcuzoo.resources import firmware_dir

PROTOCOL = Path(__file__).resolve().parents[2] / "docs" / "protocol.md"

texts = st.text(alphabet=st.characters(codec="ascii"), max_size=MAX_TEXT_BYTES)
specs = st.builds(
    TensorSpec,
    name=texts,
    shape=st.lists(st.integers(0, 0xFFFF), max_size=4).map(tuple),
    dtype=st.sampled_from(["int8", "uint8", "float32"]),
    scale=st.floats(width=32, allow_nan=False),
    zero_point=st.integers(-(2**31), 2**31 - 1),
    bytes=st.integers(0, 2**32 - 1),
)
VALUES: dict[str, st.SearchStrategy[object]] = {
    "u8": st.integers(0, 0xFF),
    "u16": st.integers(0, 0xFFFF),
    "u32": st.integers(0, 2**32 - 1),
    "u64": st.integers(0, 2**64 - 1),
    "sha256": st.binary(min_size=32, max_size=32).map(bytes.hex),
    "text": texts,
    "spec": specs,
    "rest": st.binary(max_size=1024),
}
any_message = st.sampled_from(list(MESSAGES.values())).flatmap(
    lambda kind: st.builds(
        kind, **{name: VALUES[field.name] for name, field in field_kinds(kind).items()}
    )
)


@given(any_message)
def test_round_trip(message: Message) -> None:
    payload = pack(message)
    assert len(payload) <= MAX_PAYLOAD_BYTES
    assert unpack(type(message), payload) == message


@given(any_message, st.data())
def test_a_short_payload_is_refused(message: Message, data: st.DataObject) -> None:
    payload = pack(message)
    needed = len(payload) - sum(
        len(getattr(message, name))
        for name, kind in field_kinds(type(message)).items()
        if kind.name == "rest"
    )
    kinds = field_kinds(type(message))
    later = [
        len(kinds[name].pack(getattr(message, name)))
        for name in kinds
        if name in optional_fields(type(message))
    ]
    allowed = {needed - sum(later[n:]) for n in range(len(later))}
    if needed:
        cut = data.draw(st.integers(0, needed - 1).filter(lambda cut: cut not in allowed))
        with pytest.raises(PayloadError):
            unpack(type(message), payload[:cut])


def test_fields_may_be_added_at_the_end() -> None:
    assert unpack(messages.Ack, pack(messages.Ack(1, 2)) + b"later") == messages.Ack(1, 2)


def test_a_hello_of_before_lacks_the_later_fields() -> None:
    spec = TensorSpec("x", (1, 4), "int8", 1.0, 0, 4)
    reply = messages.HelloReply(
        1, 4, 1024, 7, 0, 0, 0, 0, 1, "ab" * 32, spec, spec, "", "", "", "", "", 5000, 600, 3, 3,
        5, 8192, "ethosu",
    )  # fmt: skip
    payload = pack(reply)
    assert unpack(messages.HelloReply, payload) == reply
    payload = payload[: -len(b"\x06ethosu")]
    assert unpack(messages.HelloReply, payload).delegate == ""
    old = unpack(messages.HelloReply, payload[:-4])
    assert (old.count_unit, old.features, old.receive_bytes) == (3, 0, 0)
    old = unpack(messages.HelloReply, payload[:-6])
    assert (old.model_bytes, old.agent, old.count_unit) == (600, 0, 0)
    old = unpack(messages.HelloReply, payload[:-14])
    assert (old.nonce, old.model_capacity_bytes, old.model_bytes) == (7, 0, 0)


def test_later_fields_are_the_last_ones() -> None:
    for kind in MESSAGES.values():
        names, later = list(field_kinds(kind)), optional_fields(kind)
        assert set(names[len(names) - len(later) :]) == later


def test_a_long_text_is_cut() -> None:
    assert unpack(messages.Log, pack(messages.Log(1, "x" * 500))).text == "x" * MAX_TEXT_BYTES


def test_the_largest_hello_fits() -> None:
    spec = TensorSpec("n" * 200, (1, 2, 3, 4), "int8", 1.0, 0, 24)
    text = "t" * 200
    reply = messages.HelloReply(
        1, 4, 1024, 0, 0, 0, 0, 0, 0, "00" * 32, spec, spec, text, text, text, text, text,
        delegate=text,
    )  # fmt: skip
    assert len(pack(reply)) <= MAX_PAYLOAD_BYTES


def test_two_messages_cannot_share_a_code() -> None:
    with pytest.raises(ValueError, match="share code 0x1"):

        class Impostor(Message, code=0x01, sender=messages.Sender.HOST):
            pass


def test_the_c_header_is_current() -> None:
    header = firmware_dir() / "link" / "mz_messages.h"
    assert header.read_text(encoding="utf-8") == render_c_header(), (
        f"run: python -m mcuzoo.link.c_header > {header}"
    )


def test_the_document_has_the_same_messages() -> None:
    rows = re.findall(
        r"^\| 0x(\w\w) \| (\w+) \| (host|board) \|(.*) \|$", PROTOCOL.read_text("utf-8"), re.M
    )
    documented = {
        int(code, 16): (name, sender, fields.strip()) for code, name, sender, fields in rows
    }
    assert documented == {
        code: (
            re.sub(r"(?<!^)(?=[A-Z])", "_", message.__name__).upper(),
            message.sender.value,
            ", ".join(f"{name} {kind.name}" for name, kind in field_kinds(message).items()),
        )
        for code, message in MESSAGES.items()
    }


def test_the_document_has_the_same_errors() -> None:
    rows = re.findall(r"^\| (\d+) \| (\w+) \|", PROTOCOL.read_text("utf-8"), re.M)
    assert {name: int(value) for value, name in rows} == {
        error.name: error.value for error in messages.ErrorCode
    }


def test_the_document_has_true_examples() -> None:
    hello = messages.Hello(1, 0x12345678)
    ack = messages.Ack(0x0A0B0C0D, 2048)
    examples = re.findall(r"`((?:[0-9a-f]{2} ){9,}[0-9a-f]{2})`", PROTOCOL.read_text("utf-8"))
    assert [bytes.fromhex(example) for example in examples] == [
        encode_frame(Frame(hello.code, 0, 7, pack(hello))),
        encode_frame(Frame(ack.code, messages.Flag.GAP, 258, pack(ack))),
    ]
