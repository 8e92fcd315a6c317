"""Quantize: find the network, choose the images, let TensorFlow work, check what it made."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mcuzoo.data.labels import Classes, load_classes
from mcuzoo.errors import ModelError, UsageError
from mcuzoo.extras import IMAGES, LITERT, require_packages
from mcuzoo.files import require_outputs, write_output
from mcuzoo.graph.model import Model
from mcuzoo.graph.parameters import quantization_of
from mcuzoo.graph.program import Program, build_program
from mcuzoo.graph.read import load_model, parse_model
from mcuzoo.ops.coverage import check_aot
from mcuzoo.project.manifest import Preprocessing
from mcuzoo.quantize.calibration import DEFAULT_COUNT, Calibration, calibration_images
from mcuzoo.quantize.process import WorkerRun, run_worker
from mcuzoo.quantize.source import FloatSource, find_source
from mcuzoo.quantize.spec import WorkerSpec
from mcuzoo.zoo.catalog import catalog
from mcuzoo.zoo.find import require_model_file
from mcuzoo.zoo.registry import preprocessing_by_shape
from mcuzoo.zoo.schema import ZooModel

_SCALE_TOLERANCE = 1e-3
Stage = Callable[[str], None]


@dataclass(frozen=True)
class QuantizeRequest:
    """The options of `mcuzoo quantize`. source: a name of the zoo, or a path.

    network: the zoo's model that the file belongs to, for its layers, preprocessing and labels.
    input: (height, width, channels), where the file does not say. labels: class names, one a line.
    scored: whether both models will be scored afterwards, which needs LiteRT.
    """

    source: str
    output: Path
    calibration: Path
    samples: int = DEFAULT_COUNT
    network: str | None = None
    input: tuple[int, int, int] | None = None
    labels: Path | None = None
    split: str | None = None
    scored: bool = False


@dataclass(frozen=True)
class Quantized:
    """Both models, with what their images need, and how they came about."""

    source: Path
    float_model: Model
    int8_model: Model
    program: Program
    recipe: Preprocessing
    classes: Classes
    calibration: Calibration
    run: WorkerRun
    warnings: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """As `mcuzoo quantize --json` prints it; sizes in bytes."""
        quantization = quantization_of(self.program.input_tensor)
        return {
            "source": str(self.source),
            "sha256": self.int8_model.sha256,
            "bytes": self.int8_model.bytes,
            "float_bytes": self.float_model.bytes,
            "ops": [op.name for op in self.int8_model.ops],
            "input": {"scale": quantization.scale, "zero_point": quantization.zero_point},
            "calibration_images": len(self.calibration.images),
            "skipped": list(self.calibration.skipped),
            "tensorflow": self.run.report.tensorflow,
            "seconds": round(self.run.seconds, 3),
            "peak_bytes": self.run.report.peak_bytes,
            "preprocessing": asdict(self.recipe),
            "warnings": list(self.warnings),
        }


def quantize_model(request: QuantizeRequest, on_stage: Stage = lambda stage: None) -> Quantized:
    """Write the INT8 model to `request.output` and say what was done. The same network and images
    give the same file with the same TensorFlow.

    Raises MissingExtraError without TensorFlow, InputError and ModelError for a source that cannot
    be quantized, DataSetError for images that cannot be used.
    """
    if request.samples < 1:
        raise UsageError(f"--samples {request.samples}: at least one image.", "Try --samples 100.")
    source, zoo = _source(request)
    require_packages(
        ("tensorflow", *IMAGES, *((LITERT,) if request.scored else ())), "Quantizing a model"
    )
    require_outputs(
        {"OUT.tflite": request.output},
        {
            "SOURCE": source.path,
            "--calibration": request.calibration,
            "--labels": request.labels,
        },
    )
    with tempfile.TemporaryDirectory(prefix="mcuzoo-quantize-") as temporary:
        folder = Path(temporary)
        spec = WorkerSpec(
            source=str(source.path.resolve()),
            kind=source.kind.value,
            network=source.network,
            input=request.input,
            float_model=str(folder / "float.tflite"),
            int8_model=str(folder / "int8.tflite"),
        )
        preparation = _Preparation(request, zoo, Path(spec.float_model), folder / "images.npy")
        run = run_worker(spec, on_stage, preparation.prepare)
        raw = Path(spec.int8_model).read_bytes()
    int8_model = parse_model(raw, request.output.stem)
    program = build_program(int8_model)
    write_output(request.output, raw)
    return Quantized(
        source=source.path,
        float_model=preparation.float_model,
        int8_model=int8_model,
        program=program,
        recipe=preparation.recipe,
        classes=preparation.classes,
        calibration=preparation.calibration,
        run=run,
        warnings=tuple(_warnings(int8_model, program, preparation.recipe)),
    )


def _source(request: QuantizeRequest) -> tuple[FloatSource, ZooModel | None]:
    known = catalog()
    if request.source in known:
        model = known[request.source]
        found = require_model_file(model, "keras", "fp32")
        return find_source(found.path, model.name), model
    source = find_source(Path(request.source).expanduser(), request.network)
    return source, None if request.network is None else known[request.network]


class _Preparation:
    """Between the float model, which says what images it takes, and its quantization."""

    float_model: Model
    recipe: Preprocessing
    classes: Classes
    calibration: Calibration

    def __init__(
        self, request: QuantizeRequest, zoo: ZooModel | None, float_model: Path, images: Path
    ) -> None:
        self._request = request
        self._zoo = zoo
        self._path = float_model
        self._images = images

    def prepare(self) -> Path:
        """Choose and save the calibration images; where they are."""
        model = self.float_model = load_model(self._path)
        shape = model.tensor(model.inputs[0]).shape
        if len(shape) != 4 or shape[0] != 1 or shape[3] not in (1, 3):
            raise ModelError(
                f"The network takes {list(shape)}, not one RGB or gray image.",
                "Only image classifiers can be quantized with images.",
            )
        image = shape[1], shape[2], shape[3]
        zoo, request = self._zoo, self._request
        self.recipe = preprocessing_by_shape(model) if zoo is None else zoo.recipe
        self.classes = self._known_classes(model.tensor(model.outputs[0]).elements)
        self.calibration = calibration_images(
            request.calibration, self.classes, request.samples, self.recipe, image, request.split
        )
        np.save(self._images, self.calibration.images)
        return self._images

    def _known_classes(self, count: int) -> Classes:
        labels, zoo = self._request.labels, self._zoo
        if labels is None and zoo is not None and len(zoo.labels.classes) == count:
            return Classes(count, zoo.labels.classes)
        return load_classes(labels, count)


def _warnings(model: Model, program: Program, recipe: Preprocessing) -> Iterator[str]:
    """What a user should know before they rely on the model."""
    quantization = quantization_of(program.input_tensor)
    scale = (recipe.float_high - recipe.float_low) / 255
    zero_point = recipe.pixel_offset - recipe.float_low / scale
    off = abs(quantization.scale / scale - 1) > _SCALE_TOLERANCE
    if off or abs(quantization.zero_point - zero_point) > 1:
        yield (
            f"The input is {quantization.scale:.6g} x (q - {quantization.zero_point}), which is "
            f"not pixel {recipe.pixel_offset:+d}: pictures will look darker or brighter to the "
            "model."
        )
    for gap in check_aot(model):
        yield f"Op {gap.op.index} {gap.op.name} has no kernel: {gap.reason}"
