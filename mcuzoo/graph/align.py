"""Alignment of constants: at multiples of 16 bytes in the model file, as microcontrollers want it.

TFLite's schema asks for it, and rewriting tools of several published files lost it.
"""

from __future__ import annotations

import numpy as np

from mcuzoo.graph.metadata import read_metadata
from mcuzoo.graph.model import Model
from mcuzoo.graph.write import DATA_ALIGNMENT, write_model


def misaligned_constants(model: Model) -> tuple[int, ...]:
    """The tensors of a model read from a file whose data there is not aligned to 16 bytes."""
    start = _address(np.frombuffer(model.raw, np.uint8))
    return tuple(
        tensor.index
        for tensor in model.tensors
        if tensor.data is not None and tensor.data.size > 0
        if (_address(tensor.data) - start) % DATA_ALIGNMENT
    )


def aligned_file(model: Model) -> bytes:
    """`model.raw` when its constants are aligned, else the same model written anew.

    Metadata is kept; for what a new file lacks, and what is raised, see write_model.
    """
    if not misaligned_constants(model):
        return model.raw
    return write_model(model, read_metadata(model.raw))


def _address(data: np.ndarray[tuple[int, ...], np.dtype[np.generic]]) -> int:
    return int(data.__array_interface__["data"][0])
