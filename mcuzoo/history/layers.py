"""The first layer whose bytes differ between two builds, on one picture: both run on the emulated
board, and on the host."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from mcuzoo.compare.comparison import agreement_with
from mcuzoo.compare.trial import (
    ProjectOnBoard,
    Trial,
    counting_port,
    host_answers,
    run_trial,
)
from mcuzoo.data.preprocess import input_of
from mcuzoo.emulator.url import port_packages
from mcuzoo.engines.reference import ReferenceEngine
from mcuzoo.errors import McuzooError, UnsupportedOpError
from mcuzoo.extras import require_packages
from mcuzoo.graph.model import Model
from mcuzoo.history.pairing import Pair
from mcuzoo.project.build_id import firmware_inputs, hash_files
from mcuzoo.rig.find_board import project_baud
from mcuzoo.run.feed import Prepared, Unusable
from mcuzoo.run.pictures import input_again, run_items
from mcuzoo.run.record import Row, RunMeta
from mcuzoo.run.sessions import NotOfRunError, Subject, subject_of_run


@dataclass(frozen=True)
class FirstLayer:
    """Where the two builds part, on the picture `file`.

    inputs_differ: their inputs do already, so that nothing was emulated. ops, name: the first layer
    whose output has other bytes; None if there is none. layers: how many were compared.
    unlike_host: for each build the first layer that is not the host's, "" if all are, None where
    the host cannot be asked. reproduced: for each build, whether the emulated board gave what its
    run recorded.
    """

    file: str
    inputs_differ: bool = False
    ops: str | None = None
    name: str | None = None
    layers: int = 0
    unlike_host: tuple[str | None, str | None] = (None, None)
    reproduced: tuple[bool, bool] | None = None


class NotKnownError(Exception):
    """Why the first layer is not known, in a sentence."""


@dataclass(frozen=True)
class Side:
    """A run with the project that it is to be repeated with."""

    meta: RunMeta
    project: Path


def projects_of(sides: tuple[Side, Side]) -> tuple[Subject, Subject]:
    """Both projects, as they were in the runs. Raises NotKnownError where one of them is not."""
    first, second = (_subject(side) for side in sides)
    return first, second


def _subject(side: Side) -> Subject:
    folder, meta = side.project, side.meta
    try:
        subject, _ = subject_of_run(folder, meta)
    except NotOfRunError as error:
        raise NotKnownError(str(error)) from None
    build = subject.manifest.newest_build_id
    if build != meta.board.build_id:
        raise NotKnownError(
            f"The newest build of the project {folder} is {build[:8]}, the run's was "
            f"{meta.board.build_id[:8]}."
        )
    return subject


def differing_files(subjects: tuple[Subject, Subject]) -> tuple[str, ...]:
    """The firmware's files whose text is not the same in both projects, or that one of them does
    not have. Of two models their own files are left out: they cannot be the same."""
    models = {one.manifest.model.sha256 for one in subjects}
    first, second = (hash_files(one.project, firmware_inputs(one.project)) for one in subjects)
    return tuple(
        path
        for path in sorted(first.keys() | second.keys())
        if first.get(path) != second.get(path)
        and (len(models) == 1 or not path.startswith("model/"))
    )


def first_layer(
    sides: tuple[Side, Side],
    subjects: tuple[Subject, Subject],
    pair: Pair,
    say: Callable[[str], None] = lambda text: None,
) -> FirstLayer:
    """Run the picture of `pair` on both builds, emulated, and compare what each layer gives.

    `say` is told how it goes. Raises NotKnownError where that is impossible, or says nothing.
    """
    try:
        return _first_layer(sides, subjects, pair, say)
    except McuzooError as error:
        raise NotKnownError(error.message) from None
    except OSError as error:
        raise NotKnownError(f"A file cannot be read: {error}") from None


def _first_layer(
    sides: tuple[Side, Side],
    subjects: tuple[Subject, Subject],
    pair: Pair,
    say: Callable[[str], None],
) -> FirstLayer:
    rows = (pair.baseline, pair.run)
    first, second = (
        _prepared(side.meta, subject, row)
        for side, subject, row in zip(sides, subjects, rows, strict=True)
    )
    file = pair.run.file
    if first.tensor.tobytes() != second.tensor.tobytes():
        return FirstLayer(file, inputs_differ=True)
    models = tuple(subject.model for subject in subjects)
    if _shape_of(models[0]) != _shape_of(models[1]):
        raise NotKnownError("The models have other layers, so no two of them can be compared.")
    trials = []
    inputs = (first, second)
    for name, subject, model, prepared in zip("AB", subjects, models, inputs, strict=True):
        say(f"{name}: {file} on the emulated board of {subject.project}")
        entry = _entry(name, subject, model)
        require_packages(port_packages(entry.port), "Emulating a board")
        trials.append(run_trial(entry, [prepared.tensor], lambda done: None))
    found = agreement_with(trials[1], "A", trials[0].answers)
    op = found.first_wrong
    return FirstLayer(
        file=file,
        ops=None if op is None else _ops(trials[1], op),
        name=None if op is None else trials[1].names[op],
        layers=len(found.layers),
        unlike_host=(_unlike_host(trials[0], first), _unlike_host(trials[1], second)),
        reproduced=(_reproduced(trials[0], rows[0]), _reproduced(trials[1], rows[1])),
    )


def _prepared(meta: RunMeta, subject: Subject, row: Row) -> Prepared:
    """The input that the run sent, made again from its data set."""
    input = input_of(replace(subject.manifest, preprocessing=meta.preprocessing))
    item = run_items(meta, input).get((row.index, row.file))
    if item is None:
        raise NotKnownError(f"{row.file} is no longer in {meta.settings.data_set}.")
    ready = input_again(row, item, input)
    if isinstance(ready, Unusable):
        raise NotKnownError(f"{row.file}: {ready.reason}")
    return ready


def _shape_of(model: Model) -> list[tuple[str, tuple[tuple[int, ...], ...]]]:
    """Each op with the shapes of what it gives: two trainings of a network have the same."""
    return [
        (op.name, tuple(tuple(model.tensors[index].shape) for index in op.outputs))
        for op in model.ops
    ]


def _entry(name: str, subject: Subject, model: Model) -> ProjectOnBoard:
    project = subject.project.resolve()
    return ProjectOnBoard(
        name,
        project,
        subject.manifest,
        model,
        counting_port(project, model),
        project_baud(project, subject.manifest),
        subject.upload,
    )


def _ops(trial: Trial, last: int) -> str:
    first = trial.first_ops[last]
    return str(last) if first == last else f"{first}-{last}"


def _unlike_host(trial: Trial, prepared: Prepared) -> str | None:
    try:
        engine = ReferenceEngine(trial.entry.model)
    except UnsupportedOpError:
        return None
    found = agreement_with(trial, "host", host_answers(engine, [prepared.tensor])).first_wrong
    return "" if found is None else f"op {_ops(trial, found)} {trial.names[found]}"


def _reproduced(trial: Trial, row: Row) -> bool:
    return row.output is not None and row.output.tobytes() == trial.answers.outputs[0].tobytes()


def sentences(found: FirstLayer) -> Iterator[str]:
    """What was found, in words; A and B are the runs in their order."""
    if found.inputs_differ:
        yield (
            f"On {found.file} the inputs differ already: the pictures are prepared in another way, "
            "and no layer is the first."
        )
        return
    if found.ops is None:
        yield (
            f"On {found.file} all {found.layers} layers of both builds give the same bytes on the "
            "emulated board."
        )
    else:
        yield f"On {found.file}, op {found.ops} {found.name} is the first whose bytes differ."
    for name, wrong in zip("AB", found.unlike_host, strict=True):
        if wrong is not None:
            yield (
                f"{name} is unlike the host from {wrong} on."
                if wrong
                else (f"{name} is the host's in every layer.")
            )
    assert found.reproduced is not None
    for name, same in zip("AB", found.reproduced, strict=True):
        if not same:
            yield (
                f"The emulated board of {name} does not give what its run recorded: what differs "
                "is not in the build alone, but in the board."
            )
