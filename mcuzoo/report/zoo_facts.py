"""What a zoo model's file, or else its layers, tell: operations, parameters, size, fit.

Planning eighteen models for two boards takes seconds, so the answers are kept in the cache, under a
key that holds everything they depend on: the model, the boards and the code that planned.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from mcuzoo.board.model import Board
from mcuzoo.errors import McuzooError
from mcuzoo.graph.model import Model
from mcuzoo.project.kinds import RUNTIMES
from mcuzoo.zoo.convert.save import write_model_file
from mcuzoo.zoo.places import cache_folder

_PACKAGE = Path(__file__).resolve().parent.parent
_PLANNERS = ("board", "graph", "lowering", "plan", "zoo/structure")
_MAX_CACHE_BYTES = 16 << 20


@dataclass(frozen=True)
class Fit:
    """The verdict of `mcuzoo fit`. over_bytes: what is missing, by region."""

    fits: bool
    arena_bytes: int
    arena_region: str
    over_bytes: dict[str, int]


Fits = dict[str, dict[str, Fit | None]]


@dataclass(frozen=True)
class Facts:
    """ops: 2 x MAC. fits: by board id and runtime; None where the model cannot be planned."""

    ops: int
    params: int
    bytes: int
    fits: Fits


class FactsCache:
    """Facts by what they are of; `save` once at the end. A cache that fails costs only time."""

    def __init__(self, boards: Sequence[Board]) -> None:
        self._boards = boards
        self._path = cache_folder().parent / "facts.json"
        planned_by = sorted(
            (str(path.relative_to(_PACKAGE)), path.stat().st_mtime_ns, path.stat().st_size)
            for room in _PLANNERS
            for path in (_PACKAGE / room).rglob("*.[pt][yo]*")
        )
        said = repr((planned_by, [board.model_dump_json() for board in boards]))
        self._base = sha256(said.encode()).hexdigest()
        self._known = self._read()
        self._changed = False

    def facts(self, identity: str, model: Model | None) -> Facts | None:
        """The facts of the model called `identity`; None unless they are known or given.

        identity: a hash of all that the model is. model: to find them out, when they are not known.
        """
        known = self._known.get(identity)
        facts = None if known is None else _parsed(known)
        if facts is None and model is not None:
            facts = find_facts(model, self._boards)
            self._known[identity] = asdict(facts)
            self._changed = True
        return facts

    def save(self) -> None:
        if not self._changed:
            return
        text = json.dumps({"base": self._base, "facts": self._known})
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            write_model_file(self._path, text.encode())
        except (OSError, McuzooError):
            return

    def _read(self) -> dict[str, Any]:
        try:
            if self._path.stat().st_size > _MAX_CACHE_BYTES:
                return {}
            raw = json.loads(self._path.read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError):
            return {}
        if not isinstance(raw, dict) or raw.get("base") != self._base:
            return {}
        known = raw.get("facts")
        return known if isinstance(known, dict) else {}


def find_facts(model: Model, boards: Sequence[Board]) -> Facts:
    """The facts of a model on these boards, planned now."""
    from mcuzoo.graph.inspect import inspect_model

    inspection = inspect_model(model)
    return Facts(
        ops=2 * inspection.macs,
        params=inspection.params,
        bytes=model.bytes,
        fits={
            board.id: {runtime: _fit(model, board, runtime) for runtime in RUNTIMES}
            for board in boards
        },
    )


def _fit(model: Model, board: Board, runtime: str) -> Fit | None:
    from mcuzoo.plan.fit import fit_model

    try:
        report = fit_model(model, board, runtime)
    except McuzooError:
        return None
    over = {region.region: region.over_bytes for region in report.regions if not region.fits}
    if report.uncovered:
        return None
    return Fit(report.fits, report.arena_bytes, report.placement.arena_region, over)


def _parsed(raw: Any) -> Facts | None:
    try:
        fits: Mapping[str, Mapping[str, Any]] = raw["fits"]
        return Facts(
            ops=int(raw["ops"]),
            params=int(raw["params"]),
            bytes=int(raw["bytes"]),
            fits={
                board: {runtime: None if fit is None else Fit(**fit) for runtime, fit in by.items()}
                for board, by in fits.items()
            },
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        return None
