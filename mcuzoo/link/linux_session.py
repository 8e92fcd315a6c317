"""What only a Linux board can be asked in a session: to compute with another engine, and to show
what is inside."""

from __future__ import annotations

from functools import partial

import numpy as np
from numpy.typing import NDArray

from mcuzoo.errors import UsageError
from mcuzoo.link.channel import Channel, Refused
from mcuzoo.link.hello import Hello
from mcuzoo.link.inference import Profile
from mcuzoo.link.messages import ErrorCode, Feature
from mcuzoo.link.questions import EngineFacts, read_tensor, select_engine
from mcuzoo.link.session import Session
from mcuzoo.link.state import Timing


def engine_of(session: Session) -> EngineFacts:
    """Who computes now. Raises UsageError for a board without a choice of engines, else as
    Session.ask."""
    _require(session.hello(), Feature.ENGINES, "has no engines to choose from")
    return session.ask("its engine", partial(select_engine, name=""))


def choose_engine(session: Session, name: str) -> EngineFacts:
    """Let the board compute with the engine `name` from now on: one of its offers, or what HELLO
    says of one.

    One that cannot be set up is not `ready`, and says why. Raises UsageError for a board without a
    choice of engines, or without this one, else as Session.ask.
    """
    offers = engine_of(session).offers

    def select(channel: Channel, timing: Timing) -> EngineFacts:
        try:
            return select_engine(channel, timing, name)
        except Refused as refusal:
            if refusal.error.error != ErrorCode.BAD_RANGE:
                raise
        raise UsageError(
            f"The agent at this port has no engine {name!r}: it has {', '.join(offers)}.",
            f"Start it with --delegate {name}, or write ?delegate={name} behind an ssh:// port.",
        )

    facts = session.ask(f"the engine {name}", select)
    session.meet_again()
    return facts


def outputs_inside(
    session: Session, image_id: int, tensor: NDArray[np.int8]
) -> tuple[Profile, dict[int, NDArray[np.int8]]]:
    """Run `tensor` and read what each operator gives, by its number in the file: int8 (bytes,).

    Of operators that a delegate took, only what leaves its part of the graph can be read. Raises
    UsageError for a board that cannot show its tensors, else as Session.infer.
    """
    _require(session.hello(), Feature.TENSORS, "cannot show what is inside a model")
    profile = session.profile(image_id, tensor)
    return profile, {
        record.last_op: session.ask("a tensor", partial(read_tensor, record=record))
        for record in profile.records
        if record.output_bytes
    }


def _require(hello: Hello, feature: Feature, what: str) -> None:
    if not hello.has(feature):
        raise UsageError(
            f"The firmware on the {hello.board} {what}: that is for the Python agent of a board "
            "with Linux.",
            "docs/linux.md says how it is started.",
        )
