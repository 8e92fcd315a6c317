"""Quantize: find the network, choose the images, run TensorFlow, check its model, and score both
models on the same images."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mcuzoo.data.apply import pixels as pixels_of
from mcuzoo.data.dataset import open_data_set
from mcuzoo.data.images import Item
from mcuzoo.data.labels import Classes, load_classes
from mcuzoo.data.preprocess import PictureInput, check_preprocessing
from mcuzoo.data.resize import Pixels
from mcuzoo.errors import DataSetError, ModelError, UnsupportedOpError, UsageError
from mcuzoo.evaluate.engines import LITERT_REF, REFERENCE, TFLM, make_subject
from mcuzoo.evaluate.evaluate import evaluate
from mcuzoo.evaluate.options import DEFAULT_BOARD
from mcuzoo.evaluate.request import Plan
from mcuzoo.evaluate.result import Evaluation
from mcuzoo.evaluate.worker import Task
from mcuzoo.extras import IMAGES, LITERT, ONNX, missing_packages, require_packages
from mcuzoo.extras import TFLM as TFLM_PACKAGE
from mcuzoo.graph.model import Model
from mcuzoo.graph.parameters import quantization_of
from mcuzoo.graph.program import Program, build_program
from mcuzoo.graph.read import load_model, parse_model
from mcuzoo.ops.coverage import TFLM_OPS, check_aot, check_tflm
from mcuzoo.project.input_size import input_size
from mcuzoo.project.recipe import Recipe
from mcuzoo.quantize.options import QuantizeOptions
from mcuzoo.quantize.process import WorkerRun, WorkerSpec, run_worker
from mcuzoo.quantize.source import FloatSource, Kind, find_source
from mcuzoo.zoo.catalog import catalog
from mcuzoo.zoo.find import require_model_file
from mcuzoo.zoo.recipe_flags import chosen_recipe, recipe_notes
from mcuzoo.zoo.recipes import FoundRecipe, find_recipe
from mcuzoo.zoo.registry import ModelSource
from mcuzoo.zoo.schema import ZooModel


@dataclass(frozen=True)
class Calibration:
    """images: float32 [n, height, width, channels]. skipped: unusable images, and why."""

    images: NDArray[np.float32]
    skipped: tuple[str, ...]


def calibration_images(
    source: Path,
    classes: Classes,
    count: int,
    preprocessing: Recipe,
    shape: tuple[int, int, int],
    split: str | None = None,
) -> Calibration:
    """`count` images of a data set, evenly over its classes, always the same ones.

    The first image gets one black and one white corner, so that the range of the input is exactly
    the preprocessing's and the INT8 input becomes pixel - 128, whatever the images hold. Raises
    DataSetError when there is no usable image.
    """
    ends = (np.array(preprocessing.real(pixel)) for pixel in (0, 255))
    low, high = ends
    steps = ((high - low) / 255).astype(np.float32)
    tensors, skipped = [], []
    for item in open_data_set(source, classes, count, split).items:
        try:
            pixels = _pixels(item, preprocessing, shape)
        except DataSetError as error:
            skipped.append(error.message)
        else:
            tensors.append(low.astype(np.float32) + pixels.astype(np.float32) * steps)
    if not tensors:
        raise DataSetError(
            f"None of the images in {source} can be used: {skipped[0]}",
            "Give images that Pillow can decode.",
        )
    images = np.stack(tensors).astype(np.float32)
    images[0, 0, 0], images[0, -1, -1] = low, high
    return Calibration(images, tuple(skipped))


def _pixels(item: Item, preprocessing: Recipe, shape: tuple[int, int, int]) -> Pixels:
    """0..255, [height, width, channels]."""
    input = PictureInput(preprocessing, shape)
    decoded = input.decoded(item.picture, item.picture.read())
    return pixels_of(preprocessing, decoded.pixels, input_size(shape))


_SCALE_TOLERANCE = 1e-3
Stage = Callable[[str], None]


@dataclass(frozen=True)
class Quantized:
    """Both models, the preprocessing of their images, and how they were made.

    recipe_source: where `preprocessing` is from. notes: what a user should know of it. source: the
    file that was given. float_model, int8_model: both as read. program: the INT8 model in its
    order. classes: of the outputs. calibration: the images that the ranges are from. run: what
    TensorFlow's process did. warnings: sentences for the user.
    """

    source: Path
    float_model: Model
    int8_model: Model
    program: Program
    preprocessing: Recipe
    classes: Classes
    calibration: Calibration
    run: WorkerRun
    warnings: tuple[str, ...]
    recipe_source: str = ""
    notes: tuple[str, ...] = ()


def quantize_network(
    source: FloatSource,
    zoo: ZooModel | None,
    calibration: Path,
    options: QuantizeOptions,
    on_stage: Stage,
) -> Quantized:
    """Quantize and check the result; nothing is written. The same network and images give the same
    model with the same TensorFlow.

    zoo: what is known of the network. calibration: images to measure the activations on. Raises
    UsageError for an image size that is none, ModelError for a source that cannot be quantized,
    UnsupportedOpError for one that no runtime would run, DataSetError for images that cannot be
    used.
    """
    with tempfile.TemporaryDirectory(prefix="mcuzoo-quantize-") as temporary:
        folder = Path(temporary)
        spec = WorkerSpec(
            source=str(source.path.resolve()),
            kind=source.kind.value,
            network=source.network,
            input=_shape(options.input),
            float_model=str(folder / "float.tflite"),
            int8_model=str(folder / "int8.tflite"),
        )
        preparation = _Preparation(
            calibration,
            options,
            zoo,
            source.path,
            Path(spec.float_model),
            folder / "images.npy",
        )
        run = run_worker(spec, on_stage, preparation.prepare)
        raw = Path(spec.int8_model).read_bytes()
    int8_model = parse_model(raw, source.path.stem)
    program = build_program(int8_model)
    _require_runtime(int8_model)
    return Quantized(
        source=source.path,
        float_model=preparation.float_model,
        int8_model=int8_model,
        program=program,
        preprocessing=preparation.preprocessing,
        classes=preparation.classes,
        calibration=preparation.calibration,
        run=run,
        warnings=tuple(_warnings(int8_model, program, preparation.preprocessing)),
        recipe_source=preparation.recipe_source,
        notes=preparation.notes,
    )


def require_quantizer(source: FloatSource, options: QuantizeOptions) -> None:
    """Raise MissingExtraError for all packages that are missing."""
    onnx = ONNX if source.kind is Kind.ONNX else ()
    scoring = (LITERT,) if options.limit else ()
    require_packages(("tensorflow", *onnx, *IMAGES, *scoring), "Quantizing a model")


def _require_runtime(model: Model) -> None:
    """Raise UnsupportedOpError for a model that neither runtime runs."""
    aot, tflm = check_aot(model), check_tflm(model)
    if aot and tflm:
        gap = tflm[0]
        names = ", ".join(sorted({one.op.name for one in tflm}))
        raise UnsupportedOpError(
            f"TensorFlow made it INT8, but no runtime runs it; nothing was written. Op "
            f"{gap.op.index} {gap.op.name}: {gap.reason}. In all: {names}.",
            "Build the network with layers that become other operators, such as RELU6 or "
            f"HARD_SWISH for an activation. A runtime has {', '.join(sorted(TFLM_OPS))}.",
        )


def named_source(name: str, network: str | None) -> tuple[FloatSource, ZooModel | None]:
    """The file of a name of the zoo, or of a path, and what the zoo knows of its network."""
    known = catalog()
    if name in known:
        model = known[name]
        found = require_model_file(model, "keras", "fp32")
        return find_source(found.path, model.name), model
    source = find_source(Path(name).expanduser(), network)
    return source, None if network is None else known[network]


def _shape(text: str | None) -> tuple[int, int, int] | None:
    if text is None:
        return None
    match = re.fullmatch(r"(\d{1,4})x(\d{1,4})x([13])", text)
    if match is None:
        raise UsageError(f"--input {text}: no image size.", "HEIGHTxWIDTHxCHANNELS: 128x128x3.")
    height, width, channels = (int(size) for size in match.groups())
    return height, width, channels


class _Preparation:
    """Between the float model, which says what images it takes, and its quantization."""

    float_model: Model
    preprocessing: Recipe
    recipe_source: str
    notes: tuple[str, ...]
    classes: Classes
    calibration: Calibration

    def __init__(
        self,
        source: Path,
        options: QuantizeOptions,
        zoo: ZooModel | None,
        network: Path,
        float_model: Path,
        images: Path,
    ) -> None:
        self._source = source
        self._options = options
        self._zoo = zoo
        self._network = network
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
        zoo, options = self._zoo, self._options
        known = find_recipe(self._network, model)
        if zoo is not None:
            known = FoundRecipe(zoo.as_preprocessing, "registry")
        chosen = chosen_recipe(known.recipe, known.source, options)
        self.preprocessing, self.recipe_source = chosen.recipe, chosen.source
        self.notes = tuple(recipe_notes(chosen.recipe, chosen.source, shape))
        check_preprocessing(chosen.recipe, shape)
        count = model.tensor(model.outputs[0]).elements
        self.classes = self._known_classes(count, known.labels)
        self.calibration = calibration_images(
            self._source, self.classes, options.samples, self.preprocessing, image, options.split
        )
        np.save(self._images, self.calibration.images)
        return self._images

    def _known_classes(self, count: int, names: tuple[str, ...] | None) -> Classes:
        labels, zoo = self._options.labels, self._zoo
        if labels is None and zoo is not None and len(zoo.labels.classes) == count:
            return Classes(count, zoo.labels.classes)
        if labels is None and names is not None and len(names) == count:
            return Classes(count, names)
        return load_classes(labels, count)


def _warnings(model: Model, program: Program, preprocessing: Recipe) -> Iterator[str]:
    """Warnings for a user before they rely on the model."""
    if preprocessing.pixel_offset is not None:
        yield from _offset_warnings(program, preprocessing, preprocessing.pixel_offset)
    for gap in check_aot(model):
        yield f"Op {gap.op.index} {gap.op.name} has no kernel: {gap.reason}"


def _offset_warnings(program: Program, preprocessing: Recipe, pixel_offset: int) -> Iterator[str]:
    quantization = quantization_of(program.input_tensor)
    low, high = preprocessing.real(0)[0], preprocessing.real(255)[0]
    scale = (high - low) / 255
    off = abs(quantization.scale / scale - 1) > _SCALE_TOLERANCE
    if off or abs(quantization.zero_point - (pixel_offset - low / scale)) > 1:
        yield (
            f"The input is {quantization.scale:.6g} x (q - {quantization.zero_point}), which is "
            f"not pixel {pixel_offset:+d}: pictures will look darker or brighter to the model."
        )


def score(
    quantized: Quantized, images: Path, limit: int | None = None, split: str | None = None
) -> Evaluation:
    """Run both models on `limit` images: the float one on LiteRT's reference kernels, the INT8
    one in TFLM's arithmetic. (If it has an operator that only TFLM runs, TFLM itself is taken where
    it is installed, else LiteRT.)

    `scores` of the result are the float network's, those of its comparison the INT8 model's. Raises
    DataSetError, ModelError, MissingExtraError, as evaluate does.
    """
    preprocessing, classes = quantized.preprocessing, quantized.classes
    models = quantized.float_model, quantized.int8_model
    data_set = open_data_set(images, classes, limit, split)
    first = make_subject(models[0], preprocessing, None)
    second = make_subject(models[1], preprocessing, _int8_engine(models[1]))
    plan = Plan(
        task=Task(first, second),
        sources=tuple(
            ModelSource(
                model.name,
                quantized.source,
                preprocessing,
                recipe_source=quantized.recipe_source,
            )
            for model in models
        ),
        classes=classes,
        data_set=data_set,
        jobs=max(1, min(os.cpu_count() or 1, len(data_set.items))),
        board=DEFAULT_BOARD,
        baud=None,
        outputs=None,
    )
    return evaluate(plan)


def _int8_engine(model: Model) -> str:
    if not check_aot(model):
        return REFERENCE
    return LITERT_REF if missing_packages([TFLM_PACKAGE]) else TFLM
