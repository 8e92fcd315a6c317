"""mcuzoo rig scan and check: from ports to a rig file that keeps what a person wrote."""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from helpers.boards_at_work import boards_at_work
from helpers.commands import invoke
from helpers.fake_board import HELLO, MANIFEST
from helpers.host_project import HostProject, make_host_project

from mcuzoo.errors import InputError, RigError
from mcuzoo.link.hello import Hello
from mcuzoo.link.ports import PortInfo
from mcuzoo.link.state import LineCounts
from mcuzoo.link.survey import Surveyed
from mcuzoo.project.manifest import write_manifest
from mcuzoo.report.rig import scan_text
from mcuzoo.rig.boards import Power, RigBoard
from mcuzoo.rig.check import PINGS, check_rig
from mcuzoo.rig.file import parse_rig, read_rig
from mcuzoo.rig.find_board import DEFAULT_BAUD
from mcuzoo.rig.scan import Scan, scan

LEFT = PortInfo("/dev/ttyACM0", "NXP MCU-Link", (0x1FC9, 0x143, "AB12"))
RIGHT = PortInfo("/dev/ttyACM7", "NXP MCU-Link", (0x1FC9, 0x143, "CD34"))
MUTE = PortInfo("/dev/ttyUSB0", "FTDI", (0x0403, 0x6001, "F1"))


def scanned(
    path: Path, boards: dict[PortInfo, str | None], baud: int = 115200, probe: str | None = None
) -> Scan:
    """A scan of a machine with these ports, and these kinds of boards behind them."""

    def ask(ports: Sequence[PortInfo], bauds: Sequence[int]) -> list[Surveyed]:
        return [
            Surveyed(port, trouble="nothing answers")
            if boards[port] is None
            else Surveyed(port, replace(HELLO, board=str(boards[port])), baud)
            for port in ports
        ]

    return scan(path, (), list(boards), lambda port: probe, ask)


def test_a_first_scan_makes_a_file(tmp_path: Path) -> None:
    path = tmp_path / "rig.toml"
    found = scanned(path, {LEFT: "rt1170", RIGHT: "rt1170", MUTE: None}, 921600, "0Q1")
    assert found.text is not None
    path.write_text(found.text)
    # Two boards with the same probe are none that a file may have.
    with pytest.raises(InputError, match="is that of rt1170-0 already"):
        read_rig(path)
    found = scanned(tmp_path / "new.toml", {LEFT: "rt1170", RIGHT: "rt1050", MUTE: None}, 921600)
    assert found.text is not None and found.text.startswith("# The boards of this rig.")
    first, second = parse_rig(found.text, path).boards
    assert (first.name, first.port, first.baud) == ("rt1170-0", "usb:AB12", 921600)
    assert (second.name, second.board, second.port) == ("rt1050-0", "rt1050", "usb:CD34")
    assert found.unknown == ((MUTE, "nothing answers"),)
    text = scan_text(found, written=True)
    assert "new      rt1170-0 (rt1170 at usb:AB12)\n" in text and "2 boards were added" in text


def test_a_later_scan_keeps_what_a_person_wrote(tmp_path: Path) -> None:
    path = tmp_path / "rig.toml"
    own = (
        "# mine\n[boards.window]  # by the window\nboard = 'rt1170'\nport = 'usb:ab12'\n"
        "tags = ['fast']\npower = { cycle = ['true'] }\n\n"
        "[boards.rt1050-0]\nboard = 'rt1050'\nport = 'usb:GONE'\n"
    )
    path.write_text(own)
    moved = replace(LEFT, device="/dev/ttyACM9")
    found = scanned(path, {moved: "rt1060", RIGHT: "rt1050"})
    assert found.text is not None and found.text.startswith(own)
    assert [board.name for board in parse_rig(found.text, path).boards] == [
        "window", "rt1050-0", "rt1050-1",
    ]  # fmt: skip
    assert [board.name for board in found.known] == ["window"]
    assert [(board.name, why) for board, why in found.gone] == [
        ("rt1050-0", "there is no usb:GONE")
    ]
    assert found.differs == ('window: the file says board = "rt1170", rt1060 answers',)
    path.write_text(found.text)
    again = scanned(path, {moved: "rt1060", RIGHT: "rt1050"})
    assert again.text is None and not again.new
    assert "nothing was written" in scan_text(again, written=False)


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX names of devices")
def test_a_board_at_a_port_that_is_no_usb_name(tmp_path: Path) -> None:
    """A device, by its name or a link to it; and a place that no list of ports has."""
    link = tmp_path / "window"
    link.symlink_to(LEFT.device)
    path = tmp_path / "rig.toml"
    path.write_text(
        f"[boards.linked]\nboard = 'rt1170'\nport = '{link}'\nbaud = 921600\n"
        f"[boards.named]\nboard = 'rt1050'\nport = '{RIGHT.device}'\n"
        "[boards.far]\nboard = 'rt1050'\nport = 'socket://far:4000'\n"
        "[boards.gone]\nboard = 'rt1050'\nport = '/dev/none-such'\n"
    )
    found = scanned(path, {LEFT: "rt1170", RIGHT: None})
    assert [board.name for board in found.known] == ["linked"] and found.text is None
    assert found.differs == ("linked: the file says baud = 921600, it answers at 115200",)
    assert [(board.name, why) for board, why in found.gone] == [
        ("named", "nothing answers"),
        ("far", "socket://far:4000 was not asked: mcuzoo rig check does it"),
        ("gone", "there is no /dev/none-such"),
    ]


def test_a_board_gets_the_project_whose_build_it_runs(tmp_path: Path) -> None:
    """Of folders with other builds, and with a mcuzoo.json that is none."""
    (tmp_path / "mine").mkdir()
    write_manifest(MANIFEST, tmp_path / "mine")
    (tmp_path / "other").mkdir()
    write_manifest(replace(MANIFEST, build_id="0" * 32), tmp_path / "other")
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken/mcuzoo.json").write_text("{")
    path = tmp_path / "rig.toml"
    (board,) = scanned(path, {LEFT: "rt1050"}).new
    assert board.project == (tmp_path / "mine").resolve()
    text = scanned(path, {LEFT: "rt1050"}).text
    assert text is not None and 'project = "mine"\n' in text
    assert parse_rig(text, path).boards[0].project == board.project
    (tmp_path / "twin").mkdir()
    write_manifest(MANIFEST, tmp_path / "twin")
    (board,) = scanned(path, {LEFT: "rt1050"}).new
    assert board.project is None, "either may be meant"


def test_what_cannot_be_added_is_said(tmp_path: Path) -> None:
    found = scanned(tmp_path / "rig.toml", {LEFT: "mine"})
    assert found.text is None
    ((port, why),) = found.unknown
    assert port is LEFT and 'board = "FILE.toml"' in why


def test_odd_names_of_devices_are_text(tmp_path: Path) -> None:
    odd = PortInfo('/dev/a"b', "x", (1, 2, 'A"\n\\\x7f'))
    found = scanned(tmp_path / "rig.toml", {odd: "rt1050"})
    assert found.text is not None
    with pytest.raises(InputError, match="has a character that it cannot have"):
        parse_rig(found.text, tmp_path)  # a line end in a serial number: refused, not run


def test_a_file_that_is_no_rig(tmp_path: Path) -> None:
    path = tmp_path / "rig.toml"
    path.write_text("boards = 3\n")
    with pytest.raises(InputError):
        scanned(path, {LEFT: "rt1050"})
    assert path.read_text() == "boards = 3\n"
    path.write_bytes(b"# caf\xe9\n")
    for place in (path, tmp_path):
        with pytest.raises(InputError, match="cannot be read") as caught:
            scanned(place, {LEFT: "rt1050"})
        assert "--out" in (caught.value.hint or "")


@pytest.mark.slow
def test_the_command_scans(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mcuzoo.rig.find_board.list_serial_ports", list)
    monkeypatch.setattr("mcuzoo.rig.find_board.known_ports.__defaults__", (list,))
    monkeypatch.chdir(tmp_path)
    said = invoke(("rig", "scan", "--json"))
    assert said.exit_code == 0 and json.loads(said.stdout)["written"] is False
    assert not (tmp_path / "rig.toml").exists()
    for words in (("look",), ("scan", "a", "-o", "b"), ("scan", "--power"), ("check", "--baud", 9)):
        assert invoke(("rig", *words)).exit_code == 2


def test_check_without_boards_meets_none() -> None:
    assert check_rig(()) == ()


def test_check_of_boards_that_do_not_answer() -> None:
    """Each is said, with what its switch did. The usual rate is tried on a kind nobody knows."""
    failing = Power(cycle=(sys.executable, "-c", "raise SystemExit(3)"))
    said: list[str] = []
    boards = [
        RigBoard("bare", "no-such-kind", "/dev/none-such"),
        RigBoard("switched", "rt1050", "/dev/none-such", power=failing),
    ]
    bare, switched = check_rig(boards, power=True, say=said.append)
    assert said == ["bare: switching it off and on", "switched: switching it off and on"]
    assert not bare.passed and bare.hello is None and bare.baud == DEFAULT_BAUD
    assert bare.power == "no power switch in the rig file"
    assert [one.startswith("power: ") for one in switched.findings] == [False, True]
    assert "failed with exit code 3" in switched.findings[1]


@dataclass
class Answering:
    """A session with a board that does not lose a frame."""

    hello_reply: Hello

    def __enter__(self) -> Answering:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def hello(self) -> Hello:
        return self.hello_reply

    def ping(self) -> LineCounts:
        return LineCounts(1, 0, 0)


def test_check_of_a_board_that_cannot_run_its_model(monkeypatch: pytest.MonkeyPatch) -> None:
    hello = replace(HELLO, runtime_error="the arena is too small")
    monkeypatch.setattr("mcuzoo.rig.check._session", lambda *_: Answering(hello))
    (met,) = check_rig([RigBoard("b", "rt1050", "/dev/ttyACM0")])
    assert met.hello == hello and met.pings == PINGS
    assert met.findings == ("it cannot run its model: the arena is too small",)


def test_a_board_that_a_power_cycle_wakes_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """It hung: its switch is fine, but the board was not."""

    def session(board: RigBoard, baud: int, state: object, wait_s: float = 0.0) -> Answering:
        if not wait_s:
            raise RigError("nothing answers", "Press its button.")
        return Answering(HELLO)

    monkeypatch.setattr("mcuzoo.rig.check._session", session)
    monkeypatch.setattr("mcuzoo.rig.check.cycle", lambda power: None)
    board = RigBoard("b", "rt1050", "/dev/ttyACM0", power=Power(cycle=("true",)))
    (met,) = check_rig([board], power=True)
    assert met.findings == (
        "nothing answers",
        "it answers after a power cycle, but did not before",
    )


def needs_boards(test: Callable[..., None]) -> Callable[..., None]:
    """Boards are processes behind ptys."""
    for mark in (
        pytest.mark.slow,
        pytest.mark.skipif(sys.platform == "win32", reason="needs ptys"),
    ):
        test = mark(test)
    return test


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> HostProject:
    return make_host_project(tmp_path_factory.mktemp("host"), 3)


@needs_boards
def test_check_meets_every_board(project: HostProject, tmp_path: Path) -> None:
    with boards_at_work(tmp_path) as boards:
        boards.add(project.firmware)
        boards.add(project.firmware)
        rig = boards.rig()
        rig.write_text(rig.read_text() + f'project = "{project.folder}"\n')
        said = invoke(("rig", "check", rig, "--json"))
        assert said.exit_code == 0, said.stdout + said.stderr
        document = json.loads(said.stdout)
        assert [one["name"] for one in document["boards"]] == ["b0", "b1"] and document["passed"]
        assert document["boards"][1]["line"] == {"requests": 16, "sent_again": 0}

        rig.write_text(rig.read_text().replace("host.toml", "rt1050", 1))
        boards.lines["b1"].kill_board()
        said = invoke(("rig", "check", rig))
        assert said.exit_code == 3
        assert "b0: it is a host, the rig file says rt1050\n" in said.stdout
        assert "b1: " in said.stdout and "0 of 2 boards are as the rig file says." in said.stdout
        assert max(map(len, said.stdout.split("\n\n")[0].splitlines())) <= 80


@needs_boards
def test_check_of_another_build(project: HostProject, tmp_path: Path) -> None:
    other = make_host_project(tmp_path / "other", 1, seed=8)
    with boards_at_work(tmp_path) as boards:
        boards.add(other.firmware)
        rig = boards.rig()
        rig.write_text(rig.read_text() + f'project = "{project.folder}"\n')
        said = invoke(("rig", "check", rig, "--json"))
    (found,) = json.loads(said.stdout)["boards"]
    assert said.exit_code == 3 and "it runs the build" in found["findings"][0]


@needs_boards
def test_power_switches_are_tried(project: HostProject, tmp_path: Path) -> None:
    """Each board's own switch restarts it; one that switches nothing is found out."""
    with boards_at_work(tmp_path) as boards:
        boards.add(project.firmware)
        boards.add(project.firmware)
        switched = tmp_path / "switched"
        script = f"touch {switched}; while test -e {switched}; do sleep 0.02; done"
        rig = boards.rig(
            b0=f'{{ cycle = ["sh", "-c", "{script}"] }}',
            b1='{ cycle = ["true"] }',
        )

        def switch() -> None:
            while not switched.exists():
                time.sleep(0.02)
            boards.lines["b0"].press_reset()
            switched.unlink()

        thread = threading.Thread(target=switch, daemon=True)
        thread.start()
        said = invoke(("rig", "check", rig, "--power", "--json"))
        thread.join(10)
    good, bad = json.loads(said.stdout)["boards"]
    assert good["passed"] and good["power_tried"] == "switched off and on, and it answers again"
    assert bad["findings"] == ["its power switch did not restart it: is it that of another board?"]
    assert said.exit_code == 3
