"""--port auto and mcuzoo ports: the one board that runs the project, or why there is none."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from helpers.commands import invoke
from helpers.fault_proxy import Line
from helpers.host_firmware import HostBoard
from helpers.host_project import HostProject, make_host_project

from mcuzoo.errors import PortError, UsageError, WrongFirmwareError
from mcuzoo.link.ports import MORE_PORTS, PortInfo, usb_name
from mcuzoo.project.manifest import load_manifest
from mcuzoo.rig.find_board import port_of, ports_of

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="needs ptys"),
]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> HostProject:
    return make_host_project(tmp_path_factory.mktemp("host"), 3)


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> HostProject:
    return make_host_project(tmp_path_factory.mktemp("other"), 3, seed=9)


def test_the_one_board_is_found_and_run(
    project: HostProject, other: HostProject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    with (
        Line(HostBoard(other.firmware, tmp_path / "a")) as stranger,
        Line(HostBoard(project.firmware, tmp_path / "b")) as line,
    ):
        monkeypatch.setenv(MORE_PORTS, f"{stranger.url}, {line.url}")
        words = ("run-serial", "--port", "auto", "--project", project.folder)
        done = invoke((*words, "--images", project.images, "--out", tmp_path / "run", "--json"))
        assert done.exit_code == 0, done.stderr
        assert f"port: {line.url}, host with the build" in done.stderr
        assert json.loads(done.stdout)["reference"]["equal"] == 3

        listed = invoke(("ports", "--baud", 115200, "--json"))
        assert listed.exit_code == 0, listed.stderr
        answers = {one["port"]: one["firmware"] for one in json.loads(listed.stdout)["ports"]}
        build_id = load_manifest(project.folder).newest_build_id
        assert answers[line.url]["build_id"] == build_id
        assert answers[stranger.url]["build_id"] != build_id
        text = invoke(("ports", line.url)).stdout
        assert text.startswith(line.url) and f"build {build_id[:12]}" in text


def test_several_none_and_nobody(
    project: HostProject, other: HostProject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    manifest = load_manifest(project.folder)
    with (
        Line(HostBoard(project.firmware, tmp_path / "a")) as first,
        Line(HostBoard(project.firmware, tmp_path / "b")) as second,
    ):
        monkeypatch.setenv(MORE_PORTS, f"{first.url},{second.url}")
        with pytest.raises(UsageError, match="2 boards run this project") as several:
            port_of(manifest, 115200, ports=[PortInfo(first.url), PortInfo(second.url)])
        assert "--port all" in several.value.hint
        assert ports_of(manifest, 115200, ports=[PortInfo(first.url), PortInfo(second.url)]) == [
            first.url, second.url,
        ]  # fmt: skip
        words = ("run-serial", "--port", "all", "--project", project.folder)
        done = invoke((*words, "--images", project.images, "--out", tmp_path / "run", "--json"))
        assert done.exit_code == 0, done.stderr
        assert [one["name"] for one in json.loads(done.stdout)["boards"]] == [
            first.url, second.url,
        ]  # fmt: skip
        with pytest.raises(WrongFirmwareError, match="No board runs the newest build"):
            port_of(load_manifest(other.folder), 115200, ports=[PortInfo(first.url)])
    monkeypatch.delenv(MORE_PORTS)
    with pytest.raises(PortError, match="none of 1 ports is a USB port") as nobody:
        port_of(manifest, 115200, ports=[PortInfo("/dev/ttyS0")])
    assert nobody.value.absent and "mcuzoo ports" in nobody.value.hint


def test_a_port_is_named_by_its_device_where_that_is_clear() -> None:
    one, two = (0x1FC9, 0x0143, "AB12"), (0x1366, 0x0105, "AB12")
    alone = PortInfo("/dev/ttyACM0", usb_id=one)
    assert usb_name(alone, [alone]) == "usb:AB12"
    first, second = (PortInfo(f"/dev/ttyACM{n}", "", one, f"1.{n}") for n in (0, 2))
    assert usb_name(second, [first, second]) == "usb:AB12:1.2"
    # Two devices with one serial number, and none at all.
    assert usb_name(alone, [alone, PortInfo("/dev/ttyACM3", usb_id=two)]) == "/dev/ttyACM0"
    bare = PortInfo("/dev/ttyUSB0", usb_id=(0x0403, 0x6001, ""))
    assert usb_name(bare, [bare]) == "/dev/ttyUSB0"
