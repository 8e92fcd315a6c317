"""Turn the user's options into a profile: port, project, picture, reference."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from os import PathLike, fspath
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mcuzoo.budgets import judge
from mcuzoo.codegen.benchmarks import BENCHMARK_TABLE
from mcuzoo.data.dataset import load_data_set
from mcuzoo.data.images import FilePicture, Picture
from mcuzoo.data.labels import Classes
from mcuzoo.data.preprocess import input_of
from mcuzoo.emulator.url import port_packages
from mcuzoo.errors import UsageError
from mcuzoo.extras import IMAGES, require_packages
from mcuzoo.files import open_output
from mcuzoo.link.state import LinkState
from mcuzoo.profile import ModelProfile, profile_model
from mcuzoo.project.input_size import takes_pictures
from mcuzoo.project.manifest import Manifest
from mcuzoo.run.budgets import instructions_figure, latency_figure
from mcuzoo.run.connected_board import check_firmware
from mcuzoo.run.latency import measure_latency
from mcuzoo.run.options import ProfileOptions
from mcuzoo.run.project import emulated_port, find_project
from mcuzoo.run.recipe import manifest_notes, manifest_with_recipe
from mcuzoo.run.sessions import MessagesOnly, reference_of, sessions, subject_of
from mcuzoo.timing.marks import cycles_between
from mcuzoo.timing.rates import read_rates

NOISE_SEED = 1234
# Labels do not matter here.
_ANY_CLASSES = 1 << 20


def profile(
    target: str | PathLike[str],
    options: ProfileOptions = ProfileOptions(),
    say: Callable[[str], None] = lambda text: None,
) -> ModelProfile:
    """Profile one inference on a board that runs the project's newest build.

    target: a port, or a built project, which is emulated. The input is the picture options.image,
    preprocessed; without one, the first sample of the project or uploaded model; without samples,
    noise. `say` gets warnings and the board's log. Raises UsageError, ProjectError, DataSetError
    before a port is touched, then what the link raises, and WrongFirmwareError.
    """
    options.budgets.check()
    if options.rates is not None and not options.cycles:
        raise UsageError(
            "--rates is for modelled cycles: a board counts its own.",
            "Add --cycles, or leave it out.",
        )
    if options.cycles:
        return _with_cycles(target, options, say)
    port = emulated_port(target, "all")
    subject = subject_of(_project(port, options, say), options.upload)
    if BENCHMARK_TABLE in subject.manifest.files:
        raise UsageError(
            f"{subject.manifest.model.name} is a firmware of micro-benchmarks, no model alone.",
            f"mcuzoo calibrate --board {subject.manifest.board} --port PORT runs and shows them.",
        )
    manifest = manifest_with_recipe(subject.manifest, options, options.upload is not None)
    samples = subject.samples
    takes_samples = samples is not None and takes_pictures(manifest.input.shape)
    pictures = options.image is not None or takes_samples
    if pictures:
        for note in manifest_notes(manifest):
            say(note)
    require_packages((*port_packages(port), *(IMAGES if pictures else ())), "This command")
    model = subject.model
    tensor, name = _input(manifest, options.image, samples)
    engine = None if options.no_reference else reference_of(subject, say)
    line = subject.line(port, options.baud)
    with ExitStack() as stack:
        trace = stack.enter_context(open_output(options.trace)) if options.trace else None
        opened = sessions(line, subject.upload, MessagesOnly(say), trace)
        session = stack.enter_context(opened(LinkState()))
        check_firmware(session.hello(), manifest)
        found = profile_model(
            session, model, tensor, engine, name=manifest.model.name, input_name=name
        )
    counted = measure_latency([found.total], found.core_clock_hz, found.unit)
    figures = {
        "max_latency_ms": latency_figure(counted),
        "max_instructions": instructions_figure(counted),
    }
    results = judge(options.budgets, figures, options.strict_budgets)
    found = replace(found, budgets=results)
    if not pictures:
        return found
    return replace(found, recipe=manifest.preprocessing, recipe_source=manifest.recipe_source)


def _with_cycles(
    target: str | PathLike[str], options: ProfileOptions, say: Callable[[str], None]
) -> ModelProfile:
    """The profile of an emulated board that counts modelled cycles."""
    from mcuzoo.emulator.emulate import emulate
    from mcuzoo.emulator.options import EmulateOptions

    project = Path(fspath(target))
    if not project.is_dir():
        raise UsageError(
            f"--cycles goes with a project folder, which is emulated, not with {str(target)!r}.",
            "A board counts its own cycles: leave --cycles out.",
        )
    emulation = EmulateOptions(count="cycles", rates=options.rates)
    origin = None if options.rates is None else read_rates(options.rates).origin
    options = replace(options, cycles=False, rates=None, project=options.project or project)
    with emulate(project, emulation) as board:
        found = profile(board.port, options, say)
        spent = iter(cycles_between(board.marks, [layer.count for layer in found.layers]))
    layers = tuple(replace(one, spent=next(spent)) for one in found.layers)
    return replace(found, layers=layers, rates=origin)


def _project(port: str, options: ProfileOptions, say: Callable[[str], None]) -> Path:
    universal = options.upload is not None
    try:
        return find_project(port, options.project, universal=universal, baud=options.baud, say=say)
    except UsageError:
        raise UsageError(
            f"{port!r} is no project folder, so it is a port, and which project its board runs is "
            "not known.",
            "Name it: --project DIR. A project folder has a mcuzoo.json: mcuzoo export makes one.",
        ) from None


def _input(
    manifest: Manifest, image: Path | None, samples: Path | None
) -> tuple[NDArray[np.int8], str]:
    """The input tensor, int8 in its shape, and a few words about its origin.

    Raises DataSetError when the picture cannot be decoded.
    """
    input = input_of(manifest)
    if image is not None:
        picture: Picture = FilePicture(image)
    elif samples is not None and takes_pictures(input.shape):
        picture = load_data_set(samples, Classes(_ANY_CLASSES), limit=1).items[0].picture
    else:
        noise = np.random.default_rng(NOISE_SEED).integers(-128, 128, input.shape, dtype=np.int8)
        return noise, f"noise of seed {NOISE_SEED}"
    pixels = input.decoded(picture, picture.read()).pixels
    return input.tensor(pixels), Path(picture.place).name
