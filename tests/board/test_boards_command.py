"""`mcuzoo boards`"""

from __future__ import annotations

import json

from helpers.boards import BOARDS, LINUX_BOARDS
from helpers.commands import invoke


def test_every_board_is_printed() -> None:
    done = invoke(["boards"])
    assert done.exit_code == 0
    assert {*BOARDS, *LINUX_BOARDS} <= set(done.stdout.split())
    for word in ("MIMXRT1176DVMAA", "996 MHz", "600 MHz", "dtcm", "0x20000000", "115200"):
        assert word in done.stdout
    for word in ("2 x Cortex-A55", "384 KiB", "/usr/lib/libvx_delegate.so", "TFLite 2.16.2"):
        assert word in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80


def test_json_carries_every_region_and_its_source() -> None:
    done = invoke(["boards", "--json"])
    document = json.loads(done.stdout)
    boards = {board["id"]: board for board in document["boards"]}
    assert set(boards) == set(BOARDS)
    assert (boards["rt1064"]["chip"], boards["rt1064"]["part"]) == ("mimxrt1064", "MIMXRT1064DVL6A")
    regions = {region["name"]: region for region in boards["rt1170"]["regions"]}
    assert regions["ocram2"]["base"] == 0x202C_0000
    assert regions["ocram2"]["size"] == 512 * 1024
    assert all(region["source"] for board in boards.values() for region in board["regions"])
    linux = {board["id"]: board for board in document["linux_boards"]}
    assert set(linux) == set(LINUX_BOARDS)
    assert linux["imx93"]["npu"]["vela"]["arena_cache_size"] == 393_216
    for board in linux.values():
        assert board["source"] and all(board[part]["source"] for part in ("cores", "dram", "npu"))
