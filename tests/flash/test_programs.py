"""LinkServer, J-Link, west and commands: how they are called, and what they may do wrong."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from helpers.commands import invoke, mcuzoo
from helpers.fake_tools import FakeTools

from mcuzoo.errors import BoardError, FlashError, ProbeError, ProjectError, UsageError
from mcuzoo.flash.flash import flash
from mcuzoo.flash.image import load_payload
from mcuzoo.flash.options import FlashOptions
from mcuzoo.project.manifest import load_project

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="the fake tools are scripts"),
]


def flashed(project: Path, **chosen: object):  # type: ignore[no-untyped-def]
    return flash(project, FlashOptions(no_hello=True, **chosen))  # type: ignore[arg-type]


def test_linkserver_loads_and_verifies(project: Path, tools: FakeTools) -> None:
    tools.add("LinkServer")
    done = flashed(project, via="linkserver")
    image = str((project / "build/gcc/firmware.hex").resolve())
    start = ["flash", "--probe", "EB04LLNGMJHMR", "MIMXRT1052xxxxB:EVKB-IMXRT1050"]
    assert [call["words"] for call in tools.calls] == [
        [*start, "load", image],
        [*start, "verify", image],
    ]
    assert done.via == "linkserver" and done.compared == "read back and compared by LinkServer"
    assert done.probe is not None and done.probe.serial_number == "EB04LLNGMJHMR"
    # What a dry run says is what is done.
    planned = flashed(project, via="linkserver", dry_run=True)
    assert len(tools.calls) == 2 and not planned.done
    assert planned.steps[0].endswith(f"MIMXRT1052xxxxB:EVKB-IMXRT1050 load {image}")


def test_jlink_by_a_command_file(project: Path, tools: FakeTools) -> None:
    tools.add("JLinkExe")
    done = flashed(project)
    (call,) = tools.calls
    assert call["words"] == [
        "-NoGui",
        "1",
        "-ExitOnError",
        "1",
        "-USB",
        "801012345",
        "-Device",
        "MIMXRT1052xxxxA",
        "-If",
        "SWD",
        "-Speed",
        "4000",
        "-AutoConnect",
        "1",
        "-CommandFile",
        "flash.jlink",
    ]
    size = load_payload(project).bin.stat().st_size
    assert call["files"]["flash.jlink"].splitlines() == [
        "r", "h", "loadfile image.hex", f"savebin back.bin, 0x60000000, 0x{size:X}", "r", "g",
        "exit",
    ]  # fmt: skip
    assert done.compared == "read back and compared"
    assert (tools.place / "flash").read_bytes() == (project / "build/gcc/firmware.hex").read_bytes()
    assert not Path(call["folder"]).exists()


def test_a_path_of_the_users_is_never_code(
    built_once: Path, tmp_path: Path, tools: FakeTools
) -> None:
    import shutil

    odd = tmp_path / "a b; touch $(echo owned) 'q' \"r\", -x"
    shutil.copytree(built_once, odd)
    tools.add("JLinkExe", "LinkServer", "mytool")
    for via in ("jlink", "linkserver"):
        assert flashed(odd, via=via).done
    assert "owned" not in json.dumps([call["files"] for call in tools.calls])
    for shell in (False, True):
        flashed(odd, command="mytool --file={bin} {address} {board} {probe}", shell=shell)
        flashed(odd, command="mytool 'quoted {elf}' \"{hex}\"", shell=False)
    found = [call["words"] for call in tools.calls if call["tool"] == "mytool"]
    image = (odd / "build/gcc/firmware.bin").resolve()
    assert found[0] == found[2] == [f"--file={image}", "0x60000000", "rt1050", ""]
    assert found[1] == [f"quoted {image.with_suffix('.elf')}", str(image.with_suffix(".hex"))]
    assert not list(tmp_path.rglob("owned"))


@pytest.mark.parametrize("words", ["mytool {nothing}", "mytool 'open", ""])
def test_a_template_that_cannot_be_filled(words: str, project: Path, tools: FakeTools) -> None:
    tools.add("mytool")
    with pytest.raises(UsageError):
        flashed(project, via="command", command=words)
    assert not tools.calls


def test_worn_flash_is_an_error_with_its_address(project: Path, tools: FakeTools) -> None:
    tools.add("JLinkExe", "LinkServer")
    tools.trouble("worn")
    with pytest.raises(FlashError, match=r"in 1 of [\d,]+ bytes .* the first at 0x60000064: 0x"):
        flashed(project, via="jlink")
    with pytest.raises(FlashError, match="another content in the flash: Nc: Verify failed"):
        flashed(project, via="linkserver")


def test_a_probe_that_goes_away(project: Path, tools: FakeTools) -> None:
    tools.add("JLinkExe", "LinkServer")
    tools.trouble("gone")
    for via, said in (("jlink", "Could not connect"), ("linkserver", "Probe disconnected")):
        done = invoke(("flash", project, "--via", via, "--no-hello"))
        assert done.exit_code == 3
        assert said in done.stderr and "may hold half an image" in done.stderr
        assert f"mcuzoo flash {project} --via {via} --no-hello" in done.stderr
    assert invoke(("flash", project, "--via", "jlink", "--json")).stdout.count("ProbeError") == 1


def test_jlink_that_reads_nothing_back(project: Path, tools: FakeTools) -> None:
    tools.add("JLinkExe")
    tools.trouble("mute")
    with pytest.raises(FlashError, match="read nothing back"):
        flashed(project)


def test_a_tool_that_hangs_is_ended(project: Path, tools: FakeTools) -> None:
    tools.add("mytool")
    tools.trouble("hangs")
    with pytest.raises(ProbeError, match="not done within 1 s, and was ended"):
        flashed(project, command="mytool", time_limit=1)


def test_ctrl_c_says_what_the_board_may_hold(project: Path, tools: FakeTools) -> None:
    tools.add("mytool")
    tools.trouble("hangs")
    words = mcuzoo("flash", project, "--command", "mytool", "--json")
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    while not tools.calls:
        assert process.poll() is None
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 130
    told = json.loads(out)
    assert told["error"] == "Interrupted" and "half an image" in told["message"]
    assert told["hint"] == f"mcuzoo flash {project} --command mytool"


def test_a_tool_that_is_killed(project: Path, tools: FakeTools) -> None:
    with pytest.raises(ProbeError, match=r"was ended by signal 9. It said nothing."):
        flashed(project, command="sh -c 'kill -9 $$'")


def test_a_project_without_a_build(project: Path, tools: FakeTools) -> None:
    from dataclasses import replace

    from mcuzoo.project.manifest import write_manifest

    write_manifest(replace(load_project(project), build=None), project)
    done = invoke(("flash", project, "--command", "true"))
    assert done.exit_code == 2 and f"hint: mcuzoo build {project}" in done.stderr


def test_a_stale_build(project: Path, tools: FakeTools) -> None:
    source = project / "firmware/app/mz_app.c"
    source.touch()  # the same content: the build is still of these files
    assert flashed(project, command="true").done
    source.write_text(source.read_text() + "\nint more;\n")
    with pytest.raises(
        ProjectError, match=r"older than the project: .*mz_app.c changed since"
    ) as e:
        flashed(project, command="true")
    assert e.value.hint == f"mcuzoo build {project}"
    os.utime(source, (1, 1))
    with pytest.raises(ProjectError, match="older than the project's files"):
        flashed(project, command="true")


@pytest.mark.parametrize("suffix", ["bin", "elf", "hex"])
def test_a_product_that_was_changed(suffix: str, project: Path, tools: FakeTools) -> None:
    path = project / f"build/gcc/firmware.{suffix}"
    path.write_bytes(path.read_bytes() + b"\0")
    with pytest.raises(ProjectError, match="is not the file that mcuzoo build wrote"):
        flashed(project, command="true")
    path.unlink()
    with pytest.raises(ProjectError, match="cannot be read"):
        flashed(project, command="true")


def test_an_image_that_would_not_start(project: Path, tools: FakeTools) -> None:
    """Its hashes are right, and the boot ROM would refuse it."""
    from dataclasses import replace
    from hashlib import sha256

    from mcuzoo.errors import EmulatorError
    from mcuzoo.project.manifest import write_manifest

    path = project / "build/gcc/firmware.bin"
    content = bytearray(path.read_bytes())
    content[0x1000] = 0  # the tag of the IVT
    path.write_bytes(content)
    manifest = load_project(project)
    assert manifest.build is not None
    hashes = {**manifest.build.sha256, "bin": sha256(content).hexdigest()}
    write_manifest(replace(manifest, build=replace(manifest.build, sha256=hashes)), project)
    with pytest.raises(EmulatorError, match=r"would not start this image: IVT.header.tag"):
        flashed(project, command="true")


def test_an_emulated_board_has_no_flash(project: Path) -> None:
    with pytest.raises(UsageError, match="has no flash"):
        flash(project, FlashOptions(port=f"emulator://{project}", command="true"))


def test_a_board_file_that_would_erase_too_much(project: Path, tools: FakeTools) -> None:
    """The board file of a project is anybody's."""
    own = project / "board/board.toml"
    text = own.read_text()
    assert "\nsector_size = 0x4_0000\n" in text
    own.write_text(text.replace("\nsector_size = 0x4_0000\n", "\nsector_size = 0x8000_0000\n"))
    with pytest.raises(BoardError, match=r"Sectors of 2,147,483,648 bytes do not fill the flash"):
        flashed(project, command="true")
