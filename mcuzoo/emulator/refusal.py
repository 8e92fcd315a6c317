"""What a modelled device raises when it cannot go on; the machine turns it into EmulatorError."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Access:
    """A load or store of `size` bytes by the firmware; `value` is what was to be stored."""

    address: int
    size: int
    write: bool
    value: int = 0

    def __str__(self) -> str:
        if self.write:
            return f"a {self.size}-byte write of {self.value:#x} to {self.address:#010x}"
        return f"a {self.size}-byte read of {self.address:#010x}"


class Refusal(Exception):
    """The firmware did something that the emulated board does not or must not do."""


class UndeclaredAccess(Refusal):
    """A peripheral address at which the board file declares nothing."""

    def __init__(self, access: Access) -> None:
        super().__init__(str(access))
        self.access = access
