"""The rules of the Cortex-M7's pipeline, on loops for which somebody measured the cycles."""

from __future__ import annotations

import pytest

from mcuzoo.timing.decode import Decoder
from mcuzoo.timing.pipeline import loop_cycles
from mcuzoo.timing.rules import cortex_m7

pytest.importorskip("capstone")

LOOPS = {
    "four independent sums": ("01eb020004eb050307eb08060aeb0b09", 2.0),
    "two products": ("21fb020021fb0233", 2.0),
    "a load beside each product": ("21fb0200d5f8004021fb0233d5f80460", 2.0),
    "a product and a store": ("21fb0200c5f80040", 2.0),
    "loads of both banks": ("d5f80000d5f80410d5f80820d5f80c30", 2.0),
    "loads of one bank": ("d5f80000d5f80810", 2.0),
    "two stores": ("c5f80000c5f80410", 2.0),
    "a load and a store": ("d5f80000c6f80010", 1.0),
    "two of the DSP extension": ("2ffa84f02ffa85f1", 2.0),
    "one of them as the older one": ("2ffa84f002eb0301", 1.0),
    "LDM of four words": ("95e80f00", 2.0),
    "LDRD beside nothing": ("d5e9000103eb0402", 2.0),
    # jnk0le, cortexm-AES: the rounds of its AES take 27 cycles for 53 instructions.
    "two that set flags": ("60406940", 1.0),
    "UXTB with a rotation beside a shifted sum": ("5ffaa2f486ea3a65", 1.0),
    "PKHBT beside a shifted sum": ("c2ea034486ea3a65", 2.0),
    "UXTB with a rotation of the sum before": ("86ea07035ffaa3f5", 2.0),
    "UXTAB with a rotation of the sum before": ("86ea070356faa3f5", 3.0),
    # quinapalus.
    "a sum that needs the carry of the one before": ("48415a41", 2.0),
    "a word that is the next address": ("d0f80000", 3.0),
    # jnk0le: 2.4 cycles a byte where the address advances by one.
    "eight bytes stored": (
        "85f8000085f8010085f8020085f8030085f8040085f8050085f8060085f80700", 19.2,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", LOOPS)
def test_a_loop_takes_what_was_measured(name: str) -> None:
    code, expected = LOOPS[name]
    loop = Decoder(cortex_m7()).decode(bytes.fromhex(code), 0)
    assert loop_cycles(cortex_m7(), loop) == pytest.approx(expected)


def test_what_is_needed_early_waits_longer() -> None:
    """A loaded word goes to a sum one cycle later, to a product two, to an address three."""
    rules = cortex_m7()
    word = rules.results.word
    assert (word.late, word.factor, word.early, word.address) == (1, 2, 2, 3)
    assert word.accumulator < word.factor


def test_unknown_code_stands_alone() -> None:
    (one,) = Decoder(cortex_m7()).decode(bytes.fromhex("ffffffff"), 0x100)
    assert "0x100" in one.text
