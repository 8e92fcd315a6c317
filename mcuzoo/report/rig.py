"""A scan and a check of a rig, as text and for JSON."""

from __future__ import annotations

from collections.abc import Sequence

from mcuzoo.errors import command
from mcuzoo.report.ports import firmware_document
from mcuzoo.rig.boards import RigBoard
from mcuzoo.rig.check import BoardCheck
from mcuzoo.rig.scan import Scan
from mcuzoo.tables import Column, table_text

_COLUMNS = (
    Column("board"),
    Column("kind"),
    Column("port", rank=1),
    Column("runs", rank=2),
    Column("line", rank=3),
    Column("power", rank=4),
    Column("verdict"),
)


def scan_text(scan: Scan, written: bool) -> str:
    """What is new, known, gone and different; ends with a newline. written: the file, too."""
    lines = [f"new      {board.text}" for board in scan.new]
    lines += [f"known    {board.text}" for board in scan.known]
    lines += [f"gone     {board.text}: {why}" for board, why in scan.gone]
    lines += [f"differs  {text}" for text in scan.differs]
    lines += [f"no board {port.text}: {why}" for port, why in scan.unknown]
    if not lines:
        lines = ["No port with a USB device, and no board in the file: mcuzoo ports lists ports."]
    if written:
        boards = "board was" if len(scan.new) == 1 else "boards were"
        lines.append(f"{len(scan.new)} {boards} added to {scan.path}.")
        lines.append(f"hint: {command('mcuzoo', 'rig', 'check', scan.path)}")
    elif scan.known:
        lines.append(f"{scan.path} has every board that answers; nothing was written.")
    return "".join(f"{line}\n" for line in lines)


def scan_document(scan: Scan, written: bool) -> dict[str, object]:
    return {
        "rig": str(scan.path),
        "written": written,
        "new": [board_document(board) for board in scan.new],
        "known": [board_document(board) for board in scan.known],
        "gone": [{**board_document(board), "trouble": why} for board, why in scan.gone],
        "differs": list(scan.differs),
        "no_board": [{"port": port.device, "trouble": why} for port, why in scan.unknown],
    }


def board_document(board: RigBoard) -> dict[str, object]:
    """A board of a rig file. What it does not say is null."""
    power = board.power
    return {
        "name": board.name,
        "board": board.board,
        "port": board.port,
        "baud": board.baud,
        "probe": board.probe,
        "tags": list(board.tags),
        "project": None if board.project is None else str(board.project),
        "power": None
        if power is None
        else {
            "off": list(power.off),
            "on": list(power.on),
            "cycle": list(power.cycle),
            "place": power.place or None,
            "off_s": power.off_s,
        },
    }


def check_text(checks: Sequence[BoardCheck], width: int) -> str:
    """A row per board, below it what is wrong; the count last; ends with a newline."""
    rows = [_cells(check) for check in checks]
    used = [at for at in range(len(_COLUMNS)) if any(row[at] for row in rows)]
    columns = [_COLUMNS[at] for at in used]
    text = table_text(columns, [[row[at] for at in used] for row in rows], width)
    findings = [
        f"{check.board.name}: {finding}\n" for check in checks for finding in check.findings
    ]
    passed = sum(check.passed for check in checks)
    end = f"{passed} of {len(checks)} boards are as the rig file says.\n"
    return text + "\n" + "".join(findings) + end


def _cells(check: BoardCheck) -> list[str]:
    hello = check.hello
    line = ""
    if check.pings:
        line = f"{check.resent} of {check.pings} lost" if check.resent else "clean"
    return [
        check.board.name,
        check.board.board,
        check.board.port,
        "" if hello is None else f"build {hello.build_id[:8]}, {hello.runtime}",
        line,
        check.power,
        "pass" if check.passed else "FAIL",
    ]


def check_document(checks: Sequence[BoardCheck]) -> dict[str, object]:
    return {
        "passed": all(check.passed for check in checks),
        "boards": [
            {
                **board_document(check.board),
                "passed": check.passed,
                "asked_at": check.baud,
                "findings": list(check.findings),
                "firmware": None if check.hello is None else firmware_document(check.hello),
                "line": {"requests": check.pings, "sent_again": check.resent},
                "power_tried": check.power or None,
            }
            for check in checks
        ],
    }
