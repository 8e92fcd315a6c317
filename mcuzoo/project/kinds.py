"""The choices that an export takes by name, and which of them can be made."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from mcuzoo.errors import UsageError, did_you_mean

RUNTIMES: Mapping[str, bool] = {"aot": True, "tflm": True}
"""Ahead-of-time C; TFLite-Micro. True: this version can make it."""

PROJECTS: Mapping[str, bool] = {"cmake": True, "mcuxpresso": False}
"""Stand-alone CMake project; MCUXpresso SDK application."""

WeightsChoice = Literal["flash", "ram"]
"""Where a model's constants live while it runs."""

_HINT = "Use --runtime aot or tflm with --project cmake."


def check_runtime(name: str) -> str:
    """`name` itself; raises UsageError when it is unknown or not available."""
    return _check("--runtime", name, RUNTIMES)


def check_project(name: str) -> str:
    """`name` itself; raises UsageError when it is unknown or not available."""
    return _check("--project", name, PROJECTS)


def check_weights(name: str) -> WeightsChoice:
    """`name` itself; raises UsageError when it is unknown."""
    if name == "flash":
        return "flash"
    if name == "ram":
        return "ram"
    raise UsageError(f"--weights {name}: no such place.", "Use --weights flash or --weights ram.")


def _check(option: str, name: str, kinds: Mapping[str, bool]) -> str:
    if name not in kinds:
        raise UsageError(
            f"{option} {name}: no such kind; mcuzoo knows {', '.join(kinds)}.",
            did_you_mean(name, kinds) + _HINT,
        )
    if not kinds[name]:
        raise UsageError(f"{option} {name} is not available in this version.", _HINT)
    return name
