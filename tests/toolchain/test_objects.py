"""A build takes objects from earlier builds, of whatever project, and never a wrong one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from helpers.compilers import needs_compiler
from helpers.tiny_project import write_tiny_project

from mcuzoo.project.manifest import load_manifest, write_manifest
from mcuzoo.toolchain.build import build_project
from mcuzoo.toolchain.objects import read_source
from mcuzoo.toolchain.options import BuildOptions

SHARED_C = """\
#include "one.h"
__attribute__((section(".build_id"), used)) const char shared[] = "number " NUMBER;
"""
ONE_H = '#ifdef NEVER\n#include "two.h"\n#endif\n#define NUMBER "one"\n'


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache"


def project_with(folder: Path, files: dict[str, str]) -> Path:
    """The tiny project with sources and headers of firmware/ added."""
    project = write_tiny_project(folder)
    for name, text in files.items():
        (project / "firmware" / name).write_text(text)
    manifest = load_manifest(project)
    sources = [f"firmware/{name}" for name in files if name.endswith(".c")]
    write_manifest(replace(manifest, sources=(*manifest.sources, *sources)), project)
    return project


def built(project: Path, optimization: str | None = None) -> tuple[bytes, list[str]]:
    """The ELF, and the sources whose objects were there before."""
    entry = build_project(project, BuildOptions(None, optimization))
    log = (project / entry.elf).with_name("build.log").read_text()
    taken = [line.partition(":")[0] for line in log.splitlines() if "as compiled before" in line]
    return (project / entry.elf).read_bytes(), taken


@needs_compiler
def test_projects_share_the_objects_of_equal_sources(cache: Path, tmp_path: Path) -> None:
    files = {"shared.c": SHARED_C, "one.h": ONE_H, "two.h": ""}
    first, taken = built(project_with(tmp_path / "first", files))
    assert not taken
    second, taken = built(project_with(tmp_path / "second", files))
    # main.c says the build's identity, which a later build may not have.
    assert taken == ["firmware/shared.c"]
    assert second == first


@pytest.mark.slow
@needs_compiler
def test_what_differs_is_compiled(cache: Path, tmp_path: Path) -> None:
    files = {"shared.c": SHARED_C, "one.h": ONE_H, "two.h": ""}
    project = project_with(tmp_path / "project", files)
    built(project)
    header = project / "firmware/one.h"
    header.write_text(ONE_H.replace('"one"', '"two"'))
    elf, taken = built(project)
    assert not taken and b"number two" in elf
    header.write_text(ONE_H)
    elf, taken = built(project)
    assert taken and b"number one" in elf
    (project / "firmware/two.h").write_text("/* skipped, but this is not looked at */\n")
    assert not built(project)[1]
    assert not built(project, "-O1")[1]
    assert built(project, "-O1")[1]


@needs_compiler
def test_without_room_for_objects_a_build_goes_on(cache: Path, tmp_path: Path) -> None:
    cache.mkdir()
    (cache / "mcuzoo").mkdir()
    (cache / "mcuzoo" / "firmware").write_text("not a folder")
    project = project_with(tmp_path / "project", {"shared.c": SHARED_C, "one.h": ONE_H})
    for _ in range(2):
        elf, taken = built(project)
        assert not taken and b"number one" in elf


def test_all_that_a_source_includes_counts(tmp_path: Path) -> None:
    files = {
        "a/source.c": '#include <stdint.h>\n # include"near.h"\n#include <far.h>\n',
        "a/near.h": '#include "deep/last.h"\n',
        "a/far.h": "not this one: <> does not look beside the source",
        "b/far.h": '#include "../a/source.c"\n',
        "b/deep/last.h": "#define LAST_WORD 1\n",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    source = read_source(tmp_path, "a/source.c", ("b", "absent"))
    assert source is not None
    names = {Path(name).name for name, _ in source.files}
    assert names == {"source.c", "near.h", "far.h", "last.h"}
    assert source.mentions("LAST_WORD") and not source.mentions("LAST")
    assert not source.mentions("this")
    assert source.key(("-O2",)) != source.key(("-O3",))


@pytest.mark.parametrize(
    "text",
    [
        "#include NAME\n",
        '#include "/absolute.h"\n',
        "const char made[] = __DATE__;\n",
        '__asm__(".incbin \\"data\\"");\n',
        "#if __has_include(<other.h>)\n#endif\n",
    ],
)
def test_a_source_that_depends_on_more_is_compiled_each_time(tmp_path: Path, text: str) -> None:
    (tmp_path / "source.c").write_text(text.replace("/absolute.h", f"{tmp_path.parent}/absolute.h"))
    (tmp_path.parent / "absolute.h").write_text("")
    assert read_source(tmp_path, "source.c", ()) is None
