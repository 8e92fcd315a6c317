"""Convert a quantized .tflite model to one that INT8 runtimes run, and report the changes."""

from __future__ import annotations

from typing import Literal

from mcuzoo.errors import UsageError
from mcuzoo.graph.align import aligned_file, misaligned_constants
from mcuzoo.graph.metadata import read_metadata
from mcuzoo.graph.model import Model
from mcuzoo.graph.read import parse_model
from mcuzoo.graph.schema import PLAN_METADATA
from mcuzoo.graph.write import write_model
from mcuzoo.zoo.convert.check import require_integer_model
from mcuzoo.zoo.convert.compact import without_unused_tensors
from mcuzoo.zoo.convert.ends import Cut, cut_ends
from mcuzoo.zoo.convert.report import Conversion, ConversionReport
from mcuzoo.zoo.convert.rewrite import Rewritten, needs_rewrite, rewrite
from mcuzoo.zoo.convert.shift import computes_in_uint8

Ends = Literal["keep", "int8"]
ENDS: tuple[Ends, ...] = ("keep", "int8")


def check_ends(text: str) -> Ends:
    """`text` as a choice of ends. Raises UsageError for any other."""
    for known in ENDS:
        if text == known:
            return known
    raise UsageError(f"There is no --io {text!r}.", f"Known: {', '.join(ENDS)}.")


def convert_model(model: Model, ends: Ends = "keep") -> Conversion:
    """Rewrite what is not INT8, align every constant to 16 bytes.

    A UINT8 model's activations keep their scales, their zero points drop by 128, UINT8 inputs and
    outputs become INT8; weights become symmetric, per output channel but for FULLY_CONNECTED.
    Ends of another type than UINT8 stay what they are, or are cut with ends="int8". A model that
    is INT8 already is realigned, and is the same file when there is nothing to do. Named metadata
    is kept; signatures are not where the file is written anew.

    Raises ModelError for a model that computes in floats or INT16, UnsupportedOpError for an op
    that has no exact rewrite.
    """
    require_integer_model(model)
    dtype = "uint8" if computes_in_uint8(model) else "int8"
    changed = rewrite(model) if needs_rewrite(model) else Rewritten(model, 0, ())
    cut = cut_ends(changed.model) if ends == "int8" else Cut(changed.model, ())
    raw = aligned_file(model) if cut.model is model else _written(cut, model)
    converted = parse_model(raw, model.name)
    report = ConversionReport(
        source_dtype=dtype,
        source_bytes=model.bytes,
        bytes=converted.bytes,
        tensors_shifted=changed.tensors_shifted,
        misaligned_constants=len(misaligned_constants(model)),
        ends_removed=cut.removed,
        layers=changed.layers,
    )
    return Conversion(converted, report)


def _written(cut: Cut, source: Model) -> bytes:
    compact = without_unused_tensors(cut.model)
    metadata = read_metadata(source.raw)
    if len(compact.tensors) != len(source.tensors) or compact is not cut.model:
        # Not kept: it names tensors by number, and their numbers change.
        metadata.pop(PLAN_METADATA, None)
    return write_model(compact, metadata)
