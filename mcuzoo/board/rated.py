"""Where the measured rates of a board are from."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class RatesOf:
    """Whose memories were measured, by `mcuzoo calibrate`.

    board: its id. serial: the number of its debug probe or adapter, "" where that is not known.
    date: YYYY-MM-DD. build_id: of the firmware that measured. emulated: it was an emulated board,
    so the rates are those of the board file. kernels: how much longer than the model says a class
    of kernels takes, without waits for memory: (class, measured / modelled).
    """

    board: str
    date: str
    build_id: str
    serial: str = ""
    emulated: bool = False
    kernels: tuple[tuple[str, float], ...] = ()

    @property
    def words(self) -> str:
        """What a figure that goes by them says of itself: "estimate by rates measured on ..."."""
        return f"estimate by rates {self.origin}"

    @property
    def origin(self) -> str:
        """ "measured on your board SERIAL at DATE", or "of the emulated board"."""
        if self.emulated:
            return f"of the emulated board {self.board}, {self.date}"
        which = f" {self.serial}" if self.serial else ""
        return f"measured on your board{which} at {self.date}"

    def factor(self, kernel: str) -> float:
        """Measured / modelled core cycles of a class of kernels; 1.0 where it is not known."""
        return dict(self.kernels).get(kernel, 1.0)
