"""When the firmware computes something else: profile the first such image to name the layer."""

from __future__ import annotations

from mcuzoo.engines.engine import Engine
from mcuzoo.engines.reference import ReferenceEngine
from mcuzoo.errors import ProtocolError, RigError
from mcuzoo.run.feed import Prepared
from mcuzoo.run.journal import Journal
from mcuzoo.run.record import WrongLayer
from mcuzoo.run.rig import Rig


class Blamer:
    """Looks once per run. Use it between two images: it runs the model once more."""

    def __init__(
        self, rig: Rig, journal: Journal, engine: Engine | None, known: WrongLayer | None
    ) -> None:
        self._rig = rig
        self._journal = journal
        # Only the reference knows what each layer gives.
        self._engine = engine if isinstance(engine, ReferenceEngine) else None
        self._done = known is not None

    def look(self, ready: Prepared) -> None:
        """Record the first layer that is wrong on an image whose output was.

        What goes wrong on the way there is told as the run's trouble and ends nothing: the verdict
        stands without a layer's name.
        """
        if self._done or self._engine is None:
            return
        self._done = True
        try:
            profile = self._rig.profile(ready.item.index, ready.tensor, self._engine)
        except (RigError, ProtocolError) as error:
            self._rig.tell(f"No profile of {ready.item.file}: {error.message}")
            return
        wrong = profile.first_wrong
        verdict = "it runs again without a difference" if profile.passed else profile.verdict
        self._journal.blame(
            WrongLayer(
                file=ready.item.file,
                ops=None if wrong is None else wrong.ops,
                name=None if wrong is None else wrong.name,
                verdict=verdict,
            )
        )
