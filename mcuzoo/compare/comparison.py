"""Several projects on the same images, side by side: which outputs are equal, where they differ,
what each project costs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from os import PathLike, fspath
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mcuzoo.budgets import Budgets
from mcuzoo.compare.options import CompareOptions
from mcuzoo.compare.trial import (
    Answers,
    ProjectOnBoard,
    Trial,
    counting_port,
    host_answers,
    run_trial,
)
from mcuzoo.data.dataset import load_data_set
from mcuzoo.data.images import Item
from mcuzoo.data.labels import load_classes
from mcuzoo.data.output_form import form_of
from mcuzoo.data.preprocess import input_of
from mcuzoo.emulator.url import port_packages
from mcuzoo.engines.reference import ReferenceEngine
from mcuzoo.errors import DataSetError, UnsupportedOpError, UsageError
from mcuzoo.project.manifest import load_manifest
from mcuzoo.project.rules import inside
from mcuzoo.quoting import printable
from mcuzoo.rig.find_board import project_baud
from mcuzoo.run.feed import Prepared, Unusable, prepare
from mcuzoo.run.project import project_model
from mcuzoo.run.recipe import manifest_notes, manifest_with_recipe
from mcuzoo.run.score import (
    TOP_K,
    Accuracy,
    Flips,
    Paired,
    accuracy,
    answer_at,
    difference,
    flips_of,
    ranks,
)

HOST = "host"


@dataclass(frozen=True)
class LayerAgreement:
    """A trial's outputs against those of `baseline` (a project's name, or the host reference).

    `equal` of `compared` images have byte-equal outputs; `layers` maps the op that ends a kernel to
    the number of images on which its output differs, for the ops that both have. flips: images
    with another top-1. largest_step: the largest difference of an output's values. exact: both
    compute as TFLM, so that outputs must be equal; else flips alone are judged.
    """

    baseline: str
    compared: int
    equal: int
    layers: dict[int, int]
    flips: Flips
    largest_step: int
    exact: bool = True

    @property
    def first_wrong(self) -> int | None:
        return min((op for op, differing in self.layers.items() if differing), default=None)


@dataclass(frozen=True)
class ProjectResult:
    """One project in the table. `agreement` is None for the baseline itself, or another model.

    trial: what it did. top1, top5: None without labels. paired: the exact test of its top-1 against
    the baseline's; None where it cannot be made.
    """

    trial: Trial
    top1: Accuracy | None
    top5: Accuracy | None
    agreement: LayerAgreement | None
    paired: Paired | None


@dataclass(frozen=True)
class Comparison:
    """`equal`: no output or layer differs that must not. images: how many every project was given.
    columns: a project each, the baseline first. max_flips: the bound on the others' answers, as a
    number or a share below 1; None: these are not judged."""

    images: int
    columns: tuple[ProjectResult, ...]
    max_flips: float | None = None

    @property
    def equal(self) -> bool:
        return all(
            agreement.equal == agreement.compared and agreement.first_wrong is None
            for agreement in self._agreements
            if agreement.exact
        )

    @property
    def compared(self) -> bool:
        return bool(self._agreements)

    @property
    def passed(self) -> bool | None:
        """None where nothing was judged."""
        beyond = any(self.within(one) is False for one in self._agreements)
        if not self.equal or beyond:
            return False
        judged = (one.exact or self.within(one) is not None for one in self._agreements)
        return True if any(judged) else None

    def within(self, agreement: LayerAgreement) -> bool | None:
        """Whether answers by another arithmetic flip no more often than they may; None where there
        is no bound, or bytes are judged."""
        if agreement.exact or self.max_flips is None:
            return None
        return agreement.flips.within(self.max_flips)

    @property
    def _agreements(self) -> list[LayerAgreement]:
        return [one.agreement for one in self.columns if one.agreement is not None]

    @property
    def layer_ops(self) -> list[int]:
        """Every op that ends a kernel of any project."""
        return sorted({op for column in self.columns for op in column.trial.names})


def compare_trials(
    trials: Sequence[Trial],
    labels: Sequence[int | None],
    references: Sequence[Answers | None],
    max_flips: float | None = None,
) -> Comparison:
    """Join trials on the same images. `labels`: class of each image, None when not known.

    `references`: for each trial what the host gives. Where that is known the trial is compared
    with it, else with the first trial of the same model.
    """
    correct = [_correct(trial, labels) for trial in trials]
    columns = []
    for index, trial in enumerate(trials):
        agreement = _agreement(trial, trials[:index], references[index])
        first, own = correct[0], correct[index]
        paired = _paired(first, own) if index and first is not None and own is not None else None
        rank = _ranks(trial, labels)
        columns.append(
            ProjectResult(
                trial,
                None if rank is None else accuracy(rank, 1),
                None if rank is None or _classes(trial) <= TOP_K else accuracy(rank, TOP_K),
                agreement,
                paired,
            )
        )
    return Comparison(len(labels), tuple(columns), max_flips)


def _agreement(
    trial: Trial, before: Sequence[Trial], reference: Answers | None
) -> LayerAgreement | None:
    if reference is not None:
        return agreement_with(trial, HOST, reference)
    sha256 = trial.entry.model.sha256
    for other in before:
        if other.entry.model.sha256 == sha256:
            exact = not (trial.delegate or other.delegate)
            return agreement_with(trial, other.entry.name, other.answers, exact)
    return None


def agreement_with(
    trial: Trial, baseline: str, answers: Answers, exact: bool = True
) -> LayerAgreement:
    """The outputs of a trial beside `answers` of `baseline` on the same images, for the ops that
    both have."""
    crcs, own_crcs = answers.crcs, trial.answers.crcs
    common = [op for op in own_crcs[0] if op in crcs[0]]
    layers = {
        op: sum(own[op] != theirs[op] for own, theirs in zip(own_crcs, crcs, strict=True))
        for op in common
    }
    steps = [
        difference(own, theirs)
        for own, theirs in zip(trial.answers.outputs, answers.outputs, strict=True)
    ]
    flips = flips_of(_answers(trial, trial.answers), _answers(trial, answers))
    assert flips is not None
    return LayerAgreement(
        baseline, len(crcs), steps.count(0), layers, flips, max(steps), exact and not trial.delegate
    )


def _answers(trial: Trial, answers: Answers) -> list[int]:
    """The top-1 of each output of the trial's model."""
    end = trial.entry.manifest.output
    return [answer_at(end, one).top1 for one in answers.outputs]


def _classes(trial: Trial) -> int:
    return form_of(trial.entry.manifest.output).classes


def _ranks(trial: Trial, labels: Sequence[int | None]) -> NDArray[np.int64] | None:
    known = [index for index, label in enumerate(labels) if label is not None]
    if not known:
        return None
    wanted = np.array([labels[index] for index in known], dtype=np.int64)
    end = trial.entry.manifest.output
    form, outputs = form_of(end), trial.answers.outputs[known]
    scores = np.stack([form.scores(output, end.scale, end.zero_point) for output in outputs])
    return ranks(scores, wanted)


def _correct(trial: Trial, labels: Sequence[int | None]) -> NDArray[np.bool_] | None:
    rank = _ranks(trial, labels)
    return None if rank is None else rank == 0


def _paired(first: NDArray[np.bool_], second: NDArray[np.bool_]) -> Paired:
    return Paired(int((first & ~second).sum()), int((second & ~first).sum()))


EMULATED = "-"


def compare_projects(
    projects: Sequence[str | PathLike[str]],
    options: CompareOptions = CompareOptions(),
    say: Callable[[str], None] = lambda text: None,
) -> Comparison:
    """Run the same images on every project and set them side by side.

    Images: the data set given, or the first project's samples; each project preprocesses them in
    its own way. `say` is told how it goes. Raises UsageError, ProjectError, DataSetError before a
    port is touched, then what the link raises.
    """
    Budgets(max_flips=options.max_flips).check()
    entries = _entries([Path(fspath(one)) for one in projects], options)
    notes = [note for entry in entries for note in manifest_notes(entry.manifest)]
    for note in dict.fromkeys(notes):
        say(note)
    items = _items(options, entries)
    tensors = [_tensors(entry, items) for entry in entries]
    usable = [n for n in range(len(items)) if all(isinstance(row[n], Prepared) for row in tensors)]
    for row in tensors:
        for unusable in (ready for ready in row if isinstance(ready, Unusable)):
            say(f"left out: {printable(unusable.reason)}")
    if not usable:
        raise DataSetError("None of the images could be decoded.", "Check what --images names.")
    trials, references = [], []
    hosts: dict[tuple[str, bytes], Answers | None] = {}
    for entry, row in zip(entries, tensors, strict=True):
        inputs = [ready.tensor for n in usable if isinstance(ready := row[n], Prepared)]
        say(f"{entry.name}: {len(inputs)} images on {entry.port}")
        trials.append(run_trial(entry, inputs, lambda done: None))
        key = (entry.model.sha256, b"".join(tensor.tobytes() for tensor in inputs))
        if key not in hosts:
            hosts[key] = _host(entry, inputs, say) if not options.no_reference else None
        references.append(hosts[key])
    labels = [items[n].label for n in usable]
    return compare_trials(trials, labels, references, options.max_flips)


def _entries(projects: Sequence[Path], options: CompareOptions) -> list[ProjectOnBoard]:
    if len(projects) < 2:
        raise UsageError(
            "One project cannot be compared with anything.",
            "Name two or more; mcuzoo run-serial compares one with the host.",
        )
    if len(options.port) > len(projects):
        raise UsageError(
            f"{len(options.port)} ports for {len(projects)} projects.",
            f"Give at most one --port per project, in their order; {EMULATED} emulates.",
        )
    names = short_names(projects)
    found = []
    for index, project in enumerate(projects):
        given = options.port[index] if index < len(options.port) else EMULATED
        manifest = manifest_with_recipe(load_manifest(project), options)
        model = project_model(project, manifest)
        port = counting_port(project.resolve(), model) if given == EMULATED else given
        found.append(
            ProjectOnBoard(
                names[index],
                project.resolve(),
                manifest,
                model,
                port,
                options.baud or project_baud(project, manifest),
            )
        )
    return found


def short_names(projects: Sequence[Path]) -> list[str]:
    """The shortest ends of the paths that tell the projects apart."""
    parts = [project.resolve().parts for project in projects]
    length = 1
    while len({part[-length:] for part in parts}) < len(set(parts)):
        length += 1
    return ["/".join(part[-length:]) for part in parts]


def _items(options: CompareOptions, entries: Sequence[ProjectOnBoard]) -> Sequence[Item]:
    manifest, project = entries[0].manifest, entries[0].project
    labels = options.labels
    if labels is None and manifest.labels is not None:
        labels = inside(project, manifest.labels)
    source = options.images
    if source is None and manifest.samples is not None:
        source = inside(project, manifest.samples)
    if source is None:
        raise UsageError(
            f"No images: the project {project} has no samples.",
            "Name some: --images DIR, or a CSV with columns file,label.",
        )
    classes = load_classes(labels, form_of(manifest.output).classes)
    ports = [entry.port for entry in entries]
    besides = [package for port in ports for package in port_packages(port)]
    return load_data_set(source, classes, options.limit, besides=besides).items


def _tensors(entry: ProjectOnBoard, items: Iterable[Item]) -> list[Prepared | Unusable]:
    input = input_of(entry.manifest)
    return [prepare(item, input, None) for item in items]


def _host(
    entry: ProjectOnBoard, tensors: Sequence[NDArray[np.int8]], say: Callable[[str], None]
) -> Answers | None:
    try:
        engine = ReferenceEngine(entry.model)
    except UnsupportedOpError as error:
        say(f"{entry.name} is not compared with the host: {error.message}")
        return None
    return host_answers(engine, tensors)
