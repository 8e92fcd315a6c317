"""Try a model: inspect, fit, export, build, boot the emulated board, run pictures, judge."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from os import PathLike, fspath
from pathlib import Path

from mcuzoo import __version__
from mcuzoo.board.linux import LinuxBoard
from mcuzoo.board.load import AnyBoard, list_boards, load_any_board
from mcuzoo.board.model import Board
from mcuzoo.codegen.export import Project
from mcuzoo.codegen.linux.npu import has_compiler
from mcuzoo.codegen.linux.project import export_linux_project
from mcuzoo.codegen.options import ALONE, ExportOptions
from mcuzoo.codegen.project import export_project
from mcuzoo.data.dataset import open_data_set
from mcuzoo.data.drawn_signs.dataset import png_bytes
from mcuzoo.data.labels import Classes, load_classes
from mcuzoo.data.output_form import output_form
from mcuzoo.data.patterns import pattern_pictures
from mcuzoo.data.preprocess import check_preprocessing
from mcuzoo.errors import McuzooError, ProjectError, UsageError, command
from mcuzoo.extras import EMULATOR, IMAGES, VELA, install_command, require_packages
from mcuzoo.files import making, write_whole
from mcuzoo.graph.model import Model
from mcuzoo.graph.parameters import quantization_of
from mcuzoo.graph.program import Program
from mcuzoo.graph.read import load_model
from mcuzoo.npu.program import vela_command
from mcuzoo.ops.coverage import Runtime, judge
from mcuzoo.ops.inspect import Inspection, inspect_model
from mcuzoo.plan.fit import FitReport, fit_model
from mcuzoo.plan.linux import LinuxFit, fit_model_linux
from mcuzoo.profile import ModelProfile
from mcuzoo.project.input_size import takes_pictures
from mcuzoo.project.manifest import BuildEntry, Manifest
from mcuzoo.quoting import file_stem
from mcuzoo.run.job import Job
from mcuzoo.run.options import RunOptions
from mcuzoo.run.run import FinishedRun, RunWatcher, run
from mcuzoo.timing.rates import rated
from mcuzoo.toolchain.build import build_project
from mcuzoo.toolchain.find import compiler_packages, linux_compiler_packages
from mcuzoo.tryout.counted import counted, counts
from mcuzoo.tryout.options import DEFAULT_BOARD, TryOptions
from mcuzoo.zoo.recipe_flags import with_recipe
from mcuzoo.zoo.registry import ModelSource, labels_words, resolve_model

MARK = "try.json"
"""In every folder of a try: what was tried, with which mcuzoo."""
PROJECT, PICTURES, RUN = "project", "pictures", "run"

StepResult = Inspection | FitReport | LinuxFit | Project | BuildEntry | FinishedRun | ModelProfile
Say = Callable[[str], None]
Watch = Callable[[Job], AbstractContextManager[RunWatcher]]


@dataclass(frozen=True)
class Tried:
    """What became of a try, all below `folder`.

    name: of the model. given: model and board as they were named. project, build and run are None
    where the model does not fit a microcontroller. fit: of a board that runs Linux also what its
    NPU would do, which no emulator shows. drawn: the pictures were drawn here, because neither the
    user nor the model had any. profile: one inference in modelled cycles; None where nothing was
    counted.
    """

    folder: Path
    name: str
    given: tuple[str, str]
    board: AnyBoard
    inspection: Inspection
    fit: FitReport | LinuxFit
    project: Project | None = None
    build: BuildEntry | None = None
    run: FinishedRun | None = None
    images: Path | None = None
    drawn: bool = False
    profile: ModelProfile | None = None

    @property
    def passed(self) -> bool:
        return self.run is not None and self.run.passed is True

    @property
    def exit_code(self) -> int:
        """0, 1 for a model that does not fit, or that of the run's verdict."""
        return 1 if self.run is None else self.run.summary.verdict.exit_code


def try_model(
    model: str | PathLike[str],
    board: str | AnyBoard = DEFAULT_BOARD,
    options: TryOptions = TryOptions(),
    say: Say = lambda text: None,
    watch: Watch | None = None,
    on_step: Callable[[Path, StepResult], None] = lambda folder, made: None,
) -> Tried:
    """From a model to answers of the emulated `board`: inspect, fit, export, build, boot, run; and
    the modelled cycles of one inference, where the package for them is there.

    model: a name of the zoo, or a file. `say` is told each step; `watch` is that of `run`;
    `on_step` gets the folder and what each step made. A model that does not fit and an output that
    differs are in the result; every other failure raises the error of its step, which begins with
    the step's name. Raises ModelError for a model that the runtime does not run, and ProjectError
    for one that takes no picture, or a folder that is neither empty nor of an earlier try.
    """
    chosen = load_any_board(board) if isinstance(board, str) else board
    _require_choices(chosen, options)
    if isinstance(chosen, Board):
        chosen = rated(chosen, options.rates)
    require_packages(packages_for(chosen, own_compiler=bool(options.tflm)), "Trying a model")
    name, board_name = fspath(model), board if isinstance(board, str) else board.id
    source = with_recipe(resolve_model(name), options)
    if source.note:
        say(f"note: {source.note}")
    loaded = load_model(source.path)
    folder = options.output or Path(f"mcuzoo-try-{chosen.id}-{file_stem(source.name)}")
    _require_ours(folder, options.force)
    how = _export_options(chosen, options, say)

    with _step("inspect", say):
        inspection = inspect_model(loaded)
        program = _runnable(loaded, "aot" if options.tflm is None else "tflm", name, board_name)
        shape = program.input_tensor.shape
        _require_picture(shape, name, board_name)
        check_preprocessing(source.preprocessing, shape)
        images, drawn = _images(source, program, options)
    with making(folder):
        folder.mkdir(parents=True, exist_ok=True)
        _mark(folder, name, chosen)
        on_step(folder, inspection)
        with _step("fit", say):
            fit = _fit(loaded, chosen, how)
        on_step(folder, fit)
        tried = Tried(
            folder=folder,
            name=source.name,
            given=(name, board_name),
            board=chosen,
            inspection=inspection,
            fit=fit,
            images=images,
            drawn=drawn,
        )
        if isinstance(fit, FitReport) and not fit.fits:
            return tried
        if drawn:
            images = _draw(folder / PICTURES, options.force)
        with _step("export", say):
            manifest = _export(source, chosen, folder / PROJECT, how)
        project = Project(folder / PROJECT, chosen, manifest)
        on_step(folder, project)
        ready = replace(tried, project=project, images=images)
        build, found = build_and_run(project.folder, _run_options(ready, options), say, watch)
        on_step(folder, build)
        on_step(folder, found)
        cycles = None
        if found.passed and counts(chosen, inspection.macs):
            with _step("profile", say):
                cycles = counted(project.folder, options.rates)
            on_step(folder, cycles)
    return replace(ready, build=build, run=found, profile=cycles)


def build_and_run(
    project: Path, options: RunOptions, say: Say, watch: Watch | None
) -> tuple[BuildEntry, FinishedRun]:
    """Build an exported project, boot it on the emulated board, run images. Raises as `build` and
    `run`; the message begins with the name of the step."""
    with _step("build", say):
        build = build_project(project, say=say)
    with _step("run", say):
        return build, run(project, options, say, watch)


def unused(wanted: Path) -> Path:
    """`wanted`, or the first of wanted-2, wanted-3 ... that is not there."""
    number = 1
    folder = wanted
    while folder.exists():
        number += 1
        folder = wanted.with_name(f"{wanted.name}-{number}")
    return folder


_SAID = {
    "inspect": "inspect: reading the model",
    "fit": "fit: planning its memory",
    "export": "export: writing the project",
    "build": "build: compiling the firmware",
    "run": "run: booting the emulated board and sending pictures",
    "profile": "profile: counting the modelled cycles of one inference",
}


@contextmanager
def _step(name: str, say: Say) -> Iterator[None]:
    """Say what begins; an error within begins with the step's name."""
    say(_SAID[name])
    try:
        yield
    except McuzooError as error:
        error.message = f"{name}: {error.message}"
        error.args = (error.message,)
        raise


def packages_for(board: AnyBoard, own_compiler: bool = False) -> tuple[str, ...]:
    """What building and emulating takes. own_compiler: the user brings the compiler."""
    find = linux_compiler_packages if isinstance(board, LinuxBoard) else compiler_packages
    return (*EMULATOR, *(() if own_compiler else find()), *IMAGES)


def _require_choices(board: AnyBoard, options: TryOptions) -> None:
    """Raise UsageError for an option that means nothing on Linux."""
    given = [
        flag
        for flag, value in (
            ("--tflm", options.tflm),
            ("--stream-input", options.stream_input),
            ("--rates", options.rates),
        )
        if value
    ]
    if isinstance(board, LinuxBoard) and given:
        raise UsageError(
            f"{given[0]} is for boards with a microcontroller; {board.name} runs Linux.",
            "Leave it out.",
        )


def _fit(model: Model, board: AnyBoard, how: ExportOptions) -> FitReport | LinuxFit:
    if not isinstance(board, LinuxBoard):
        return fit_model(model, board, how, list_boards())
    seen = board.model_copy(update={"npu": None}) if how.no_npu else board
    return fit_model_linux(model, seen)


def _export(source: ModelSource, board: AnyBoard, folder: Path, how: ExportOptions) -> Manifest:
    if isinstance(board, LinuxBoard):
        return export_linux_project(source, board, folder, how)
    return export_project(source, board, folder, how)


def _linux_options(board: LinuxBoard, force: bool, say: Say) -> ExportOptions:
    """The file for the NPU is made where its compiler is here: what is tried is the C agent."""
    if not has_compiler(board):
        return ExportOptions(force=force)
    try:
        vela_command()
    except McuzooError:
        say(f"note: nothing is compiled for the NPU; with Vela it is: {install_command([VELA])}")
        return ExportOptions(force=force, no_npu=True)
    return ExportOptions(force=force)


def _export_options(board: AnyBoard, options: TryOptions, say: Say) -> ExportOptions:
    if isinstance(board, LinuxBoard):
        return _linux_options(board, options.force, say)
    return replace(
        ALONE,
        runtime="aot" if options.tflm is None else "tflm",
        tflm=options.tflm,
        stream_input=options.stream_input,
        rates=options.rates,
        force=options.force,
    )


def _require_ours(folder: Path, force: bool) -> None:
    """Raise ProjectError unless the folder is missing, empty, of an earlier try, or `force`."""
    if force or not folder.is_dir() or (folder / MARK).is_file() or not any(folder.iterdir()):
        return
    raise ProjectError(
        f"{folder} holds files and is no folder of mcuzoo try.",
        "Choose another folder with -o; --force writes into this one.",
    )


def _mark(folder: Path, model: str, board: AnyBoard) -> None:
    mark = {"tool_version": __version__, "model": model, "board": board.id}
    write_whole(folder / MARK, (json.dumps(mark, indent=2) + "\n").encode())


def _runnable(model: Model, runtime: Runtime, name: str, board: str) -> Program:
    """What the runtime runs. Raises ModelError if it does not; the hint says if the other does."""
    verdict = judge(model, runtime)
    other = judge(model, "tflm" if runtime == "aot" else "aot")
    if verdict.error is not None and other.runs:
        how = ("--tflm", "DIR") if other.runtime == "tflm" else ()
        again = command("mcuzoo", "try", name, "--board", board, *how)
        verdict.error.hint = f"{again} takes the runtime {other.runtime}, which runs it."
    return verdict.require()


def _require_picture(shape: tuple[int, ...], name: str, board: str) -> None:
    if takes_pictures(shape):
        return
    export = ("mcuzoo", "export", name, "--board", board, "--runtime", "aot", "--project", "cmake")
    raise ProjectError(
        f"The model's input {list(shape)} is no RGB or gray picture, and pictures are all that can "
        "be tried.",
        f"{command(*export)} makes a project; mcuzoo.open_board(PROJECT).infer(TENSOR) of the "
        "Python API sends it tensors (docs/api.md).",
    )


def _images(source: ModelSource, program: Program, options: TryOptions) -> tuple[Path | None, bool]:
    """The user's pictures, checked before anything is built; None for the model's own, which the
    project brings; and whether pictures must be drawn."""
    if options.images is None:
        return None, source.samples is None
    output = program.output_tensor
    ends = quantization_of(output)
    count = output_form(output.shape, ends.scale, ends.zero_point).classes
    classes = load_classes(options.labels, count)
    if options.labels is None:
        classes = Classes(count, source.labels, labels_words(source))
    open_data_set(options.images, classes, options.limit)
    return options.images, False


def _draw(folder: Path, force: bool) -> Path:
    """Write the drawn pictures and their manifest, whose path is returned. Raises ProjectError for
    a picture that was edited."""
    folder.mkdir(exist_ok=True)
    files = {f"{name}.png": png_bytes(pixels) for name, pixels in pattern_pictures()}
    lines = [f"{name},{hashlib.sha256(content).hexdigest()}" for name, content in files.items()]
    files["manifest.csv"] = "".join(f"{line}\n" for line in ("file,sha256", *lines)).encode()
    for name, content in files.items():
        path = folder / name
        if not force and path.is_file() and path.read_bytes() != content:
            raise ProjectError(
                f"{path} was edited since an earlier try.",
                "Choose another folder with -o; --force overwrites the edited files.",
            )
        write_whole(path, content)
    return folder / "manifest.csv"


def _run_options(tried: Tried, options: TryOptions) -> RunOptions:
    return RunOptions(
        images=tried.images,
        labels=options.labels,
        limit=options.limit,
        out=unused(tried.folder / RUN),
    )
