"""A model's identity, input and output as mz_model_info in mz_runtime.h describes them."""

from __future__ import annotations

from dataclasses import dataclass

from mcuzoo.codegen.aot.c_text import float_text
from mcuzoo.graph.model import Model, Tensor
from mcuzoo.graph.parameters import quantization_of
from mcuzoo.lowering.words import comment_text, shape_text


@dataclass(frozen=True)
class EndView:
    """The model's input or output as mz_tensor_spec describes it.

    name: in the model. rank: how many of `dims` count. dims, scale: as C writes them. bytes: of the
    tensor.
    """

    name: str
    rank: int
    dims: str
    scale: str
    zero_point: int
    bytes: int


def view_end(tensor: Tensor) -> EndView:
    """An end of a model that `judge` has found to run."""
    quantization = quantization_of(tensor)
    return EndView(
        name=comment_text(tensor.name),
        rank=len(tensor.shape),
        dims=", ".join(str(size) for size in tensor.shape) or "0",
        scale=float_text(quantization.scale),
        zero_point=quantization.zero_point,
        bytes=tensor.bytes,
    )


def end_lines(model: Model) -> list[str]:
    """The model's inputs and outputs for a reader: name, type, shape, what the numbers mean."""
    roles = (("input", model.inputs), ("output", model.outputs))
    return [f"{role}: {_end_text(model.tensor(end))}" for role, ends in roles for end in ends]


def _end_text(tensor: Tensor) -> str:
    text = f"{comment_text(tensor.name)}, {tensor.dtype.value} {shape_text(tensor.shape)}"
    if tensor.quantization is None:
        return text
    scale = float_text(tensor.quantization.scale).removesuffix("f")
    return f"{text}, real = {scale} * (value - {tensor.quantization.zero_point})"


def sha256_rows(digest: str) -> list[str]:
    """The hex `digest` as C bytes, eight to a row."""
    pairs = [f"0x{digest[i : i + 2]}" for i in range(0, len(digest), 2)]
    return [", ".join(pairs[row : row + 8]) for row in range(0, len(pairs), 8)]
