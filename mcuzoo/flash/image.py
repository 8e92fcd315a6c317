"""What goes into the flash: the newest build of a project, checked before anything is sent."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from mcuzoo.board.linux import LinuxBoard
from mcuzoo.board.load import load_board
from mcuzoo.board.model import Board
from mcuzoo.errors import BoardError, EmulatorError, ProjectError, UsageError, command
from mcuzoo.project.build_id import firmware_inputs
from mcuzoo.project.manifest import BOARD_FILE, AnyManifest, BuildEntry, load_project
from mcuzoo.project.rules import inside
from mcuzoo.rig.find_board import project_board
from mcuzoo.toolchain.fresh import newer_inputs, same_sources

_SHOWN = 3


@dataclass(frozen=True)
class Payload:
    """A firmware and its place.

    project: the folder. elf, bin, hex: absolute paths of the build's files. start: the address of
    the first byte of `content`, which is what is in `bin`. header_built: the project's build has no
    boot header, and `content` has one (bootable.py).
    """

    project: Path
    manifest: AnyManifest
    board: Board
    build: BuildEntry
    elf: Path
    bin: Path
    hex: Path
    start: int
    content: bytes
    header_built: bool = False

    @property
    def end(self) -> int:
        return self.start + len(self.content)

    @property
    def sectors(self) -> tuple[int, int]:
        """First and last + 1 address of the sectors of the flash that the firmware touches: these
        are erased."""
        base, size = self.board.flash_region.base, self.board.boot.fcb.sector_size
        first = (self.start - base) // size * size
        last = -(-(self.end - base) // size) * size
        return base + first, base + last


def load_payload(project: Path) -> Payload:
    """The newest build of the project.

    Raises UsageError for a board that runs Linux, ProjectError if there is no build, if the
    project's files were changed after it or its own files were, BoardError, and EmulatorError for
    an image that the boot ROM would not start.
    """
    folder = project.resolve()
    manifest = load_project(folder)
    board = _board(folder, manifest)
    build = manifest.build
    again = command("mcuzoo", "build", project)
    if build is None:
        raise ProjectError(f"{manifest.name} has not been built: there is nothing to flash.", again)
    paths = {suffix: inside(folder, getattr(build, suffix)) for suffix in ("elf", "bin", "hex")}
    contents = {}
    for suffix, path in paths.items():
        try:
            contents[suffix] = path.read_bytes()
        except OSError as error:
            raise ProjectError(f"{path} cannot be read: {error.strerror}.", again) from error
        if sha256(contents[suffix]).hexdigest() != build.sha256.get(suffix):
            raise ProjectError(f"{path} is not the file that mcuzoo build wrote.", again)
    _check_fresh(folder, manifest, build, again)
    payload = Payload(
        project=project,
        manifest=manifest,
        board=board,
        build=build,
        elf=paths["elf"],
        bin=paths["bin"],
        hex=paths["hex"],
        start=manifest.chip.image_base,
        content=contents["bin"],
    )
    _check_place(payload)
    return payload


def _check_fresh(folder: Path, manifest: AnyManifest, build: BuildEntry, again: str) -> None:
    same = same_sources(folder, manifest, build)
    if same:
        return
    newer = newer_inputs(folder, firmware_inputs(folder), folder / build.elf)
    if same is None and not newer:
        return  # what else the build was made of is not known, and nothing here was changed
    named = ", ".join(newer[:_SHOWN]) + (" ..." if len(newer) > _SHOWN else "")
    raise ProjectError(
        f"The build of {manifest.name} is older than the project"
        + (f": {named} changed since." if newer else "'s files."),
        again,
    )


def _board(folder: Path, manifest: AnyManifest) -> Board:
    """The board file of the project, with the names that it lacks from mcuzoo's own."""
    board = project_board(folder, manifest)
    if isinstance(board, LinuxBoard):
        raise UsageError(
            f"{manifest.name} is for {board.id}, which runs Linux: there is no flash to write.",
            f"{folder / 'README.md'} says how agent and model get onto the board.",
        )
    if board.id != manifest.board:
        raise BoardError(
            f"{folder / BOARD_FILE} describes the board {board.id}, the project is for "
            f"{manifest.board}.",
            "Export the project again.",
        )
    if board.download is None or board.linkserver_device is None or board.jlink_device is None:
        try:
            known = load_board(manifest.board)
        except BoardError:
            return board
        # A project that was exported before board files had these.
        names = ("download", "linkserver_device", "jlink_device")
        missing = {name: getattr(known, name) for name in names if getattr(board, name) is None}
        return board.model_copy(update=missing)
    return board


def _check_place(payload: Payload) -> None:
    flash = payload.board.flash_region
    if not flash.base <= payload.start < payload.end <= flash.base + flash.size:
        raise EmulatorError(
            f"The image, 0x{payload.start:08X} to 0x{payload.end - 1:08X}, is not within the flash "
            f"of {payload.board.name}.",
            "Export the project again for this board.",
        )
    first, last = payload.sectors
    if last > flash.base + flash.size:
        raise BoardError(
            f"Sectors of {payload.board.boot.fcb.sector_size:,} bytes do not fill the flash of "
            f"{payload.board.name}: 0x{first:08X} to 0x{last - 1:08X} would be erased.",
            "Is sector_size of its board file right?",
        )
