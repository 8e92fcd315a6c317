"""How much of the wire images take, on an emulated line that takes its time.

    python benchmarks/link.py                          # MobileNet V1 0.25 128 on the rt1050
    python benchmarks/link.py --board rt1170 --images 8 --json link.json
    python benchmarks/link.py --images 8 --photographs CSV    # also encoded (docs/codec.md)
    python benchmarks/link.py --universal PROJECT --upload deepface.tflite

The firmware is the real one, on the emulated core. Time is simulated (docs/emulator.md): ten bits a
byte both ways, a FIFO of four bytes in the UART, one cycle per instruction at the core's clock, and
--adapter milliseconds per round trip for what lies between host and wire; the host takes no time.
So the figures are the same on every machine. They are no measurement of a board: silicon takes
other times for its instructions; --slower N makes each take N cycles.

"before" is the same firmware with a host that sends as to one of before: four chunks at most
without an answer, the next image when the last one's output is there. "x raw": how many times
as many images as the wire alone brings raw, with their frames; the target is 1.8.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mcuzoo.board.load import load_board
from mcuzoo.board.lpuart import BITS_PER_BYTE
from mcuzoo.codegen.options import ExportOptions
from mcuzoo.codegen.project import export_project
from mcuzoo.data.dataset import load_data_set
from mcuzoo.data.labels import load_classes
from mcuzoo.data.output_form import form_of
from mcuzoo.data.preprocess import input_of
from mcuzoo.emulator.paced_board import PacedBoard, PacedPort
from mcuzoo.emulator.paced_lpuart import PacedLine
from mcuzoo.errors import McuzooError
from mcuzoo.link.channel import Channel
from mcuzoo.link.session import Session
from mcuzoo.link.state import LinkState, Timing
from mcuzoo.project.manifest import load_manifest, load_project
from mcuzoo.run.feed import Prepared, prepare
from mcuzoo.toolchain.build import build_project
from mcuzoo.zoo.registry import resolve_model

DEFAULT_BAUD = 115_200
TARGETS = {115_200: 0.97, 921_600: 0.95, 3_000_000: 0.92}
_UPLOAD_BYTES = 256 * 1024
_FIRST = 2


@dataclass(frozen=True)
class Figure:
    """What one image, or an upload, takes. share: of the wire to the board. inference_s: from
    INVOKE to RESULT."""

    what: str
    baud: int
    seconds: float
    up_bytes: int
    down_bytes: int
    share: float
    inference_s: float
    lost_bytes: int


class Setup:
    """A built project on the emulated board, `slower` cycles per instruction."""

    def __init__(self, project: Path, adapter_s: float, slower: float) -> None:
        manifest = load_project(project)
        if manifest.build is None:
            raise SystemExit(f"{project} has not been built.")
        board = load_board(manifest.board)
        core = board.core.model_copy(update={"clock_hz": round(board.core.clock_hz / slower)})
        self._board = board.model_copy(update={"core": core})
        self._image = project / manifest.build.bin
        self._adapter_s = adapter_s
        self.photographs: list[NDArray[np.int8]] = []
        """The inputs; noise if there are none."""
        self.state = LinkState()
        """Of the last session."""

    @contextmanager
    def session(self, baud: int, plain: bool) -> Iterator[tuple[Session, PacedBoard]]:
        line = PacedLine(DEFAULT_BAUD, delay_s=self._adapter_s / 2)
        board = PacedBoard(self._board, self._image, line)
        port = PacedPort(board)
        self.state = LinkState()
        channel = Channel(port, "emulated", state=self.state, clock=port.clock)
        channel.baud = DEFAULT_BAUD
        with Session(channel, Timing(DEFAULT_BAUD, max_baud=baud)) as session:
            if port.baudrate != baud:
                raise SystemExit(f"The line runs at {port.baudrate} baud, not at {baud}.")
            if plain:  # the host does not learn what the firmware can do
                session._hello = replace(session.hello(), features=0, receive_bytes=0)
            yield session, board

    def images(self, baud: int, count: int, plain: bool, codec: bool = False) -> Figure:
        """Of `count` images after the first ones, from which the host learns how long one takes."""
        with self.session(baud, plain) as (session, board):
            size = session.hello().input.bytes
            random = np.random.default_rng(0)
            total = count + 1 + _FIRST
            images = self.photographs or [
                random.integers(-128, 128, size, dtype=np.int8) for _ in range(total)
            ]
            images = [images[at % len(images)] for at in range(total)]
            session.compress = codec
            use = self.state.use
            for number in range(count + _FIRST):
                if number == _FIRST:
                    began, up, down = board.now_s, _sent(board), board.line.down_bytes
                    inferring_s = use.result_s
                session.infer(number, images[number], None if plain else images[number + 1])
            took_s = board.now_s - began
            up, down = _sent(board) - up, board.line.down_bytes - down
            return Figure(
                what="before" if plain else "encoded" if codec else "after",
                baud=baud,
                seconds=took_s / count,
                up_bytes=up // count,
                down_bytes=down // count,
                share=up * BITS_PER_BYTE / baud / took_s,
                inference_s=(use.result_s - inferring_s) / count,
                lost_bytes=board.line.overruns,
            )

    def upload(self, baud: int, model: bytes, plain: bool) -> Figure:
        """Of the first 256 KB of `model`: checking it takes the time of no wire."""

        class Enough(Exception):
            pass

        def watch(arrived: int) -> None:
            if arrived >= min(len(model), _UPLOAD_BYTES):
                raise Enough

        with self.session(baud, plain) as (session, board):
            began, up, down = board.now_s, _sent(board), board.line.down_bytes
            with suppress(Enough):
                session.upload(model, watch)
            took_s = board.now_s - began
            up, down = _sent(board) - up, board.line.down_bytes - down
            share = up * BITS_PER_BYTE / baud / took_s
            what = "upload before" if plain else "upload after"
            return Figure(what, baud, took_s, up, down, share, 0.0, board.line.overruns)


def _sent(board: PacedBoard) -> int:
    """Bytes that the wire has brought to the board; what is written later leaves later."""
    return board.line.up_bytes - len(board.line.to_board)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--board", default="rt1050")
    parser.add_argument("--model", default="mobilenet_v1_0.25_128")
    parser.add_argument("--project", type=Path, help="a built project instead")
    parser.add_argument("--universal", type=Path, help="a built universal project")
    parser.add_argument("--upload", type=Path, help="the model to send to it")
    parser.add_argument("--images", type=int, default=4)
    parser.add_argument("--photographs", type=Path, metavar="DIR|CSV", help="raw and encoded")
    parser.add_argument("--bauds", default=",".join(map(str, TARGETS)))
    parser.add_argument("--adapter", type=float, default=1.0, help="round trip, ms")
    parser.add_argument("--slower", type=float, default=1.0, help="cycles per instruction")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    bauds = [int(baud) for baud in options.bauds.split(",")]
    figures = []
    try:
        with tempfile.TemporaryDirectory() as scratch:
            if options.universal:
                setup = Setup(options.universal, options.adapter / 1000, options.slower)
                model = options.upload.read_bytes()
                for baud in bauds:
                    figures += [setup.upload(baud, model, plain) for plain in (True, False)]
            else:
                project = options.project or _build(options, Path(scratch) / "project")
                setup = Setup(project, options.adapter / 1000, options.slower)
                kinds = [(True, False), (False, False)]
                if options.photographs:
                    setup.photographs = _photographs(project, options.photographs, options.images)
                    kinds.append((False, True))
                for baud in bauds:
                    for plain, codec in kinds:
                        print(f"{baud} baud ...", file=sys.stderr, flush=True)
                        figures.append(setup.images(baud, options.images, plain, codec))
    except McuzooError as error:
        print(f"error: {error.message}\nhint: {error.hint}", file=sys.stderr)
        return error.exit_code
    _print(figures, options)
    if options.json:
        document = {
            "board": options.board,
            "adapter_ms": options.adapter,
            "cycles_per_instruction": options.slower,
            "figures": [
                {**asdict(figure), "times_raw": _times_raw(figure, figures)} for figure in figures
            ],
        }
        options.json.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    return 0 if all(_reached(figure) is not False for figure in figures) else 1


def _build(options: argparse.Namespace, project: Path) -> Path:
    source = resolve_model(options.model)
    export_project(
        source, load_board(options.board), project, ExportOptions(runtime="aot", project="cmake")
    )
    build_project(project)
    return project


def _photographs(project: Path, images: Path, count: int) -> list[NDArray[np.int8]]:
    """Inputs as run-serial sends them, `count` from all over `images`."""
    manifest = load_manifest(project)
    classes = load_classes(None, form_of(manifest.output).classes)
    items = load_data_set(images, classes, None, None).items
    ready = [
        prepare(item, input_of(manifest), None) for item in items[:: max(1, len(items) // count)]
    ]
    return [one.tensor for one in ready if isinstance(one, Prepared)][:count]


def _times_raw(figure: Figure, figures: list[Figure]) -> float | None:
    """How many times as many images as the wire alone brings raw; None for what is sent raw."""
    raw = [one.up_bytes for one in figures if (one.baud, one.what) == (figure.baud, "before")]
    if figure.what != "encoded":
        return None
    return raw[0] * BITS_PER_BYTE / figure.baud / figure.seconds


def _reached(figure: Figure) -> bool | None:
    """Whether the figure reaches its target; None if it has none."""
    target = TARGETS.get(figure.baud)
    without = "before" in figure.what or figure.what == "encoded"
    return None if target is None or without else figure.share >= target


def _print(figures: list[Figure], options: argparse.Namespace) -> None:
    print(
        f"simulated: {options.adapter:g} ms per round trip, {options.slower:g} cycles per "
        "instruction"
    )
    heads = ("seconds", "bytes up", "down", "inference s", "of the wire", "target", "x raw", "lost")
    print(f"{'baud':>9} {'':14}" + "".join(f"{head:>12}" for head in heads))
    for figure in figures:
        target = TARGETS.get(figure.baud)
        reached = {None: "", True: " ok", False: " MISSED"}[_reached(figure)]
        cells = (
            f"{figure.seconds:.4f}",
            f"{figure.up_bytes:,}",
            f"{figure.down_bytes:,}",
            f"{figure.inference_s:.4f}",
            f"{figure.share:.1%}",
            "-" if target is None else f"{target:.0%}{reached}",
            "" if (times := _times_raw(figure, figures)) is None else f"{times:.2f}",
            f"{figure.lost_bytes:,}",
        )
        row = "".join(f"{cell:>12}" for cell in cells)
        print(f"{figure.baud:>9} {figure.what:14}{row}")


if __name__ == "__main__":
    raise SystemExit(main())
