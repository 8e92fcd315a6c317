"""Conversions, quantizations and fetches of models, as text and for JSON."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mcuzoo.errors import command
from mcuzoo.graph.parameters import quantization_of
from mcuzoo.project.recipe import recipe_document
from mcuzoo.report.evaluation import evaluation_document
from mcuzoo.run.score import p_text

if TYPE_CHECKING:
    from mcuzoo.evaluate.result import Evaluation
    from mcuzoo.quantize.job import Quantized
    from mcuzoo.quantize.process import WorkerReport
    from mcuzoo.run.conversion import Converted, Judgement
    from mcuzoo.run.score import Accuracy, Scores
    from mcuzoo.zoo.convert.report import ConversionReport
    from mcuzoo.zoo.fetch.fetch import FetchReport


def conversion_text(report: ConversionReport, output: Path) -> str:
    """What was rewritten, and the loss."""
    return "".join(f"{line}\n" for line in _conversion(report, output))


def _conversion(report: ConversionReport, output: Path) -> Iterator[str]:
    yield f"{output}: {report.bytes:,} bytes, from {report.source_bytes:,}"
    if report.tensors_shifted:
        yield f"tensors shifted from UINT8 to INT8: {report.tensors_shifted}"
    if report.layers:
        yield (
            f"channels lossless: {report.lossless_channels:,} of {report.channels:,}; "
            f"weights changed: {report.weights_changed:,} of {report.weights:,}"
        )
    for layer in report.layers:
        if layer.weights_changed:
            lost = layer.channels - layer.lossless_channels
            yield (
                f"  op {layer.op} {layer.name}: {lost:,} of {layer.channels:,} channels rescaled, "
                f"{layer.weights_changed:,} of {layer.weights:,} weights changed"
            )
    if report.misaligned_constants:
        yield f"constants aligned to 16 bytes: {report.misaligned_constants} were not"
    for end in report.ends_removed:
        yield f"removed: {end}"
    if not (report.layers or report.tensors_shifted or report.misaligned_constants):
        yield "weights and activations are INT8 and aligned as they were"


def conversion_document(made: Converted) -> dict[str, Any]:
    """The document that `mcuzoo convert --json` prints."""
    return {
        "output": str(made.output),
        "sha256": made.conversion.model.sha256,
        **made.conversion.report.as_dict(),
        "images": made.judgement and judgement_document(made.judgement),
        "recipe": made.judgement and {**recipe_document(made.recipe), "source": made.recipe_source},
    }


def judgement_text(judgement: Judgement) -> str:
    """Both models on the same images."""
    return "".join(f"{line}\n" for line in _judgement(judgement))


def _judgement(judgement: Judgement) -> Iterator[str]:
    yield (
        f"images: {judgement.images}, equal outputs {judgement.agreement.equal}, other top-1 "
        f"{judgement.versus.flips.count}"
    )
    yield (
        f"output distance: mean {judgement.mean_distance:.4f}, max "
        f"{judgement.agreement.largest_difference} steps of the int8 output"
    )
    original, converted = judgement.original, judgement.versus.scores
    paired = judgement.versus.paired
    if original is None or converted is None or paired is None:
        yield "accuracy: not known, the images are not labelled"
        return
    yield f"original:  {_scores_text(original)}"
    yield f"converted: {_scores_text(converted)}"
    yield (
        f"right only before: {paired.only_first}, only after: {paired.only_second}; exact paired "
        f"test p = {p_text(paired.p_value)}"
    )
    yield (
        "verdict: the conversion costs accuracy"
        if judgement.worse
        else f"verdict: no loss of accuracy that {judgement.labelled} images could show"
    )


def _scores_text(scores: Scores) -> str:
    low, high = scores.top1.interval
    return f"top-1 {scores.top1.value:.4f} ({low:.4f} to {high:.4f}), top-5 {_top5(scores):.4f}"


def _top5(scores: Scores) -> float:
    """Top-5, if there are more than five classes."""
    return 1.0 if scores.top5 is None else scores.top5.value


def judgement_document(judgement: Judgement) -> dict[str, Any]:
    """The part `images` of the document that `mcuzoo convert --json` prints."""
    versus, agreement = judgement.versus, judgement.agreement
    paired = versus.paired
    return {
        "images": judgement.images,
        "labelled": judgement.labelled,
        "identical": agreement.equal,
        "flips": versus.flips.count,
        "mean_distance": judgement.mean_distance,
        "max_distance": agreement.largest_difference,
        "original": judgement.original and _scores_values(judgement.original),
        "converted": versus.scores and _scores_values(versus.scores),
        "paired": paired and {**asdict(paired), "p_value": paired.p_value},
        "unusable": judgement.unusable,
        "worse": judgement.worse,
    }


def _scores_values(scores: Scores) -> dict[str, float]:
    return {"top1": scores.top1.value, "top5": _top5(scores)}


def quantization_text(output: Path, done: Quantized, scored: Evaluation | None) -> str:
    """The file, its source, and the loss."""
    model, run = done.int8_model, done.run
    lines = [
        f"{output}: {model.bytes:,} bytes, {len(model.ops)} ops, sha256 {model.sha256}",
        f"float      {done.float_model.bytes:,} bytes",
        *_origin(run.report),
        f"calibrated on {len(done.calibration.images)} images",
        *(() if scored is None else _cost(scored)),
        f"TensorFlow {run.report.tensorflow}: {run.seconds:.1f} s, "
        f"{run.report.peak_bytes / 1e9:.2f} GB at the most",
        f"next: {command('mcuzoo', 'export', output, '--board', 'rt1170')}",
    ]
    return "".join(f"{line}\n" for line in lines)


def _origin(report: WorkerReport) -> Iterator[str]:
    """What the float model is not the source's own weights or operators, and what that means."""
    if report.stored:
        yield (
            f"weights    {' and '.join(report.stored)} in the source: accuracy is measured with "
            "them, and training's own may give more"
        )
    if (onnx := report.onnx) is not None:
        yield (
            f"onnx       float within {onnx.float_difference:.1e} of the ONNX file's outputs; same "
            f"class as it: float {onnx.float_same}, INT8 {onnx.int8_same} of {onnx.images} images"
        )


def _cost(scored: Evaluation) -> Iterator[str]:
    """Accuracy before and after, and whether they differ by more than chance."""
    before, compared = scored.scores, scored.comparison
    assert compared is not None
    if before is None or compared.scores is None:
        yield f"top-1 differs on {compared.flips.count} of {scored.n} images, without labels"
        return
    yield f"top-1      {_change(before.top1, compared.scores.top1)}"
    if before.top5 is not None and compared.scores.top5 is not None:
        yield f"top-5      {_change(before.top5, compared.scores.top5)}"
    if compared.paired is not None:
        chance = "more than chance" if compared.differs else "no more than chance"
        yield f"           {chance} (paired exact test, p = {p_text(compared.paired.p_value)})"


def _change(before: Accuracy, after: Accuracy) -> str:
    return f"{before.value:.4f} -> {after.value:.4f} ({after.total} images)"


def quantization_document(
    output: Path, done: Quantized, scored: Evaluation | None
) -> dict[str, Any]:
    """The document that `mcuzoo quantize --json` prints; sizes in bytes."""
    quantization = quantization_of(done.program.input_tensor)
    return {
        "output": str(output),
        "source": str(done.source),
        "sha256": done.int8_model.sha256,
        "bytes": done.int8_model.bytes,
        "float_bytes": done.float_model.bytes,
        "ops": [op.name for op in done.int8_model.ops],
        "input": {"scale": quantization.scale, "zero_point": quantization.zero_point},
        "calibration_images": len(done.calibration.images),
        "skipped": list(done.calibration.skipped),
        "tensorflow": done.run.report.tensorflow,
        "weights_stored_as": list(done.run.report.stored),
        "onnx": done.run.report.onnx and asdict(done.run.report.onnx),
        "seconds": round(done.run.seconds, 3),
        "peak_bytes": done.run.report.peak_bytes,
        "recipe": {**recipe_document(done.preprocessing), "source": done.recipe_source},
        "warnings": list(done.warnings),
        "score": scored and evaluation_document(scored),
    }


def fetch_text(report: FetchReport) -> str:
    """The file, whether it is the right one, and what to do next."""
    return "".join(f"{line}\n" for line in _fetched(report))


def _fetched(report: FetchReport) -> Iterator[str]:
    because = {
        "registry": "its hash is the one on record",
        "remembered": "its hash is the one it had the first time",
        "learnt": "nobody recorded its hash: trusted this first time and remembered",
    }[report.trust]
    state = "fetched" if report.fetched else "at hand"
    yield f"{report.path}: {report.role}, {report.bytes:,} bytes, {state}"
    yield f"  sha256 {report.sha256}; {because}"
    yield f"  source {report.source}; licence {report.licence}"
    if report.converted is not None:
        facts = report.converted.report
        yield f"{report.converted.path}: int8, {facts['bytes']:,} bytes, ready for TFLite-Micro"
        yield (
            f"  channels lossless {facts['lossless_channels']:,} of {facts['channels']:,}; weights "
            f"changed {facts['weights_changed']:,} of {facts['weights']:,}"
        )
    if report.ready is not None:
        yield f"next: mcuzoo fit {report.model} --board rt1050"
    elif report.role in ("keras", "fp32"):
        yield f"next: mcuzoo quantize {report.model} OUT.tflite --calibration DIR"
