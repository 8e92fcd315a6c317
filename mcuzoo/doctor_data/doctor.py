"""From a model and a data set to what the pictures contradict of the model's recipe."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from os import PathLike, fspath
from pathlib import Path
from typing import Any

import numpy as np

from mcuzoo.data.dataset import open_data_set
from mcuzoo.data.images import DataSet
from mcuzoo.data.labels import Classes, load_classes
from mcuzoo.data.output_form import output_form
from mcuzoo.data.preprocess import check_preprocessing
from mcuzoo.doctor_data.asking import Asker
from mcuzoo.doctor_data.diagnosis import Claim, DataDiagnosis, InputRange, NamedOutput
from mcuzoo.doctor_data.examine import Examination, examine
from mcuzoo.doctor_data.findings import Finding, Part, Verdict
from mcuzoo.doctor_data.flags import recipe_flags
from mcuzoo.doctor_data.label_order import known_orders
from mcuzoo.doctor_data.options import DoctorDataOptions
from mcuzoo.doctor_data.pictures import Pictures
from mcuzoo.doctor_data.space import Answers, Way
from mcuzoo.doctor_data.statistics import Indices
from mcuzoo.doctor_data.ways import Ways, ways_of
from mcuzoo.engines.engine import Engine
from mcuzoo.engines.litert import LitertEngine
from mcuzoo.engines.reference import ReferenceEngine
from mcuzoo.errors import ModelError
from mcuzoo.extras import IMAGES, LITERT, missing_packages
from mcuzoo.graph.model import Model
from mcuzoo.graph.program import Program, build_program
from mcuzoo.graph.read import load_model
from mcuzoo.project.input_size import InputSize, input_size
from mcuzoo.zoo.recipe_flags import with_recipe
from mcuzoo.zoo.registry import ModelSource, labels_words, resolve_model

DEFAULT_IMAGES = 100
IMAGES_PER_CLASS = 6
MOST_IMAGES = 400
"""Without --limit: a hundred, or six of each class where that is at most MOST_IMAGES."""

Told = Callable[[int, "int | None"], None]


def doctor_data(
    model: str | PathLike[str],
    data: str | PathLike[str],
    options: DoctorDataOptions = DoctorDataOptions(),
    told: Told = lambda done, total: None,
) -> DataDiagnosis:
    """Ask labelled pictures which parts of the model's recipe, and of the label order, they
    contradict.

    model: a name of the zoo or an INT8 file; data: as for `evaluate`, with labels. told: gets how
    many pictures of how many are answered. Nothing is ever claimed for a recipe as a whole.

    Raises UsageError, InputError, DataSetError for pictures that have no labels, ModelError for a
    model that is no INT8 classifier, MissingExtraError.
    """
    known = resolve_model(fspath(model))
    source = with_recipe(known, options)
    loaded = load_model(source.path)
    program = build_program(loaded)
    size, count = _picture_size(program), _class_count(program)
    check_preprocessing(source.preprocessing, program.input_tensor.shape)
    classes = _classes(options, source, count)
    limit = options.limit or _limit(count)
    data_set = open_data_set(Path(fspath(data)), classes, limit, options.split, IMAGES)
    pictures = Pictures.of(data_set, source.preprocessing)
    engine_name, engine = _engine(loaded)
    quantization = program.input_tensor.quantization
    assert quantization is not None
    ends = quantization.scale, int(quantization.zero_point)
    ways = ways_of(source.preprocessing, size, ends, pictures.shapes, pictures.turned > 0)
    asker = Asker(
        engine=engine,
        size=size,
        read=pictures.read,
        orientations=pictures.orientations,
        recipe_of=ways.recipe,
        told=told,
    )
    answers = Answers(asker.ask, pictures.labels, count)
    names = _names(data_set, classes)
    found = examine(ways.space, answers, known_orders(names))
    first = answers.fits(ways.space.declared).argmax(axis=1)
    range_ = InputRange(
        *ends,
        ways.rule.low,
        ways.rule.high,
        ways.rule.usual,
        asker.clipped[ways.space.declared],
    )
    return DataDiagnosis(
        model=source.name,
        sha256=loaded.sha256,
        engine=engine_name,
        data=data_set,
        recipe=source.preprocessing,
        recipe_source=source.recipe_source,
        n=found.n,
        correct=int(np.count_nonzero(first == pictures.labels)),
        classes=count,
        bad=pictures.bad,
        turned=pictures.turned,
        input=range_,
        claims=tuple(_claims(found, ways)),
        outputs=_outputs(found, names, pictures.labels),
        mend=recipe_flags(known.preprocessing, ways.recipe(_mended(found, ways))),
        warnings=(*data_set.warnings, *_warnings(found, range_)),
    )


def _limit(classes: int) -> int:
    wanted = IMAGES_PER_CLASS * classes
    return max(DEFAULT_IMAGES, wanted) if wanted <= MOST_IMAGES else DEFAULT_IMAGES


def _picture_size(program: Program) -> InputSize:
    return input_size(program.input_tensor.shape)


def _class_count(program: Program) -> int:
    """The classes of a classifier. Raises ModelError where the output is a grid of answers, or a
    number that is no probability."""
    tensor = program.output_tensor
    assert tensor.quantization is not None
    form = output_form(tensor.shape, tensor.quantization.scale, tensor.quantization.zero_point)
    hint = "mcuzoo doctor-image shows a picture as this model sees it."
    if form.is_grid:
        raise ModelError(
            f"The model gives a grid of answers, {list(tensor.shape)}, not one per picture.", hint
        )
    if form.classes < 2:
        raise ModelError("The model gives one number that is no probability.", hint)
    return form.classes


def _classes(options: DoctorDataOptions, source: ModelSource, count: int) -> Classes:
    if options.labels is None and source.labels is not None and len(source.labels) == count:
        return Classes(count, source.labels, labels_words(source))
    return load_classes(options.labels, count)


def _engine(model: Model) -> tuple[str, Engine]:
    """XNNPACK where it is installed and takes the model, for its speed; else the reference."""
    if not missing_packages([LITERT]):
        try:
            return "xnnpack", LitertEngine(model, "default")
        except ModelError:
            pass
    return "reference", ReferenceEngine(model)


def _names(data_set: DataSet, classes: Classes) -> tuple[str, ...]:
    """What the data set calls each class: the known name, its folder, or its number."""
    names = [classes.name(label) for label in range(classes.count)]
    if classes.names is None and data_set.format == "class-folders":
        for item in data_set.items:
            if item.label is not None and "/" in item.file:
                names[item.label] = item.file.split("/")[-2]
    return tuple(names)


def _claims(found: Examination, ways: Ways) -> Iterator[Claim]:
    """Every finding with its flags; those of a normalization go with the colours that fit."""
    declared = ways.space.declared
    mended = _mended(found, ways)
    for finding in found.findings:
        flags: tuple[str, ...] = ()
        if finding.verdict is Verdict.CONTRADICTED and finding.part in _FIELDS:
            way = declared
            if finding.part is Part.NORMALIZATION:
                way = replace(declared, color=mended.color)
            flags = recipe_flags(ways.recipe(way), ways.recipe(_changed(way, finding)))
        yield Claim(finding, flags)


_FIELDS = {
    Part.COLOR: "color",
    Part.NORMALIZATION: "normalization",
    Part.LETTERBOX: "fit",
    Part.FIT: "fit",
    Part.EXIF: "exif",
    Part.RESIZE: "resize",
}
"""The field of a Way that each part is, where flags can change it."""


def _changed(way: Way, finding: Finding) -> Way:
    """`way` with the best choice of a contradicted part."""
    changes: dict[str, Any] = {_FIELDS[finding.part]: finding.better[0]}
    return replace(way, **changes)


def _mended(found: Examination, ways: Ways) -> Way:
    """The declared way with the best choice of every grave part that is contradicted, and of
    EXIF; notes change nothing."""
    way = ways.space.declared
    for finding in found.findings:
        mends = finding.part.grave or finding.part is Part.EXIF
        if finding.verdict is Verdict.CONTRADICTED and mends and finding.part in _FIELDS:
            way = _changed(way, finding)
    return way


def _outputs(
    found: Examination, names: tuple[str, ...], labels: Indices
) -> tuple[NamedOutput, ...]:
    """What each output shows by the order that was found, for labels that have pictures; of a known
    order all labels. By output."""
    order = found.order.order
    if order is None:
        return ()
    assignment = found.order.assignment
    shown = range(len(names)) if assignment is None else np.unique(labels).tolist()
    outputs = [
        NamedOutput(
            order.outputs[label],
            label,
            names[label],
            assignment is None or label in assignment.sure,
        )
        for label in shown
        if order.outputs[label] >= 0
    ]
    return tuple(sorted(outputs, key=lambda one: one.output))


_CLIPPED_SHARE = 0.01
_FEW = 50
_POOR = 1 / 3
"""Top-1 below which even the best of all ways makes a reader doubt that the right one is there."""


def _warnings(found: Examination, range_: InputRange) -> Iterator[str]:
    if not found.related:
        yield (
            "The answers have nothing to do with the labels, whatever was tried: the pictures may "
            "be of other classes, or the recipe is none of those tried."
        )
    elif found.correct < _POOR * found.n:
        yield (
            f"Even the best of what was tried is right on {found.correct} of {found.n}: if the "
            "model ought to do better, its recipe is none of those tried, and the claims below "
            "may be wrong."
        )
    if not range_.usual:
        yield (
            f"The input's range, {range_.low:.4g} to {range_.high:.4g}, is that of no usual "
            "normalization: the right one may not be among those tried, and nothing below would "
            "show it."
        )
    if range_.clipped > _CLIPPED_SHARE:
        yield (
            f"{range_.clipped:.1%} of the input values are beyond the input's range and clipped: "
            "another normalization, or a calibration on pictures that were darker or flatter."
        )
    if found.n < _FEW:
        yield f"{found.n} pictures tell little: about 100 tell what pictures can."
