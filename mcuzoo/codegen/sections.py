"""Which linker sections the model's parts are put into."""

from __future__ import annotations

from dataclasses import dataclass

from mcuzoo.board.memory import symbol_of
from mcuzoo.board.model import Board
from mcuzoo.plan.place.placement import Placement


@dataclass(frozen=True)
class Sections:
    """As a stand-alone project's linker script knows them, unless said otherwise.

    rest: what of the arena is not in the region of `arena`. weights: of all constants but those of
    which `homes` has a (symbol, section).
    """

    arena: str = ".mz_arena"
    weights: str = ".mz_weights"
    homes: tuple[tuple[str, str], ...] = ()
    rest: str = ".mz_arena_rest"

    def home(self, symbol: str) -> str:
        """The section of the constant called `symbol`."""
        return dict(self.homes).get(symbol, self.weights)


STANDALONE = Sections()


@dataclass(frozen=True)
class CopiedSection:
    """`.NAME` in `region`, which start-up copies: the linker script has NAME_load, _start, _end."""

    name: str
    region: str


def home_section(region: str) -> str:
    """Of constants that are placed one by one."""
    return f".mz_weights_{symbol_of(region)}"


def standalone_sections(placement: Placement) -> Sections:
    return Sections(
        homes=tuple((symbol, home_section(region)) for symbol, region in placement.homes)
    )


def copied_sections(board: Board, placement: Placement) -> tuple[CopiedSection, ...]:
    """Of weights, in the order of the board's regions."""
    found = []
    flash = board.flash.region
    if placement.weights_region != flash:
        found.append(CopiedSection(STANDALONE.weights[1:], placement.weights_region))
    homes = {region for _, region in placement.homes}
    return (
        *found,
        *(
            CopiedSection(home_section(region.name)[1:], region.name)
            for region in board.apart(homes).memories
            if region.name in homes
        ),
    )
