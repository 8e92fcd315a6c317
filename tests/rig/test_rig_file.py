"""rig.toml: what it says, every mistake with its line, and the choice of boards."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcuzoo.errors import InputError, UsageError
from mcuzoo.resources import boards_dir
from mcuzoo.rig.boards import Power, RigBoard, chosen
from mcuzoo.rig.file import MAX_BOARDS, parse_rig, read_rig

RIG = """\
# Two boards.
[boards.left]
board = "MIMXRT1170-EVKB"
port = "usb:AB12"
probe = "0Q1"
tags = ["fast", "qspi"]
project = "hello"
power = { off = ["uhubctl", "-a", "off"], on = ["uhubctl", "-a", "on"], off_s = 3 }

[boards.right]
board = "rt1050"
port = "/dev/ttyACM1"
baud = 921600

[boards.farm]
board = "rt1050"
port = "rfc2217://lab:4000"
power = { place = "rt1050-0" }
"""


def mistakes(text: str) -> list[str]:
    with pytest.raises(InputError) as caught:
        parse_rig(text, Path("rig.toml"))
    assert "docs/rig.md" in caught.value.hint
    return caught.value.message.splitlines()


def board(keys: str = "", name: str = "a") -> str:
    port = "" if "port" in keys else f'port = "/dev/{name}"\n'
    return f'[boards.{name}]\nboard = "rt1170"\n{port}{keys}\n'


def test_a_rig(tmp_path: Path) -> None:
    path = tmp_path / "rig.toml"
    path.write_text(RIG)
    rig = read_rig(path)
    switch = Power(("uhubctl", "-a", "off"), ("uhubctl", "-a", "on"), off_s=3.0)
    project = (tmp_path / "hello").resolve()
    assert rig.path == path and rig.boards == (
        RigBoard("left", "rt1170", "usb:AB12", None, "0Q1", switch, ("fast", "qspi"), project),
        RigBoard("right", "rt1050", "/dev/ttyACM1", 921600),
        RigBoard("farm", "rt1050", "rfc2217://lab:4000", power=Power(place="rt1050-0")),
    )


def test_a_board_of_ones_own(tmp_path: Path) -> None:
    own = (boards_dir() / "rt1050.toml").read_text(encoding="utf-8")
    (tmp_path / "mine.toml").write_text(own.replace('id = "rt1050"', 'id = "mine"'))
    text = board().replace("rt1170", "mine.toml")
    assert parse_rig(text, tmp_path / "rig.toml").boards[0].board == "mine"


def test_boards_that_run_linux_are_boards_of_a_rig(tmp_path: Path) -> None:
    text = board("port = 'ssh://root@desk/~/signs?delegate=ethosu'").replace("rt1170", "i.MX 93")
    (tmp_path / "mine.toml").write_text((boards_dir() / "imx8mp.toml").read_text(encoding="utf-8"))
    text += board("port = 'socket://desk:4000'", "b").replace("rt1170", "mine.toml")
    first, second = parse_rig(text, tmp_path / "rig.toml").boards
    assert (first.board, second.board) == ("imx93", "imx8mp")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("bords = 1", "1: bords: unknown key. Did you mean 'boards'?"),
        (board("tag = []"), "4: boards.a.tag: unknown key. Did you mean 'tags'?"),
        (
            board("power = { cylce = ['x'] }"),
            "boards.a.power.cylce: unknown key. Did you mean 'cycl",
        ),
        (board("port = 'x'", '"a b"'), "1: boards.a b: is no name"),
        (board("port = 3"), "3: boards.a.port: Input should be a valid string"),
        (board('port = ""'), "3: boards.a.port: "),
        (board('port = "a\\u0000b"'), "boards.a.port: has a character that it cannot have"),
        ("[boards.a]\nboard = 'rt1170'", "1: boards.a.port: is missing"),
        (board("baud = 0"), "boards.a.baud: "),
        (board("baud = true"), "boards.a.baud: "),
        (board("tags = ['a b']"), "boards.a.tags.0: has a character"),
        (board("power = 'uhubctl'"), "boards.a.power: "),
        (board("power = { cycle = 'uhubctl -a cycle' }"), "boards.a.power.cycle: "),
        (board("power = { cycle = [] }"), "boards.a.power.cycle: "),
        (board("power = { off = ['a'] }"), "boards.a.power: on is missing"),
        (
            board("power = { off = ['a'], on = ['b'], place = 'c' }"),
            "give either place, or cycle",
        ),
        (board("power = {}"), "give either place, or cycle, or off and on"),
        (board("power = { cycle = ['a'], off_s = 'long' }"), "boards.a.power.off_s: "),
        (board("power = { cycle = ['a'], off_s = inf }"), "boards.a.power.off_s: "),
        (board().replace("rt1170", "rt117"), "2: boards.a.board: There is no board 'rt117'."),
        (board().replace("rt1170", "no.toml"), "2: boards.a.board: no.toml cannot be read"),
        (board() + board("port = '/dev/a'", "b"), "boards.b.port: is that of a already"),
        (board("port = 'usb:A1'") + board("port = 'USB:a1'", "b"), "boards.b.port: is that of a"),
        (board("probe = '7'") + board("probe = '7'", "b"), "boards.b.probe: is that of a already"),
        ("[boards.a", "not valid TOML"),
        ("a = " + "[" * 100_000, "nested more than"),
        ("".join(board(name=f"b{i}") for i in range(MAX_BOARDS + 1)), "boards: "),
    ],
)
def test_a_mistake_is_named_with_its_place(text: str, said: str) -> None:
    (line,) = mistakes(text)
    assert line.startswith("rig.toml:") and said in line


def test_all_mistakes_at_once() -> None:
    found = mistakes(board("baud = 0\ntag = 1") + board("port = 3", "b"))
    assert [line.split(": ")[1] for line in found] == [
        "boards.a.baud",
        "boards.a.tag",
        "boards.b.port",
    ]


def test_emulated_boards_may_share_a_project() -> None:
    text = board("port = 'emulator://hello'") + board("port = 'emulator://hello'", "b")
    assert len(parse_rig(text, Path("rig.toml")).boards) == 2


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="There is no file") as caught:
        read_rig(tmp_path / "rig.toml")
    assert "mcuzoo rig scan -o" in caught.value.hint


@pytest.mark.parametrize(
    ("filters", "names"),
    [
        ((), ["left", "right", "farm"]),
        (("board=rt1050",), ["right", "farm"]),
        (("board=RT1050", "name=f*"), ["farm"]),
        (("tag=fast",), ["left"]),
        (("name=?ight",), ["right"]),
        (("port=usb:*",), ["left"]),
        (("probe=0q1",), ["left"]),
        (("project=hello",), ["left"]),
    ],
)
def test_filters(filters: tuple[str, ...], names: list[str]) -> None:
    rig = parse_rig(RIG, Path("rig.toml"))
    assert [one.name for one in chosen(rig, filters)] == names


@pytest.mark.parametrize(
    ("filters", "said"),
    [
        (("tag=fast", "board=rt1050"), "No board of rig.toml is tag=fast and board=rt1050"),
        (("fast",), "no KEY=VALUE"),
        (("bord=rt1050",), "no KEY=VALUE"),
        (("tag=",), "no KEY=VALUE"),
    ],
)
def test_filters_that_choose_nothing(filters: tuple[str, ...], said: str) -> None:
    with pytest.raises(UsageError, match=said) as caught:
        chosen(parse_rig(RIG, Path("rig.toml")), filters)
    assert "left" in caught.value.hint or "--filter board=rt1170" in caught.value.hint


def test_an_empty_rig() -> None:
    with pytest.raises(UsageError, match="has no boards") as caught:
        chosen(parse_rig("", Path("rig.toml")))
    assert "rig scan" in caught.value.hint
