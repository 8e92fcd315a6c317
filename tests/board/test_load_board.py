"""Board files: what the two of them say, and what a wrong one is told."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from mcuzoo.board.load import list_boards, load_board, parse_board
from mcuzoo.board.memory import RegionKind
from mcuzoo.errors import BoardError
from mcuzoo.resources import boards_dir

KIB = 1024


def rt1050_text() -> str:
    return (boards_dir() / "rt1050.toml").read_text(encoding="utf-8")


def complaint(text: str) -> str:
    with pytest.raises(BoardError) as caught:
        parse_board(text, "wrong.toml")
    assert "docs/boards.md" in caught.value.hint
    return caught.value.message


def changed(old: str, new: str) -> str:
    text = rt1050_text()
    assert text.count(old) >= 1, f"{old!r} is not in the board file"
    return text.replace(old, new, 1)


def line_of(text: str, needle: str) -> int:
    return text[: text.index(needle)].count("\n") + 1


def test_both_boards_are_listed() -> None:
    assert [board.id for board in list_boards()] == ["rt1050", "rt1170"]


@pytest.mark.parametrize(
    ("board", "itcm", "dtcm", "ocram"),
    [
        ("rt1050", 128 * KIB, 128 * KIB, 256 * KIB),
        ("rt1170", 256 * KIB, 256 * KIB, (2 * 512 + 2 * 64 + 128) * KIB),
    ],
)
def test_on_chip_memory_is_what_is_there(board: str, itcm: int, dtcm: int, ocram: int) -> None:
    """Sizes that the default FlexRAM gives, not the address windows of 512 KB."""
    loaded = load_board(board)

    def total(kind: RegionKind) -> int:
        return sum(region.size for region in loaded.regions_of(kind))

    assert (total(RegionKind.ITCM), total(RegionKind.DTCM)) == (itcm, dtcm)
    assert total(RegionKind.OCRAM) == ocram


def test_facts_of_the_rt1050() -> None:
    board = load_board("rt1050")
    assert board.core.clock_hz == 600_000_000
    assert board.flash_region.base == 0x6000_0000
    assert (board.boot.image_offset, board.boot.ivt_offset) == (0, 0x1000)
    assert board.boot.ivt_entry.value == "vector_table"
    assert (board.console.base, board.console.irq) == (0x4018_4000, 20)
    assert board.console.max_baud == 20_000_000
    assert board.spsdk_family == "mimxrt1050"


def test_facts_of_the_rt1170() -> None:
    board = load_board("rt1170")
    assert board.core.clock_hz == 996_000_000
    assert board.flash_region.base == 0x3000_0000
    assert board.flash.used_limit == 16 * KIB * KIB
    assert (board.boot.image_offset, board.boot.ivt_offset) == (0x400, 0x1000)
    assert board.boot.ivt_entry.value == "reset_handler"
    assert (board.console.base, board.console.irq) == (0x4007_C000, 20)
    assert board.console.max_baud == 6_000_000
    assert board.spsdk_family == "mimxrt1176"


def test_sdram_is_not_taken_for_usable() -> None:
    for board in list_boards():
        assert not board.region("sdram").initialized


def test_a_board_has_many_names() -> None:
    for name in ("rt1170", "RT1170", "evkbmimxrt1170", "mimxrt1176"):
        assert load_board(name).id == "rt1170"


def test_a_board_file_is_loaded_by_its_path(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(changed('id = "rt1050"', 'id = "mine"'), encoding="utf-8")
    assert load_board(str(file)).id == "mine"


def test_a_board_keeps_the_text_of_its_file(tmp_path: Path) -> None:
    text = changed('id = "rt1050"', 'id = "mine"')
    board = parse_board(text, "mine.toml")
    assert board.toml == text
    assert parse_board(board.toml, "again.toml") == board
    assert load_board("rt1050").toml == rt1050_text()


def test_wrong_name_is_answered_with_the_nearest() -> None:
    with pytest.raises(BoardError) as caught:
        load_board("rt1107")
    assert "'rt1107'" in caught.value.message
    assert "Did you mean 'rt1170'?" in caught.value.hint
    assert caught.value.exit_code == 2


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(BoardError, match=re.escape("nowhere.toml")):
        load_board(str(tmp_path / "nowhere.toml"))


@pytest.mark.parametrize(
    ("old", "new", "key", "says"),
    [
        ("mpu_regions = 16", "mpu_regions = 16\nturbo = true", "core.turbo", "unknown key"),
        ("irq = 20", 'irq = "20"', "console.irq", "valid integer"),
        ("initialized = false", "initialized = 0", "regions.3.initialized", "valid boolean"),
        ("baud = 115_200", "baud = 20_000_001", "console.baud", "above clock_hz / 4 = 20000000"),
        ("baud = 115_200", "baud = 17_000_000", "console.baud", "the closest is 16000000"),
        ("baud = 115_200", "baud = 200", "console.baud", "the closest is 305"),
        ("base = 0x2020_0000", "base = 0x2001_0000", "regions.2.base", "overlaps dtcm"),
        ("size = 0x0200_0000", "size = 0x9000_0000", "regions.3.size", "leaves the address space"),
        ("size = 0x0004_0000", "size = 0x0004_0001", "regions.2.base", "not 32-byte aligned"),
        ('name = "ocram"', 'name = "dtcm"', "regions.2.name", "names two regions"),
        ('region = "flash"', 'region = "dtcm"', "flash.region", "no region of kind flash"),
        ("used_limit = 0x0400_0000", "used_limit = 0x0800_0000", "flash.used_limit", "more than"),
        ("ivt_offset = 0x1000", "ivt_offset = 0x100", "boot.ivt_offset", "after fcb_offset"),
        (
            "vector_table_offset = 0x2000",
            "vector_table_offset = 0x2004",
            "boot.vector_table_offset",
            "1024-byte aligned",
        ),
        ("base = 0x4018_4000", "base = 0x5018_4000", "console.base", "[[peripherals]]"),
        ("mpu_regions = 16", "mpu_regions = 4", "core.mpu_regions", "takes 7"),
        (
            "addr = 0x4008_000C, mask = 0x1F",
            "addr = 0x6008_000C, mask = 0x1F",
            "startup.clocks.3.steps.0.addr",
            "[[peripherals]]",
        ),
        (
            "mask = 0x1F, value = 0x13,",
            "mask = 0x1F, value = 0x13, speed = 3,",
            "startup.clocks.3.steps.0.speed",
            "unknown key",
        ),
        ('"READ_DDR 8 0x04"', '"PEEK_DDR 8 0x04"', "boot.fcb.lut.0.ops.4", "match pattern"),
    ],
)
def test_error_names_file_line_and_key(old: str, new: str, key: str, says: str) -> None:
    text = changed(old, new)
    message = complaint(text)
    match = re.fullmatch(r"wrong\.toml:(\d+): ([\w.]+): (.*)", message.splitlines()[0])
    assert match is not None, message
    assert match[2] == key
    assert says in match[3]
    assert key.split(".")[-1] in text.splitlines()[int(match[1]) - 1] or key.endswith(".4")


SOURCES = [match.span() for match in re.finditer(r"^source = .*\n", rt1050_text(), re.MULTILINE)]


@pytest.mark.parametrize(("start", "end"), SOURCES)
def test_every_table_needs_a_source(start: int, end: int) -> None:
    text = rt1050_text()
    message = complaint(text[:start] + text[end:])
    assert re.fullmatch(r"wrong\.toml:\d+: (\w+\.)*source: is missing", message), message


@pytest.mark.parametrize(
    ("regions", "says"),
    [
        ('"ocram1", "ocram3"', "ocram3: no such region"),
        ('"ocram2", "ocram1"', "ocram1 0x20240000-0x202bffff does not follow ocram2"),
        ('"ocram1", "ocram1"', "twice in one"),
        ('"ocram_ecc2", "ocram_m7"', None),
        ('"ocram2", "ocram_ecc1"', "differ in kind, cacheable, arena"),
        ('"ocram1"', "at least 2"),
    ],
)
def test_only_neighbours_of_one_kind_are_joined(regions: str, says: str | None) -> None:
    text = (boards_dir() / "rt1170.toml").read_text(encoding="utf-8")
    assert text.count('["ocram1", "ocram2"]') == 1
    text = text.replace('["ocram1", "ocram2"]', f"[{regions}]")
    if says is None:
        assert "ocram_ecc2+ocram_m7" in [one.name for one in parse_board(text, "x").memories]
    else:
        assert says in complaint(text)
        assert "joins.0.regions" in complaint(text)


def test_a_region_is_in_one_join_alone() -> None:
    text = (boards_dir() / "rt1170.toml").read_text(encoding="utf-8")
    join = '[[joins]]\nregions = ["ocram1", "ocram2"]\n'
    assert text.count(join) == 1
    again = text.replace(join, f'{join}source = "here"\n\n{join}')
    assert "joins.1.regions: a region of ocram1+ocram2 is in two joins" in complaint(again)


def test_joined_regions_are_one_memory_where_neither_is_named() -> None:
    board = load_board("rt1170")
    whole = board.region("ocram1+ocram2")
    assert (whole.base, whole.size) == (0x2024_0000, 1024 * KIB)
    names = [region.name for region in board.memories]
    assert names[:3] == ["itcm", "dtcm", "ocram1+ocram2"]
    assert [region.name for region in board.apart(["ocram2"]).memories][2:4] == ["ocram1", "ocram2"]
    assert load_board("rt1050").memories == load_board("rt1050").regions


def test_missing_key_is_reported_at_its_table() -> None:
    text = changed("irq = 20\n", "")
    assert complaint(text) == f"wrong.toml:{line_of(text, '[console]')}: console.irq: is missing"


def test_board_without_an_arena_is_refused() -> None:
    text = rt1050_text().replace("arena = true", "arena = false")
    assert "nowhere to put a tensor arena" in complaint(text)


def test_arena_in_flash_is_refused() -> None:
    text = rt1050_text().replace("arena = false", "arena = true")
    assert "regions.4.arena: flash is flash: not writable" in complaint(text)


def test_broken_toml_is_located() -> None:
    text = changed("irq = 20", "irq = = 20")
    assert f"line {line_of(text, 'irq = = 20')}" in complaint(text)


def test_all_mistakes_are_reported_at_once() -> None:
    text = changed("irq = 20", "irq = 20\ncolour = 1").replace(
        "mpu_regions = 16", "mpu_regions = 0"
    )
    assert len(complaint(text).splitlines()) == 2


def test_a_board_answers_to_every_name_that_is_printed() -> None:
    for board in list_boards():
        for name in board.known_as:
            for written in (name, name.upper(), name.replace("-", " "), name.replace("-", "_")):
                assert load_board(written).id == board.id, written
    for name in ("MIMXRT1170-EVKB", "IMXRT1170-EVKB", "i.MX RT1170", "rt-1170", "RT1170 EVK"):
        assert load_board(name).id == "rt1170", name
    for name in ("evkb", "-", " ", "rt11700", "rt1"):
        with pytest.raises(BoardError, match="no board"):
            load_board(name)


@pytest.mark.parametrize(
    ("key", "old", "new"),
    [
        ("name", 'name = "EVKB-IMXRT1050"', 'name = "x\\n*/ #error x"'),
        ("name", 'name = "EVKB-IMXRT1050"', f'name = "{"x" * 81}"'),
        ("name", 'name = "EVKB-IMXRT1050"', 'name = "x\\u202Ey"'),
        ("id", 'id = "rt1050"', 'id = "../x"'),
        ("id", 'id = "rt1050"', 'id = "rt1050\\n"'),
        ("id", 'id = "rt1050"', f'id = "{"x" * 41}"'),
        ("sdk_board", 'sdk_board = "evkbimxrt1050"', 'sdk_board = ".."'),
        ("sdk_board", 'sdk_board = "evkbimxrt1050"', 'sdk_board = "a)execute_process(COMMAND x)"'),
        ("pyocd_target", 'pyocd_target = "', 'pyocd_target = "-x $(touch x) '),
        ("core.name", 'name = "cortex-m7"', 'name = "cortex-m7 -wrapper x"'),
        ("core.fpu", 'fpu = "fpv5-d16"', 'fpu = "@x"'),
        ("sdk.pins.0.function", 'function = "IOMUXC_', 'function = "x); system(IOMUXC_'),
        ("sdk.pin_clocks.0", 'pin_clocks = ["', 'pin_clocks = ["x);('),
        ("sdk.runners.0", 'runners = ["', 'runners = ["`x`'),
        ("regions.0.name", 'name = "itcm"', 'name = "origin"'),
        ("regions.0.name", 'name = "itcm"', 'name = "room_1"'),
    ],
)
def test_what_a_name_may_be(key: str, old: str, new: str) -> None:
    text = changed(old, new)
    assert f"wrong.toml:{line_of(text, new.splitlines()[0])}: {key}: " in complaint(text)


@pytest.mark.parametrize(
    "text",
    ["a=" + "[" * 200_000, "a." * 200_000 + "a=1", "[" * 200_000, "a=" + "9" * 5000, "a=nan" * 9],
)
def test_what_is_no_board_at_all(text: str) -> None:
    assert "not valid TOML" in complaint(text)


def test_a_board_file_that_never_ends_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "b.toml"
    path.write_text("#" * (1 << 21))
    with pytest.raises(BoardError, match="more than 1,048,576 bytes"):
        load_board(str(path))
