"""The serial-download mode over a pty, by SPSDK's own classes: every command, and the image that is
in the simulated flash afterwards is booted."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from helpers.chip_on_pty import ChipOnPty, flashloader_file
from helpers.chip_on_usb import ROM_IDS, ChipOnUsb
from helpers.exported import export_project
from helpers.fake_tools import add_usb_device
from helpers.small_source import small_source

from mcuzoo.board.load import load_board
from mcuzoo.errors import FlashError, InputError, InterruptedFlashError, ProbeError, RigError
from mcuzoo.flash import serial_download
from mcuzoo.flash.flash import Flashed, flash
from mcuzoo.flash.image import load_payload
from mcuzoo.flash.options import FlashOptions
from mcuzoo.flash.serial_download import flashloader_place
from mcuzoo.project.manifest import load_project
from mcuzoo.toolchain.build import build_project

pytest.importorskip("spsdk", reason="no spsdk (mcuzoo[flash])")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="needs ptys"),
]

RT1050, RT1170 = load_board("rt1050"), load_board("rt1170")


@pytest.fixture
def loader(tmp_path: Path) -> Path:
    path = tmp_path / "ivt_flashloader.bin"
    path.write_bytes(flashloader_file(0x2000_0000))
    return path


def download(project: Path, chip: ChipOnPty, loader: Path, **chosen: object) -> Flashed:
    values = {"no_hello": True, "port": chip.port, **chosen}
    options = FlashOptions(
        via="spsdk",
        download=chip.port,
        flashloader=loader,
        **values,  # type: ignore[arg-type]
    )
    return flash(project, options)


def test_the_image_arrives_and_boots(project: Path, tmp_path: Path, loader: Path) -> None:
    with ChipOnPty(RT1050, tmp_path) as chip:
        done = download(project, chip, loader, port=None, no_hello=False, wait=60)
        content = (project / "build/gcc/firmware.bin").read_bytes()
        size = len(content)
        assert chip.said == [
            "write-file 0x20000000 8192",
            "jump-address 0x20000400",
            "fill-memory 0x2000 4 0xC0233007",
            "configure-memory 9 0x2000",
            f"flash-erase-region 0x60000000 0x{-(-size // 0x40000) * 0x40000:X}",
            f"write-memory 0x60000000 {size}",
            f"read-memory 0x60000000 0x{size:X}",
            "reset",
        ]
        assert chip.image == content.rstrip(b"\xff")
    assert done.compared == "read back and compared" and done.done
    # That very image was booted from the simulated flash, and said so.
    manifest = load_project(project)
    assert done.hello is not None and done.hello.emulated
    assert done.hello.build_id == manifest.newest_build_id and done.port == chip.port
    # The dry run names the same steps.
    said = [step.partition(" -- ")[2].split()[0] for step in done.steps]
    assert said == [line.split()[0] for line in chip.said]
    assert done.steps[0].startswith(f"sdphost -p {chip.port},115200 -- write-file 0x20000000 ")


def test_a_worn_flash(project: Path, tmp_path: Path, loader: Path) -> None:
    with ChipOnPty(RT1050, tmp_path, "worn") as chip:
        with pytest.raises(FlashError, match=r"in 1 of [\d,]+ bytes .*first at 0x60002345"):
            download(project, chip, loader)
        assert "reset" not in chip.said


@pytest.mark.parametrize("when", ["writing", "reading"])
def test_ctrl_c_while_it_writes(when: str, project: Path, tmp_path: Path, loader: Path) -> None:
    def interrupt(step: str, done: int, total: int | None) -> None:
        if step == when and done:
            raise KeyboardInterrupt

    with ChipOnPty(RT1050, tmp_path) as chip:
        options = FlashOptions(via="spsdk", download=chip.port, flashloader=loader)
        with pytest.raises(InterruptedFlashError, match="may hold half an image") as caught:
            flash(project, options, update=interrupt)
    assert caught.value.exit_code == 130
    assert caught.value.hint.startswith(f"mcuzoo flash {project} --via spsdk ")


def test_a_cable_that_is_pulled(project: Path, tmp_path: Path, loader: Path) -> None:
    with (
        ChipOnPty(RT1050, tmp_path, "gone") as chip,
        pytest.raises(RigError, match="half an image") as caught,
    ):
        download(project, chip, loader)
    assert "mcuzoo flash" in caught.value.hint and "--via spsdk" in caught.value.hint
    assert caught.value.exit_code == 3


@pytest.mark.parametrize(
    ("trouble", "kind", "said"),
    [
        ("nack", ProbeError, "line to the board failed: .* received invalid ACK .* is as it was"),
        ("wrong", FlashError, "flashloader refuses: .* is as it was"),
        ("mute", ProbeError, "line to the board failed: .* No response packet .* half an image"),
    ],
)
def test_a_flashloader_that_refuses(
    trouble: str,
    kind: type[RigError],
    said: str,
    project: Path,
    tmp_path: Path,
    loader: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(serial_download, "_ANSWER_S", 1.0)
    monkeypatch.setattr(serial_download, "_SECTOR_ERASE_S", 0.1)
    with ChipOnPty(RT1050, tmp_path, trouble) as chip:
        with pytest.raises(kind, match=said):
            download(project, chip, loader)
        assert not any(line.startswith("write-memory") for line in chip.said)


def test_a_port_where_nobody_listens(
    project: Path, loader: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mcuzoo.emulator.pty_console import PtyConsole

    monkeypatch.setattr(serial_download, "_ANSWER_S", 0.2)
    console = PtyConsole()
    options = FlashOptions(via="spsdk", download=console.url, flashloader=loader, no_hello=True)
    with pytest.raises(ProbeError, match="The line to the board failed"):
        flash(project, options)
    console.close()
    with pytest.raises(ProbeError, match="The line to the board failed"):
        flash(project, options)


def test_the_flashloader_says_where_it_goes(tmp_path: Path, project: Path) -> None:
    assert flashloader_place(flashloader_file(0x2000_0000), RT1050, "x") == (
        0x2000_0000, 0x2000_0400
    )  # fmt: skip
    assert flashloader_place(flashloader_file(0x2000_1C00, 0), RT1170, "x") == (
        0x2000_1C00, 0x2000_1C00
    )  # fmt: skip
    for content in (b"", b"\xd1", bytes(5000), flashloader_file(0)[0x404:], bytes(2 << 20)):
        with pytest.raises(InputError, match="no flashloader with a boot header"):
            flashloader_place(content, RT1050, "x")
    for load in (0x6000_0000, 0x2001_F000, 0x8000_0000, 0xFFFF_0000):
        with pytest.raises(InputError, match="it is for another chip"):
            flashloader_place(flashloader_file(load), RT1050, "x")
    missing = FlashOptions(via="spsdk", download="x", flashloader=tmp_path / "none")
    with pytest.raises(InputError, match="cannot be read"):
        flash(project, missing)


@pytest.mark.parametrize("name", ["rt1050", "rt1170"])
def test_over_usb(
    name: str, built_once: Path, tmp_path: Path, usb: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Below SPSDK's classes a chip stands where libusbsio would find HID devices."""
    board = load_board(name)
    project = built_once
    if name != "rt1050":
        project = tmp_path / "small"
        export_project(small_source(tmp_path / "source", with_assets=False), board, project)
        build_project(project)
    chip = ChipOnUsb(board)
    monkeypatch.setattr("libusbsio.usbsio", chip.usbsio)
    vendor, product = ROM_IDS[name]
    add_usb_device(usb, "1-1", idVendor=f"{vendor:04x}", idProduct=f"{product:04x}")
    path = tmp_path / "ivt_flashloader.bin"
    path.write_bytes(flashloader_file(0x2000_0000))
    options = FlashOptions(flashloader=path, no_hello=True)
    done = flash(project, options)  # `auto` sees the boot ROM
    assert done.via == "spsdk" and done.compared == "read back and compared"
    assert done.steps[0].startswith(f"sdphost -u 0x{vendor:04x},0x{product:04x} -- write-file ")
    assert done.steps[2].startswith("blhost -u 0x15a2,0x0073 -- fill-memory ")
    content = load_payload(project).content
    assert chip.image == content.rstrip(b"\xff") and chip.said[-1] == "reset"
    assert [step.partition(" -- ")[2].split()[0] for step in done.steps if "read-" not in step] == [
        line.split()[0] for line in chip.said
    ]


def test_a_cable_that_is_pulled_and_another_chip(
    built_once: Path, tmp_path: Path, usb: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "ivt_flashloader.bin"
    path.write_bytes(flashloader_file(0x2000_0000))
    options = FlashOptions(flashloader=path, no_hello=True)
    add_usb_device(usb, "1-1", idVendor="1fc9", idProduct="0130")
    chip = ChipOnUsb(RT1050, "gone")
    monkeypatch.setattr("libusbsio.usbsio", chip.usbsio)
    with pytest.raises(ProbeError, match=r"line to the board failed.* may hold half an image"):
        flash(built_once, options)
    monkeypatch.setattr("libusbsio.usbsio", ChipOnUsb(RT1170).usbsio)
    with pytest.raises(ProbeError, match=r"finds 0 boards of mimxrt1050 .* is as it was"):
        flash(built_once, options)
