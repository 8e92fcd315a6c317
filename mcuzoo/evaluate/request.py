"""From what the user typed to what is to be evaluated, before anything runs."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

from mcuzoo.data.dataset import open_data_set
from mcuzoo.data.images import DataSet
from mcuzoo.data.labels import Classes, load_classes
from mcuzoo.data.preprocess import recipe_warnings
from mcuzoo.errors import UsageError
from mcuzoo.evaluate.engines import EMULATOR, Subject, engine_packages, make_subject
from mcuzoo.evaluate.worker import Task
from mcuzoo.graph.read import load_model
from mcuzoo.zoo.catalog import catalog
from mcuzoo.zoo.find import require_model_file
from mcuzoo.zoo.registry import ModelSource, resolve_model
from mcuzoo.zoo.schema import Role

DEFAULT_BOARD = "rt1170"
ROLES = ("int8", "uint8", "fp32")


@dataclass(frozen=True)
class Request:
    """The options of `evaluate` as typed. None (or False): not given."""

    model: str
    data: Path
    engine: str | None = None
    against: str | None = None
    against_model: str | None = None
    labels: Path | None = None
    limit: int | None = None
    split: str | None = None
    jobs: int | None = None
    board: str = DEFAULT_BOARD
    baud: int | None = None
    outputs: Path | None = None
    role: str | None = None


@dataclass(frozen=True)
class Plan:
    """What is to be evaluated. sources: the model file of each subject of the task."""

    task: Task
    sources: tuple[ModelSource, ...]
    classes: Classes
    data_set: DataSet
    jobs: int
    board: str
    baud: int | None
    outputs: Path | None
    warnings: tuple[str, ...] = ()


def make_plan(request: Request) -> Plan:
    """Resolve models, engines and data set.

    Raises UsageError, InputError, DataSetError or ModelError, before any engine is set up.
    """
    if request.jobs is not None and request.jobs < 1:
        raise UsageError(f"--jobs {request.jobs} leaves nobody to work.", "Give 1 or more.")
    source = _source(request.model, request.role)
    first = make_subject(load_model(source.path), source.preprocessing, request.engine)
    sources, second = [source], None
    if request.against is not None or request.against_model is not None:
        other = source if request.against_model is None else resolve_model(request.against_model)
        second = _second(request, first, source, other)
        sources.append(other)
    classes = _classes(request, source, first.classes)
    task = Task(first, second, request.outputs is not None)
    besides = [package for subject in task.subjects for package in engine_packages(subject)]
    data_set = open_data_set(request.data, classes, request.limit, request.split, besides)
    return Plan(
        task=task,
        sources=tuple(sources),
        classes=classes,
        data_set=data_set,
        jobs=_jobs(request.jobs, task, len(data_set.items)),
        board=request.board,
        baud=request.baud,
        outputs=request.outputs,
        warnings=(*_doubts(first, source), *data_set.warnings),
    )


def _doubts(subject: Subject, source: ModelSource) -> Iterator[str]:
    if subject.input_scale is not None:
        recipe, sha256 = subject.recipe, subject.model.sha256
        yield from recipe_warnings(recipe, source.name, sha256, subject.input_scale)


def _source(name: str, role: str | None) -> ModelSource:
    """The model; of one of the zoo, its file of a role: int8 unless another is asked for."""
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
    return replace(resolve_model(str(found.path)), name=name, preprocessing=known.recipe)


def _second(request: Request, first: Subject, source: ModelSource, other: ModelSource) -> Subject:
    model = first.model if other is source else load_model(other.path)
    engine = request.against
    if engine is None and request.engine is not None:
        kept = make_subject(model, other.preprocessing, None)
        engine = request.engine if kept.kind == first.kind else None
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


def _classes(request: Request, source: ModelSource, count: int) -> Classes:
    if request.labels is None and source.labels is not None and len(source.labels) == count:
        return Classes(count, source.labels)
    return load_classes(request.labels, count)


def _jobs(wanted: int | None, task: Task, images: int) -> int:
    """One process or emulated board per core, unless told otherwise; a port has one board."""
    if any(not subject.on_host and subject.engine != EMULATOR for subject in task.subjects):
        return 1
    return max(1, min(wanted or os.cpu_count() or 1, images))
