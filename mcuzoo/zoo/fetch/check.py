"""Is a fetched file what its role says: a model of the declared shapes, or Keras weights."""

from __future__ import annotations

from pathlib import Path

from mcuzoo.errors import FetchError, ModelError
from mcuzoo.graph.model import DType, Model
from mcuzoo.graph.read import load_model
from mcuzoo.ops.coverage import check_tflm
from mcuzoo.zoo.schema import SourceFile, ZooModel
from mcuzoo.zoo.shape import shape_complaint

_HDF5_MARK = b"\x89HDF\r\n\x1a\n"


def require_role(model: ZooModel, entry: SourceFile, path: Path) -> None:
    """Raise FetchError for a file that cannot be `entry` of `model`, whatever its hash."""
    if entry.role == "keras":
        with path.open("rb") as file:
            if file.read(len(_HDF5_MARK)) != _HDF5_MARK:
                raise FetchError(f"{path.name} is no HDF5 file.", "It is not the file wanted.")
        return
    try:
        loaded = load_model(path)
    except ModelError as error:
        raise FetchError(f"The file fetched is no model: {error.message}", error.hint) from error
    complaint = shape_complaint(model, loaded)
    if complaint is not None:
        raise FetchError(f"The file fetched {complaint}.", "It is not the file wanted.")
    constants = [tensor for tensor in loaded.tensors if tensor.data is not None]
    floats = any(tensor.dtype is DType.FLOAT32 for tensor in constants)
    if (entry.role == "fp32") != floats:
        kind = "float" if floats else "quantized"
        raise FetchError(
            f"The file fetched is {kind}, and {entry.role} was wanted.",
            "It is not the file wanted.",
        )


def require_tflm_ready(model: Model) -> None:
    """Raise FetchError when TFLite-Micro would refuse it."""
    uncovered = check_tflm(model)
    if uncovered:
        first = uncovered[0]
        raise FetchError(
            f"{model.name} is not ready for TFLite-Micro: op {first.op.index} {first.op.name} "
            f"{first.reason}.",
            "mcuzoo inspect shows every op.",
        )
