"""Which way `auto` takes, and why none."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import pytest
from helpers.commands import invoke
from helpers.fake_tools import FakeTools, add_usb_device

from mcuzoo.board.load import list_boards
from mcuzoo.errors import ProbeError, UsageError
from mcuzoo.flash.flash import flash
from mcuzoo.flash.options import FlashOptions
from mcuzoo.flash.probes import find_jlink

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="the fake tools are scripts"),
]

MCU_LINK = {"idVendor": "1fc9", "idProduct": "0143", "manufacturer": "NXP Semiconductors",
            "product": "MCU-LINK (r0FF) CMSIS-DAP V3.128", "serial": "EB04LLNGMJHMR"}  # fmt: skip
DAPLINK = {"idVendor": "0d28", "idProduct": "0204", "manufacturer": "ARM",
           "product": "DAPLink CMSIS-DAP", "serial": "0227000040"}  # fmt: skip


def plan(project: Path, **chosen: object):  # type: ignore[no-untyped-def]
    return flash(project, FlashOptions(dry_run=True, **chosen))  # type: ignore[arg-type]


def test_pyocd_first_since_it_reads_back(project: Path, usb: Path, tools: FakeTools) -> None:
    pytest.importorskip("pyocd", reason="no pyocd (mcuzoo[flash])")
    add_usb_device(usb, "1-1", **MCU_LINK)
    tools.add("LinkServer")
    found = plan(project)
    assert found.via == "pyocd"
    assert found.why == (
        "it is installed and drives NXP Semiconductors MCU-LINK (r0FF) CMSIS-DAP V3.128 "
        "(serial number EB04LLNGMJHMR), as linkserver would"
    )
    size = (project / "build/gcc/firmware.bin").stat().st_size
    assert found.steps[-1] == (
        "pyocd commander --no-wait --no-config --project . --target mimxrt1050_hyperflash --probe "
        "EB04LLNGMJHMR -O chip_erase=sector -O keep_unwritten=true -O smart_flash=false --connect "
        f"halt -c 'load image.hex' -c 'savemem 0x60000000 0x{size:X} back.bin' -c reset"
    )


def test_without_a_probe(project: Path, tools: FakeTools) -> None:
    tools.add("JLinkExe", "LinkServer")
    (tools.bin / "JLinkExe").write_text("#!/bin/sh\n")
    (tools.bin / "LinkServer").write_text("#!/bin/sh\n")
    done = invoke(("flash", project))
    assert done.exit_code == 3
    assert "There is no debug probe that a tool here can drive. This machine has no probe" in (
        done.stderr
    )
    assert "hint: mcuzoo probes" in done.stderr
    with pytest.raises(ProbeError, match="no probe that jlink can drive"):
        plan(project, via="jlink")


def test_two_probes_are_refused_with_their_list(project: Path, usb: Path, tools: FakeTools) -> None:
    add_usb_device(usb, "1-1", **MCU_LINK)
    add_usb_device(usb, "1-2", **DAPLINK)
    tools.add("LinkServer")
    done = invoke(("flash", project, "--via", "linkserver"))
    assert done.exit_code == 2
    assert "2 probes could be meant: NXP Semiconductors MCU-LINK" in done.stderr
    assert "ARM DAPLink CMSIS-DAP (serial number 0227000040)" in done.stderr
    assert "--probe EB04LLNGMJHMR" in done.stderr
    with pytest.raises(UsageError, match="2 probes"):
        plan(project)
    assert plan(project, probe="0227000040").probe.product == "DAPLink CMSIS-DAP"
    assert plan(project, probe="eb04").probe.serial_number == "EB04LLNGMJHMR"
    with pytest.raises(ProbeError, match=r"with the serial number 9\. There are: NXP"):
        plan(project, probe="9")


def test_a_way_that_is_not_possible_says_why(
    project: Path, tools: FakeTools, monkeypatch: pytest.MonkeyPatch
) -> None:
    for via, why in (
        ("linkserver", "LinkServer is not on the PATH"),
        ("jlink", "JLinkExe is not on the PATH"),
        ("west", "is not an application for the MCUXpresso SDK"),
        ("command", "--command was not given"),
        ("spsdk", "ivt_flashloader.bin"),
    ):
        if via == "spsdk":
            pytest.importorskip("spsdk", reason="no spsdk (mcuzoo[flash])")
        with pytest.raises(UsageError, match=why):
            plan(project, via=via)
    with pytest.raises(UsageError, match="no such way") as caught:
        plan(project, via="jlnk")
    assert "Did you mean 'jlink'?" in caught.value.hint
    monkeypatch.setattr("mcuzoo.extras._is_there", lambda module: module == "pip")
    for via in ("pyocd", "spsdk"):
        done = invoke(("flash", project, "--via", via))
        assert done.exit_code == 2 and re.search(f"pip install '?{via}", done.stderr)


def test_a_probe_that_nothing_here_drives(
    project: Path, usb: Path, tools: FakeTools, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_usb_device(usb, "1-1", **MCU_LINK)
    monkeypatch.setattr("mcuzoo.extras._is_there", lambda module: module == "pip")
    with pytest.raises(ProbeError, match=r"Nothing here can drive NXP .* pyocd: pyOCD is not ins"):
        plan(project)


@pytest.mark.skipif(os.name == "nt", reason="pretends to be Windows")
def test_a_jdk_has_a_jlink_of_its_own(tools: FakeTools, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tools.bin / "JLink.exe"
    program.write_text("")
    program.chmod(0o755)
    monkeypatch.setattr("sys.platform", "win32")
    monkeypatch.setattr("shutil.which", lambda name: str(program) if name == program.name else None)
    assert find_jlink() is None
    (tools.bin / "JLink_x64.dll").touch()
    assert find_jlink() == str(program)


@pytest.mark.parametrize("number", ["--script=/tmp/x.py", "-x", "a b", "$(x)", "x;y"])
def test_a_serial_number_is_no_option(
    number: str, project: Path, usb: Path, tools: FakeTools
) -> None:
    add_usb_device(usb, "1-1", **{**MCU_LINK, "serial": number})
    tools.add("LinkServer", "mytool")
    (tools.bin / "LinkServer").write_text("#!/bin/sh\n")
    for chosen in ({"via": "linkserver"}, {"command": "mytool {probe}"}):
        with pytest.raises(ProbeError, match="cannot stand on a command line"):
            plan(project, **chosen)
    assert not tools.calls


def test_the_page_has_the_switches_of_the_boards() -> None:
    page = (Path(__file__).parents[2] / "docs" / "flash.md").read_text(encoding="utf-8")
    for board in list_boards():
        assert board.download is not None
        switches, word = board.download.switches, board.download.option_word
        assert f"| {board.id} | {board.boot.switches} | {switches} | 0x{word:08X} |" in page
