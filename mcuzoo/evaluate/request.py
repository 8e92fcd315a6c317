"""Turn the user's options into an evaluation plan, before anything runs."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import ceil
from pathlib import Path
from typing import cast

from mcuzoo.data.dataset import open_data_set
from mcuzoo.data.images import DataSet
from mcuzoo.data.labels import Classes, load_classes
from mcuzoo.data.preprocess import preprocessing_warnings
from mcuzoo.errors import UsageError
from mcuzoo.evaluate.engines import (
    EMULATOR,
    SINGLE_ROUNDING,
    Subject,
    engine_packages,
    make_subject,
)
from mcuzoo.evaluate.options import EvaluateOptions
from mcuzoo.evaluate.worker import Task
from mcuzoo.graph.read import load_model
from mcuzoo.zoo.catalog import catalog
from mcuzoo.zoo.find import require_model_file
from mcuzoo.zoo.recipe_flags import recipe_notes, with_recipe
from mcuzoo.zoo.registry import ModelSource, labels_words, resolve_model
from mcuzoo.zoo.schema import Role

ROLES = ("int8", "uint8", "fp32")


@dataclass(frozen=True)
class Plan:
    """What to evaluate. sources: a model file per subject. jobs: workers. outputs: for raw scores.
    task: which models on which engines run each image. classes: of the outputs. data_set: the
    images. board: id of the board whose emulation runs them. baud: of a real one. warnings, notes:
    sentences for the user. exposure: the second subject is single rounding, for a warning."""

    task: Task
    sources: tuple[ModelSource, ...]
    classes: Classes
    data_set: DataSet
    jobs: int
    board: str
    baud: int | None
    outputs: Path | None
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    exposure: bool = False

    @property
    def class_names(self) -> tuple[str, ...] | None:
        """Those of the model; if it has none, those of the folders that were numbered."""
        return self.classes.names or self.data_set.class_names


def make_plan(model: str, data: Path, options: EvaluateOptions = EvaluateOptions()) -> Plan:
    """Resolve models, engines and data set.

    Raises UsageError, InputError, DataSetError or ModelError, before any engine is set up.
    """
    options.budgets.check()
    if options.require_equal and (options.against is None or options.against_model is not None):
        raise UsageError("--require-equal needs --against, and one model.", "--against tflm")
    if options.exposure and (options.against or options.against_model) is not None:
        raise UsageError(
            f"--exposure compares with the engine {SINGLE_ROUNDING}, so nothing else can be.",
            "Leave --against away, or evaluate twice.",
        )
    if options.exposure:
        options = replace(options, against=SINGLE_ROUNDING)
    if options.jobs is not None and options.jobs < 1:
        raise UsageError(f"--jobs {options.jobs} leaves no worker.", "Give 1 or more.")
    source = with_recipe(_source(model, options.role), options)
    first = make_subject(load_model(source.path), source.preprocessing, options.engine)
    sources, second = [source], None
    if options.against is not None or options.against_model is not None:
        other = source
        if options.against_model is not None:
            other = with_recipe(resolve_model(options.against_model), options)
        second = _second(options, first, source, other)
        sources.append(other)
    classes = _classes(options, source, first.classes)
    task = Task(first, second, options.outputs is not None)
    besides = [
        package
        for subject in task.subjects
        for package in (*engine_packages(subject), *subject.pictures.packages)
    ]
    data_set = open_data_set(data, classes, options.limit, options.split, besides)
    return Plan(
        task=task,
        sources=tuple(sources),
        classes=classes,
        data_set=data_set,
        jobs=_jobs(options.jobs, task, len(data_set.items)),
        board=options.board,
        baud=options.baud,
        outputs=options.outputs,
        warnings=(*_warnings(first, source), *data_set.warnings),
        notes=tuple(
            note
            for subject, one in zip(task.subjects, sources, strict=True)
            for note in recipe_notes(subject.preprocessing, one.recipe_source, subject.shape)
        ),
        exposure=options.exposure,
    )


def _warnings(subject: Subject, source: ModelSource) -> Iterator[str]:
    has_scale = subject.input_scale is not None
    yield from preprocessing_warnings(
        replace(subject.pictures, recipe=subject.preprocessing),
        source.name,
        subject.model.sha256,
        has_scale,
    )


def _source(name: str, role: str | None) -> ModelSource:
    """The model file. role: which file of a zoo model; None is int8."""
    known = catalog().get(name)
    if role is None or (role == "int8" and known is not None):
        return resolve_model(name)
    if known is None or role not in ROLES:
        raise UsageError(
            f"--role {role} is for models of the zoo, and one of {', '.join(ROLES)}.",
            "mcuzoo models lists them; of a file give the path alone.",
        )
    if not known.files_of(cast(Role, role)):
        roles = ", ".join(sorted({file.role for file in known.file}))
        raise UsageError(
            f"{name} has no {role} file, it has {roles}.", "Give the path of a file of yours."
        )
    found = require_model_file(known, cast(Role, role))
    return replace(
        resolve_model(str(found.path)),
        name=name,
        preprocessing=known.as_preprocessing,
        recipe_source="registry",
    )


def _second(
    options: EvaluateOptions, first: Subject, source: ModelSource, other: ModelSource
) -> Subject:
    model = first.model if other is source else load_model(other.path)
    engine = options.against
    if engine is None and options.engine is not None:
        kept = make_subject(model, other.preprocessing, None)
        engine = options.engine if kept.kind == first.kind else None
    second = make_subject(model, other.preprocessing, engine)
    if second.classes != first.classes:
        raise UsageError(
            f"{model.name} tells {second.classes} classes apart, {first.model.name} "
            f"{first.classes}.",
            "Compare models of the same classes.",
        )
    if other is source and second.engine == first.engine:
        raise UsageError(
            f"--against {second.engine} would compare the engine with itself.",
            "Name another engine, or another model with --against-model.",
        )
    return second


def _classes(options: EvaluateOptions, source: ModelSource, count: int) -> Classes:
    if options.labels is None and source.labels is not None and len(source.labels) == count:
        return Classes(count, source.labels, labels_words(source))
    return load_classes(options.labels, count)


_IMAGES_OF_A_WORKER = 16
"""Fewer are answered before another process has begun."""


def _jobs(wanted: int | None, task: Task, images: int) -> int:
    """The number of workers; by default one per core, if there is work for them; one for a board at
    a port."""
    if any(not subject.on_host and subject.engine != EMULATOR for subject in task.subjects):
        return 1
    if wanted is None:
        wanted = min(os.cpu_count() or 1, ceil(images / _IMAGES_OF_A_WORKER))
    return max(1, min(wanted, images))
