"""What a faulty line does to the bytes that pass."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcuzoo.faults.line import Blow, FaultyLine, OneWay
from mcuzoo.faults.spec import BYTES_KINDS, Fault, FaultSpec, Way

# Bytes that are all different from their neighbours, without a delimiter of frames.
SENT = bytes(1 + index % 251 for index in range(20_000))


class Clock:
    """Time that passes when told."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Rig:
    """A line by `text`, its clock, and what has struck board and port."""

    def __init__(self, text: str) -> None:
        self.clock = Clock()
        self.blows: list[Blow] = []
        self.line = FaultyLine(FaultSpec.parse(text), self.blows.append, self.clock)

    def up(self, data: bytes = b"") -> bytes:
        self.line.to_board.feed(data)
        return self.line.to_board.due()

    def down(self, data: bytes = b"") -> bytes:
        self.line.to_host.feed(data)
        return self.line.to_host.due()


def in_pieces(way: OneWay, data: bytes, sizes: random.Random) -> bytes:
    arrived = b""
    while data:
        size = sizes.randrange(1, 900)
        way.feed(data[:size])
        arrived += way.due()
        data = data[size:]
    return arrived


@given(st.integers(0, 1000), st.integers(0, 1000))
def test_faults_depend_on_the_seed_and_on_bytes_not_on_pieces(seed: int, sizes: int) -> None:
    text = f"drop=0.001,flip=0.002,duplicate=0.0005,truncate=0.0003,noise=0.001,seed={seed}"
    one, other = Rig(text), Rig(text)
    whole = one.up(SENT)
    assert in_pieces(other.line.to_board, SENT, random.Random(sizes)) == whole
    assert other.line.counts == one.line.counts
    assert one.line.counts.to_board.bytes == len(SENT)


def test_seeds_and_directions_differ() -> None:
    def both(seed: int) -> tuple[bytes, bytes]:
        rig = Rig(f"flip=0.001,seed={seed}")
        return rig.up(SENT), rig.down(SENT)

    assert both(1) == both(1)
    assert len({*both(1), *both(2)}) == 4


@pytest.mark.parametrize("kind", BYTES_KINDS)
def test_the_rate_is_the_mean_number_in_a_byte(kind: str) -> None:
    rig = Rig(f"{kind}=0.005:up")
    assert rig.down(SENT) == SENT
    for _ in range(5):
        assert rig.up(SENT) != SENT
    assert 400 < rig.line.counts.to_board.faults[kind] < 600
    assert rig.line.counts.total == {kind: rig.line.counts.to_board.faults[kind]}


def only(kind: str, sent: bytes = SENT) -> tuple[bytes, int]:
    """What arrives, and how many faults it took."""
    rig = Rig(f"{kind}=0.0004:up,seed=3")
    return rig.up(sent), rig.line.counts.to_board.faults[kind]


def test_a_flip_changes_one_bit() -> None:
    arrived, times = only("flip")
    changed = [a ^ b for a, b in zip(arrived, SENT, strict=True) if a != b]
    assert len(changed) == times > 0
    assert all(bits.bit_count() == 1 for bits in changed)


def test_a_drop_leaves_holes() -> None:
    arrived, times = only("drop")
    assert times <= len(SENT) - len(arrived) < 40 * times


def test_noise_and_repetitions_add_bytes() -> None:
    noisy, times = only("noise")
    assert times <= len(noisy) - len(SENT) < 60 * times
    repeated, times = only("duplicate")
    assert times <= len(repeated) - len(SENT) < 400 * times
    assert set(repeated) == set(SENT)


def test_a_truncated_frame_ends_at_its_delimiter() -> None:
    frames = (bytes([7] * 199) + b"\0") * 100
    arrived, times = only("truncate", frames)
    assert arrived.count(b"\0") == 100
    cut = [frame for frame in arrived.split(b"\0")[:-1] if len(frame) < 199]
    assert 0 < len(cut) <= times
    # Without a delimiter it ends by itself.
    arrived, times = only("truncate")
    assert 0 < len(SENT) - len(arrived) <= 800 * times


def test_a_stall_keeps_everything_for_its_time() -> None:
    rig = Rig("stall=0.01 for 2s:up,seed=1")
    before = rig.up(SENT[:1000])
    assert SENT.startswith(before) and len(before) < 1000
    assert rig.down(b"answer") == b"answer"
    assert rig.line.to_board.wait_s() == 2.0
    rig.clock.now += 1.9
    assert rig.up() == b""
    rig.clock.now += 0.1
    assert rig.line.to_board.wait_s() == 0.0
    assert before + rig.up() == SENT[:1000]
    assert rig.line.to_board.wait_s() is None


def test_a_delay_is_short() -> None:
    rig = Rig("delay=0.01:down")
    before = rig.down(SENT[:1000])
    assert len(before) < 1000
    assert 0.0 < (rig.line.to_host.wait_s() or 0.0) <= 0.05
    rig.clock.now += 0.05
    assert before + rig.down() == SENT[:1000]


def test_what_comes_after_a_stall_does_not_overtake() -> None:
    rig = Rig("stall=0.01 for 1s:up,seed=1")
    arrived = rig.up(SENT[:300])
    rig.clock.now += 1.0
    rig.line.to_board.feed(SENT[300:400])
    rig.clock.now += 1.0
    arrived += rig.up()
    rig.clock.now += 2.0
    assert arrived + rig.up() == SENT[:400]


def test_a_reset_takes_with_it_what_is_on_its_way() -> None:
    rig = Rig("reset=0.0005:up,seed=2")
    arrived = rig.up(SENT)
    times = len(rig.blows)
    assert times > 3 and rig.blows[0] == Blow("reset", 0.0)
    assert rig.line.counts.to_board.faults == {"reset": times}
    assert SENT.endswith(arrived) and len(arrived) < len(SENT)


def test_by_the_clock() -> None:
    rig = Rig("reset=every 60s,reopen=every 90s for 5s")
    assert rig.up(SENT) == SENT
    assert rig.line.tick_s() == 60.0
    rig.line.tick()
    assert rig.blows == []
    rig.clock.now += 60.0
    rig.line.tick()
    rig.line.tick()
    assert rig.blows == [Blow("reset", 0.0)]
    assert rig.line.tick_s() == 30.0
    # Periods that nobody looked at do not pile up, and the rhythm stays.
    rig.clock.now += 130.0
    rig.line.tick()
    assert rig.blows[1:] == [Blow("reset", 0.0), Blow("reopen", 5.0)]
    assert rig.line.tick_s() == 50.0
    assert rig.line.counts.clock == {"reset": 2, "reopen": 1}


def test_a_flip_by_the_clock_waits_for_a_byte() -> None:
    rig = Rig("flip=every 10s:up")
    rig.clock.now += 25.0
    assert rig.line.tick_s() is None
    arrived = rig.up(b"abc")
    assert arrived[:1] != b"a" and arrived[1:] == b"bc"
    assert rig.up(b"abc") == b"abc"
    rig.clock.now += 5.0
    assert rig.up(b"abc") != b"abc"


def test_nothing_happens_without_faults() -> None:
    line = FaultyLine(FaultSpec(()), lambda blow: pytest.fail("struck"))
    line.to_board.feed(SENT)
    line.tick()
    assert line.to_board.due() == SENT
    assert line.tick_s() is None and line.to_board.wait_s() is None


def test_the_counts_are_said() -> None:
    rig = Rig("flip=0.001:up,reset=every 60s,seed=9")
    rig.up(SENT)
    rig.down(b"xyz")
    rig.clock.now += 60.0
    rig.line.tick()
    flips = rig.line.counts.to_board.faults["flip"]
    assert str(rig.line.counts) == (
        f"faults: flip {flips} in 20,000 bytes to the board; none in 3 bytes to the host; "
        "reset 1 by the clock (seed 9)"
    )
    assert rig.line.counts.as_dict() == {
        "seed": 9,
        "to_board": {"bytes": 20_000, "flip": flips},
        "to_host": {"bytes": 3},
        "by_the_clock": {"reset": 1},
    }


def test_a_fault_of_one_direction_is_not_in_the_other() -> None:
    spec = FaultSpec((Fault("drop", 0.01, way=Way.DOWN),))
    line = FaultyLine(spec, lambda blow: None)
    line.to_board.feed(SENT)
    assert line.to_board.due() == SENT
