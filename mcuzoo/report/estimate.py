"""An estimated time, as text and for JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from mcuzoo.link.counts import estimated_ms
from mcuzoo.timing.rules import cortex_m7

if TYPE_CHECKING:
    from mcuzoo.board.model import Board
    from mcuzoo.plan.cycles.choices import Choice
    from mcuzoo.plan.cycles.predict import CallCycles, Prediction
    from mcuzoo.plan.fit import RuntimeFit
    from mcuzoo.profile import ModelProfile
    from mcuzoo.project.manifest import PlanEntry

_OFTEN_NAMED = 3
_LEAST_SHARE = 0.01
_DIGITS = ((100, 0), (10, 1), (0.1, 2))
"""From so many milliseconds on, so many behind the point."""


def about_ms(milliseconds: float) -> str:
    """With no more digits than an estimate has: "about 12.3 ms"."""
    digits = next((digits for least, digits in _DIGITS if milliseconds >= least), 3)
    return f"about {milliseconds:,.{digits}f} ms"


def time_text(found: Prediction) -> str:
    """The estimated time of an inference in a sentence, or why there is none."""
    total, milliseconds = found.total, found.milliseconds
    if total is None or milliseconds is None:
        return f"time not estimated: {_missing(found)}"
    parts = ", ".join(_parts(found))
    return (
        f"time {about_ms(milliseconds)} per inference ({band_text(found)}): {total:,.0f} modelled "
        f"cycles at {found.core_clock_hz / 1e6:g} MHz: {parts}"
    )


def choices_text(choices: Sequence[Choice], core_clock_hz: int) -> str:
    """What each choice of the plan saves, in a sentence."""
    parts = ", ".join(
        f"{one.what} {one.cycles / core_clock_hz * 1e3:,.3f} ms ({one.cycles:,.0f})"
        for one in choices
    )
    return (
        f"by estimate each saves of that, in modelled cycles: {parts}; code where no cache has it; "
        "--json says it by layer"
    )


def band_text(found: Prediction | RuntimeFit) -> str:
    """ "estimate, +-19 %", or where the rates were measured."""
    return f"estimate, +-{found.percent} %" if found.rates is None else found.rates.words


def exported_time(plan: PlanEntry, board: Board) -> str:
    """A line with the estimated time of an inference; "" where nothing is estimated."""
    if plan.estimated_cycles is None:
        return ""
    band = f"estimate, +-{plan.estimate_percent} %" if board.rates is None else board.rates.words
    milliseconds = plan.estimated_cycles / board.core.clock_hz * 1e3
    return f"time {about_ms(milliseconds)} per inference ({band})\n"


def counted_text(profile: ModelProfile) -> str:
    """The estimated time of an inference whose modelled cycles were counted."""
    milliseconds = estimated_ms(profile.total, profile.unit, profile.core_clock_hz)
    if profile.total is None or milliseconds is None:
        return f"time not estimated: {profile.unit} were counted"
    band = _accuracy() if profile.rates is None else profile.rates.words
    return (
        f"time {about_ms(milliseconds)} per inference ({band}): {profile.total:,} modelled cycles "
        f"at {profile.core_clock_hz / 1e6:g} MHz, counted in one"
    )


def _accuracy() -> str:
    return f"estimate, +-{cortex_m7().accuracy.percent} %"


def counted_document(profile: ModelProfile) -> dict[str, object]:
    """The part `counted` of the document of a try."""
    return {
        "estimated_ms": estimated_ms(profile.total, profile.unit, profile.core_clock_hz),
        "percent": cortex_m7().accuracy.percent,
        "cycles": profile.total,
        "core_clock_hz": profile.core_clock_hz,
        "rates": profile.rates and asdict(profile.rates),
    }


def runtime_text(found: RuntimeFit) -> str:
    """The verdict on another runtime, with the estimated time if there is one."""
    if found.estimated_ms is None or not found.fits:
        return found.text
    return f"{found.text}, {about_ms(found.estimated_ms)} ({band_text(found)})"


def _parts(found: Prediction) -> Iterator[str]:
    """What the cycles are spent for, without what is less than a hundredth."""
    total = found.total or 1.0
    yield f"core {(found.core or 0.0) / total:.0%}"
    for name, cycles in found.waits.items():
        if cycles >= _LEAST_SHARE * total:
            unsure = name in found.external and found.rates is None
            note = ", which no board has confirmed" if unsure else ""
            yield f"waits for {name} {cycles / total:.0%}{note}"
    if found.code >= _LEAST_SHARE * total:
        yield f"waits for code {found.code / total:.0%}"


def _missing(found: Prediction) -> str:
    kernels = found.unknown_kernels
    if not kernels:
        return f"the board file has no read speed of {', '.join(found.unknown_memories)}"
    more = len(kernels) - _OFTEN_NAMED
    names = ", ".join(kernels[:_OFTEN_NAMED]) + (f" and {more} more" if more > 0 else "")
    return f"no figure for {names}; mcuzoo profile PROJECT --cycles counts modelled cycles"


def time_document(found: Prediction) -> dict[str, object]:
    """The part `time` of the document of a fit; modelled cycles."""
    return {
        "estimated_ms": found.milliseconds,
        "percent": found.percent,
        "cycles": found.total,
        "core_cycles": found.core,
        "waits": dict(found.waits),
        "code_waits": found.code,
        "core_clock_hz": found.core_clock_hz,
        "unknown_kernels": list(found.unknown_kernels),
        "unknown_memories": list(found.unknown_memories),
        "rates": found.rates and asdict(found.rates),
        "calls": list(_calls(found.calls)),
    }


def _calls(calls: tuple[CallCycles, ...]) -> Iterator[dict[str, object]]:
    for call in calls:
        yield {
            "ops": list(call.ops),
            "name": call.name,
            "kernels": list(call.kernels),
            "cycles": call.total,
            "core_cycles": call.core,
            "constant_waits": dict(call.constants),
            "tensor_waits": dict(call.tensors),
            "code_waits": call.code,
        }
