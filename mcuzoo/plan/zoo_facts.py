"""Facts of a zoo model from its file, or else from its layers: operations, parameters, size, fit.

Planning a model for every board takes a second, and all models longer than one waits for a list. So
the facts of the zoo's own files and layers come with mcuzoo: zoo/facts.json, which
tools/zoo_facts.py writes and a test plans anew. Those of other files are planned once and kept in
the cache, under a key that holds what they depend on: model, boards and the code that planned.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from mcuzoo.board.model import Board
from mcuzoo.errors import McuzooError
from mcuzoo.files import write_whole
from mcuzoo.graph.model import Model
from mcuzoo.project.kinds import RUNTIMES
from mcuzoo.untrusted import parse_json, read_text
from mcuzoo.zoo.find import cache_folder
from mcuzoo.zoo.schema import ZOO, ZooModel

_PACKAGE = Path(__file__).resolve().parent.parent
_PLANNERS = ("board", "graph", "lowering", "ops", "plan", "zoo")
_MAX_BASES = 8
_MAX_CACHE_BYTES = 16 << 20


Fits = dict[str, dict[str, bool | None]]


@dataclass(frozen=True)
class Facts:
    """ops: 2 x MAC. fits: the verdict of `mcuzoo fit` by board id and runtime.

    None instead of a verdict where the runtime does not run the model. params: learnt numbers.
    bytes: of the file, or of one that is built from the layers.
    """

    ops: int
    params: int
    bytes: int
    fits: Fits


SHIPPED = ZOO / "facts.json"
"""boards: the digest of each board that was planned for; facts: by `file_identity` or
`layers_identity`."""


def shipped_facts(boards: Sequence[Board]) -> dict[str, Any]:
    """The facts that come with mcuzoo; none if they were not planned for these boards."""
    try:
        raw = parse_json(read_text(SHIPPED, _MAX_CACHE_BYTES), _MAX_CACHE_BYTES)
    except (OSError, ValueError):
        return {}
    return dict(raw["facts"]) if raw["boards"] == digests(boards) else {}


def digests(boards: Sequence[Board]) -> dict[str, str]:
    """A hash of everything that is known of each board, by its id."""
    return {board.id: sha256(board.model_dump_json().encode()).hexdigest() for board in boards}


class FactsCache:
    """Facts by model: those that come with mcuzoo, then those in the cache.

    Call `save` at the end. A cache that fails costs only time.
    """

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
        self._others = self._read()
        self._known = self._others.pop(self._base, {})
        self._shipped = shipped_facts(boards)
        self._changed = False

    def facts(self, identity: str, model: Model | None) -> Facts | None:
        """The facts of the model called `identity`; None unless they are known or given.

        identity: a hash of the model. model: finds out the facts if they are not cached.
        """
        known = self._shipped.get(identity) or self._known.get(identity)
        facts = None if known is None else _parsed(known)
        if facts is None and model is not None:
            facts = find_facts(model, self._boards)
            self._known[identity] = asdict(facts)
            self._changed = True
        return facts

    def save(self) -> None:
        if not self._changed:
            return
        kept = dict(list(self._others.items())[: _MAX_BASES - 1])
        text = json.dumps({self._base: self._known, **kept})
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(self._path, text.encode())
        except OSError:
            return

    def _read(self) -> dict[str, dict[str, Any]]:
        """The cached facts, by what they were planned with, the newest first."""
        try:
            if self._path.stat().st_size > _MAX_CACHE_BYTES:
                return {}
            raw = parse_json(read_text(self._path, _MAX_CACHE_BYTES), _MAX_CACHE_BYTES)
        except (OSError, ValueError):
            return {}
        if not isinstance(raw, dict):
            return {}
        return {base: known for base, known in raw.items() if isinstance(known, dict)}


def structure_facts(entry: ZooModel, cache: FactsCache) -> Facts | None:
    """Facts by the layers that the registry states; None if it states none."""
    if entry.structure is None:
        return None
    identity = layers_identity(entry)
    known = cache.facts(identity, None)
    if known is not None:
        return known
    from mcuzoo.zoo.structure import build_structure

    return cache.facts(identity, build_structure(entry))


def layers_identity(entry: ZooModel) -> str:
    """What the facts of a model's layers depend on, besides boards and planner."""
    assert entry.structure is not None
    return identity_of(entry.name, entry.structure.model_dump(), entry.input, entry.labels.count)


def file_identity(entry: ZooModel, file_sha256: str) -> str:
    """As layers_identity. The name counts, too: the check of the model's shapes is remembered."""
    return identity_of(entry.name, file_sha256)


def identity_of(*parts: object) -> str:
    """A hash of JSON values."""
    return sha256(json.dumps(parts).encode()).hexdigest()


def find_facts(model: Model, boards: Sequence[Board]) -> Facts:
    """The facts of a model on these boards, planned now."""
    from mcuzoo.ops.inspect import inspect_model

    inspection = inspect_model(model)
    fits: Fits = {board.id: {} for board in boards}
    for runtime in RUNTIMES:
        for board, fit in zip(boards, _fits(model, boards, runtime), strict=True):
            fits[board.id][runtime] = fit
    return Facts(2 * inspection.macs, inspection.params, model.bytes, fits)


def _fits(model: Model, boards: Sequence[Board], runtime: str) -> list[bool | None]:
    """The verdicts of fit_model. The arena does not depend on the board and is planned once."""
    from mcuzoo.ops.coverage import check_aot
    from mcuzoo.plan.advice import fits
    from mcuzoo.plan.memory import plan_memory
    from mcuzoo.plan.options import MemoryOptions

    # The verdict is about the runtime only, not about kinds of projects or placed constants.
    options = MemoryOptions(runtime=runtime, project="cmake", weights="flash")
    try:
        if runtime == "aot" and check_aot(model):
            return [None] * len(boards)
        needs = plan_memory(model, boards[0], options).needs
    except McuzooError:
        return [None] * len(boards)
    # An arena that fits no memory as a whole may still fit two of them, or go by bands of rows.
    return [
        fits(needs, board)
        or fits(needs, board.with_sdram())
        or (runtime == "aot" and plan_memory(model, board, options).fits)
        for board in boards
    ]


def _parsed(raw: Any) -> Facts | None:
    try:
        fits: Fits = {
            str(board): {
                str(runtime): None if fit is None else bool(fit) for runtime, fit in by.items()
            }
            for board, by in raw["fits"].items()
        }
        return Facts(int(raw["ops"]), int(raw["params"]), int(raw["bytes"]), fits)
    except (KeyError, TypeError, ValueError, AttributeError):
        return None
