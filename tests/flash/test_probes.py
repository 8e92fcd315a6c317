"""Probes as the system, LinkServer and J-Link list them; the boot ROM; names that are hostile."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from helpers.commands import invoke
from helpers.fake_tools import FakeTools, add_usb_device

from mcuzoo.doctor.findings import examine
from mcuzoo.flash import probes as probes_module
from mcuzoo.flash import usb as usb_module
from mcuzoo.flash.probes import Probe, list_probes, matching, probe_beside
from mcuzoo.link.ports import PortInfo
from mcuzoo.rig.scan import Scan

MCU_LINK = {"idVendor": "1fc9", "idProduct": "0143", "manufacturer": "NXP Semiconductors",
            "product": "MCU-LINK (r0FF) CMSIS-DAP V3.128", "serial": "EB04LLNGMJHMR"}  # fmt: skip


def test_nothing_is_plugged_in() -> None:
    assert list_probes([]) == []
    done = invoke(("probes",))
    assert done.exit_code == 0 and "has no debug probe" in done.stdout


@pytest.mark.skipif(sys.platform == "win32", reason="the fake tools are scripts")
def test_all_that_list_a_probe_mean_the_same_one(usb: Path, tools: FakeTools) -> None:
    add_usb_device(usb, "1-1", **MCU_LINK)
    add_usb_device(usb, "1-2", idVendor="1366", idProduct="0101", product="J-Link",
                   manufacturer="SEGGER", serial="000801012345")  # fmt: skip
    tools.add("LinkServer", "JLinkExe")
    key = (0x1FC9, 0x0143, "EB04LLNGMJHMR")
    ports = [
        PortInfo("/dev/ttyACM0", "NXP MCU-LINK", key, "1.1"),
        PortInfo("/dev/ttyACM1", "other", (0x1FC9, 0x0143, "X"), "1.1"),
    ]
    link, jlink = list_probes(ports)
    assert link.text == (
        "NXP Semiconductors MCU-LINK (r0FF) CMSIS-DAP V3.128 (serial number EB04LLNGMJHMR)"
    )
    assert [port.device for port in link.ports] == ["/dev/ttyACM0"]
    assert link.seen_by == ("usb", "linkserver") and "linkserver" in link.tools
    assert link.note == "FRDM-ANY"
    assert probe_beside(ports[0], [link, jlink]) == "EB04LLNGMJHMR"
    assert probe_beside(ports[1], [link, jlink]) is None
    assert jlink.seen_by == ("usb", "jlink") and jlink.tools == ("jlink",)


def test_a_probe_is_known_by_a_name_of_an_interface(usb: Path) -> None:
    """As Arm's specification asks for; its ids are those of nobody."""
    add_usb_device(usb, "1-1", idVendor="cafe", idProduct="0001", serial="7",
                   interface="My own CMSIS-DAP v2")  # fmt: skip
    add_usb_device(usb, "1-2", idVendor="cafe", idProduct="0002", serial="8", interface="MIDI")
    (usb / "1-3").mkdir()
    (usb / "usb1").mkdir()
    (usb / "usb1" / "idVendor").write_text("no number")
    (found,) = list_probes([])
    assert found.kind == "cmsis-dap" and found.serial_number == "7"
    assert found.text == "CMSIS-DAP (serial number 7)"


def test_a_board_in_serial_download_mode(usb: Path) -> None:
    add_usb_device(usb, "1-1", idVendor="1fc9", idProduct="013d", product="SE Blank RT1170")
    add_usb_device(usb, "1-2", idVendor="15a2", idProduct="0073", product="USB COMPOSITE DEVICE")
    rom, loader = list_probes([])
    assert (rom.kind, rom.note) == ("rom", "i.MX RT1160, RT1170")
    assert loader.kind == "flashloader" and not loader.is_debugger
    said = invoke(("probes",)).stdout
    assert "SE Blank RT1170 (serial number unknown), USB 1fc9:013d, i.MX RT1160, RT1170" in said


def test_a_probe_without_permission(
    usb: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_usb_device(usb, "1-1", **MCU_LINK, busnum="1", devnum="7")
    nodes = tmp_path / "nodes"
    (nodes / "001").mkdir(parents=True)
    node = nodes / "001" / "007"
    node.touch()
    monkeypatch.setattr(usb_module, "_NODES", nodes)
    assert list_probes([])[0].denied == ""
    monkeypatch.setattr(os, "access", lambda path, mode: str(path) != str(node))
    # The user's may have 100,000 files, and examine counts them.
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (probe,) = list_probes([])
    assert probe.denied == str(node)
    assert f"no permission for {node}" in invoke(("probes",)).stdout
    found = examine(lister=list, probe_lister=lambda ports: [probe])
    (one,) = [one for one in found if one.group == "Probes"]
    assert one.state == "wrong" and 'ATTR{idVendor}=="1fc9", MODE="0666"' in one.mend


def test_the_document(usb: Path) -> None:
    add_usb_device(usb, "1-1", **{**MCU_LINK, "product": "bad\x1b[31m\x00name" + "x" * 500})
    (found,) = json.loads(invoke(("probes", "--json")).stdout)["probes"]
    assert found["vendor_id"] == 0x1FC9 and found["serial_number"] == "EB04LLNGMJHMR"
    assert found["product"].startswith("bad?[31m?name") and len(found["product"]) == 80
    assert found["seen_by"] == ["usb"] and found["ports"] == [] and found["note"] is None


def test_elsewhere_than_on_linux_ports_tell_of_devices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(usb_module, "USB_DEVICES", Path("/nowhere"))
    key = (0x1FC9, 0x0143, "EB04")
    ports = [PortInfo("COM3", "NXP MCU-LINK", key, "a"), PortInfo("COM4", "NXP", key, "b")]
    (found,) = list_probes([*ports, PortInfo("COM1", "a UART")])
    assert [port.device for port in found.ports] == ["COM3", "COM4"]


def test_by_serial_number() -> None:
    probes = [Probe("jlink", "", serial_number=one) for one in ("12", "123", "", "ab")]
    assert [one.serial_number for one in matching(probes, "12")] == ["12"]
    assert [one.serial_number for one in matching(probes, "B")] == ["ab"]
    assert [one.serial_number for one in matching(probes, "1")] == ["12", "123"]
    assert matching(probes, "") == [probes[2]]


def test_rig_scan_asks_for_the_probe_beside_a_port(
    usb: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_usb_device(usb, "1-1", **MCU_LINK)
    port = PortInfo("/dev/ttyACM0", "NXP MCU-LINK", (0x1FC9, 0x0143, "EB04LLNGMJHMR"), "1.1")
    monkeypatch.setattr(probes_module, "list_serial_ports", lambda: [port])
    asked = []

    def scan(path: Path, bauds: object, probe_of: Callable[[PortInfo], str | None]) -> Scan:
        asked.append(probe_of(port))
        return Scan(path, None, (), (), (), (), ())

    monkeypatch.setattr("mcuzoo.rig.scan.scan", scan)
    assert invoke(("rig", "scan", "-o", tmp_path / "rig.toml")).exit_code == 0
    assert asked == ["EB04LLNGMJHMR"]
