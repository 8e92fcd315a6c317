"""One inference of a tried model with its cycles modelled."""

from __future__ import annotations

from pathlib import Path

from mcuzoo.board.load import AnyBoard
from mcuzoo.board.model import Board
from mcuzoo.extras import TIMING, missing_packages
from mcuzoo.profile import ModelProfile
from mcuzoo.run.options import ProfileOptions
from mcuzoo.run.profiling import profile

MOST_MACS = 20_000_000
"""A larger model is not counted: that would take longer than all else. `fit` has its estimate."""


def counts(board: AnyBoard, macs: int) -> bool:
    """Whether a try counts modelled cycles: of an emulated microcontroller, with the package that
    decodes instructions, for a model that is not too large."""
    return isinstance(board, Board) and macs <= MOST_MACS and not missing_packages(TIMING)


def counted(project: Path, rates: Path | None) -> ModelProfile:
    """The built project's profile of one inference, of its first sample or of noise, in modelled
    cycles. rates: measured ones of a board. Raises as `profile`."""
    return profile(project, ProfileOptions(cycles=True, no_reference=True, rates=rates))
