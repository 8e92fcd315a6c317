"""Bounds of a user on the figures of a run, and how a figure is judged by its bound.

A field of `Budgets` is the key in `[budgets]` of mcuzoo.toml, and with dashes the option.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from math import isfinite
from typing import Annotated, Any

from mcuzoo.errors import UsageError
from mcuzoo.options import Option, flag_of

MinTop1 = Annotated[
    float | None, Option("Fail below this accuracy, 0 to 1.", "--min-top1", metavar="RATE")
]
MaxMismatches = Annotated[
    int | None,
    Option("Allow N outputs that differ from the host's [0].", "--max-mismatches", metavar="N"),
]
MaxFlips = Annotated[
    float | None,
    Option(
        "Fail if more answers are not the host's: a number, or below 1 a share of the images.",
        "--max-flips",
        metavar="N|SHARE",
    ),
]
MaxLatencyMs = Annotated[
    float | None,
    Option(
        "Fail if an inference takes longer, as a board of silicon counts it.",
        "--max-latency-ms",
        metavar="MS",
    ),
]
MaxInstructions = Annotated[
    int | None,
    Option(
        "Fail if an inference takes more, as an emulated board counts it.",
        "--max-instructions",
        metavar="N",
    ),
]
MaxArenaBytes = Annotated[
    int | None, Option("Fail if the arena is larger.", "--max-arena-bytes", metavar="N")
]
MaxFlashBytes = Annotated[
    int | None,
    Option("Fail if code and constants take more flash.", "--max-flash-bytes", metavar="N"),
]
MaxLineErrors = Annotated[
    int | None,
    Option(
        "Fail if more frames were damaged or lost, or links opened again.",
        "--max-line-errors",
        metavar="N",
    ),
]
MaxCpuOps = Annotated[
    int | None,
    Option(
        "Fail if more operators are left to the CPU, of a board with an Ethos-U NPU.",
        "--max-cpu-ops",
        metavar="N",
        min=0,
    ),
]
StrictBudgets = Annotated[
    bool, Option("Fail also if a budget cannot be judged.", "--strict-budgets")
]


@dataclass(frozen=True, kw_only=True)
class Budgets:
    """min_top1: the least accuracy, 0 to 1. max_mismatches: outputs unlike the host's. max_flips:
    answers unlike the host's, as a number or, below 1, as a share of the images. max_latency_ms,
    max_instructions: of the slowest inference. max_arena_bytes: of the tensor arena.
    max_flash_bytes: from the first to the last byte in flash. max_line_errors: frames that were
    damaged or lost, and links that were opened again. None: no bound."""

    min_top1: MinTop1 = None
    max_mismatches: MaxMismatches = None
    max_flips: MaxFlips = None
    max_latency_ms: MaxLatencyMs = None
    max_instructions: MaxInstructions = None
    max_arena_bytes: MaxArenaBytes = None
    max_flash_bytes: MaxFlashBytes = None
    max_line_errors: MaxLineErrors = None

    @property
    def budgets(self) -> Budgets:
        """These alone, of an options object that has them among others."""
        return Budgets(**{name: getattr(self, name) for name in BUDGETS})

    @property
    def given(self) -> dict[str, float]:
        """The bounds that there are, by name."""
        found = {name: getattr(self, name) for name in BUDGETS}
        return {name: value for name, value in found.items() if value is not None}

    def complaints(self) -> Iterator[tuple[str, str]]:
        """Name and fault of each bound that is none."""
        for name, value in self.given.items():
            if not isfinite(value) or value < 0:
                yield name, f"{value} is no number from 0 on"
            elif name == "min_top1" and value > 1:
                yield name, f"{value:g} is no rate from 0 to 1"
            elif name == "max_flips" and value > 1 and value != int(value):
                yield name, f"{value:g} is no whole number, and no share below 1"

    def check(self) -> None:
        """Raise UsageError if a bound is none."""
        for name, fault in self.complaints():
            example = "0.39" if name == "min_top1" else "20"
            raise UsageError(f"{flag_of(name)}: {fault}.", f"For example {flag_of(name)} {example}")


@dataclass(frozen=True, kw_only=True)
class BudgetOptions(Budgets):
    """Budgets, and whether one that cannot be judged fails."""

    strict_budgets: StrictBudgets = False

    @property
    def asked(self) -> bool:
        """Whether anything was given."""
        return bool(self.given) or self.strict_budgets

    def budgets_over(self, others: BudgetOptions) -> dict[str, Any]:
        """The fields, those that were not given from `others`."""
        strict = self.strict_budgets or others.strict_budgets
        return {**vars(others.budgets), **self.given, "strict_budgets": strict}


BUDGETS = tuple(one.name for one in fields(Budgets))


PARTS: Mapping[str, str] = {
    "min_top1": "model",
    "max_mismatches": "firmware",
    "max_flips": "delegate",
    "max_latency_ms": "firmware",
    "max_instructions": "firmware",
    "max_arena_bytes": "firmware",
    "max_flash_bytes": "firmware",
    "max_line_errors": "rig",
    "max_cpu_ops": "model",
}
"""The part at fault if a budget does not hold."""


@dataclass(frozen=True)
class Figure:
    """What a budget is compared with. value None: it cannot be told, and `text` says why; fails:
    the budget does not hold then. text: the figure in words; a sentence without its full stop.
    share: the same per image, 0 to 1, for a bound below 1. part: at fault, if it is not what PARTS
    says."""

    value: float | None
    text: str
    fails: bool = False
    share: float | None = None
    part: str | None = None


@dataclass(frozen=True)
class BudgetResult:
    """A budget and its figure. holds: None if it cannot be judged. fails: whether the verdict is
    negative for it. part: at fault then: "model", "firmware", "delegate" or "rig". text: a
    sentence. name: of the field in Budgets. bound: as it was given. value: the figure, None if it
    is not known."""

    name: str
    bound: float
    value: float | None
    holds: bool | None
    fails: bool
    part: str
    text: str


def judge(
    budgets: Budgets, figures: Mapping[str, Figure], strict: bool = False
) -> tuple[BudgetResult, ...]:
    """Each budget that is given, by its figure. strict: what cannot be judged fails."""
    unknown = Figure(None, "this command has no such figure")
    return tuple(
        judged(name, bound, figures.get(name, unknown), strict)
        for name, bound in budgets.given.items()
    )


def judged(name: str, bound: float, figure: Figure, strict: bool = False) -> BudgetResult:
    """One budget, which is in PARTS, by its figure."""
    asked = f"{name} {bound:,}" if isinstance(bound, int) else f"{name} {bound:g}"
    value, part = figure.value, figure.part or PARTS[name]
    if figure.share is not None and 0 < bound < 1:
        value = figure.share
    if value is None and not figure.fails:
        text = f"{asked} cannot be judged: {figure.text}."
        return BudgetResult(name, bound, None, None, strict, part, text)
    if value is None:
        holds = False
    else:
        holds = value >= bound if name.startswith("min_") else value <= bound
    said = "holds" if holds else "does not hold"
    text = f"{figure.text}; {asked} {said}."
    return BudgetResult(name, bound, value, holds, not holds, part, text)
