"""The choices that an export takes by name."""

from __future__ import annotations

from typing import Literal

from mcuzoo.errors import UsageError, did_you_mean

RUNTIMES = ("aot", "tflm")
"""Ahead-of-time C; TFLite-Micro."""

PROJECTS = ("cmake", "mcuxpresso")
"""Stand-alone CMake project; application for NXP's MCUXpresso SDK."""

WeightsChoice = Literal["flash", "ram"]
"""Where a model's constants live while it runs."""


def check_runtime(name: str) -> str:
    """`name` itself; raises UsageError when it is unknown."""
    return _check("--runtime", name, RUNTIMES)


def check_project(name: str) -> str:
    """`name` itself; raises UsageError when it is unknown."""
    return _check("--project", name, PROJECTS)


def check_weights(name: str) -> WeightsChoice:
    """`name` itself; raises UsageError when it is unknown."""
    if name == "flash":
        return "flash"
    if name == "ram":
        return "ram"
    raise UsageError(f"--weights {name}: no such place.", "Use --weights flash or --weights ram.")


def _check(option: str, name: str, kinds: tuple[str, ...]) -> str:
    if name not in kinds:
        raise UsageError(
            f"{option} {name}: no such kind; mcuzoo knows {', '.join(kinds)}.",
            f"{did_you_mean(name, kinds)}Use {option} {' or '.join(kinds)}.",
        )
    return name
