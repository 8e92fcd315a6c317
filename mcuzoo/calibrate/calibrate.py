"""Calibrate: build the firmware that measures, model it, let a board run it, fit the rates."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from mcuzoo import __version__
from mcuzoo.board.load import load_board
from mcuzoo.board.model import Board
from mcuzoo.calibrate.benchmarks import benchmarks_of
from mcuzoo.calibrate.firmware import export_firmware, kernels_of
from mcuzoo.calibrate.fitting import Row, kernel_factors, region_rates
from mcuzoo.calibrate.measure import Layout, Taken, measured, modelled
from mcuzoo.calibrate.options import EMULATOR, CalibrateOptions
from mcuzoo.emulator.url import SCHEME
from mcuzoo.errors import (
    BoardSilentError,
    FirmwareError,
    McuzooError,
    ProtocolError,
    UsageError,
    WrongFirmwareError,
    command,
)
from mcuzoo.extras import EMULATOR as EMULATOR_PACKAGES
from mcuzoo.extras import TIMING, require_packages
from mcuzoo.files import making, write_output
from mcuzoo.graph.read import load_model
from mcuzoo.link.ports import USB, list_serial_ports
from mcuzoo.project.kinds import check_project
from mcuzoo.project.manifest import Manifest, load_manifest
from mcuzoo.project.rules import inside
from mcuzoo.quoting import one_line, shortened
from mcuzoo.run.sessions import subject_of
from mcuzoo.timing.rates import Rates, rates_text
from mcuzoo.toolchain.build import build_project
from mcuzoo.toolchain.find import compiler_packages
from mcuzoo.toolchain.options import BuildOptions

_MOST_LETTERS = 80

Say = Callable[[str], None]


@dataclass(frozen=True)
class Calibration:
    """What a calibration found. project: the folder of its firmware. port: where the board is.
    rows: by benchmark, in the order in which they ran. rates: what was fitted. file: that has them,
    None where none was written."""

    board: Board
    project: Path
    port: str
    rows: tuple[Row, ...]
    rates: Rates
    file: Path | None = None

    @property
    def emulated(self) -> bool:
        return self.rates.emulated


def calibrate(
    board: str | Board,
    options: CalibrateOptions = CalibrateOptions(),
    say: Say = lambda text: None,
) -> Calibration:
    """Measure the memories and kernels of the board at options.port, beside what the model says of
    the same firmware, and write the rates that follow.

    The firmware is made and built here; the board must run it, or options.flash lets it be flashed.
    Raises UsageError without a port, what export, build, flash and emulation raise, and then what
    the link raises; WrongFirmwareError where the board runs another firmware.
    """
    chosen = load_board(board) if isinstance(board, str) else board
    if options.port is None and not options.flash:
        raise UsageError(
            "Which board is to be measured? --port is missing.",
            f"--port auto finds the one that runs the firmware; --port {EMULATOR} tries it all "
            "without a board.",
        )
    if options.flash and options.port is not None and options.port.lower() == EMULATOR:
        raise UsageError(
            "--flash: an emulated board has no flash that could be written.", "Leave it out."
        )
    kind = check_project(options.kind, "--kind")
    require_packages((*EMULATOR_PACKAGES, *TIMING, *compiler_packages()), "Calibrating")
    folder = options.project or Path(f"mcuzoo-{chosen.id}-calibrate")
    manifest = _built(chosen, folder, kind, options, say)
    model = load_model(inside(folder.resolve(), manifest.model.file))
    layout = Layout(kernels_of(model, chosen), benchmarks_of(chosen), len(model.ops))
    say("model: running the firmware on the emulated board")
    first = modelled(folder, layout, options.rounds)
    port, serial = _board_at(folder, options, say)
    try:
        line = subject_of(folder).line(port, options.baud, options.wait_port)
        serial = serial or _usb_serial(line.port)
        say(f"measure: {line.port}")
        taken = measured(line, manifest, layout, options.rounds, options.trace, say)
        _require_same_compiler(first, taken)
    except FirmwareError:
        raise
    except (ProtocolError, BoardSilentError) as error:  # perhaps the firmware that it came with
        raise _to_be_flashed(error, board, folder, options) from None
    rows = [
        Row(benchmark, predicted, count)
        for benchmark, predicted, count in zip(
            layout.benchmarks, first.counts, taken.counts, strict=True
        )
    ]
    if options.serial is not None:
        serial = options.serial
    rates = _rates(chosen, rows, taken, serial)
    say("model: the same by the measured rates")
    again = _by_rates(folder, layout, options.rounds, rates)
    rows = [
        replace(row, fitted=count, spent=spent)
        for row, count, spent in zip(rows, again.counts, again.spent, strict=True)
    ]
    rates = rates.model_copy(update={"kernels": kernel_factors(rows)})
    if options.output is not None:
        write_output(options.output, rates_text(rates).encode())
    return Calibration(chosen, folder, line.port, tuple(rows), rates, options.output)


def _built(board: Board, folder: Path, kind: str, options: CalibrateOptions, say: Say) -> Manifest:
    say(f"firmware: writing and building {folder}")
    with making(folder):
        export_firmware(board, folder, project=kind, force=options.force)
        build_project(folder, BuildOptions(compiler=options.compiler), say=say)
    return load_manifest(folder)


def _board_at(folder: Path, options: CalibrateOptions, say: Say) -> tuple[str, str]:
    """The port of the board, flashed if that was asked for, and its serial number, if known."""
    if options.port is not None and options.port.lower() == EMULATOR:
        return f"{SCHEME}{folder}?count=cycles", ""
    if not options.flash:
        assert options.port is not None
        return options.port, ""
    from mcuzoo.flash.flash import flash
    from mcuzoo.flash.options import FlashOptions

    done = flash(folder, FlashOptions(probe=options.probe, port=options.port), say)
    number = "" if done.probe is None else done.probe.serial_number
    return done.port or options.port or "auto", number


def _usb_serial(port: str) -> str:
    """The serial number of the USB device behind `port`; "" where it has none."""
    if port.lower().startswith(USB):
        return port[len(USB) :].partition(":")[0]
    with suppress(OSError):
        for listed in list_serial_ports():
            if listed.device == port:
                return listed.serial_number
    return ""


def _require_same_compiler(first: Taken, taken: Taken) -> None:
    if taken.hello.toolchain != first.hello.toolchain:
        raise WrongFirmwareError(
            f"The board's firmware was built with {taken.hello.toolchain}, the one here with "
            f"{first.hello.toolchain}.",
            "",
        )


def _to_be_flashed(
    error: McuzooError, board: str | Board, folder: Path, options: CalibrateOptions
) -> McuzooError:
    """The error about a board that does not run the firmware; its hint is how it comes to."""
    name = board if isinstance(board, str) else board.id
    again = ["mcuzoo", "calibrate", "--board", name, "--port", options.port or "auto"]
    again += ["--output", str(options.output)] if options.output else []
    error.hint = (
        "Flash the firmware that measures, and calibrate again:\n"
        f"{command('mcuzoo', 'flash', folder)}\n{command(*again)}"
    )
    return error


def _rates(board: Board, rows: list[Row], taken: Taken, serial: str) -> Rates:
    core = board.core
    return Rates(
        rates=1,
        board=board.id,
        serial=_label(serial),
        date=date.today().isoformat(),
        emulated=taken.hello.agent != "silicon",
        build_id=taken.hello.build_id,
        mcuzoo=__version__,
        toolchain=_label(taken.hello.toolchain) or "unknown",
        core_clock_hz=core.clock_hz,
        line_bytes=core.dcache_line_bytes,
        regions=region_rates(board, rows),
    )


def _label(text: str) -> str:
    """What a device says of itself, as a file of rates may have it."""
    return shortened(one_line(text).strip(), _MOST_LETTERS)


def _by_rates(folder: Path, layout: Layout, rounds: int, rates: Rates) -> Taken:
    with tempfile.TemporaryDirectory(prefix="mcuzoo-") as scratch:
        file = Path(scratch) / "rates.toml"
        file.write_text(rates_text(rates), encoding="utf-8")
        return modelled(folder, layout, rounds, file)
