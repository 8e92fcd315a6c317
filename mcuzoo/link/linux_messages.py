"""Messages that only an agent on Linux knows; a part of the table of messages.py.

`nonce`: any number, which the answer repeats. `offset`: where in its tensor `data` begins, in
bytes.
"""

from __future__ import annotations

from dataclasses import dataclass

from mcuzoo.link.message import U8, U16, U32, U64, Data, Message, Sender, Sha256, String


@dataclass(frozen=True)
class SelectEngine(Message, code=0x10, sender=Sender.HOST):
    """Compute with another engine from now on; without a name: only say which it is. Answered by
    ENGINE. A board with Feature.ENGINES alone knows it.

    delegate: its name in UTF-8, one of those that the board offers ("none", "ethosu").
    """

    nonce: U32
    delegate: Data


@dataclass(frozen=True)
class ReadTensor(Message, code=0x11, sender=Sender.HOST):
    """Asks for `length` bytes of the output of one operator, as PROFILE left it. Answered by
    TENSOR_DATA. A board with Feature.TENSORS alone knows it.

    op: the operator's number in the model file.
    """

    nonce: U32
    op: U16
    offset: U32
    length: U16


@dataclass(frozen=True)
class Engine(Message, code=0x8C, sender=Sender.BOARD):
    """Which engine computes, and what it made of the model.

    ready: 1 if the model can run. delegate: as in HELLO_REPLY. library: the file of the delegate,
    "" for none. op_count: operators of the file that runs; delegated: how many of them the delegate
    took. sha256: of the file that runs, which may be compiled from the model. warm_up_count:
    inferences on the first input that no RESULT counts; warm_up_ns: what all of them took, both 0
    until then. text: why it is not ready; offers: all that may be selected, in
    UTF-8, a line each.
    """

    nonce: U32
    ready: U8
    delegate: String
    library: String
    op_count: U16
    delegated: U16
    sha256: Sha256
    warm_up_count: U16
    warm_up_ns: U64
    text: String
    offers: Data


@dataclass(frozen=True)
class TensorData(Message, code=0x8D, sender=Sender.BOARD):
    """A piece of an operator's output."""

    nonce: U32
    offset: U32
    data: Data
