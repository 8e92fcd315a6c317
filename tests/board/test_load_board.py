"""Board and chip files: what they say together, and what a wrong one is told."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from helpers.boards import (
    BOARDS,
    LINUX_BOARDS,
    REPRESENTATIVES,
    board_text,
    changed_files,
    complaint,
    written,
)

from mcuzoo.board.load import list_boards, load_board, parse_board
from mcuzoo.board.memory import RegionKind
from mcuzoo.errors import BoardError
from mcuzoo.resources import boards_dir

KIB = 1024


def line_of(text: str, needle: str) -> int:
    return text[: text.index(needle)].count("\n") + 1


def test_a_board_file_is_called_by_its_id() -> None:
    files = sorted(path.stem for path in boards_dir().glob("*.toml"))
    assert sorted((*BOARDS, *LINUX_BOARDS)) == files
    assert {"rt1050", "rt1060", "rt1064", "rt1160", "rt1170"} <= set(BOARDS)


def test_every_chip_file_is_used_and_every_family_has_a_representative() -> None:
    used = {name for board in list_boards() for name in board.files if name != "board.toml"}
    assert used == {f"chips/{path.name}" for path in (boards_dir() / "chips").iterdir()}
    families = {next(iter(board.files)) for board in list_boards()}
    assert families == {next(iter(load_board(board).files)) for board in REPRESENTATIVES}


def test_what_is_printed_on_the_chip_is_the_chip() -> None:
    for board in list_boards():
        assert board.part.lower().startswith(board.chip)


@pytest.mark.parametrize(
    ("board", "itcm", "dtcm", "ocram"),
    [
        ("rt1050", 128 * KIB, 128 * KIB, 256 * KIB),
        ("rt1060", 128 * KIB, 128 * KIB, (512 + 256) * KIB),
        ("rt1064", 128 * KIB, 128 * KIB, (512 + 256) * KIB),
        ("rt1160", 256 * KIB, 256 * KIB, (2 * 64 + 128) * KIB),
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


@pytest.mark.parametrize(
    ("board", "clock_hz", "flash", "used", "family"),
    [
        ("rt1060", 600_000_000, 0x6000_0000, 8, "mimxrt1060"),
        ("rt1064", 600_000_000, 0x7000_0000, 4, "mimxrt1064"),
        ("rt1160", 600_000_000, 0x3000_0000, 16, "mimxrt1166"),
    ],
)
def test_facts_of_their_siblings(
    board: str, clock_hz: int, flash: int, used: int, family: str
) -> None:
    loaded = load_board(board)
    assert loaded.core.clock_hz == clock_hz
    assert loaded.flash_region.base == flash
    assert loaded.flash.used_limit == used * KIB * KIB
    assert loaded.spsdk_family == family
    # What its family shares is in the files of its chip.
    assert len((boards_dir() / f"{board}.toml").read_text("utf-8").splitlines()) <= 150


def test_sdram_is_not_taken_for_usable() -> None:
    for board in list_boards():
        assert not board.region("sdram").initialized


def test_a_board_has_many_names() -> None:
    for name in ("rt1170", "RT1170", "evkbmimxrt1170", "mimxrt1176"):
        assert load_board(name).id == "rt1170"


def test_a_board_file_is_loaded_by_its_path(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(board_text("rt1050").replace('id = "rt1050"', 'id = "mine"'), encoding="utf-8")
    assert load_board(str(file)).id == "mine"


def test_a_chip_file_beside_the_board_file_comes_first(tmp_path: Path) -> None:
    files = changed_files("rt1050", "clock_hz = 600_000_000", "clock_hz = 528_000_000")
    assert load_board(str(written(files, tmp_path))).core.clock_hz == 528_000_000
    del files["chips/imxrt105x_106x.toml"]
    (tmp_path / "chips" / "imxrt105x_106x.toml").unlink()
    assert load_board(str(written(files, tmp_path))).core.clock_hz == 600_000_000


def test_a_board_on_a_chip_of_ones_own(tmp_path: Path) -> None:
    files = changed_files("rt1060", 'chip = "mimxrt1062"', 'chip = "mimxrt1061"')
    message = complaint(files, tmp_path)
    line = line_of(files["board.toml"], "chip = ")
    assert message.startswith(f"board.toml:{line}: chip: there is no file chips/mimxrt1061.toml; ")
    assert "mcuzoo has imxrt105x_106x, imxrt116x_117x, mimxrt1052, mimxrt1062" in message
    files["chips/mimxrt1061.toml"] = files.pop("chips/mimxrt1062.toml")
    assert load_board(str(written(files, tmp_path))).chip == "mimxrt1061"


@pytest.mark.parametrize("chip", ['"MIMXRT1052DVL6B"', '"../mimxrt1052"', '"x/y"', '""', "7", "[]"])
def test_what_is_no_chip(chip: str, tmp_path: Path) -> None:
    files = changed_files("rt1050", 'chip = "mimxrt1052"', f"chip = {chip}")
    assert "chip: there is no file chips/" in complaint(files, tmp_path)


def test_a_board_without_a_chip(tmp_path: Path) -> None:
    files = changed_files("rt1050", 'chip = "mimxrt1052"\n', "")
    assert complaint(files, tmp_path).startswith("board.toml:1: chip: is missing; mcuzoo has ")


def test_a_chip_file_that_leads_out_of_the_folder_is_not_read(tmp_path: Path) -> None:
    files = changed_files("rt1050", "clock_hz = 600_000_000", "clock_hz = 528_000_000")
    written(files, tmp_path / "elsewhere")
    own = written({"board.toml": files["board.toml"]}, tmp_path / "own")
    try:
        (tmp_path / "own" / "chips").symlink_to(tmp_path / "elsewhere" / "chips")
    except OSError:
        pytest.skip("no symbolic links here")
    assert load_board(str(own)).core.clock_hz == 600_000_000


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (
            "baud = 115_200",
            "baud = 115_200\nirq = 21",
            "board.toml:{line}: console.irq: stands in chips/imxrt105x_106x.toml already",
        ),
        ('id = "rt1050"', 'id = "rt1050"\nsdk_core_id = "x"', "sdk_core_id: stands in chips/imx"),
        ('id = "rt1050"', 'id = "rt1050"\ncore = 3', "core: stands in chips/imxrt105x_106x.toml"),
        ('id = "rt1050"', 'id = "rt1050"\nfamily = "imxrt105x_106x"', "family: unknown key"),
        ('family = "imxrt105x_106x"', 'family = "nxp"', "family: there is no file chips/nxp.toml"),
        (
            'sdk_core_id = "core0"',
            'sdk_core_id = "core0"\nfamily = "imxrt105x_106x"',
            "chips/imxrt105x_106x.toml:9: family: unknown key",
        ),
    ],
)
def test_files_that_contradict_each_other(old: str, new: str, says: str, tmp_path: Path) -> None:
    files = changed_files("rt1050", old, new)
    where = line_of(files["board.toml"], new.splitlines()[-1]) if "{line}" in says else 0
    assert says.replace("{line}", str(where)) in complaint(files, tmp_path)


def test_a_table_in_two_files_has_the_sources_of_both() -> None:
    console = load_board("rt1050").console
    assert "MIMXRT1052_COMMON.h" in console.source and "pin_mux.c" in console.source


def test_a_board_keeps_the_texts_of_its_files(tmp_path: Path) -> None:
    files = changed_files("rt1050", 'id = "rt1050"', 'id = "mine"')
    board = load_board(str(written(files, tmp_path)))
    assert board.files == files
    assert load_board(str(written(board.files, tmp_path / "again"))) == board
    assert list(load_board("rt1050").files) == [
        "chips/imxrt105x_106x.toml",
        "chips/mimxrt1052.toml",
        "board.toml",
    ]


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
        ("initialized = false", "initialized = 0", "regions.0.initialized", "valid boolean"),
        ("baud = 115_200", "baud = 20_000_001", "console.baud", "above clock_hz / 4 = 20000000"),
        ("baud = 115_200", "baud = 17_000_000", "console.baud", "the closest is 16000000"),
        ("baud = 115_200", "baud = 200", "console.baud", "the closest is 305"),
        ("base = 0x2020_0000", "base = 0x2001_0000", "regions.0.base", "overlaps dtcm"),
        ("size = 0x0200_0000", "size = 0x9000_0000", "regions.0.size", "leaves the address space"),
        ("size = 0x0004_0000", "size = 0x0004_0001", "regions.0.base", "not 32-byte aligned"),
        ('name = "ocram"', 'name = "dtcm"', "regions.0.name", "names two regions"),
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
def test_error_names_file_line_and_key(
    old: str, new: str, key: str, says: str, tmp_path: Path
) -> None:
    files = changed_files("rt1050", old, new)
    message = complaint(files, tmp_path)
    match = re.fullmatch(r"([\w/.]+\.toml):(\d+): ([\w.]+): (.*)", message.splitlines()[0])
    assert match is not None, message
    assert match[3] == key
    assert says in match[4]
    line = files[match[1]].splitlines()[int(match[2]) - 1]
    assert key.split(".")[-1] in line or key.endswith(".4")


SOURCES = [
    (name, match.span())
    for name, text in load_board("rt1050").files.items()
    for match in re.finditer(r"^source = .*\n|, source = \"[^\"]*\"", text, re.MULTILINE)
]


@pytest.mark.parametrize(("name", "span"), SOURCES)
def test_every_table_needs_a_source(name: str, span: tuple[int, int], tmp_path: Path) -> None:
    """Of two files that share a table, each."""
    files = load_board("rt1050").files
    files[name] = files[name][: span[0]] + files[name][span[1] :]
    message = complaint(files, tmp_path)
    assert re.fullmatch(rf"{re.escape(name)}:\d+: (\w+\.)*source: is missing", message), message


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
def test_only_neighbours_of_one_kind_are_joined(
    regions: str, says: str | None, tmp_path: Path
) -> None:
    files = changed_files("rt1170", '["ocram1", "ocram2"]', f"[{regions}]")
    if says is None:
        board = load_board(str(written(files, tmp_path)))
        assert "ocram_ecc2+ocram_m7" in [one.name for one in board.memories]
    else:
        message = complaint(files, tmp_path)
        assert says in message and "joins.0.regions" in message


def test_a_region_is_in_one_join_alone(tmp_path: Path) -> None:
    join = '[[joins]]\nregions = ["ocram1", "ocram2"]\n'
    files = changed_files("rt1170", join, f'{join}source = "here"\n\n{join}')
    message = complaint(files, tmp_path)
    assert "joins.1.regions: a region of ocram1+ocram2 is in two joins" in message


def test_joined_regions_are_one_memory_where_neither_is_named() -> None:
    board = load_board("rt1170")
    whole = board.region("ocram1+ocram2")
    assert (whole.base, whole.size) == (0x2024_0000, 1024 * KIB)
    names = [region.name for region in board.memories]
    assert names[:3] == ["itcm", "dtcm", "ocram1+ocram2"]
    assert [region.name for region in board.apart(["ocram2"]).memories][2:4] == ["ocram1", "ocram2"]
    assert load_board("rt1050").memories == load_board("rt1050").regions


def test_missing_key_is_reported_at_its_table(tmp_path: Path) -> None:
    files = changed_files("rt1050", "baud = 115_200\n", "")
    line = line_of(files["board.toml"], "[console]")
    assert complaint(files, tmp_path) == f"board.toml:{line}: console.baud: is missing"


def test_board_without_an_arena_is_refused(tmp_path: Path) -> None:
    files = {
        name: text.replace("arena = true", "arena = false")
        for name, text in load_board("rt1050").files.items()
    }
    assert "nowhere to put a tensor arena" in complaint(files, tmp_path)


def test_arena_in_flash_is_refused(tmp_path: Path) -> None:
    files = changed_files("rt1050", "arena = false", "arena = true")
    assert "regions.1.arena: flash is flash: not writable" in complaint(files, tmp_path)


def test_broken_toml_is_located(tmp_path: Path) -> None:
    files = changed_files("rt1050", "irq = 20", "irq = = 20")
    text = files["chips/imxrt105x_106x.toml"]
    message = complaint(files, tmp_path)
    assert message.startswith("chips/imxrt105x_106x.toml: not valid TOML")
    assert f"line {line_of(text, 'irq = = 20')}" in message


def test_all_mistakes_are_reported_at_once(tmp_path: Path) -> None:
    files = changed_files("rt1050", "irq = 20", "irq = 20\ncolour = 1")
    files["board.toml"] = files["board.toml"].replace("baud = 115_200", "baud = 0")
    lines = complaint(files, tmp_path).splitlines()
    assert [line.split(":")[0] for line in lines] == ["board.toml", "chips/imxrt105x_106x.toml"]


def test_a_board_answers_to_every_name_that_is_printed() -> None:
    for board in list_boards():
        for name in board.known_as:
            for spelt in (name, name.upper(), name.replace("-", " "), name.replace("-", "_")):
                assert load_board(spelt).id == board.id, spelt
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
def test_what_a_name_may_be(key: str, old: str, new: str, tmp_path: Path) -> None:
    files = changed_files("rt1050", old, new)
    (name,) = (name for name, text in files.items() if new in text)
    line = line_of(files[name], new.splitlines()[0])
    assert f"{name}:{line}: {key}: " in complaint(files, tmp_path)


@pytest.mark.parametrize(
    "text",
    ["a=" + "[" * 200_000, "a." * 200_000 + "a=1", "[" * 200_000, "a=" + "9" * 5000, "a=nan" * 9],
)
def test_what_is_no_board_at_all(text: str) -> None:
    with pytest.raises(BoardError, match="not valid TOML"):
        parse_board(text, "wrong.toml")


def test_a_board_file_that_never_ends_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "b.toml"
    path.write_text("#" * (1 << 21))
    with pytest.raises(BoardError, match="more than 1,048,576 bytes"):
        load_board(str(path))
