"""From what the user typed to a comparison."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from os import PathLike, fspath
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mcuzoo.compare.comparison import Comparison, compare_trials
from mcuzoo.compare.options import CompareOptions
from mcuzoo.compare.trial import Answers, Contestant, host_answers, run_trial
from mcuzoo.data.dataset import Item, load_data_set
from mcuzoo.data.labels import load_classes
from mcuzoo.emulator.url import SCHEME, port_packages
from mcuzoo.engines.reference import ReferenceEngine
from mcuzoo.errors import DataSetError, UnsupportedOpError, UsageError
from mcuzoo.project.manifest import load_manifest
from mcuzoo.project.rules import inside
from mcuzoo.run.baud import project_baud
from mcuzoo.run.feed import Prepared, Unusable, prepare
from mcuzoo.run.project import project_model

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
    contestants = _contestants([Path(fspath(one)) for one in projects], options)
    items = _items(options, contestants)
    tensors = [_tensors(contestant, items) for contestant in contestants]
    usable = [n for n in range(len(items)) if all(isinstance(row[n], Prepared) for row in tensors)]
    for row in tensors:
        for unusable in (ready for ready in row if isinstance(ready, Unusable)):
            say(f"left out: {unusable.reason}")
    if not usable:
        raise DataSetError("None of the images could be decoded.", "Check what --images names.")
    trials, references = [], []
    hosts: dict[tuple[str, bytes], Answers | None] = {}
    for contestant, row in zip(contestants, tensors, strict=True):
        inputs = [ready.tensor for n in usable if isinstance(ready := row[n], Prepared)]
        say(f"{contestant.name}: {len(inputs)} images on {contestant.port}")
        trials.append(run_trial(contestant, inputs, lambda done: None))
        key = (contestant.model.sha256, b"".join(tensor.tobytes() for tensor in inputs))
        if key not in hosts:
            hosts[key] = _host(contestant, inputs, say) if not options.no_reference else None
        references.append(hosts[key])
    return compare_trials(trials, [items[n].label for n in usable], references)


def _contestants(projects: Sequence[Path], options: CompareOptions) -> list[Contestant]:
    if len(projects) < 2:
        raise UsageError(
            "One project alone is not compared with anything.",
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
        # Two counted inferences: one as it is, one profiled.
        port = f"{SCHEME}{project.resolve()}?count=2" if given == EMULATED else given
        manifest = load_manifest(project)
        found.append(
            Contestant(
                names[index],
                project.resolve(),
                manifest,
                project_model(project, manifest),
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


def _items(options: CompareOptions, contestants: Sequence[Contestant]) -> Sequence[Item]:
    manifest, project = contestants[0].manifest, contestants[0].project
    labels = options.labels
    if labels is None and manifest.labels is not None:
        labels = inside(project, manifest.labels)
    source = options.images
    if source is None and manifest.samples is not None:
        source = inside(project, manifest.samples)
    if source is None:
        raise UsageError(
            f"No images: the project {project} brings no samples.",
            "Name some: --images DIR, or a CSV with columns file,label.",
        )
    classes = load_classes(labels, manifest.output.bytes)
    ports = [contestant.port for contestant in contestants]
    besides = [package for port in ports for package in port_packages(port)]
    return load_data_set(source, classes, options.limit, besides=besides).items


def _tensors(contestant: Contestant, items: Iterable[Item]) -> list[Prepared | Unusable]:
    manifest = contestant.manifest
    return [prepare(item, manifest.preprocessing, manifest.input.shape, None) for item in items]


def _host(
    contestant: Contestant, tensors: Sequence[NDArray[np.int8]], say: Callable[[str], None]
) -> Answers | None:
    try:
        engine = ReferenceEngine(contestant.model)
    except UnsupportedOpError as error:
        say(f"{contestant.name} is not compared with the host: {error.message}")
        return None
    return host_answers(engine, tensors)
