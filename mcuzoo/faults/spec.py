"""What goes wrong on a line, and how often: the text of `--faults`, read and checked."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

from mcuzoo.errors import UsageError, did_you_mean

EXAMPLE = "flip=0.0001,drop=0.00005:up,reset=every 60s,seed=7"
"""A text that can be parsed, for messages."""


class Way(Enum):
    """A direction of the line, as it is written."""

    UP = "up"
    DOWN = "down"

    @property
    def text(self) -> str:
        return "to the board" if self is Way.UP else "to the host"


BYTES_KINDS = ("drop", "flip", "duplicate", "truncate", "noise")
"""They change what arrives."""
HOLDING_KINDS = ("delay", "stall")
"""They keep what arrives for some time; nothing is lost."""
WHOLE_KINDS = ("reopen", "reset")
"""They strike the port or the board, so both directions at once."""
KINDS = (*BYTES_KINDS, *HOLDING_KINDS, *WHOLE_KINDS)

_LASTING = {"delay": None, "stall": 2.0, "reopen": 1.0}
"""Kinds that last, and how long in seconds; None: a random time of 5 to 50 ms."""

_MAX_TEXT = 500
_RATES = (1e-9, 0.1)
_EVERY_S = (0.1, 86_400.0)
_FOR_S = (0.001, 3600.0)
_MAX_SEED = 0xFFFF_FFFF
_UNITS = {"ms": 0.001, "s": 1.0, "min": 60.0, "h": 3600.0}
_NUMBER = r"\d{1,9}(?:\.\d{1,12})?(?:[eE]-?\d{1,2})?"
_TIME = re.compile(rf"({_NUMBER})\s*([a-z]+)")
_RATE = re.compile(_NUMBER)
_VALUE = re.compile(r"(?P<often>.*?)(?:\s+for\s+(?P<lasting>[^:]*?))?(?:\s*:\s*(?P<way>\w+))?")


@dataclass(frozen=True)
class Fault:
    """One kind of fault. Either `rate`, the mean number of faults in a byte, or `every_s`, the time
    from one to the next, is given. way None: in both directions, each on its own. for_s: how long
    it lasts; None where it does not, and for a delay of random length."""

    kind: str
    rate: float | None = None
    every_s: float | None = None
    way: Way | None = None
    for_s: float | None = None

    def goes(self, way: Way) -> bool:
        return self.way in (None, way)

    def __str__(self) -> str:
        often = f"every {self.every_s:g}s" if self.rate is None else _plain(self.rate)
        lasting = "" if self.for_s is None else f" for {self.for_s:g}s"
        return f"{self.kind}={often}{lasting}{f':{self.way.value}' if self.way else ''}"


@dataclass(frozen=True)
class FaultSpec:
    """All faults of a line. The same seed, and the same bytes, give the same faults."""

    faults: tuple[Fault, ...]
    seed: int = 0

    @classmethod
    def parse(cls, text: str) -> FaultSpec:
        """From KIND=OFTEN[ for TIME][:up|:down], comma separated, and seed=N.

        OFTEN is a mean number of faults in a byte (0.0001) or `every TIME` (`every 60s`). A time
        is a number and ms, s, min or h. Raises UsageError.
        """
        if len(text) > _MAX_TEXT:
            raise _wrong(f"it has {len(text)} characters; at most {_MAX_TEXT} are allowed")
        faults: list[Fault] = []
        seed: int | None = None
        for item in text.split(","):
            name, equals, value = (part.strip() for part in item.partition("="))
            if not equals:
                raise _wrong(f"{item.strip()!r} is not KIND=OFTEN")
            if name == "seed":
                if seed is not None:
                    raise _wrong("seed is given twice")
                seed = _seed(value)
                continue
            fault = _fault(name, value)
            if any(fault.kind == other.kind and _overlap(fault, other) for other in faults):
                raise _wrong(f"{name} is given twice")
            faults.append(fault)
        if not faults:
            raise _wrong("it has no fault")
        return cls(tuple(faults), seed or 0)

    def has(self, kind: str) -> bool:
        return any(fault.kind == kind for fault in self.faults)

    def __str__(self) -> str:
        return ",".join([*map(str, self.faults), f"seed={self.seed}"])


def _overlap(one: Fault, other: Fault) -> bool:
    return one.way is None or other.way is None or one.way is other.way


def _wrong(what: str, hint: str = "") -> UsageError:
    return UsageError(f"--faults: {what}.", f"{hint}An example: --faults {EXAMPLE!r}")


def _seed(value: str) -> int:
    if not (value.isascii() and value.isdigit() and len(value) <= 10 and int(value) <= _MAX_SEED):
        raise _wrong(f"the seed {value!r} is no number from 0 to {_MAX_SEED}")
    return int(value)


def _fault(kind: str, value: str) -> Fault:
    if kind not in KINDS:
        raise _wrong(
            f"there is no fault {kind!r}",
            f"{did_you_mean(kind, (*KINDS, 'seed'))}It is one of {', '.join(KINDS)}. ",
        )
    parts = _VALUE.fullmatch(value)
    if parts is None:  # a line break
        raise _wrong(f"{kind}={value!r} is not understood")
    often, lasting, direction = parts["often"].strip(), parts["lasting"], parts["way"]
    rate = every_s = None
    if often.startswith("every"):
        every_s = _time(kind, often.removeprefix("every"), _EVERY_S)
    else:
        rate = _rate(kind, often)
    way = None if direction is None else _way(kind, direction)
    if way is not None and every_s is not None and kind in WHOLE_KINDS:
        struck = "port" if kind == "reopen" else "board"
        raise _wrong(
            f"{kind}={value}: it strikes the {struck}, not a direction: leave :{way.value} out"
        )
    if lasting is None:
        return Fault(kind, rate, every_s, way, _LASTING.get(kind))
    if kind not in _LASTING:
        raise _wrong(f"{kind}={value}: it has no duration; {', '.join(_LASTING)} have one")
    return Fault(kind, rate, every_s, way, _time(kind, lasting, _FOR_S))


def _rate(kind: str, text: str) -> float:
    least, most = _RATES
    if not _RATE.fullmatch(text):
        raise _wrong(
            f"{kind}={text!r} does not say how often",
            "Say how many faults a byte has on average, or a time. ",
        )
    rate = float(text)
    if not least <= rate <= most:
        raise _wrong(
            f"{kind}={text}: a rate is a mean number of faults in a byte, {least:g} to {most:g}"
        )
    return rate


def _time(kind: str, text: str, bounds: tuple[float, float]) -> float:
    found = _TIME.fullmatch(text.strip())
    if found is None or found[2] not in _UNITS:
        raise _wrong(
            f"{kind}: {text.strip()!r} is no time", "A time is a number and ms, s, min or h. "
        )
    seconds = float(found[1]) * _UNITS[found[2]]
    least, most = bounds
    if not least <= seconds <= most:
        raise _wrong(f"{kind}: {text.strip()} is not from {least:g} s to {most:g} s")
    return seconds


def _way(kind: str, text: str) -> Way:
    ways = {way.value: way for way in Way}
    if text not in ways:
        raise _wrong(
            f"{kind}: {text!r} is no direction",
            f"{did_you_mean(text, ways)}up is to the board, down to the host. ",
        )
    return ways[text]


def _plain(rate: float) -> str:
    """A rate without an exponent, which is easier to read."""
    return f"{rate:.12f}".rstrip("0")
