"""Turn the user's options into a job: project, data set, classes, reference, settings."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import count
from pathlib import Path

from mcuzoo.data.dataset import load_data_set
from mcuzoo.data.drawn_signs import is_signs
from mcuzoo.data.images import DataSet
from mcuzoo.data.labels import Classes, load_classes
from mcuzoo.data.output_form import form_of
from mcuzoo.data.preprocess import check_preprocessing, input_of, preprocessing_warnings
from mcuzoo.emulator.url import port_packages
from mcuzoo.engines.engine import Engine
from mcuzoo.errors import UnsupportedOpError, UsageError, command
from mcuzoo.link.transport import SOME_PORT
from mcuzoo.project.manifest import Manifest
from mcuzoo.project.rules import inside
from mcuzoo.rig.find_board import project_baud
from mcuzoo.run.journal import read_run, require_no_run
from mcuzoo.run.many.choice import choose_boards, first_project, without_idle_port
from mcuzoo.run.many.source import BoardOfRun
from mcuzoo.run.options import NO_CPU, RunOptions
from mcuzoo.run.project import (
    baud_note,
    find_project,
    max_baud_of,
    reference_engine,
)
from mcuzoo.run.recipe import manifest_notes, manifest_with_recipe
from mcuzoo.run.record import BuildFacts, Settings
from mcuzoo.run.sessions import Subject, subject_of
from mcuzoo.run.upload import Upload, own_classes
from mcuzoo.zoo.recipe_flags import FLAGS

RUNS_FOLDER = "runs"


@dataclass(frozen=True)
class Job:
    """What a run needs before it meets the board. out: its folder. baud_note: origin of the rate.
    note: how the output is read, if it is not a score per class. boards: of a run on several;
    empty: the one at settings.port. manifest: of the project, with an uploaded model if there is
    one. classes: of the outputs. data_set: the images. engine: the host's reference; None for
    --no-reference. resume: the journal is there and goes on. warnings: sentences for the user.
    upload: the model to send; None where it is linked in."""

    manifest: Manifest
    classes: Classes
    data_set: DataSet
    engine: Engine | None
    settings: Settings
    out: Path
    resume: bool
    warnings: tuple[str, ...] = ()
    upload: Upload | None = None
    baud_note: str = ""
    note: str | None = None
    boards: tuple[BoardOfRun, ...] = ()

    def build_facts(self, build_id: str) -> BuildFacts:
        """What the project knows of the build that the board says it runs."""
        plan, build = self.manifest.plan, self.manifest.build
        own_model = self.upload is None
        planned = BuildFacts(
            arena_bytes=plan.arena_bytes if own_model else None,
            constant_bytes=plan.constant_bytes if own_model else None,
        )
        if build is None or build.build_id != build_id:
            return planned
        return replace(
            planned,
            code_bytes=build.code_bytes,
            flash_bytes=self.manifest.flash_bytes,
            compiler=f"{build.toolchain} {build.compiler_version}",
            optimization=build.optimization,
        )


def make_job(options: RunOptions, say: Callable[[str], None] = lambda text: None) -> Job:
    """Resolve the options; for options not given, a resumed run keeps its own settings.

    `say` gets a message if a project was chosen because none was named. Raises UsageError,
    ProjectError, DataSetError or InputError before the port is opened. A port is opened here only
    to ask the board which of several projects it runs, or for the port "auto"; then the errors of
    that are raised, too.
    """
    if options.resume is not None and options.out is not None:
        raise UsageError("--out and --resume exclude each other.", "--resume RUN writes to RUN.")
    options.check()
    if options.out is not None:
        require_no_run(options.out)
    before = None if options.resume is None else read_run(options.resume)[0]
    earlier = None if before is None else before.settings
    options = without_idle_port(options, earlier)
    project = _project(options, earlier, say)
    subject = subject_of(project, options.upload or (None if earlier is None else earlier.upload))
    upload = subject.upload
    manifest = manifest_with_recipe(subject.manifest, options, upload is not None)
    if before is not None and before.recipe_source.endswith(FLAGS) and not options.recipe_flags:
        manifest = replace(
            manifest, preprocessing=before.preprocessing, recipe_source=before.recipe_source
        )
    for note in manifest_notes(manifest):
        say(note)
    check_preprocessing(manifest.preprocessing, manifest.input.shape)
    subject = replace(subject, manifest=manifest)
    base = _defaults(subject) if earlier is None else earlier
    base = replace(base, project=str(project), upload=model_name(options.upload) or base.upload)
    settings = _settings(options, base)
    boards = choose_boards(options, settings, subject, say)
    settings = replace(settings, **boards.settings)
    _require_port_and_images(settings)
    form = form_of(manifest.output)
    classes = load_classes(None if settings.labels is None else Path(settings.labels), form.classes)
    if upload is not None and settings.labels is None:
        classes = own_classes(upload)
    data_set = load_data_set(
        Path(settings.data_set),
        classes,
        settings.limit,
        settings.split,
        besides=(
            *(package for port in boards.ports for package in port_packages(port)),
            *input_of(manifest).packages,
        ),
    )
    if settings.min_top1 is not None and all(item.label is None for item in data_set.items):
        raise UsageError(
            f"--min-top1 needs labels, and {settings.data_set} has none.",
            "Use a CSV with columns file,label or one folder per class.",
        )
    if boards.several and settings.board_cpu not in (None, NO_CPU):
        raise UsageError(
            f"--board-cpu {settings.board_cpu} is for a run on one board.",
            "Leave it out, or name one --port.",
        )
    return Job(
        manifest=manifest,
        classes=classes,
        data_set=data_set,
        engine=_engine(subject) if settings.reference else None,
        settings=settings,
        out=options.resume or options.out or new_run_folder(manifest.board),
        resume=options.resume is not None,
        warnings=(*_warnings(manifest), *data_set.warnings),
        upload=upload,
        note=form.note,
        baud_note=baud_note(settings.baud, project_baud(project, manifest)),
        boards=boards.several,
    )


def _warnings(manifest: Manifest) -> Iterator[str]:
    model = manifest.model
    return preprocessing_warnings(input_of(manifest), model.name, model.sha256)


def _project(options: RunOptions, earlier: Settings | None, say: Callable[[str], None]) -> Path:
    if options.project is None and earlier is not None:
        return Path(earlier.project)
    return find_project(
        options.one_port,
        first_project(options),
        universal=options.upload is not None,
        baud=options.baud,
        say=say,
    )


def _engine(subject: Subject) -> Engine:
    if subject.upload is None:
        return reference_engine(subject.project, subject.manifest)
    from mcuzoo.engines.reference import ReferenceEngine

    try:
        return ReferenceEngine(subject.model)
    except UnsupportedOpError as error:
        error.hint = f"--no-reference runs it without the host's outputs. {error.hint}"
        raise


def settings_of(options: RunOptions, subject: Subject) -> Settings:
    """The settings of a new run, without those that say where its boards are."""
    return _settings(options, _defaults(subject))


def _settings(options: RunOptions, base: Settings) -> Settings:
    return replace(
        base,
        baud=options.baud or base.baud,
        max_baud=0 if options.baud else options.max_baud or base.max_baud,
        data_set=base.data_set if options.images is None else _data_set(options.images),
        labels=str(options.labels.resolve()) if options.labels else base.labels,
        limit=base.limit if options.limit is None else options.limit,
        split=base.split if options.split is None else options.split,
        reference=base.reference and not options.no_reference,
        compress=base.compress and not options.no_compress,
        strict=base.strict or options.strict,
        board_cpu=options.board_cpu or base.board_cpu,
        **options.budgets_over(base),
    )


def _require_port_and_images(settings: Settings) -> None:
    if not settings.port and not settings.several:
        raise UsageError(
            "No port: --port was not given and MCUZOO_PORT is not set.",
            f"A device such as {SOME_PORT}; or no hardware: "
            + command("mcuzoo", "run-serial", "--port", f"emulator://{settings.project}"),
        )
    if not settings.data_set:
        raise UsageError(
            f"No images: the project {settings.project} has no samples.",
            "Name some: --images DIR, or a CSV with columns file,label.",
        )


def model_name(upload: str | None) -> str | None:
    """An absolute path, so that a run can be resumed anywhere; a name of the zoo as it is."""
    if upload is None:
        return None
    path = Path(upload).expanduser()
    return str(path.resolve()) if path.is_file() else upload


def _data_set(images: Path) -> str:
    drawn = is_signs(str(images)) and not images.exists()
    return str(images if drawn else images.resolve())


def _defaults(subject: Subject) -> Settings:
    project, samples, labels = subject.project, subject.samples, subject.manifest.labels
    return Settings(
        project=str(project),
        port="",
        baud=project_baud(project, subject.manifest),
        max_baud=max_baud_of(None, None),
        data_set="" if samples is None else str(samples),
        labels=None if labels is None else str(inside(project, labels)),
        limit=None,
        reference=True,
        strict=False,
    )


def new_run_folder(what: str, runs: Path = Path(RUNS_FOLDER), taken: Collection[Path] = ()) -> Path:
    """A folder in `runs` that does not exist yet, named by the time and `what`. taken: folders that
    will exist."""
    stem = f"{datetime.now():%Y%m%d-%H%M%S}-{what}"
    names = (stem if number == 1 else f"{stem}-{number}" for number in count(1))
    return next(
        folder for name in names if not (folder := runs / name).exists() and folder not in taken
    )
