"""Constants that the user puts into a region."""

from __future__ import annotations

from collections.abc import Sequence

from mcuzoo.errors import UsageError, did_you_mean
from mcuzoo.plan.place.traffic import ConstantUse

Pins = tuple[tuple[str, str], ...]
"""(which, region). which: an op's index, for all its constants, or the symbol of one constant."""


def parse_pins(texts: Sequence[str]) -> Pins:
    """Read texts like "OP=REGION" or "SYMBOL=REGION". Raises UsageError."""
    pins = []
    for text in texts:
        which, equals, region = (part.strip() for part in text.partition("="))
        if not (which and equals and region):
            raise UsageError(
                f"--pin {text}: OP=REGION is wanted.",
                "For example --pin 26=dtcm or --pin 28=flash.",
            )
        pins.append((which, region))
    return tuple(pins)


def pinned_regions(
    pins: Pins, constants: Sequence[ConstantUse], regions: Sequence[str]
) -> dict[str, str]:
    """The region of every constant that `pins` name; a later pin wins.

    regions: what constants may be pinned to, the flash included. Raises UsageError for a region or
    an op that is not there, or that has no constants.
    """
    pinned: dict[str, str] = {}
    for which, region in pins:
        if region not in regions:
            raise UsageError(
                f"--pin {which}={region}: constants cannot be put there.",
                f"{did_you_mean(region, regions)}--pin takes {', '.join(regions)}.",
            )
        found = [use.symbol for use in constants if which in (str(use.op), use.symbol)]
        if not found:
            ops = sorted({use.op for use in constants if use.op >= 0})
            raise UsageError(
                f"--pin {which}={region}: no op {which!r} with constants of its own.",
                f"Ops with constants: {', '.join(map(str, ops))}."
                if ops
                else "The runtime tflm keeps the model file as a whole: --weights places it.",
            )
        pinned |= dict.fromkeys(found, region)
    return pinned
