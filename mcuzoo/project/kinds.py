"""The choices that an export takes by name."""

from __future__ import annotations

from collections.abc import Sequence

from mcuzoo.errors import UsageError, did_you_mean

RUNTIMES = ("aot", "tflm")
"""Ahead-of-time C; TFLite-Micro."""

PROJECTS = ("cmake", "mcuxpresso")
"""Stand-alone CMake project; application for NXP's MCUXpresso SDK."""

DEFAULT_MODEL = "mobilenet_v1_0.25_128"
"""The model of a command that is given none."""
DEFAULT_RUNTIME, DEFAULT_PROJECT = "tflm", "mcuxpresso"
"""What export makes, and fit judges, unless told otherwise."""

WeightsChoice = str
"""Where a model's constants live while it runs: one of WEIGHTS, or a memory region of the board."""

WEIGHTS = ("auto", "flash", "ram")
"""By estimate, array by array; all in flash; all in one region of RAM."""


def check_runtime(name: str) -> str:
    """`name` itself; raises UsageError when it is unknown."""
    return _check("--runtime", name, RUNTIMES)


def check_project(name: str) -> str:
    """`name` itself; raises UsageError when it is unknown."""
    return _check("--project", name, PROJECTS)


def check_weights(name: str, regions: Sequence[str] = ()) -> WeightsChoice:
    """`name` itself; raises UsageError when it is none of WEIGHTS and none of the board's regions
    for weights."""
    places = (*WEIGHTS, *regions)
    if name in places:
        return name
    raise UsageError(
        f"--weights {name}: no such place.",
        f"{did_you_mean(name, places)}--weights takes {', '.join(places)}.",
    )


def _check(option: str, name: str, kinds: tuple[str, ...]) -> str:
    if name not in kinds:
        raise UsageError(
            f"{option} {name}: no such kind; mcuzoo knows {', '.join(kinds)}.",
            f"{did_you_mean(name, kinds)}Use {option} {' or '.join(kinds)}.",
        )
    return name
