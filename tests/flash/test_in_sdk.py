"""An application for the MCUXpresso SDK: west flash, and an image without a boot header."""

from __future__ import annotations

import shutil
import sys
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
from helpers.bare_image import build_bare_image
from helpers.boards import ONE_BOARD_FIRST, REPRESENTATIVES_FIRST
from helpers.chip_on_pty import ChipOnPty, flashloader_file
from helpers.compilers import has_newlib
from helpers.exported import export_project
from helpers.fake_sdk import fake_sdk
from helpers.fake_tools import FakeTools, add_usb_device
from helpers.small_source import small_source

from mcuzoo.board.load import load_board
from mcuzoo.errors import MissingExtraError, ProjectError, UsageError
from mcuzoo.extras import missing_packages
from mcuzoo.flash.bootable import fcb_bytes
from mcuzoo.flash.flash import flash
from mcuzoo.flash.image import load_payload
from mcuzoo.flash.options import FlashOptions
from mcuzoo.project.manifest import load_project, write_manifest
from mcuzoo.toolchain.build import build_project
from mcuzoo.toolchain.options import BuildOptions

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="the fake tools are scripts"),
    pytest.mark.skipif(
        not all(shutil.which(name) for name in ("cmake", "ninja", "arm-none-eabi-gcc"))
        or not has_newlib(),
        reason="no cmake, ninja or arm-none-eabi-gcc with newlib",
    ),
]


def built(folder: Path, board: str) -> tuple[Path, Path]:
    """A built application and the SDK; its image has no boot header."""
    source = small_source(folder / "source", with_assets=False)
    project = folder / "app"
    export_project(source, load_board(board), project, "aot", "mcuxpresso")
    sdk = fake_sdk(folder / "sdk", load_board(board).sdk_board)
    build_project(project, BuildOptions(sdk=sdk))
    return project, sdk


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return built(tmp_path_factory.mktemp("sdk"), "rt1050")


def with_content(project: Path, content: bytes) -> Path:
    """The project as if its build had made this image."""
    manifest = load_project(project)
    assert manifest.build is not None
    (project / manifest.build.bin).write_bytes(content)
    hashes = {**manifest.build.sha256, "bin": sha256(content).hexdigest()}
    write_manifest(replace(manifest, build=replace(manifest.build, sha256=hashes)), project)
    return project


@pytest.fixture
def with_header(once: tuple[Path, Path], built_once: Path, tmp_path: Path) -> tuple[Path, Path]:
    """The application with an image that starts: the stand-in for the SDK makes none."""
    project = tmp_path / "app"
    shutil.copytree(once[0], project)
    content = (built_once / "build/gcc/firmware.bin").read_bytes()
    return with_content(project, content), once[1]


def flashed(project: Path, **chosen: object):  # type: ignore[no-untyped-def]
    return flash(project, FlashOptions(no_hello=True, **chosen))  # type: ignore[arg-type]


def test_west_flash(
    with_header: tuple[Path, Path], usb: Path, tools: FakeTools, monkeypatch: pytest.MonkeyPatch
) -> None:
    project, sdk = with_header
    add_usb_device(
        usb, "1-1", idVendor="1fc9", idProduct="0143", serial="EB04LLNGMJHMR", product="MCU-LINK"
    )
    with pytest.raises(UsageError, match="west is not on the PATH"):
        flashed(project, via="west")
    tools.add("west", "LinkServer")
    with pytest.raises(UsageError, match="has to name the SDK's folder"):
        flashed(project, via="west")
    said: list[str] = []
    options = FlashOptions(via="west", sdk=sdk, probe="EB04", no_hello=True)
    done = flash(project, options, said.append)
    (call,) = tools.calls
    folder = str(project.resolve() / "build/flexspi_nor_release")
    assert call["words"] == [
        "flash", "-d", folder, "-r", "linkserver", "--skip-rebuild", "--probe", "EB04LLNGMJHMR",
    ]  # fmt: skip
    assert call["folder"] == str(sdk.resolve())
    # pyOCD would read the flash back, and does not find a probe that only the system lists.
    assert done.via == "west" and done.compared == ""
    has_pyocd = not missing_packages(["pyocd"])
    assert any("pyocd cannot read the flash back" in line for line in said) is has_pyocd
    with pytest.raises(UsageError, match="--runner pyocd: rt1050 has jlink, linkserver"):
        flashed(project, via="west", sdk=sdk, runner="pyocd")
    # What west would flash is not what mcuzoo has built.
    (elf,) = Path(folder).glob("*.elf")
    elf.write_bytes(elf.read_bytes() + b"\0")
    with pytest.raises(ProjectError, match="which did not see it"):
        flashed(project, via="west", sdk=sdk, probe="EB04")
    assert len(tools.calls) == 1


def test_a_stale_application(once: tuple[Path, Path], tmp_path: Path, tools: FakeTools) -> None:
    project = tmp_path / "app"
    shutil.copytree(once[0], project)
    load_payload(project)
    source = project / "firmware/app/mz_app.c"
    source.write_text(source.read_text() + "\n")
    with pytest.raises(ProjectError, match=r"older than the project: .*mz_app.c changed since"):
        load_payload(project)


@pytest.mark.parametrize("name", ONE_BOARD_FIRST)
def test_a_boot_header_is_built(name: str, built_once: Path, tmp_path: Path) -> None:
    """From a build that has none, as an SDK configuration may leave it out; the image boots."""
    pytest.importorskip("spsdk", reason="no spsdk (mcuzoo[flash])")
    board = load_board(name)
    project = tmp_path / "bare"
    if name == "rt1050":
        shutil.copytree(built_once, project)
    else:
        export_project(small_source(tmp_path / "source", with_assets=False), board, project)
        build_project(project)
    whole = load_payload(project).content
    vectors = board.boot.vector_table_offset - board.boot.image_offset
    with_content(project, b"\xff" * vectors + whole[vectors:])
    loader = tmp_path / "ivt_flashloader.bin"
    loader.write_bytes(flashloader_file(0x2000_0000))
    with ChipOnPty(board, tmp_path) as chip:
        options = FlashOptions(
            via="spsdk", download=chip.port, port=chip.port, flashloader=loader, wait=60
        )
        done = flash(project, options)
        content = bytes(chip.flash)
    assert done.hello is not None and done.hello.board == name
    assert "boot header built by SPSDK, checked by mcuzoo and by SPSDK" in done.checked
    assert done.start == board.flash_region.base + board.boot.image_offset
    assert content[board.boot.vector_table_offset :][: len(whole) - vectors] == whole[vectors:]
    assert content[board.boot.fcb_offset :][:512] == fcb_bytes(board)
    written = project / "build/gcc/bootable.bin"
    assert written.read_bytes() == content[board.boot.image_offset :][: done.size]
    planned = flashed(project, command="tool {hex} {bin} {address}", dry_run=True)
    assert planned.steps[0].split()[1:] == [
        str(written.with_suffix(".hex")), str(written), f"0x{done.start:08X}"
    ]  # fmt: skip


def test_west_does_not_get_an_image_without_header(
    once: tuple[Path, Path], built_once: Path, tmp_path: Path, tools: FakeTools
) -> None:
    pytest.importorskip("spsdk", reason="no spsdk (mcuzoo[flash])")
    tools.add("west")
    project = tmp_path / "app"
    shutil.copytree(once[0], project)
    content = (built_once / "build/gcc/firmware.bin").read_bytes()
    with_content(project, b"\xff" * 0x2000 + content[0x2000:])
    with pytest.raises(UsageError, match="no boot header, and west flashes it as it is"):
        flashed(project, via="west", sdk=once[1])


def test_without_spsdk_no_header_is_built(
    once: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mcuzoo.extras._is_there", lambda module: module == "pip")
    with pytest.raises(MissingExtraError, match="Building the boot header"):
        flashed(once[0], command="true")


@pytest.mark.parametrize("board", REPRESENTATIVES_FIRST)
def test_the_configuration_block_is_that_of_the_c_compiler(board: str, tmp_path: Path) -> None:
    """From the same board file: by way of the templates and GCC, and by SPSDK."""
    pytest.importorskip("spsdk", reason="no spsdk (mcuzoo[flash])")
    known = load_board(board)
    image = build_bare_image(tmp_path, known, "gcc").image
    at = known.boot.fcb_offset - known.boot.image_offset
    assert image[at : at + 512] == fcb_bytes(known)
