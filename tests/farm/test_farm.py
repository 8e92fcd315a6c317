"""Places are acquired and always released; what cannot be had is said."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest
from farm.conftest import Terminal
from helpers.board_switch import board_switch
from helpers.labgrid_cluster import (
    NEEDS_LABGRID,
    Cluster,
    serial_place,
    wait_until,
)
from helpers.ser2net_raw import RawSer2net
from helpers.ser2net_stand_in import real_ser2net

from mcuzoo.errors import FarmError
from mcuzoo.farm.control import FarmClosed
from mcuzoo.farm.farm import Farm, FarmBoard, FarmRequest, TakenAway
from mcuzoo.link.transport import open_port

pytestmark = NEEDS_LABGRID

RT1170 = {"board": "rt1170"}


class Told(list[str]):
    """What a farm has said."""

    @property
    def text(self) -> str:
        return "\n".join(self)


@pytest.fixture
def records(tmp_path: Path) -> Path:
    return tmp_path / "records"


def request(cluster: Cluster, wait_s: float = 30.0, **filters: str) -> FarmRequest:
    return FarmRequest(cluster.address, filters or RT1170, wait_s)


def assert_speaks(board: FarmBoard, terminal: Terminal, data: bytes = bytes(range(256))) -> None:
    """Bytes, all values of them, go through both ways."""
    with open_port(board.port, 115200) as port:  # type: ignore[attr-defined]
        port.write(data)
        down = b""
        while len(down) < len(data):
            down += os.read(terminal.master, 4096)
        os.write(terminal.master, data[::-1])
        up = b""
        deadline = time.monotonic() + 30
        while len(up) < len(data) and time.monotonic() < deadline:
            up += port.read(len(data))
    assert down == data
    assert up == data[::-1]


def trouble(farm: Farm, board: FarmBoard) -> str:
    """Why the board is lost; "" if it is not."""
    found = farm.trouble(board)
    return "" if found is None else found.message


def test_places_are_acquired_and_released(
    cluster: Cluster, terminals: list[Terminal], records: Path
) -> None:
    with Farm(request(cluster), records=records) as farm:
        assert [(place.name, place.state) for place in farm.places()] == [
            ("b0", "free"),
            ("b1", "free"),
        ]
        boards = farm.acquire(2)
        assert [(board.place, board.exporter) for board in boards] == [
            ("b0", "lab1"),
            ("b1", "lab1"),
        ]
        assert cluster.holders() == {"b0": farm.owner, "b1": farm.owner}
        for board, terminal in zip(boards, terminals, strict=False):
            assert re.fullmatch(r"rfc2217://127\.0\.0\.1:\d+\?ign_set_control", board.port)
            assert_speaks(board, terminal)
            assert farm.trouble(board) is None
        farm.release(boards[0])
        assert cluster.holders() == {"b1": farm.owner}
        assert list(records.iterdir())
    assert cluster.holders() == {}
    assert list(records.iterdir()) == []


def test_released_after_an_error_too(cluster: Cluster, records: Path) -> None:
    with pytest.raises(ZeroDivisionError), Farm(request(cluster), records=records) as farm:
        farm.acquire()
        raise ZeroDivisionError
    assert cluster.holders() == {}


def test_what_another_user_has_is_named(cluster: Cluster, records: Path) -> None:
    cluster.client("-p", "b2", "acquire")
    said = Told()
    with Farm(request(cluster, 1.5, board="rt1050"), said.append, records) as farm:
        with pytest.raises(FarmError) as failed:
            farm.acquire()
        assert cluster.reservations() == []
    assert "b2: desk/jane has it" in failed.value.message
    assert failed.value.exit_code == 3
    assert f"labgrid-client -x {cluster.address} who" in failed.value.hint
    assert "waiting up to 1.5 s for a place: board=rt1050" in said
    cluster.client("-p", "b2", "release")


def test_a_place_that_gets_free_is_reserved_for_who_waits(cluster: Cluster, records: Path) -> None:
    cluster.client("-p", "b2", "acquire")
    with Farm(request(cluster, 60, board="rt1050"), records=records) as farm:
        got: list[FarmBoard] = []
        waiting = threading.Thread(target=lambda: got.extend(farm.acquire()))
        waiting.start()
        wait_until(lambda: cluster.reservations() == [farm.owner], "no reservation")
        cluster.client("-p", "b2", "release")
        waiting.join()
        assert [board.place for board in got] == ["b2"]
        assert cluster.reservations() == []


def test_a_place_without_exporter_is_not_waited_for_alone(
    cluster: Cluster, terminals: list[Terminal], records: Path
) -> None:
    cluster.client("-p", "b0", "add-match", "nowhere/*/*")
    cluster.client("-p", "b1", "acquire")
    with Farm(request(cluster, 60), records=records) as farm:
        got: list[FarmBoard] = []
        waiting = threading.Thread(target=lambda: got.extend(farm.acquire()))
        waiting.start()
        # One reservation was given the place that cannot be used; the other one waits.
        wait_until(lambda: cluster.reservations() == [farm.owner] * 2, "no second reservation")
        cluster.client("-p", "b1", "release")
        waiting.join()
        assert [board.place for board in got] == ["b1"]
    with (
        Farm(request(cluster, 0, name="b0"), records=records) as farm,
        pytest.raises(FarmError, match=r"b0: no exporter offers nowhere/\*/\*"),
    ):
        farm.acquire()


def test_places_that_nobody_has(cluster: Cluster, records: Path) -> None:
    with (
        Farm(request(cluster, board="rt1060"), records=records) as farm,
        pytest.raises(FarmError, match=r"has board=rt1060; there are: b0 \(board=rt1170\)"),
    ):
        farm.places()


def test_fewer_boards_than_asked_for(cluster: Cluster, records: Path) -> None:
    cluster.client("-p", "b0", "acquire")
    said = Told()
    with Farm(request(cluster, 0.5), said.append, records) as farm:
        assert [board.place for board in farm.acquire(4)] == ["b1"]
    assert "4 boards were asked for, and 2 places are like that" in said
    assert "1 of 2 boards: No place was free within 0.5 s (board=rt1170): " in said.text
    assert "b0: desk/jane has it; b1: this run has it" in said.text
    cluster.client("-p", "b0", "release")


def test_no_coordinator(records: Path) -> None:
    with pytest.raises(FarmError, match=r"No labgrid coordinator answers at 127\.0\.0\.1:1"):
        Farm(FarmRequest("127.0.0.1:1"), records=records)
    assert list(records.iterdir()) == []


HOLDER = """
import sys, time
from pathlib import Path
from mcuzoo.farm.farm import Farm, FarmRequest
farm = Farm(FarmRequest(sys.argv[1], {"board": "rt1170"}), records=Path(sys.argv[2]))
farm.acquire()
print(farm.owner, flush=True)
time.sleep(600)
"""


def test_what_a_killed_run_left_is_released_by_the_next_and_nothing_else(
    cluster: Cluster, records: Path
) -> None:
    words = [sys.executable, "-c", HOLDER, cluster.address, str(records)]
    alive, killed = (subprocess.Popen(words, stdout=subprocess.PIPE, text=True) for _ in range(2))
    assert alive.stdout and killed.stdout
    try:
        owners = [alive.stdout.readline().strip(), killed.stdout.readline().strip()]
        assert sorted(cluster.holders().values()) == sorted(owners)
        killed.kill()
        killed.wait()
        cluster.client("-p", "b2", "acquire")
        said = Told()
        with Farm(request(cluster), said.append, records) as farm:
            assert f"which a run that was killed had: {owners[1]}" in said.text
            (board,) = farm.acquire()
            assert set(cluster.holders().values()) == {owners[0], farm.owner, "desk/jane"}
            assert cluster.holders()[board.place] == farm.owner
        assert set(cluster.holders().values()) == {owners[0], "desk/jane"}
        assert len(list(records.iterdir())) == 1
    finally:
        for process in (alive, killed):
            process.kill()
            process.communicate()
    cluster.client("-p", "b2", "release")
    with Farm(request(cluster), records=records):
        assert cluster.holders() == {}


def test_a_place_that_was_taken_away_is_lost(cluster: Cluster, records: Path) -> None:
    said = Told()
    with Farm(request(cluster), said.append, records) as farm:
        (board,) = farm.acquire()
        cluster.client("-p", board.place, "release", "--kick")
        wait_until(lambda: farm.trouble(board), "nobody told us")
        assert trouble(farm, board) == "The place b0 was released by somebody."
        cluster.client("-p", board.place, "acquire")
        wait_until(lambda: ": desk/jane has it." in trouble(farm, board), "nobody told us")
        assert isinstance(farm.trouble(board), TakenAway)
    assert cluster.holders() == {"b0": "desk/jane"}
    cluster.client("-p", "b0", "release")


def test_ser2net_is_started_anew(
    cluster: Cluster, terminals: list[Terminal], records: Path
) -> None:
    with Farm(request(cluster), records=records) as farm:
        (board,) = farm.acquire()
        (running,) = cluster.ser2nets()
        os.kill(running, signal.SIGKILL)
        wait_until(lambda: not cluster.ser2nets(), "it lives")
        assert farm.trouble(board) is None, "an exporter does not look after it"
        again = farm.renew(board)
        assert again.place == board.place
        assert_speaks(again, terminals[0])


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_an_exporter_that_comes_back(
    cluster: Cluster, terminals: list[Terminal], records: Path, how: signal.Signals
) -> None:
    with Farm(request(cluster), records=records) as farm:
        (board,) = farm.acquire()
        cluster.exporters["lab1"].send(how)
        wait_until(lambda: farm.trouble(board), "nobody told us")
        assert trouble(farm, board) == "The exporter lab1 went away."
        got: list[FarmBoard] = []
        waiting = threading.Thread(target=lambda: got.append(farm.renew(board)))
        waiting.start()
        cluster.exporters["lab1"].process.wait()
        cluster.start_exporter("lab1")
        waiting.join()
        assert_speaks(got[0], terminals[0])


def test_a_coordinator_that_comes_back_has_forgotten_the_locks(
    cluster: Cluster, terminals: list[Terminal], records: Path
) -> None:
    said = Told()
    with Farm(request(cluster), said.append, records) as farm:
        (board,) = farm.acquire()
        cluster.coordinator.end()
        wait_until(lambda: "went away" in said.text, "nobody told us")
        assert farm.trouble(board) is None
        got: list[FarmBoard] = []
        waiting = threading.Thread(target=lambda: got.append(farm.renew(board)))
        waiting.start()
        cluster.restart_coordinator()
        for name, exporter in list(cluster.exporters.items()):
            exporter.process.wait()
            cluster.start_exporter(name)
        waiting.join()
        assert "is back" in said.text
        assert farm.trouble(got[0]) is None
        assert_speaks(got[0], terminals[0])


def test_a_coordinator_that_stays_away_does_not_hold_up_the_end(
    cluster: Cluster, records: Path
) -> None:
    said = Told()
    with Farm(request(cluster), said.append, records) as farm:
        farm.acquire()
        cluster.coordinator.end()
        wait_until(lambda: "went away" in said.text, "nobody told us")
    assert f"-p b0 release-from {farm.owner}" in said.text
    assert len(list(records.iterdir())) == 1, "the next run knows of it"
    cluster.restart_coordinator()


def test_closing_ends_what_waits(cluster: Cluster, records: Path) -> None:
    cluster.client("-p", "b2", "acquire")
    ended: list[BaseException] = []

    def wait(farm: Farm) -> None:
        try:
            farm.acquire()
        except FarmClosed as closed:
            ended.append(closed)

    with Farm(request(cluster, 60, board="rt1050"), records=records) as farm:
        waiting = threading.Thread(target=wait, args=(farm,))
        waiting.start()
        wait_until(lambda: cluster.reservations() == [farm.owner], "no reservation")
    waiting.join()
    assert len(ended) == 1
    assert cluster.reservations() == []
    cluster.client("-p", "b2", "release")


def test_power_is_switched_by_what_the_place_has(tmp_path: Path, terminals: list[Terminal]) -> None:
    with board_switch() as switch:
        plain = serial_place("b0", terminals[0].device, board="rt1170")
        switched = serial_place("b1", terminals[1].device, board="rt1170")
        switched = switched.with_resource("NetworkPowerPort", switch.resource(3))
        with Cluster(tmp_path / "cluster", [plain, switched]) as cluster:
            with Farm(request(cluster), records=tmp_path / "records") as farm:
                boards = farm.acquire(2)
                assert [farm.power_cycle(board) for board in boards] == [False, True]
                assert switch.seen == ["3/0", "3/1"]
            with Farm(request(cluster), records=tmp_path / "records") as farm:
                board = farm.acquire(2)[1]
                cluster.exporters["lab1"].end()
                wait_until(lambda: farm.trouble(board), "nobody told us")
                with pytest.raises(FarmError) as failed:
                    farm.power_cycle(board)
                assert f"labgrid-client -x {cluster.address} -p b1 power cycle" in failed.value.hint
                assert switch.seen == ["3/0", "3/1"]


STRATEGY = """
import enum
import attr
from labgrid import target_factory
from labgrid.strategy import Strategy

class Status(enum.Enum):
    unknown = 0
    off = 1
    on = 2

@target_factory.reg_driver
@attr.s(eq=False)
class TwiceStrategy(Strategy):
    bindings = {"power": "PowerProtocol"}
    status = attr.ib(default=Status.unknown)

    def transition(self, status):
        self.target.activate(self.power)
        self.power.cycle()
        self.power.cycle()
        self.status = Status[status]
"""


def test_power_is_switched_by_a_strategy(tmp_path: Path, terminals: list[Terminal]) -> None:
    """That of a labgrid environment, which is the user's own Python."""
    (tmp_path / "strategy.py").write_text(STRATEGY)
    environment = tmp_path / "lab.yaml"
    drivers = {"NetworkPowerDriver": {"delay": 0.1}, "TwiceStrategy": {}}
    target = {"resources": {"RemotePlace": {"name": "b0"}}, "drivers": drivers}
    environment.write_text(
        json.dumps({"targets": {"main": target}, "imports": [str(tmp_path / "strategy.py")]})
    )
    with board_switch() as switch:
        place = serial_place("b0", terminals[0].device, board="rt1170")
        place = place.with_resource("NetworkPowerPort", switch.resource(1))
        with Cluster(tmp_path / "cluster", [place]) as cluster:
            plain = request(cluster)
            by_driver = replace(plain, environment=environment)
            by_strategy = replace(by_driver, state="on")
            for asked, expected in ((by_driver, 1), (by_strategy, 2)):
                switch.seen.clear()
                with Farm(asked, records=tmp_path / "records") as farm:
                    assert farm.power_cycle(farm.acquire()[0])
                assert switch.seen[: 2 * expected] == ["1/0", "1/1"] * expected
            unknown = replace(by_strategy, state="nowhere")
            with (
                Farm(unknown, records=tmp_path / "records") as farm,
                pytest.raises(FarmError, match="nowhere"),
            ):
                farm.power_cycle(farm.acquire()[0])


def test_a_raw_port_goes_before_one_by_rfc2217(tmp_path: Path, terminals: list[Terminal]) -> None:
    if real_ser2net() is None:
        pytest.skip("ser2net is not installed")
    with RawSer2net(terminals[0].device) as raw:
        place = serial_place("b0", terminals[1].device, board="rt1170")
        for kind, parameters in raw.resources.items():
            place = place.with_resource(kind, parameters)
        with (
            Cluster(tmp_path / "cluster", [place]) as cluster,
            Farm(request(cluster), records=tmp_path / "records") as farm,
        ):
            (board,) = farm.acquire()
            assert board.port == f"socket://127.0.0.1:{raw.port}"
            assert board.raw
            assert_speaks(board, terminals[0])


def test_which_of_several_ports(tmp_path: Path, terminals: list[Terminal]) -> None:
    place = serial_place("b0", terminals[0].device, board="rt1170")
    second = {"cls": "RawSerialPort", "port": terminals[1].device, "speed": 115200}
    place = place.with_resource("second", second)
    with Cluster(tmp_path / "cluster", [place]) as cluster:
        wanted = request(cluster, 0)
        with (
            Farm(wanted, records=tmp_path / "records") as farm,
            pytest.raises(FarmError, match="has 2 serial ports, and none is called console"),
        ):
            farm.acquire()
        assert cluster.holders() == {}
        resource = "lab1/b0/NetworkSerialPort/second"
        cluster.client("-p", "b0", "add-named-match", resource, "console")
        cluster.client("-p", "b0", "del-match", "lab1/b0/*")
        cluster.client("-p", "b0", "add-match", "lab1/b0/NetworkSerialPort/RawSerialPort")
        with Farm(wanted, records=tmp_path / "records") as farm:
            (board,) = farm.acquire()
            assert_speaks(board, terminals[1])
