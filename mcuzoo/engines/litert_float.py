"""A float model on LiteRT, fed as its INT8 form would be."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcuzoo.engines.litert import litert_interpreter, litert_scores
from mcuzoo.errors import InputError, ModelError
from mcuzoo.graph.model import DType, Model
from mcuzoo.project.input_size import input_size


class LitertFloatEngine:
    """Takes int8 [pixel - 128] and gives the model's own float32 output.

    levels: float32 [256, C], what the model takes for each pixel, per channel. Raises
    MissingExtraError without ai-edge-litert, ModelError for a model that has not one float input
    and one float output, or that LiteRT refuses.
    """

    def __init__(
        self, model: Model, levels: NDArray[np.float32], resolver: str = "reference"
    ) -> None:
        if len(model.inputs) != 1 or len(model.outputs) != 1:
            raise ModelError(
                f"The model has {len(model.inputs)} inputs and {len(model.outputs)} outputs.",
                "Only models of one each can be run on images.",
            )
        self._input = model.tensor(model.inputs[0])
        self._output = model.tensor(model.outputs[0])
        for tensor in (self._input, self._output):
            if tensor.dtype is not DType.FLOAT32:
                raise ModelError(
                    f"Tensor {tensor.index} {tensor.name!r} at the model's end is "
                    f"{tensor.dtype.value}, not float32.",
                    "Convert or quantize the model again.",
                )
        self._levels = levels
        self._channels = _along_channels(self._input.shape, levels.shape[1])
        self._interpreter = litert_interpreter(model, resolver)

    def run(self, input: NDArray[np.int8]) -> NDArray[np.float32]:
        """int8 of the input's size in any shape -> float32 (output elements,)."""
        if input.size != self._input.elements:
            raise InputError(
                f"The model takes {list(self._input.shape)}, not {list(input.shape)}.",
                "Preprocess the image for this model first.",
            )
        places = input.reshape(self._input.shape).astype(np.int16) + 128
        values = self._levels[places, self._channels]
        scores = litert_scores(self._interpreter, self._input.index, values, self._output.index)
        return scores.astype(np.float32).reshape(-1)


def _along_channels(shape: tuple[int, ...], channels: int) -> NDArray[Any]:
    """The number of each value's channel, to be broadcast to `shape`."""
    size = input_size(shape)
    numbers = np.arange(channels)
    if size.order == "CHW":
        return numbers[:, np.newaxis, np.newaxis]
    return numbers if size.order == "HWC" else np.zeros(1, np.intp)
