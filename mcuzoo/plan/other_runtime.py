"""Beside the verdict on one runtime: whether the model would fit with the other, in a line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from mcuzoo.errors import McuzooError
from mcuzoo.plan.fit import FitReport
from mcuzoo.project.kinds import RUNTIMES


@dataclass(frozen=True)
class RuntimeFit:
    """`fits` is None where the runtime does not run the model, and `reason` says why.

    arena_bytes and arena_region are None then.
    """

    runtime: str
    fits: bool | None
    arena_bytes: int | None = None
    arena_region: str | None = None
    reason: str | None = None


def other_runtime(chosen: str, report_of: Callable[[str], FitReport]) -> RuntimeFit:
    """The verdict on the runtime that was not chosen; `report_of` is fit_model with its options."""
    (other,) = (runtime for runtime in RUNTIMES if runtime != chosen)
    try:
        report = report_of(other)
    except McuzooError as error:
        return RuntimeFit(other, None, reason=error.message)
    if report.uncovered:
        gap = report.uncovered[0]
        return RuntimeFit(other, None, reason=f"op {gap.op.index} {gap.op.name}: {gap.reason}")
    return RuntimeFit(other, report.fits, report.arena_bytes, report.placement.arena_region)
