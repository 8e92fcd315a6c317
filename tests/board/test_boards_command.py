"""`mcuzoo boards`"""

from __future__ import annotations

import json

from helpers.boards import BOARDS
from helpers.commands import invoke


def test_every_board_is_printed() -> None:
    done = invoke(["boards"])
    assert done.exit_code == 0
    assert set(BOARDS) <= set(done.stdout.split())
    for word in ("MIMXRT1176DVMAA", "996 MHz", "600 MHz", "dtcm", "0x20000000", "115200"):
        assert word in done.stdout


def test_json_carries_every_region_and_its_source() -> None:
    done = invoke(["boards", "--json"])
    boards = {board["id"]: board for board in json.loads(done.stdout)["boards"]}
    assert set(boards) == set(BOARDS)
    assert (boards["rt1064"]["chip"], boards["rt1064"]["part"]) == ("mimxrt1064", "MIMXRT1064DVL6A")
    regions = {region["name"]: region for region in boards["rt1170"]["regions"]}
    assert regions["ocram2"]["base"] == 0x202C_0000
    assert regions["ocram2"]["size"] == 512 * 1024
    assert all(region["source"] for board in boards.values() for region in board["regions"])
