"""A model and its conversion on the same images: accuracy, distance, and significance."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from os import PathLike, fspath
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from mcuzoo.data.dataset import load_data_set
from mcuzoo.data.images import DataSet
from mcuzoo.data.labels import Classes, load_classes
from mcuzoo.data.output_form import OutputForm, output_form
from mcuzoo.data.preprocess import PictureInput
from mcuzoo.engines.litert import LitertEngine
from mcuzoo.engines.litert_uint8 import LitertUint8Engine
from mcuzoo.engines.reference import ReferenceEngine
from mcuzoo.errors import DataSetError, UsageError
from mcuzoo.extras import LITERT
from mcuzoo.files import require_outputs, write_output
from mcuzoo.graph.model import Model
from mcuzoo.graph.parameters import quantization_of
from mcuzoo.graph.read import load_model
from mcuzoo.project.recipe import Recipe
from mcuzoo.quoting import printable
from mcuzoo.run.feed import Unusable, prepare
from mcuzoo.run.options import ConvertOptions
from mcuzoo.run.record import Row, Status
from mcuzoo.run.score import Agreement, Scores, Versus, answer, difference
from mcuzoo.run.tally import Tally
from mcuzoo.zoo.convert.convert import check_ends, convert_model
from mcuzoo.zoo.convert.report import Conversion
from mcuzoo.zoo.recipe_flags import recipe_notes, with_recipe
from mcuzoo.zoo.recipes import keep_recipe
from mcuzoo.zoo.registry import resolve_model


class Runs(Protocol):
    def run(self, input: NDArray[np.int8]) -> NDArray[np.int8]: ...


@dataclass(frozen=True)
class Judgement:
    """A model and its conversion, compared on `images` images.

    original: scores of the original model, None if no image is labelled. versus: the conversion
    compared with it. mean_distance: mean difference of the two outputs over values and images, in
    steps of int8. unusable: why images were left out. agreement: how many outputs are byte-equal,
    and how far others are apart.
    """

    images: int
    labelled: int
    mean_distance: float
    original: Scores | None
    agreement: Agreement
    versus: Versus
    unusable: tuple[str, ...]

    @property
    def worse(self) -> bool:
        """Whether the conversion lost accuracy, beyond what chance explains at 5 %."""
        paired = self.versus.paired
        return paired is not None and paired.only_first > paired.only_second and paired.differs


@dataclass(frozen=True)
class Converted:
    """The written file, its changes, and the comparison on images, if requested.

    recipe, recipe_source: how these were made inputs. output: the written file. conversion: what
    was rewritten. judgement: None without images.
    """

    output: Path
    conversion: Conversion
    judgement: Judgement | None
    recipe: Recipe
    recipe_source: str


def convert(
    source: str | PathLike[str],
    output: str | PathLike[str],
    options: ConvertOptions = ConvertOptions(),
    say: Callable[[str], None] = lambda text: None,
    on_image: Callable[[int, int], None] = lambda done, total: None,
) -> Converted:
    """Rewrite a UINT8 model to INT8, align its constants, and report what changed.

    source: a name of the zoo or a file; output: the file to write. `say` is told warnings,
    `on_image` how many images of how many are compared. Raises UsageError, InputError, ModelError
    (a model that computes in floats or INT16), UnsupportedOpError, and as make_comparison.
    """
    flags = options.labels, options.limit, options.recipe_flags or None
    if options.images is None and any(flag is not None for flag in flags):
        raise UsageError(
            "--labels, --limit and the options of a recipe need --images.", "Add --images DIR."
        )
    ends = check_ends(options.io)
    found = with_recipe(resolve_model(fspath(source)), options)
    target = Path(fspath(output))
    require_outputs(
        {"OUT.tflite": target},
        {"IN.tflite": found.path, "--images": options.images, "--labels": options.labels},
    )
    model = load_model(found.path)
    conversion = convert_model(model, ends)
    comparison = None
    if options.images is not None:
        comparison = make_comparison(
            model,
            conversion,
            found.preprocessing,
            options.images,
            options.labels,
            options.limit,
            found.labels,
        )
    write_output(target, conversion.model.raw)
    if found.recipe_source in ("beside", "metadata"):  # the new file has no metadata of its own
        say(keep_recipe(target, found.preprocessing, found.labels))
    judgement = None
    if comparison is not None:
        shape = comparison.input.shape
        for note in recipe_notes(found.preprocessing, found.recipe_source, shape):
            say(note)
        for warning in comparison.data_set.warnings:
            say(f"warning: {warning}")
        total = len(comparison.data_set.items)
        judgement = comparison.run(lambda done: on_image(done, total))
        for reason in judgement.unusable:
            say(f"warning: left out: {printable(reason)}")
    return Converted(target, conversion, judgement, found.preprocessing, found.recipe_source)


@dataclass(frozen=True)
class Comparison:
    """Two engines with int8 ends of the same scale, and the images to run on both. ends: scale and
    zero point of the outputs; form: what they say. original, converted: what runs each. input: how
    pictures become tensors. data_set: the images."""

    original: Runs
    converted: Runs
    input: PictureInput
    data_set: DataSet
    ends: tuple[float, int]
    form: OutputForm

    def run(self, on_image: Callable[[int], None] = lambda done: None) -> Judgement:
        """Run every image on both. Raises DataSetError when none can be decoded."""
        tally: Tally | None = None
        means, unusable = list[float](), list[str]()
        for done, item in enumerate(self.data_set.items, 1):
            prepared = prepare(item, self.input, None)
            if isinstance(prepared, Unusable):
                unusable.append(prepared.reason)
            else:
                first, second = (
                    engine.run(prepared.tensor).reshape(-1)
                    for engine in (self.original, self.converted)
                )
                found = answer(first, item.label, *self.ends, self.form)
                means.append(float(np.abs(first.astype(np.int16) - second).mean()))
                tally = tally or Tally(self.form.classes)
                tally.add(
                    Row(
                        item.index,
                        item.file,
                        item.label,
                        prepared.sha256,
                        Status.DONE,
                        top1=found.top1,
                        rank=found.rank,
                        second=answer(second, item.label, *self.ends, self.form),
                        reference_difference=difference(first, second),
                    )
                )
            on_image(done)
        if tally is None or tally.agreement is None:
            raise DataSetError(
                f"None of the images in {self.data_set.source} can be used: {unusable[0]}",
                "Give images that Pillow can decode.",
            )
        scores = tally.scores
        return Judgement(
            images=tally.images,
            labelled=0 if scores is None else scores.top1.total,
            mean_distance=float(np.mean(means)),
            original=scores,
            agreement=tally.agreement,
            versus=tally.versus,
            unusable=tuple(unusable),
        )


def make_comparison(
    source: Model,
    conversion: Conversion,
    preprocessing: Recipe,
    images: Path,
    labels: Path | None = None,
    limit: int | None = None,
    names: tuple[str, ...] | None = None,
) -> Comparison:
    """Set up engines and images; the original runs on LiteRT's reference kernels.

    The conversion runs in TFLM's arithmetic, as it would on a board. names: class names where no
    `labels` file is given. Raises DataSetError, MissingExtraError, ModelError.
    """
    converted = ReferenceEngine(conversion.model)
    target = converted.program.output_tensor
    quantization = quantization_of(target)
    ends = quantization.scale, quantization.zero_point
    form = output_form(target.shape, *ends)
    count = form.classes
    known = labels is None and names is not None and len(names) == count
    classes = Classes(count, names) if known else load_classes(labels, count)
    data_set = load_data_set(images, classes, limit, besides=[LITERT])
    uint8 = conversion.report.source_dtype == "uint8"
    original: Runs = LitertUint8Engine(source) if uint8 else LitertEngine(source)
    tensor = converted.program.input_tensor
    quantization = quantization_of(tensor)
    return Comparison(
        original=original,
        converted=converted,
        input=PictureInput(
            preprocessing, tensor.shape, quantization.scale, quantization.zero_point
        ),
        data_set=data_set,
        ends=ends,
        form=form,
    )
