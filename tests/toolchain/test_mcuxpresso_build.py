"""Building an application in an SDK: the real CMake files and compiler, a stand-in for the SDK."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from helpers.boards import ONE_BOARD_FIRST
from helpers.commands import invoke
from helpers.compilers import has_newlib
from helpers.exported import export_project
from helpers.fake_sdk import fake_sdk
from helpers.small_source import small_source

from mcuzoo.board.load import load_board
from mcuzoo.codegen.mcuxpresso import RETAINED_BYTES, open_sdk
from mcuzoo.errors import InputError, ToolchainError, UsageError
from mcuzoo.project.kinds import WeightsChoice, source_optimization
from mcuzoo.project.manifest import load_manifest
from mcuzoo.toolchain.build import build_project
from mcuzoo.toolchain.options import BuildOptions
from mcuzoo.toolchain.sizes import read_sections, read_symbols
from mcuzoo.zoo.registry import resolve_model

pytestmark = pytest.mark.slow

needs_tools = pytest.mark.skipif(
    not all(shutil.which(name) for name in ("cmake", "ninja", "arm-none-eabi-gcc"))
    or not has_newlib(),
    reason="no cmake, ninja or arm-none-eabi-gcc with newlib",
)


@pytest.fixture(autouse=True)
def _no_sdk_of_the_users(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MCUXSDK_ROOT", raising=False)
    monkeypatch.delenv("ARMGCC_DIR", raising=False)


def _project(
    folder: Path, board: str = "rt1050", weights: WeightsChoice = "flash", arena: str | None = None
) -> Path:
    source = small_source(folder / "source", with_assets=False)
    chosen = load_board(board)
    export_project(
        source, chosen, folder / "p", "aot", "mcuxpresso", weights=weights, arena_region=arena
    )
    return folder / "p"


@needs_tools
@pytest.mark.parametrize("board", ONE_BOARD_FIRST)
def test_elf_bin_and_hex_are_entered(tmp_path: Path, board: str) -> None:
    project = _project(tmp_path / "apps", board)
    sdk = fake_sdk(tmp_path / "sdk", load_board(board).sdk_board)
    entry = build_project(project, BuildOptions(sdk=sdk))
    assert (entry.toolchain, entry.optimization) == ("gcc", "flexspi_nor_release")
    assert entry.elf == "build/mcuxpresso/firmware.elf"
    assert load_manifest(project).build == entry
    assert load_manifest(project).cmake_builds == (entry.build_id,)
    image = (project / entry.bin).read_bytes()
    target = load_manifest(project).chip
    vectors = load_board(board).flash_region.base + 0x2000 - target.image_base
    assert int.from_bytes(image[vectors + 4 : vectors + 8], "little") & 1
    assert entry.build_id.encode() in image
    commands = (project / "build/flexspi_nor_release/build.ninja").read_text()
    for name in load_manifest(project).sources:
        if name.startswith("firmware/kernels/"):
            kernel = commands[commands.index(f"{name}.obj:") :]
            flags = next(line for line in kernel.splitlines() if line.startswith("  FLAGS = "))
            level = source_optimization(name, "-O2")
            assert flags.index("-fno-builtin") < flags.rindex(level) < flags.index("-fbuiltin")


@needs_tools
@pytest.mark.parametrize(
    ("weights", "arena", "where"),
    [
        pytest.param("flash", None, (0x2000_0000, 0x6000_0000), marks=pytest.mark.full),
        pytest.param("flash", "ocram", (0x2020_0000, 0x6000_0000), marks=pytest.mark.full),
        pytest.param("ram", "dtcm", (0x2000_0000, 0x2020_0000), marks=pytest.mark.full),
        ("ocram", "ocram", (0x2020_0000, 0x2020_0000)),
    ],
)
def test_arena_and_weights_are_where_they_were_planned(
    tmp_path: Path, weights: WeightsChoice, arena: str | None, where: tuple[int, int]
) -> None:
    project = _project(tmp_path, weights=weights, arena=arena)
    sdk = fake_sdk(tmp_path / "sdk")
    elf = project / build_project(project, BuildOptions(sdk=sdk)).elf
    header = (project / "model/mz_model.h").read_text()
    constants = re.findall(r"^extern const \w+ (\w+)\[", header, re.MULTILINE)
    symbols = read_symbols(
        elf,
        [
            "mz_arena",
            "mz_model_invoke",
            "mz_ramcode_end",
            "__ram_function_end__",
            *constants,
            "mz_weights_start",
            "mz_weights_load",
            "mz_stack_top",
            "mz_stack_bottom",
            "mz_stack_guard",
            "__StackLimit",
        ],
    )
    assert constants
    assert symbols["mz_arena"] & 0xFFF0_000F == where[0]
    assert all(symbols[name] & 0xFFF0_000F == where[1] for name in constants)
    # Behind the SDK's own code of the ITCM.
    hot = symbols["__ram_function_end__"], symbols["mz_model_invoke"], symbols["mz_ramcode_end"]
    assert hot[0] < hot[1] < hot[2] < 0x2_0000 - RETAINED_BYTES
    assert symbols["mz_stack_top"] == 0x2002_0000
    bottom = 0x2002_0000 - load_manifest(project).plan.stack_bytes
    assert symbols["mz_stack_bottom"] == bottom
    assert symbols["mz_stack_guard"] == symbols["__StackLimit"] == bottom - 1024
    if weights != "flash":
        (section,) = [item for item in read_sections(elf) if item.name == ".mz_weights"]
        assert section.address == symbols["mz_weights_start"]
        assert section.load_address == symbols["mz_weights_load"] > 0x6000_0000
        assert section.load_address % 32 == 0
    else:
        assert not {"mz_weights_load", "mz_weights_start"} & set(symbols)


@needs_tools
@pytest.mark.full
def test_constants_and_tensors_in_several_memories(tmp_path: Path) -> None:
    """Of three constants the SDK's start-up code copies one and mz_port_init another. The board is
    said to have so little memory that the arena goes into two."""
    board = load_board("rt1050")
    sizes = {"dtcm": 0x1_4000, "ocram": 0x1_5800}
    regions = tuple(
        region.model_copy(update={"size": sizes.get(region.name, region.size)})
        for region in board.regions
    )
    board = board.model_copy(update={"regions": regions})
    source = resolve_model("signs")
    project = tmp_path / "p"
    pin = ("12=dtcm", "24=ocram", "26=flash")
    export_project(source, board, project, "aot", "mcuxpresso", weights="auto", pin=pin)
    elf = project / build_project(project, BuildOptions(sdk=fake_sdk(tmp_path / "sdk"))).elf
    names = [f"mz_op_{op}_packed" for op in (26, 24, 12)]
    arena = ["mz_arena", "mz_arena_rest"]
    marks = ["mz_weights_ocram_start", "mz_weights_ocram_end", "mz_weights_ocram_load"]
    symbols = read_symbols(elf, [*names, *arena, *marks])
    assert [symbols[name] >> 20 for name in names] == [0x600, 0x202, 0x200]
    assert [symbols[name] >> 20 for name in arena] == [0x200, 0x202]
    start, end = symbols["mz_weights_ocram_start"], symbols["mz_weights_ocram_end"]
    assert start <= symbols["mz_op_24_packed"] < end
    assert symbols["mz_weights_ocram_load"] > 0x6000_0000
    build = load_manifest(project).build
    assert build is not None
    assert build.code_bytes < 40_000, "constants in flash are no code"


@needs_tools
def test_edited_sources_get_an_identity_of_their_own(tmp_path: Path) -> None:
    project = _project(tmp_path)
    main = project / "firmware/app/main.c"
    main.write_text(main.read_text() + "/* edited */\n")
    entry = build_project(project, BuildOptions(sdk=fake_sdk(tmp_path / "sdk"), config="debug"))
    assert entry.optimization == "flexspi_nor_debug"
    assert entry.build_id != load_manifest(project).build_id
    assert entry.build_id.encode() in (project / entry.bin).read_bytes()


@needs_tools
def test_an_error_of_the_compiler_is_quoted(tmp_path: Path) -> None:
    project = _project(tmp_path)
    (project / "boards/evkbimxrt1050/pin_mux.c").write_text("#error no pins\n")
    with pytest.raises(ToolchainError, match="The SDK's build failed") as caught:
        build_project(project, BuildOptions(sdk=fake_sdk(tmp_path / "sdk")))
    assert "no pins" in str(caught.value)
    assert (project / "build/mcuxpresso/build.log").is_file()
    assert load_manifest(project).build is None


@needs_tools
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "Where is NXP's MCUXpresso SDK?"),
        (["-DSdkRootDirPath=HERE"], "looked for cmake/extension/mcux.cmake"),
        (["-DSdkRootDirPath=OLD"], "is version 23.9"),
        (["-DSdkRootDirPath=OTHER"], "looked for examples/_boards/evkbimxrt1050/board.c"),
        (["-DSdkRootDirPath=SDK", "-Dboard=evkbmimxrt1060"], "not for evkbmimxrt1060"),
        (["-DSdkRootDirPath=SDK", "-DCONFIG_TOOLCHAIN=iar"], "--toolchain armgcc, not iar"),
        (["-DSdkRootDirPath=SDK", "-DCMAKE_BUILD_TYPE=debug"], "flexspi_nor_debug, not debug"),
    ],
)
def test_what_cmake_says_of_a_wrong_sdk(tmp_path: Path, arguments: list[str], said: str) -> None:
    project = _project(tmp_path)
    fake_sdk(tmp_path / "SDK")
    fake_sdk(tmp_path / "OLD", version=(23, 9))
    fake_sdk(tmp_path / "OTHER", "evkbmimxrt1170")
    (tmp_path / "HERE").mkdir()
    arguments = [argument.replace("Path=", f"Path={tmp_path}/") for argument in arguments]
    command = ["cmake", "-S", str(project), "-B", str(tmp_path / "b"), "-G", "Ninja", *arguments]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode != 0
    assert said in " ".join(done.stderr.split())


def test_what_mcuzoo_says_of_a_wrong_sdk(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"looked for cmake/extension/mcux\.cmake") as caught:
        open_sdk(tmp_path, "evkbimxrt1050")
    assert "west init" in caught.value.hint
    with pytest.raises(InputError, match=r"is version 23\.9 .*24\.12 or newer is needed"):
        open_sdk(fake_sdk(tmp_path / "old", version=(23, 9)), "evkbimxrt1050")
    with pytest.raises(InputError, match="does not have the board evkbmimxrt1170"):
        open_sdk(fake_sdk(tmp_path / "other"), "evkbmimxrt1170")
    fake_sdk(tmp_path / "workspace" / "mcuxsdk")
    with pytest.raises(InputError, match="is the workspace") as caught:
        open_sdk(tmp_path / "workspace", "evkbimxrt1050")
    assert str(tmp_path / "workspace" / "mcuxsdk") in caught.value.hint
    assert open_sdk(fake_sdk(tmp_path / "new", version=(25, 6)), "evkbimxrt1050").version == "25.6"


def test_build_options_that_do_not_go_together(tmp_path: Path) -> None:
    project = _project(tmp_path)
    sdk = fake_sdk(tmp_path / "sdk")
    with pytest.raises(UsageError, match="where is it") as caught:
        build_project(project)
    assert "MCUXSDK_ROOT" in caught.value.hint
    with pytest.raises(UsageError, match="no configuration that runs from flash") as caught:
        build_project(project, BuildOptions(sdk=sdk, config="realease"))
    assert "Did you mean 'release'?" in caught.value.hint
    with pytest.raises(UsageError, match="-O"):
        build_project(project, BuildOptions(optimization="-O3", sdk=sdk))
    with pytest.raises(UsageError, match="zig"):
        build_project(project, BuildOptions("zig", sdk=sdk))
    source = small_source(tmp_path / "source", with_assets=False)
    export_project(source, load_board("rt1050"), tmp_path / "alone")
    with pytest.raises(UsageError, match="not built in the MCUXpresso SDK"):
        build_project(tmp_path / "alone", BuildOptions(sdk=sdk))


def test_the_command_names_what_is_missing(tmp_path: Path) -> None:
    done = invoke(["build", str(_project(tmp_path)), "--sdk", str(tmp_path)])
    assert done.exit_code == 2
    assert "looked for" in done.stderr


@needs_tools
def test_the_command_prints_the_entry(tmp_path: Path) -> None:
    sdk = fake_sdk(tmp_path / "sdk")
    command = ["build", str(_project(tmp_path)), "--sdk", str(sdk), "--config", "debug", "--json"]
    done = invoke(command)
    assert done.exit_code == 0, done.stderr
    assert json.loads(done.stdout)["optimization"] == "flexspi_nor_debug"


@pytest.mark.parametrize("folder", ["my apps", "a;b", "a(b)", "a$b", "a'b", 'a"b', "a#b", "a&b"])
def test_paths_that_the_sdks_build_cannot_take(tmp_path: Path, folder: str) -> None:
    """A blank ends in a linker that looks for half a path."""
    project = _project(tmp_path)
    sdk = fake_sdk(tmp_path / "sdk")
    (tmp_path / folder).mkdir()
    moved = tmp_path / folder / "sdk"
    shutil.copytree(sdk, moved)
    with pytest.raises(InputError, match=r"The MCUXpresso SDK is in .* cannot take a path with"):
        build_project(project, BuildOptions(sdk=moved))
    shutil.copytree(project, tmp_path / folder / "p")
    with pytest.raises(InputError, match="The project rt1050-small is in"):
        build_project(tmp_path / folder / "p", BuildOptions(sdk=sdk))
    assert not (tmp_path / folder / "p/build").exists()


@needs_tools
def test_cmake_says_so_too(tmp_path: Path) -> None:
    project = _project(tmp_path / "my apps")
    sdk = fake_sdk(tmp_path / "sdk")
    command = ["cmake", "-S", str(project), "-B", str(tmp_path / "b"), f"-DSdkRootDirPath={sdk}"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode != 0
    assert "cannot take the path" in " ".join(done.stderr.split())


def test_a_gcc_without_its_c_library_is_told_before_anything_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gcc = tmp_path / "arm-none-eabi-gcc"
    gcc.write_text('#!/bin/sh\ncase "$1" in -print*) echo nosys.specs;; *) echo 12.2.1;; esac\n')
    gcc.chmod(0o755)
    monkeypatch.setenv("MCUZOO_GCC", str(gcc))
    project = _project(tmp_path)
    with pytest.raises(ToolchainError, match=r"finds no nosys\.specs") as caught:
        build_project(project, BuildOptions(sdk=fake_sdk(tmp_path / "sdk")))
    assert "libnewlib-arm-none-eabi" in caught.value.hint
    assert not (project / "build").exists()
