"""flash --rig: each board through its probe and met at its port; one that fails holds up nobody."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from helpers.commands import invoke
from helpers.fake_tools import FakeTools, add_usb_device

from mcuzoo.emulator.emulate import emulate

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="the fake tools are scripts"),
]

ONE, OTHER = "EB04LLNGMJHMR", "AB0000000"


@pytest.fixture
def rig(built_once: Path, tmp_path: Path, usb: Path, tools: FakeTools) -> Path:
    """A file of two boards with a probe each; ports are filled in by the test."""
    tools.add("LinkServer")
    for name, number in (("1-1", ONE), ("1-2", OTHER)):
        add_usb_device(usb, name, idVendor="1fc9", idProduct="0143", serial=number,
                       product="MCU-LINK CMSIS-DAP")  # fmt: skip
    path = tmp_path / "rig.toml"
    path.write_text(
        f'[boards.left]\nboard = "rt1050"\nport = "LEFT"\nprobe = "{ONE}"\n'
        f'[boards.right]\nboard = "rt1050"\nport = "RIGHT"\nprobe = "{OTHER}"\n'
        f"project = {json.dumps(str(built_once))}\n"
        '[boards.far]\nboard = "rt1170"\nport = "FAR"\ntags = ["far"]\n'
    )
    return path


def test_each_board_by_its_probe(built_once: Path, rig: Path, tools: FakeTools) -> None:
    words = ("flash", built_once, "--rig", rig, "--filter", "board=rt1050", "--via", "linkserver")
    with emulate(built_once) as left, emulate(built_once) as right:
        text = rig.read_text().replace("LEFT", left.port).replace("RIGHT", right.port)
        rig.write_text(text)
        done = invoke((*words, "--json"))
        assert done.exit_code == 0, done.stderr
        told = json.loads(done.stdout)
        assert told["flashed"] == 2 and told["failed"] == 0
        ports = [one["result"]["port"] for one in told["boards"]]
        assert ports == [left.port, right.port]
        probes = [call["words"][2] for call in tools.calls if call["words"][-2] == "load"]
        assert probes == [ONE, OTHER]
        # A board that fails does not hold up the next one.
        rig.write_text(text.replace(ONE, "FFFF"))
        done = invoke(words)
        assert done.exit_code == 3
        assert "left (rt1050 at" in done.stdout and "serial number FFFF" in done.stdout
        assert "runs the build" in done.stdout
        assert "1 of 2 boards are not as they should be: left." in done.stderr
        assert "--filter name=left" in done.stderr
        assert invoke((*words, "--json")).exit_code == 3


def test_what_is_refused_before_anything_is_sent(
    built_once: Path, rig: Path, tools: FakeTools
) -> None:
    for words, said in (
        ((built_once, "--rig", rig), "far (rt1170 at FAR) is no rt1050"),
        (("--rig", rig, "--filter", "name=left"), "No project for left"),
        (("--rig", rig, "--filter", "name=none"), "No board of"),
        ((built_once, "--rig", rig, "--probe", "1"), "--probe does not go with --rig"),
        ((built_once, "--filter", "name=left"), "Add --rig RIG.toml"),
        ((), "which project?"),
    ):
        done = invoke(("flash", *words, "--via", "linkserver"))
        assert done.exit_code == 2 and said in done.stderr, done.stderr
    assert not tools.calls


def test_a_dry_run_uses_the_boards_own_project(rig: Path, tools: FakeTools) -> None:
    words = ("flash", "--rig", rig, "--filter", "name=right", "--via", "linkserver", "--dry-run")
    done = invoke(words)
    assert done.exit_code == 0, done.stderr
    assert f"--probe {OTHER} MIMXRT1052xxxxB:EVKB-IMXRT1050 load" in done.stdout
    assert not tools.calls
