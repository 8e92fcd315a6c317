"""The text of --faults."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcuzoo.errors import UsageError
from mcuzoo.faults.spec import EXAMPLE, KINDS, WHOLE_KINDS, Fault, FaultSpec, Way

UP, DOWN = Way.UP, Way.DOWN


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("flip=0.001", (Fault("flip", 0.001),)),
        ("flip = 1e-3 , drop=0.0005:up", (Fault("flip", 0.001), Fault("drop", 0.0005, way=UP))),
        ("reset=every 60s", (Fault("reset", every_s=60.0),)),
        ("reset=every60s", (Fault("reset", every_s=60.0),)),
        ("noise=every 500 ms:down", (Fault("noise", every_s=0.5, way=DOWN),)),
        ("reopen=every 2min for 5s", (Fault("reopen", every_s=120.0, for_s=5.0),)),
        ("reopen=0.00001", (Fault("reopen", 0.00001, for_s=1.0),)),
        ("stall=0.0001 for 250ms : up", (Fault("stall", 0.0001, way=UP, for_s=0.25),)),
        ("stall=every 1h", (Fault("stall", every_s=3600.0, for_s=2.0),)),
        ("delay=0.1", (Fault("delay", 0.1),)),
        (
            "delay=0.01:down,delay=0.02:up",
            (Fault("delay", 0.01, way=DOWN), Fault("delay", 0.02, way=UP)),
        ),
    ],
)
def test_what_is_understood(text: str, expected: tuple[Fault, ...]) -> None:
    assert FaultSpec.parse(text) == FaultSpec(expected, 0)
    assert FaultSpec.parse(f"seed=7,{text}") == FaultSpec(expected, 7)


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("", "'' is not KIND=OFTEN", EXAMPLE),
        ("flip", "'flip' is not KIND=OFTEN", EXAMPLE),
        ("seed=7", "it has no fault", EXAMPLE),
        ("flip=0.1,", "'' is not KIND=OFTEN", EXAMPLE),
        ("flop=0.1", "no fault 'flop'", "Did you mean 'flip'?"),
        ("truncated=0.1", "no fault 'truncated'", "Did you mean 'truncate'?"),
        ("sed=7", "no fault 'sed'", "Did you mean 'seed'?"),
        ("FLIP=0.1", "no fault 'FLIP'", "Did you mean 'flip'?"),
        ("flip=often", "flip='often' does not say how often", "on average"),
        ("flip=", "flip='' does not say how often", "on average"),
        ("flip=-0.1", "does not say how often", ""),
        ("flip=nan", "does not say how often", ""),
        ("flip=1e-99", "a mean number of faults in a byte, 1e-09 to 0.1", ""),
        ("flip=0", "a mean number of faults in a byte", ""),
        ("flip=0.5", "a mean number of faults in a byte", ""),
        ("flip=0.001:upp", "'upp' is no direction", "Did you mean 'up'?"),
        ("flip=0.001:board", "'board' is no direction", "up is to the board"),
        ("reset=every 60", "'60' is no time", "ms, s, min or h"),
        ("reset=every 60 sec", "'60 sec' is no time", "ms, s, min or h"),
        ("reset=every", "'' is no time", ""),
        ("reset=every 1ms", "1ms is not from 0.1 s to 86400 s", ""),
        ("reset=every 25h", "25h is not from", ""),
        ("reset=every 60s:up", "it strikes the board, not a direction: leave :up out", ""),
        ("reopen=every 60s:down", "it strikes the port, not a direction", ""),
        ("flip=0.001 for 5s", "it has no duration; delay, stall, reopen have one", ""),
        ("stall=0.001 for 2h", "2h is not from 0.001 s to 3600 s", ""),
        ("stall=0.001 for ever", "'ever' is no time", ""),
        ("flip=0.1,flip=0.01", "flip is given twice", ""),
        ("flip=0.1:up,flip=0.01", "flip is given twice", ""),
        ("seed=1,flip=0.1,seed=1", "seed is given twice", ""),
        ("flip=0.1,seed=x", "the seed 'x' is no number", ""),
        ("flip=0.1,seed=4294967296", "is no number from 0 to 4294967295", ""),
        ("flip=\n0.1\n1", "is not understood", ""),
        ("flip=0.1," * 60, "at most 500 are allowed", ""),
    ],
)
def test_a_mistake_is_named(text: str, message: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        FaultSpec.parse(text)
    assert message in caught.value.message
    assert hint in caught.value.hint
    assert caught.value.exit_code == 2


def test_the_example_is_one() -> None:
    assert [fault.kind for fault in FaultSpec.parse(EXAMPLE).faults] == ["flip", "drop", "reset"]


def test_a_kind_can_be_asked_for() -> None:
    spec = FaultSpec.parse("reopen=every 60s")
    assert spec.has("reopen") and not spec.has("reset")


faults = st.builds(
    lambda kind, rate, every_s, by_time, way: Fault(
        kind,
        None if by_time else rate,
        every_s if by_time else None,
        None if by_time and kind in WHOLE_KINDS else way,
        3.0 if kind in ("stall", "reopen") else None,
    ),
    st.sampled_from(KINDS),
    st.sampled_from([1e-9, 3e-6, 0.000123, 0.1]),
    st.sampled_from([0.1, 0.25, 60.0, 86400.0]),
    st.booleans(),
    st.sampled_from([None, *Way]),
)


@given(st.lists(faults, min_size=1, unique_by=lambda fault: fault.kind), st.integers(0, 2**32 - 1))
def test_what_is_printed_can_be_read(many: list[Fault], seed: int) -> None:
    spec = FaultSpec(tuple(many), seed)
    assert FaultSpec.parse(str(spec)) == spec


@given(st.text(st.sampled_from("flipdropseedreseteveryforup:=,.0123456789 \n"), max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        assert FaultSpec.parse(text).faults
    except UsageError as error:
        assert error.hint
