"""What kernels cost: predict.toml, measured by benchmarks/timing.py over the cycle model."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from mcuzoo.plan.cycles.work import Work
from mcuzoo.untrusted import parse_toml


class CoreCost(NamedTuple):
    """Modelled cycles of a call with memory that answers at once. error: of `cycles`, relative: the
    root of the mean square among calls that the table was not fitted to. code_lines: of the
    instruction cache, that the call goes through."""

    cycles: float
    error: float
    code_lines: int


def core_cost(work: Work) -> CoreCost | None:
    """None for a kind of call that the table does not have."""
    kind = _kinds().get(work.kind)
    if kind is None:
        return None
    cycles = sum(cost * work.amounts.get(name, 0.0) for name, cost in kind["costs"].items())
    return CoreCost(cycles, kind["error"], kind["code_lines"])


@cache
def _kinds() -> dict[str, Any]:
    path = Path(__file__).with_name("predict.toml")
    return parse_toml(path.read_text(encoding="utf-8"))
