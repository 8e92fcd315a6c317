"""Ports that are not there, come later, or come back elsewhere; and what is told of them."""

from __future__ import annotations

import os
import pty
import tty
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace

import pytest
from helpers.fault_proxy import Line
from helpers.host_firmware import HostBoard, echo_output
from link.test_session import image
from serial.tools import list_ports

from mcuzoo.errors import PortError
from mcuzoo.link import ports
from mcuzoo.link.port_watch import PortWatch
from mcuzoo.link.ports import PortInfo, list_serial_ports, ports_hint
from mcuzoo.link.session import Session
from mcuzoo.link.state import LinkState
from mcuzoo.run.connected_board import BoardGoneError, ConnectedBoard

LinkMaker = Callable[[str], Path]
BOARD = (0x1FC9, 0x0143, "AB12")
OTHER = (0x1FC9, 0x0143, "CD34")


@pytest.fixture
def plug(tmp_path: Path) -> Iterator[LinkMaker]:
    """plug(name): a terminal that can be opened, under that name in a folder."""
    with ExitStack() as stack:

        def make(name: str) -> Path:
            master, slave = pty.openpty()
            tty.setraw(slave)
            stack.callback(os.close, master)
            stack.callback(os.close, slave)
            link = tmp_path / name
            link.symlink_to(os.ttyname(slave))
            return link

        yield make


class Desk:
    """What is plugged in, and time that passes only in `sleep`, where `events` happen."""

    def __init__(self, *listed: PortInfo) -> None:
        self.listed = list(listed)
        self.now = 0.0
        self.events: dict[float, Callable[[], object]] = {}
        self.said: list[str] = []

    def watch(self, url: object, wait_s: float = 30.0, wait_first: bool = False) -> PortWatch:
        return PortWatch(
            str(url), wait_s, wait_first, self.said.append, lambda: self.listed, self.clock,
            self.sleep,
        )  # fmt: skip

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        for due in [at for at in self.events if at <= self.now]:
            self.events.pop(due)()


def test_an_absent_port_lists_what_is_there_and_guesses_nothing_unlike() -> None:
    there = [
        PortInfo("/dev/ttyACM1", "NXP MCU-Link", BOARD),
        PortInfo("/dev/ttyUSB0", "FTDI", (0x0403, 0x6001, "")),
        PortInfo("/dev/ttyS4", "16550A"),
    ]
    hint = ports_hint("/dev/ttyACM0", there)
    assert "Did you mean /dev/ttyACM1?" in hint
    assert "/dev/ttyACM1 (NXP MCU-Link, USB 1fc9:0143, serial number AB12)" in hint
    assert "serial number unknown" in hint and "/dev/ttyS4 (16550A)" in hint
    for absent in ("/dev/ttyACM0", "/dev/pts/3", "/dev/ttyAMA0", "COM3", "/dev/ttyTHS1"):
        assert "Did you mean" not in ports_hint(absent, there[1:]), absent
    assert "no serial ports" in ports_hint("/dev/ttyACM0", [])


def test_only_ports_with_hardware_are_listed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, kind in (("ttyS0", "0\n"), ("ttyS1", "4\n")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "type").write_text(kind)

    def port(device: str, **facts: object) -> SimpleNamespace:
        names = ("vid", "pid", "serial_number", "location", "manufacturer", "product")
        plain: dict[str, object] = dict.fromkeys(names)
        return SimpleNamespace(device=device, description="n/a", **{**plain, **facts})

    usb = port("/dev/ttyACM3", vid=0x1FC9, pid=0x0143, serial_number="AB12", location="1-2:1.0",
               manufacturer="NXP", product="MCU-\x1b[31mLink")  # fmt: skip
    monkeypatch.setattr(ports, "_TTYS", tmp_path)
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setattr(
        list_ports, "comports", lambda: [port("/dev/ttyS1"), port("/dev/ttyS0"), usb]
    )
    assert list_serial_ports() == [
        PortInfo("/dev/ttyACM3", "NXP MCU-?[31mLink", BOARD, "1.0"),
        PortInfo("/dev/ttyS1"),
    ]


def test_a_port_that_is_not_there_at_first_is_an_error_at_once(tmp_path: Path) -> None:
    desk = Desk()
    with pytest.raises(PortError, match="There is no port"):
        desk.watch(tmp_path / "ttyACM0").open(115200)
    assert desk.now == 0.0 and not desk.said


def test_a_port_that_is_waited_for_from_the_start(plug: LinkMaker, tmp_path: Path) -> None:
    desk = Desk()
    desk.events[12.0] = lambda: plug("ttyACM0")
    watch = desk.watch(tmp_path / "ttyACM0", wait_first=True)
    watch.open(115200).close()
    assert 12.0 <= desk.now < 13.0
    assert desk.said == [f"waiting up to 30 s for the port {tmp_path / 'ttyACM0'}"]


@pytest.mark.parametrize("wait_s", [30.0, 5.0])
def test_the_wait_has_an_end(plug: LinkMaker, wait_s: float) -> None:
    link, desk = plug("ttyACM0"), Desk()
    watch = desk.watch(link, wait_s)
    watch.open(115200).close()
    link.unlink()
    with pytest.raises(PortError, match=f"has not come within {wait_s:g} s") as caught:
        watch.open(115200)
    assert caught.value.absent and wait_s <= desk.now <= wait_s + 1
    assert "--wait-port" in caught.value.hint


def test_a_board_comes_back_under_another_name(plug: LinkMaker) -> None:
    old = plug("ttyACM0")
    desk = Desk(PortInfo(str(old), usb_id=BOARD))
    watch = desk.watch(old)
    watch.open(115200).close()

    def back() -> None:
        new = plug("ttyACM1")
        desk.listed = [PortInfo("/dev/ttyUSB9"), PortInfo(str(new), usb_id=BOARD)]

    def another() -> None:
        desk.listed = [PortInfo(str(plug("ttyACM0")), usb_id=(0x1FC9, 0x0143, "OTHER"))]

    for _ in range(2):  # and once more the other way round
        Path(watch.name).unlink()
        desk.listed = []
        desk.events = {desk.now + 12.0: back}
        watch.open(115200).close()
        assert watch.name.endswith("ttyACM1")
    assert any("serial number AB12" in text and "is now" in text for text in desk.said)
    # A stranger that has taken the name is not opened.
    Path(watch.name).unlink()
    another()
    with pytest.raises(PortError, match="AB12"):
        watch.open(115200)


def test_one_of_a_devices_two_ports_is_found_again(plug: LinkMaker) -> None:
    first = plug("ttyACM0")
    desk = Desk(PortInfo(str(first), usb_id=BOARD, interface="1.2"))
    watch = desk.watch(first)
    watch.open(115200).close()
    first.unlink()
    desk.listed = [
        PortInfo(str(plug("ttyACM4")), usb_id=BOARD, interface="1.0"),
        PortInfo(str(plug("ttyACM5")), usb_id=BOARD, interface="1.2"),
    ]
    watch.open(115200).close()
    assert watch.name.endswith("ttyACM5")


def test_a_port_may_be_named_by_its_usb_device(plug: LinkMaker) -> None:
    first = plug("ttyACM0")
    desk = Desk(PortInfo("/dev/ttyNONE", usb_id=OTHER), PortInfo(str(first), usb_id=BOARD))
    watch = desk.watch("usb:ab12")
    watch.open(115200).close()
    assert watch.name == str(first)
    first.unlink()
    desk.listed = [PortInfo(str(plug("ttyACM7")), usb_id=BOARD)]
    watch.open(115200).close()
    assert watch.name.endswith("ttyACM7")


def test_a_usb_device_that_is_not_there_or_has_two_ports(plug: LinkMaker) -> None:
    desk = Desk(PortInfo("/dev/ttyNONE", usb_id=OTHER))
    with pytest.raises(PortError, match="serial number of 'usb:AB12'") as caught:
        desk.watch("usb:AB12").open(115200)
    assert "/dev/ttyNONE" in caught.value.hint
    desk.listed = [
        PortInfo("/dev/ttyNONE", usb_id=BOARD, interface="1.0"),
        PortInfo(str(plug("ttyACM1")), usb_id=BOARD, interface="1.2"),
    ]
    with pytest.raises(PortError, match="has 2 ports") as caught:
        desk.watch("usb:AB12").open(115200)
    assert "usb:AB12:1.2" in caught.value.hint
    watch = desk.watch("usb:AB12:1.2")
    watch.open(115200).close()
    assert watch.name.endswith("ttyACM1")


def test_a_link_to_the_device_is_kept(plug: LinkMaker, tmp_path: Path) -> None:
    device = plug("ttyACM0")
    by_id = tmp_path / "by-id"
    by_id.symlink_to(device)
    desk = Desk(PortInfo(os.path.realpath(device), usb_id=BOARD))
    watch = desk.watch(by_id)
    for _ in range(2):
        watch.open(115200).close()
        assert watch.name == str(by_id)


@pytest.mark.slow
def test_a_run_goes_on_when_the_board_comes_back_elsewhere(
    echo_firmware: Path, tmp_path: Path
) -> None:
    """Real firmware on two lines: the first is cut after an image, the second comes 12 s later."""
    with ExitStack() as stack:
        one, two = (stack.enter_context(Line(HostBoard(echo_firmware, tmp_path))) for _ in range(2))
        old, new = tmp_path / "ttyACM0", tmp_path / "ttyACM1"
        old.symlink_to(one.url)
        desk = Desk(PortInfo(str(old), usb_id=BOARD))
        watch = desk.watch(old)
        opened: list[Session] = []

        def connect(state: LinkState) -> Session:
            opened.append(Session.open(str(old), state=state, ports=watch))
            return opened[-1]

        def back() -> None:
            new.symlink_to(two.url)
            desk.listed = [PortInfo(str(new), usb_id=BOARD)]

        told: list[str] = []
        with ConnectedBoard(
            connect, lambda hello: None, told.append, sleep=desk.sleep
        ) as connection:
            connection.infer(0, image(0))
            opened[-1]._channel._port.close()
            old.unlink()
            desk.listed, desk.events = [], {desk.now + 12.0: back}
            result = connection.infer(1, image(1))
            assert (result.output == echo_output(image(1))).all() and result.attempts == 2
            assert connection.state.reconnects == 1 and watch.name == str(new)

            opened[-1]._channel._port.close()
            new.unlink()
            desk.listed, begun = [], desk.now
            with pytest.raises(BoardGoneError, match="has not come within 30 s"):
                connection.infer(2, image(2))
            assert 30.0 <= desk.now - begun < 35.0  # waited for once, not once per try
