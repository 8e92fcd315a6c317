"""Pictures of a run's images as the network saw them: made again from the data set, by the run's
recipe, and shown only if their hashes are those of the run."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mcuzoo.data.images import Item
from mcuzoo.data.preprocess import PictureInput, seen_pixels
from mcuzoo.engines.reference import ReferenceEngine
from mcuzoo.errors import McuzooError
from mcuzoo.run.feed import Unusable
from mcuzoo.run.pictures import input_again, run_items
from mcuzoo.run.record import Row, RunMeta
from mcuzoo.run.score import Answer, answer


@dataclass(frozen=True)
class Seen:
    """png: of the picture, a data URI; empty if there is none, and `absent` says why. expected: the
    host's answer, where it was asked for and is known."""

    png: str = ""
    width: int = 0
    height: int = 0
    absent: str = ""
    expected: Answer | None = None


class Pictures:
    """The pictures of a run. Nothing is read before the first one is asked for.

    input: the model's, with the run's recipe; None if it is not known, and `absent` says why.
    engine: the host reference, None where there is none. limit_bytes: of all pictures together.
    """

    def __init__(
        self,
        meta: RunMeta,
        input: PictureInput | None,
        absent: str,
        engine: ReferenceEngine | None,
        limit_bytes: int,
    ) -> None:
        self._meta = meta
        self._input = input
        self._absent = absent
        self._engine = engine
        self._left_bytes = limit_bytes
        self._gone = "It is no longer in the data set."
        self._items: dict[tuple[int, str], Item] | None = None

    def seen(self, row: Row, ask_host: bool = False) -> Seen:
        """The picture of an image; ask_host: also what the host answers."""
        if self._input is None:
            return Seen(absent=self._absent)
        if row.sha256 is None or row.input_crc32 is None:
            return Seen(absent="The run has no hash of it.")
        try:
            item = self._item(row)
            if item is None:
                return Seen(absent=self._gone)
            ready = input_again(row, item, self._input)
        except McuzooError as error:
            return Seen(absent=error.message)
        if isinstance(ready, Unusable):
            return Seen(absent=ready.reason)
        pixels = seen_pixels(self._input, ready.tensor)
        png = png_uri(pixels)
        expected = self._expected(ready.tensor, row) if ask_host else None
        if len(png) > self._left_bytes:
            return Seen(absent="Left out: the page would become too large.", expected=expected)
        self._left_bytes -= len(png)
        return Seen(png, pixels.shape[1], pixels.shape[0], "", expected)

    def _item(self, row: Row) -> Item | None:
        """The picture of the row; what a folder was watched for has another number there."""
        items = self._all()
        named = (item for (_, file), item in items.items() if file == row.file)
        return items.get((row.index, row.file)) or next(named, None)

    def _all(self) -> dict[tuple[int, str], Item]:
        if self._items is None:
            self._items = {}
            assert self._input is not None
            try:
                self._items = run_items(self._meta, self._input)
            except (McuzooError, OSError) as error:
                reason = error.message if isinstance(error, McuzooError) else str(error)
                self._gone = f"The data set is not at hand: {reason}"
        return self._items

    def _expected(self, tensor: NDArray[np.int8], row: Row) -> Answer | None:
        if self._engine is None:
            return None
        meta = self._meta
        output = self._engine.run(tensor).reshape(-1)
        return answer(output, row.label, meta.output_scale, meta.output_zero_point, meta.form)


def png_uri(pixels: NDArray[np.uint8]) -> str:
    """A data URI of uint8 [H, W, 3] or [H, W, 1]. The same pixels give the same text."""
    from PIL import Image

    written = io.BytesIO()
    shown = pixels[:, :, 0] if pixels.shape[2] == 1 else pixels
    Image.fromarray(shown).save(written, format="PNG", optimize=True)
    return f"data:image/png;base64,{base64.b64encode(written.getvalue()).decode()}"
