"""What all ways into the flash have in common."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from mcuzoo.errors import FlashError, ProbeError
from mcuzoo.flash.image import Payload
from mcuzoo.flash.options import FlashOptions
from mcuzoo.flash.probes import Probe

Update = Callable[[str, int, "int | None"], None]
"""Takes the step, how much of it is done, and the total if that is known."""

_NUMBER = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,79}")
_BASE_LIMIT_S = 120.0
_SLOWEST_BYTES_PER_S = 4000.0


@dataclass(frozen=True)
class Job:
    """What a way has to do. probe: None where it needs none, or finds its own. payload: the bytes
    and where they go. options: of the user."""

    payload: Payload
    options: FlashOptions
    probe: Probe | None = None

    @property
    def limit_s(self) -> float:
        """How long a tool may take: more for a larger image."""
        if self.options.time_limit is not None:
            return self.options.time_limit
        return _BASE_LIMIT_S + len(self.payload.content) / _SLOWEST_BYTES_PER_S

    @property
    def probe_id(self) -> str:
        """The serial number by which a tool knows the probe; "" for none.

        Raises ProbeError for one that a tool could take for an option: the device is untrusted.
        """
        number = "" if self.probe is None else self.probe.serial_number
        if number and not _NUMBER.fullmatch(number):
            raise ProbeError(
                f"The serial number {number!r} cannot stand on a command line.",
                "Unplug that device, or use it by its own tool: --command TEMPLATE.",
            )
        return number


@dataclass(frozen=True)
class Obstacle:
    """Why a way cannot be taken here. mend: the command, or the place, that mends it; "" for none.
    package: whether it is a Python package that lacks. why: a sentence."""

    why: str
    mend: str = ""
    package: bool = False

    @property
    def text(self) -> str:
        return f"{self.why} ({self.mend})" if self.mend else self.why


class Way(ABC):
    """A way into the flash. `write` programs the flash, compares it with what was sent, and resets
    the board."""

    name: ClassVar[str]
    compares: ClassVar[str]
    """How it compares what is in the flash, in words; "" where it does not."""
    touched = True
    """Whether the flash may have been changed once `write` was called; False until it is known."""
    switches_back: ClassVar[bool] = False
    """Whether somebody has to set the boot switches before the board starts from its flash."""

    def __init__(self, job: Job) -> None:
        self.job = job

    @classmethod
    @abstractmethod
    def obstacle(cls, payload: Payload, options: FlashOptions) -> Obstacle | None:
        """Why this machine cannot flash this board so; None if it can."""

    @classmethod
    def drives(cls, probe: Probe, job: Job) -> bool:
        """Whether it can flash through that probe, and the program for it is installed."""
        return cls.name in probe.tools

    @classmethod
    def needs_probe_for(cls, options: FlashOptions) -> bool:
        """Whether it needs one of the probes of `list_probes`."""
        return True

    @classmethod
    def wanted(cls, payload: Payload) -> str:
        """What has to be plugged in, in words."""
        return f"a probe that {cls.name} can drive"

    @property
    def console(self) -> str | None:
        """The port of the board's console, where the way knows it."""
        return None

    def check(self) -> None:  # noqa: B027
        """Raise for what would fail before anything is sent."""

    @abstractmethod
    def steps(self) -> Sequence[str]:
        """What will be done, in order; commands as they could be typed."""

    @abstractmethod
    def write(self, update: Update) -> None:
        """Erase, program, compare, reset. Raises RigError for whatever goes wrong."""


def compare(expected: bytes, found: bytes, start: int) -> None:
    """Raise FlashError with the first address where the flash reads differently."""
    if expected == found:
        return
    if len(found) < len(expected):
        raise FlashError(
            f"Only {len(found):,} of {len(expected):,} bytes could be read back from "
            f"0x{start:08X}.",
            "",
        )
    wrong = [place for place, byte in enumerate(expected) if found[place] != byte]
    first = wrong[0]
    raise FlashError(
        f"The flash differs in {len(wrong):,} of {len(expected):,} bytes from what was written, "
        f"the first at 0x{start + first:08X}: 0x{found[first]:02X}, not 0x{expected[first]:02X}.",
        "",
    )
