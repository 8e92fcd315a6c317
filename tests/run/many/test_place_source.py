"""A place of a farm as the board of a run: when it is acquired anew, switched, given up."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from mcuzoo.cli.options import Command
from mcuzoo.cli.parse import parse
from mcuzoo.cli.run_serial import run_serial
from mcuzoo.errors import BoardSilentError, FarmError, McuzooError, PortError, UsageError
from mcuzoo.farm.farm import FarmBoard, TakenAway
from mcuzoo.run.connected_board import BoardGoneError
from mcuzoo.run.many import place_source
from mcuzoo.run.many.choice import choose_boards
from mcuzoo.run.many.place_source import MOST_RENEWALS, PlaceSource, farm_settings
from mcuzoo.run.many.stop import Stop, Stopped
from mcuzoo.run.options import RunOptions
from mcuzoo.run.record import Settings
from mcuzoo.run.sessions import Line

BOARD = FarmBoard("b0", {"board": "rt1170"}, "rfc2217://lab1:1000", 115200, "lab1")
SILENT = BoardSilentError("Nothing answers.", "")
UNPLUGGED = PortError("The port failed.", "")


class ToyFarm:
    """Notes what it is asked for; a renewed place has another port. away: what `trouble` finds."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.away: FarmError | None = None

    def trouble(self, board: FarmBoard) -> FarmError | None:
        return self.away

    def renew(self, board: FarmBoard, check: Any) -> FarmBoard:
        check()
        self.asked.append("renew")
        return replace(board, port=f"rfc2217://lab1:{1000 + len(self.asked)}")

    def power_cycle(self, board: FarmBoard, check: Any) -> bool:
        self.asked.append("power")
        return True

    def release(self, board: FarmBoard) -> None:
        self.asked.append("release")


def source_of(farm: ToyFarm) -> PlaceSource:
    return PlaceSource(cast(Any, farm), BOARD, lambda board: Line(board.port, board.speed))


def test_a_line_that_fails_gets_a_new_port() -> None:
    farm = ToyFarm()
    source = source_of(farm)
    assert source.name == "b0"
    assert source.acquire(Stop()) == Line("rfc2217://lab1:1000", 115200)
    gone = BoardGoneError("The board cannot be reached again.", "")
    gone.__cause__ = UNPLUGGED
    for error in (UNPLUGGED, gone):
        before = len(farm.asked)
        assert source.lost(error, Stop()) == Line(f"rfc2217://lab1:{1001 + before}", 115200)
    assert farm.asked == ["renew", "renew"]
    source.release()
    assert farm.asked[-1] == "release"


def test_a_silent_board_is_switched_off_and_on_once() -> None:
    farm = ToyFarm()
    source = source_of(farm)
    assert source.lost(SILENT, Stop()) is not None
    assert farm.asked == ["renew", "power"]
    assert source.lost(SILENT, Stop()) is None
    assert source.lost(UNPLUGGED, Stop()) is not None
    assert farm.asked == ["renew", "power", "renew"]


def test_a_silent_board_whose_exporter_is_gone_is_not_switched() -> None:
    farm = ToyFarm()
    farm.away = FarmError("The exporter lab1 went away.", "")
    source = source_of(farm)
    assert source.gone() is farm.away
    assert source.lost(SILENT, Stop()) is not None
    assert farm.asked == ["renew"]


def test_a_place_is_not_acquired_for_ever() -> None:
    farm = ToyFarm()
    source = source_of(farm)
    found = [source.lost(UNPLUGGED, Stop()) for _ in range(MOST_RENEWALS + 1)]
    assert [line is None for line in found] == [False] * MOST_RENEWALS + [True]


def test_a_place_that_was_taken_away_is_left() -> None:
    farm = ToyFarm()
    farm.away = TakenAway("The place b0 was released by somebody.", "")
    with pytest.raises(TakenAway):
        source_of(farm).lost(UNPLUGGED, Stop())
    assert farm.asked == []


def test_the_end_of_the_run_ends_the_wait_for_a_place() -> None:
    farm, stop = ToyFarm(), Stop()
    stop.set()
    with pytest.raises(Stopped):
        source_of(farm).lost(UNPLUGGED, stop)


@pytest.fixture
def base(monkeypatch: pytest.MonkeyPatch) -> Settings:
    """The settings of a run without boards, where labgrid is installed."""
    monkeypatch.setattr(place_source, "require_labgrid", lambda: None)
    monkeypatch.delenv("LG_COORDINATOR", raising=False)
    return Settings("p", "", 115200, "", None, None, True, False)


def test_where_the_places_are(base: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    found = farm_settings(RunOptions(labgrid="lab:1", filter=("board=rt1170",), boards=4), base)
    assert (found["labgrid"], found["filters"], found["places"]) == ("lab:1", ("board=rt1170",), 4)
    begun = replace(base, **found)
    assert begun.several
    assert farm_settings(RunOptions(), begun) == found
    assert farm_settings(RunOptions(labgrid="", boards=2), begun)["places"] == 2
    assert farm_settings(RunOptions(labgrid=""), base)["labgrid"] == "127.0.0.1:20408"
    monkeypatch.setenv("LG_COORDINATOR", "other:2")
    assert farm_settings(RunOptions(labgrid=""), base)["labgrid"] == "other:2"


@pytest.mark.parametrize("text", ["rt1170", "board=", "Board=x", "=x"])
def test_what_is_no_tag(base: Settings, text: str) -> None:
    with pytest.raises(UsageError, match="is no tag of a place"):
        farm_settings(RunOptions(labgrid="", filter=(text,)), base)


def test_contradictions(base: Settings, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="one value for each key"):
        farm_settings(RunOptions(labgrid="", filter=("board=a", "board=b")), base)
    with pytest.raises(UsageError, match="--lg-state needs the strategy"):
        farm_settings(RunOptions(labgrid="", lg_state="on"), base)
    found = farm_settings(RunOptions(labgrid="", lg_state="on", lg_env=tmp_path / "e"), base)
    assert found["lg_env"] == str((tmp_path / "e").resolve())


def test_the_coordinator_may_be_left_out() -> None:
    assert isinstance(run_serial, Command)
    for words, expected in (
        (["--labgrid"], ""),
        (["--labgrid", "--boards", "2"], ""),
        (["--labgrid", "lab:1", "--boards", "2"], "lab:1"),
        (["--labgrid=lab:1"], "lab:1"),
        (["--boards", "2"], None),
    ):
        assert parse("run-serial", run_serial, words)["labgrid"] == expected


def test_without_labgrid(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("mcuzoo.farm.environment.missing_packages", lambda names: list(names))
    with pytest.raises(McuzooError) as failed:
        farm_settings(RunOptions(labgrid=""), Settings("p", "", 1, "", None, None, True, False))
    assert "which is not installed (extra farm)" in failed.value.message
    words = failed.value.hint.split(" && ")
    assert "labgrid" in words[0] and words[1].endswith("uninstall -y pyserial")
    assert words[2].endswith("install --force-reinstall --no-deps pyserial-labgrid")


def test_options_of_a_farm_need_one(base: Settings) -> None:
    firmware = cast(Any, None)
    for options, flag in (
        (RunOptions(boards=2), "--boards"),
        (RunOptions(port="loop://", lg_wait=1.0), "--lg-wait"),
        (RunOptions(lg_env=Path("e")), "--lg-env"),
    ):
        with pytest.raises(UsageError, match=f"{flag} is of a labgrid farm"):
            choose_boards(options, base, firmware, print)
    for options in (RunOptions(labgrid="", port="loop://"), RunOptions(labgrid="", rig=Path("r"))):
        with pytest.raises(UsageError, match="--labgrid excludes --port and --rig"):
            choose_boards(options, base, firmware, print)
    begun = replace(base, labgrid="lab:1", places=3, filters=("board=rt1170",))
    for options, flag, hint in (
        (RunOptions(labgrid="", max_baud=9600), "--max-baud", "--baud N"),
        (RunOptions(max_baud=9600), "--max-baud", "--baud N"),  # of a run that goes on
        (RunOptions(labgrid="", wait_port=0.0), "--wait-port", "--lg-wait S"),
    ):
        with pytest.raises(UsageError, match=f"{flag} is of a port of this machine") as refused:
            choose_boards(options, begun, firmware, print)
        assert hint in refused.value.hint
    again = choose_boards(RunOptions(), begun, firmware, print)
    assert again.several == () and again.settings["places"] == 3
