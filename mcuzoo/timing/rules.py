"""The rules of a core: data of mcuzoo/timing/cortex_m7.toml, checked."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Annotated

from pydantic import Field

from mcuzoo.board.base import Fact, Table
from mcuzoo.untrusted import parse_toml

Names = tuple[str, ...]
Cycles = Annotated[float, Field(ge=0, le=100)]


class Kinds(Fact):
    """Beginnings of the names of instructions, by kind: multiplications, DSP and bit fields,
    divisions."""

    mac: Names
    dsp: Names
    divide: Names


class Early(Fact):
    """Names of instructions: whose results come from the early ALU, which need all their operands
    there, which only the one that they shift, which need none there although they rotate it; and
    which occupy its shifter."""

    results: Names
    operands: Names
    shifted_operands: Names
    rotated_late: Names
    shifters: Names


class Latency(Table):
    """Cycles until a result may be used: in the late ALU, as a factor, in the early ALU, as an
    address, as an accumulator, by a store."""

    late: Cycles
    factor: Cycles
    early: Cycles
    address: Cycles
    accumulator: Cycles
    stored: Cycles


class Results(Fact):
    """Latencies by what makes the result: the early or the late ALU, a multiplication, a load of
    a word or of less, the write-back of an address, the floating-point unit."""

    early: Latency
    late: Latency
    mac: Latency
    word: Latency
    narrow: Latency
    moved_address: Latency
    float: Latency


class NarrowStores(Table):
    """Cycles that a store takes of the store buffer."""

    byte: Cycles
    halfword: Cycles


class MemoryRules(Fact):
    """banks: of words that can be loaded in one cycle. buffered_stores: that wait without stopping
    the core. narrow_store_cycles: of each."""

    banks: int
    buffered_stores: int
    narrow_store_cycles: NarrowStores


class Alone(Fact):
    """What is issued alone: words that a load or store of several moves in a cycle, cycles of a
    division, of a floating-point division and root."""

    words_per_cycle: int
    divide_cycles: int
    float_divide_cycles: int
    float_root_cycles: int


class Branches(Fact):
    """Cycles lost by a wrong prediction; bits of the counter that predicts a branch, and how many
    branches before it are known by where they went."""

    mispredicted_cycles: Cycles
    counter_bits: int
    history_bits: Annotated[int, Field(ge=0, le=24)]


class Caches(Fact):
    """Bytes of a line, and ways of both caches."""

    line_bytes: int
    instruction_ways: int
    data_ways: int


class Accuracy(Fact):
    """percent: by which predicted cycles of a whole network may be off, either way."""

    percent: Annotated[int, Field(ge=1, le=100)]


class Rules(Fact):
    """All rules of a core, each table with its source."""

    kinds: Kinds
    early: Early
    results: Results
    memory: MemoryRules
    alone: Alone
    branches: Branches
    caches: Caches
    accuracy: Accuracy


@cache
def cortex_m7() -> Rules:
    """The rules of the Cortex-M7."""
    text = (Path(__file__).parent / "cortex_m7.toml").read_text(encoding="utf-8")
    return Rules.model_validate(parse_toml(text))
