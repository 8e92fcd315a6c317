"""Which of an Ethos-U and the file that Vela compiled for it is at fault, by one image: the file is
verified on the host, and its interpreter says what the NPU should have given."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from mcuzoo.board.linux import LinuxBoard
from mcuzoo.board.load import load_any_board
from mcuzoo.engines.reference import ReferenceEngine
from mcuzoo.errors import McuzooError, ProtocolError, RigError
from mcuzoo.link.codes import Feature
from mcuzoo.link.linux_session import engine_of
from mcuzoo.project.manifest import load_manifest, load_project
from mcuzoo.project.rules import inside
from mcuzoo.run.bisect_board import BoardBisection, DelegateSearch, bisect_on_board, vela_fronts
from mcuzoo.run.connected_board import ANY_LINUX, ConnectedBoard
from mcuzoo.run.feed import Prepared
from mcuzoo.run.record import WrongLayer

ETHOS_U = "ethosu"
"""The delegate that runs such files."""


def compiled_file(project: Path) -> Path | None:
    """The project's file for an Ethos-U; None if it has none, or it is gone."""
    try:
        npu = load_manifest(project).npu
    except McuzooError:
        return None
    path = None if npu is None else inside(project, npu.file)
    return path if path is not None and path.is_file() else None


@dataclass
class _Told:
    """What the file gives for the picture. equal: the host's bytes; None until it is run."""

    equal: bool | None = None

    def image(self, name: str, equal: bool) -> None:
        self.equal = equal


def judge_npu(
    board: ConnectedBoard, engine: ReferenceEngine, compiled: Path, ready: Prepared
) -> WrongLayer:
    """What the output of `ready` proves, which is not the host's.

    "compiler": `mcuzoo verify` finds the file wrong, so nothing is the board's fault. "npu": the
    file passes, and gives the host's bytes for this picture; so driver, firmware or silicon are at
    fault. None: the file cannot be judged. engine: of the source model. Raises ModelError for a
    file that cannot be read or is of another model.
    """
    from mcuzoo.npu.file import read_vela
    from mcuzoo.npu.verify import Picture, verify_file

    name = ready.item.file
    other = _other_file(board, compiled)
    if other is not None:
        return WrongLayer(name, None, None, other, None)
    source, told = engine.program.file, _Told()
    found = verify_file(source, read_vela(compiled), [Picture(name, ready.tensor)], told)
    first = found.first
    if first is not None:
        where = f"{first.kind} of {first.name}" if first.name else first.kind
        verdict = (
            f"mcuzoo verify finds {compiled.name} wrong, without the board: {where}, "
            f"{first.where}: {first.expected} expected, {first.found} found"
        )
        layer = None if first.layer is None else str(first.layer)
        return WrongLayer(name, layer, first.operator or None, verdict, "compiler")
    if not told.equal:
        why = " ".join(found.unproven) or "mcuzoo cannot run it"
        return WrongLayer(name, None, None, f"{compiled.name} cannot be judged: {why}", None)
    verdict = (
        f"{compiled.name} passes mcuzoo verify and gives the host's output, the NPU another one: "
        "driver, firmware or silicon"
    )
    bisected = _bisected(board, engine, ready, compiled)
    if isinstance(bisected, str):
        return WrongLayer(name, None, None, f"{verdict}; {bisected}", "npu")
    wrong = bisected.wrong
    if wrong is None:
        told_layer = "alone it is right there, so the difference cannot be repeated"
        return WrongLayer(name, None, None, f"{verdict}; {told_layer}", "npu")
    kind = "the first wrong layer" if bisected.first else "wrong while its inputs are right"
    verdict = f"{verdict}; {wrong.text} is {kind}"
    return WrongLayer(name, str(wrong.op), wrong.name, verdict, "npu")


def _other_file(board: ConnectedBoard, compiled: Path) -> str | None:
    """Why the project's file is not what the board runs; None if it is, or nobody can tell."""
    if not board.hello.has(Feature.ENGINES):
        return None
    runs, has = engine_of(board.session).sha256, sha256(compiled.read_bytes()).hexdigest()
    if runs == has:
        return None
    return f"the board runs the file {runs[:12]}, and {compiled.name} of the project is {has[:12]}"


def _bisected(
    board: ConnectedBoard, engine: ReferenceEngine, ready: Prepared, compiled: Path
) -> BoardBisection | str:
    """The layer at which the NPU goes wrong, or why that is not known. compiled: of the project."""
    unknown = "the layer is not known"
    if not board.hello.has(Feature.TENSORS):
        return f"{unknown}: the agent takes no front parts of the model"
    try:
        known = board.hello.board
        if known.startswith(ANY_LINUX):  # an agent that stands in for the board
            known = load_project(compiled.parent.parent).board
        linux = load_any_board(known)
        compile_front = vela_fronts(linux) if isinstance(linux, LinuxBoard) else None
        search = DelegateSearch(ETHOS_U, compile_front, quick=True)
        found = bisect_on_board(board.session, engine.program.file, ready.tensor, search)
    except (RigError, ProtocolError):
        raise
    except McuzooError as error:
        return f"{unknown}: {error.message}"
    board.meet_again()
    return found
