"""What made an output wrong: the first wrong layer of a firmware, or an NPU, or its file."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

from mcuzoo.engines.engine import Engine
from mcuzoo.engines.reference import ReferenceEngine
from mcuzoo.errors import McuzooError, ProtocolError, RigError
from mcuzoo.run.connected_board import ConnectedBoard
from mcuzoo.run.feed import Prepared
from mcuzoo.run.npu import ETHOS_U, compiled_file, judge_npu
from mcuzoo.run.record import WrongLayer


class LayerFinder:
    """Finds the first wrong layer, once per run. Use it between images: it runs the model again.

    record: takes what was found. turn: whoever acquires it first finds the layer; boards of the
    same run share one. project: what the board runs, with the file for its NPU.
    """

    def __init__(
        self,
        board: ConnectedBoard,
        engine: Engine | None,
        record: Callable[[WrongLayer], None],
        turn: threading.Lock,
        project: Path,
    ) -> None:
        self._board = board
        # Only the reference knows what each layer gives.
        self._engine = engine if isinstance(engine, ReferenceEngine) else None
        self._record = record
        self._turn = turn
        self._project = project

    def find(self, ready: Prepared) -> None:
        """Look into an image whose output is not the host's, and record what is to blame.

        Of a delegate nothing is, unless it runs a file for an NPU that is at hand. An error is
        reported as a trouble and does not end the run: then the verdict has no layer's name.
        """
        delegate = self._board.hello.delegate
        compiled = compiled_file(self._project) if delegate == ETHOS_U else None
        if self._engine is None or (delegate and compiled is None):
            return
        if not self._turn.acquire(blocking=False):
            return
        try:
            if compiled is None:
                self._record(self._profiled(ready, self._engine))
            else:
                self._record(judge_npu(self._board, self._engine, compiled, ready))
        except (RigError, ProtocolError) as error:
            self._board.tell(f"No profile of {ready.item.file}: {error.message}")
        except McuzooError as error:
            self._board.tell(f"{compiled}: {error.message}")

    def _profiled(self, ready: Prepared, engine: ReferenceEngine) -> WrongLayer:
        profile = self._board.profile(ready.item.index, ready.tensor, engine)
        wrong = profile.first_wrong
        return WrongLayer(
            file=ready.item.file,
            ops=None if wrong is None else wrong.ops,
            name=None if wrong is None else wrong.name,
            verdict="it runs again without a difference" if profile.passed else profile.verdict,
        )


def one_turn(known: WrongLayer | None) -> threading.Lock:
    """The turn of a run's finders; there is none left if the layer is known."""
    turn = threading.Lock()
    if known is not None:
        turn.acquire()
    return turn
