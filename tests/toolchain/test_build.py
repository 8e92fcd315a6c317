"""Real builds of a tiny project with every compiler that is installed."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers.compilers import every_compiler
from helpers.tiny_project import write_tiny_project
from intelhex import IntelHex

from mcuzoo.errors import ProjectError, ToolchainError
from mcuzoo.project.manifest import load_manifest
from mcuzoo.toolchain.build import build_project
from mcuzoo.toolchain.options import BuildOptions
from mcuzoo.toolchain.sizes import read_sections


@every_compiler
def test_elf_bin_and_hex_agree(tmp_path: Path, compiler: str) -> None:
    project = write_tiny_project(tmp_path)
    entry = build_project(project, BuildOptions(compiler))
    image = (project / entry.bin).read_bytes()
    assert (entry.toolchain, entry.bin) == (compiler, f"build/{compiler}/firmware.bin")

    vectors = int.from_bytes(image[0x2000:0x2004], "little")
    entry_point = int.from_bytes(image[0x2004:0x2008], "little")
    assert 0x2000_0000 < vectors < 0x2002_0000
    assert entry_point & 1 and 0x6000_2000 < entry_point < 0x6000_0000 + len(image)
    assert set(image[:0x2000]) == {0xFF}, "gaps read as erased flash"

    records = IntelHex(str(project / entry.hex))
    assert records.minaddr() == 0x6000_0000
    assert records.tobinstr() == image
    assert load_manifest(project).build == entry


@every_compiler
def test_initialized_data_is_loaded_from_flash(tmp_path: Path, compiler: str) -> None:
    project = write_tiny_project(tmp_path)
    entry = build_project(project, BuildOptions(compiler))
    sections = {section.name: section for section in read_sections(project / entry.elf)}
    data = sections[".data"]
    assert data.address >> 24 == 0x20 and data.load_address >> 24 == 0x60
    offset = data.load_address - 0x6000_0000
    assert (project / entry.bin).read_bytes()[offset : offset + 4] == b"\x07\0\0\0"
    assert sections[".bss"].content == b""


@every_compiler
def test_regions_are_measured(tmp_path: Path, compiler: str) -> None:
    project = write_tiny_project(tmp_path, array_bytes=100)
    entry = build_project(project, BuildOptions(compiler))
    uses = {use.region: use for use in entry.regions}
    assert 4 + 100 + 1024 <= uses["dtcm"].used_bytes <= 4 + 100 + 1024 + 16
    assert uses["flash"].used_bytes == (project / entry.bin).stat().st_size
    assert 0 < entry.code_bytes < 500


@every_compiler
def test_the_folder_does_not_enter_the_build(tmp_path: Path, compiler: str) -> None:
    elves = []
    for name in ("one", "another place"):
        project = write_tiny_project(tmp_path / name)
        elves.append((project / build_project(project, BuildOptions(compiler)).elf).read_bytes())
    assert elves[0] == elves[1]


@every_compiler
def test_a_compiler_error_is_quoted_and_logged(tmp_path: Path, compiler: str) -> None:
    project = write_tiny_project(tmp_path)
    source = project / "firmware/main.c"
    source.write_text(source.read_text() + "int broken(void) { return 1 +; }\n")
    with pytest.raises(ToolchainError, match=r"main\.c:\d+:\d+: error") as caught:
        build_project(project, BuildOptions(compiler))
    log = project / f"build/{compiler}/build.log"
    assert str(log) in caught.value.hint
    assert "1 +;" in log.read_text()


@every_compiler
def test_an_overflow_is_told_by_region(tmp_path: Path, compiler: str) -> None:
    project = write_tiny_project(tmp_path, array_bytes=200_000)
    with pytest.raises(ToolchainError, match=r"Region dtcm overflows by 69,960 bytes") as caught:
        build_project(project, BuildOptions(compiler))
    assert caught.value.exit_code == 5


@every_compiler
def test_a_failed_build_leaves_the_last_one(tmp_path: Path, compiler: str) -> None:
    project = write_tiny_project(tmp_path)
    entry = build_project(project, BuildOptions(compiler))
    (project / "firmware/main.c").write_text("#error no\n")
    with pytest.raises(ToolchainError):
        build_project(project, BuildOptions(compiler))
    assert load_manifest(project).build == entry
    assert (project / entry.elf).is_file()
    assert sorted(path.name for path in (project / "build").iterdir()) == [compiler]


@pytest.mark.slow
@every_compiler
def test_edited_sources_get_an_identity_of_their_own(tmp_path: Path, compiler: str) -> None:
    project = write_tiny_project(tmp_path)
    exported = load_manifest(project).build_id
    entry = build_project(project, BuildOptions(compiler))
    assert entry.build_id == build_project(project, BuildOptions(compiler)).build_id != exported
    assert entry.build_id.encode() in (project / entry.bin).read_bytes()
    smaller = build_project(project, BuildOptions(compiler, "-Os"))
    assert smaller.build_id not in (entry.build_id, exported)

    source = project / "firmware/main.c"
    source.write_text(source.read_text() + "/* edited */\n")
    edited = build_project(project, BuildOptions(compiler))
    assert edited.build_id not in (entry.build_id, exported)
    assert edited.build_id.encode() in (project / edited.bin).read_bytes()


def test_missing_sources(tmp_path: Path) -> None:
    project = write_tiny_project(tmp_path)
    (project / "firmware/main.c").unlink()
    with pytest.raises(ProjectError, match=r"lacks firmware/main\.c"):
        build_project(project)


def test_who_waits_is_told_how_far_it_is(tmp_path: Path) -> None:
    project = write_tiny_project(tmp_path)
    told: list[tuple[int, int]] = []
    build_project(project, on_compiled=lambda done, total: told.append((done, total)))
    sources = len(load_manifest(project).sources)
    assert told == [(done, sources) for done in range(1, sources + 1)]


@every_compiler
def test_objects_that_are_many_come_from_a_file(
    tmp_path: Path, compiler: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A command line of Windows ends at 32,767 characters, which TFLM's objects may take."""
    project = write_tiny_project(tmp_path / "a project")
    entry = build_project(project, BuildOptions(compiler))
    named = (project / entry.elf).read_bytes()
    monkeypatch.setattr("mcuzoo.toolchain.compile._MANY_CHARACTERS", 0)
    assert (project / build_project(project, BuildOptions(compiler)).elf).read_bytes() == named
    assert "objects.txt" in (project / entry.elf).with_name("build.log").read_text()
