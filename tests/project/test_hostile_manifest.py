"""mcuzoo.json as somebody else's: refused in words that name the key, whatever is asked of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from copy import deepcopy
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from helpers.commands import invoke
from helpers.tiny_project import write_tiny_project
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mcuzoo.errors import ProjectError
from mcuzoo.project.manifest import MANIFEST_NAME, load_project
from mcuzoo.project.rules import inside, path_complaint
from mcuzoo.toolchain.build import build_project

Edit = Callable[[dict[str, Any]], object]
BAD_PATHS = [
    "", ".", "..", "../../x.c", "a/../../x", "/etc/passwd", "@x", "a/@x", "-wrapper", "a/-x.c",
    "a\\b", "C:x", "C:/x", "a//b", "a/", "a\nb", "a\0b", "\u202ea", "a" * 2000, "~\x1b[0m",
]  # fmt: skip
BUILD: dict[str, Any] = {
    "toolchain": "gcc", "compiler_version": "1", "optimization": "-O2", "build_id": "ab",
    "elf": "build/x.elf", "bin": "build/x.bin", "hex": "build/x.hex", "regions": [],
    "code_bytes": 1, "sha256": {},
}  # fmt: skip


MADE_BY = {"commit": "ab" * 20, "templates_sha256": "cd" * 32}
PART = {"name": "x", "version": "", "licence": ""}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return write_tiny_project(tmp_path / "project")


def _edit(project: Path, edit: Edit) -> None:
    path = project / MANIFEST_NAME
    raw = json.loads(path.read_text())
    edit(raw)
    path.write_text(json.dumps(raw))


def _complaint(project: Path) -> str:
    with pytest.raises(ProjectError) as caught:
        load_project(project)
    assert "\n" not in caught.value.message and caught.value.message.isprintable()
    assert str(project / MANIFEST_NAME) in caught.value.message
    return caught.value.message


@pytest.mark.parametrize("path", BAD_PATHS)
@pytest.mark.parametrize(
    ("key", "edit"),
    [
        ("sources.0", lambda raw, path: raw.update(sources=[path])),
        ("linker_script", lambda raw, path: raw.update(linker_script=path)),
        ("labels", lambda raw, path: raw.update(labels=path)),
        ("samples", lambda raw, path: raw.update(samples=path)),
        ("model.file", lambda raw, path: raw["model"].update(file=path)),
        ("files.", lambda raw, path: raw.update(files={path: "00"})),
        ("build.bin", lambda raw, path: raw.update(build={**BUILD, "bin": path})),
        ("build.changed.", lambda raw, path: raw.update(build={**BUILD, "changed": {path: "00"}})),
        (
            "build.parts.0.files.",
            lambda raw, path: raw.update(build={**BUILD, "parts": [{**PART, "files": {path: ""}}]}),
        ),
    ],
)
def test_every_path_stays_inside(project: Path, key: str, edit: Any, path: str) -> None:
    _edit(project, lambda raw: edit(raw, path))
    assert f"{key}" in _complaint(project)


@pytest.mark.parametrize(
    ("said", "edit"),
    [
        ("labels: ", lambda raw: raw.update(labels={})),
        ("extra: unknown key", lambda raw: raw.update(extra=1)),
        ("plan.extra: unknown key", lambda raw: raw["plan"].update(extra=1)),
        ("schema 3, this mcuzoo reads schema 2", lambda raw: raw.update(schema=3, x=1)),
        ("schema", lambda raw: raw.update(schema=True)),
        ("schema 1.0, this mcuzoo", lambda raw: raw.update(schema=1.0)),
        ("plan.stack_bytes", lambda raw: raw["plan"].update(stack_bytes=True)),
        ("plan.stack_bytes", lambda raw: raw["plan"].update(stack_bytes=1.0)),
        ("plan.stack_bytes", lambda raw: raw["plan"].update(stack_bytes="1")),
        ("plan.stack_bytes", lambda raw: raw["plan"].update(stack_bytes=-1)),
        ("plan.stack_bytes", lambda raw: raw["plan"].update(stack_bytes=10**25)),
        ("input.scale", lambda raw: raw["input"].update(scale=0)),
        ("input.bytes", lambda raw: raw["input"].update(bytes=5)),
        ("input.shape.0", lambda raw: raw["input"].update(shape=[0])),
        ("input.zero_point", lambda raw: raw["input"].update(zero_point=128)),
        ("target.fpu", lambda raw: raw["target"].update(fpu="-x")),
        ("target.core", lambda raw: raw["target"].update(core="x -wrapper y")),
        ("target.flash_region", lambda raw: raw["target"].update(flash_region="x")),
        ("target.image_base", lambda raw: raw["target"].update(image_base=0)),
        ("include_dirs.0", lambda raw: raw.update(include_dirs=["-"])),
        ("name", lambda raw: raw.update(name="\x1b]0;pwned\x07")),
        ("surrogate pair", lambda raw: raw.update(name="\ud800")),
        ("runtime", lambda raw: raw.update(runtime="x")),
        ("sdk: does not go with", lambda raw: raw.update(project="mcuxpresso")),
        ("tflm: does not go with", lambda raw: raw.update(runtime="tflm")),
        ("model: unknown key", lambda raw: raw.update(universal={"ops": [], "rooms": []})),
        ("model: is missing", lambda raw: raw.pop("model")),
        ("model.url", lambda raw: raw["model"].update(url="https://x/\n")),
        ("model.licence", lambda raw: raw["model"].update(licence=None)),
        ("provenance.commit", lambda raw: raw.update(provenance={**MADE_BY, "commit": "HEAD"})),
        ("provenance.options", lambda raw: raw.update(provenance={**MADE_BY, "options": "-x"})),
        ("build.flags.0", lambda raw: raw.update(build={**BUILD, "flags": ["a\x1b"]})),
    ],
)
def test_every_field_is_checked(project: Path, said: str, edit: Edit) -> None:
    _edit(project, edit)
    assert said in _complaint(project)


TFLM: dict[str, Any] = {
    "tree": "/tree", "kernels": "reference", "plan": "greedy", "schema_version": 3,
    "flatbuffers_version": "1", "fingerprint": "", "sources": [], "include_dirs": ["."],
    "defines": ["A", "B=1"], "kernel_files": ["conv"],
}  # fmt: skip


def test_what_tflm_is_compiled_with(project: Path) -> None:
    _edit(project, lambda raw: raw.update(runtime="tflm", tflm=TFLM))
    assert load_project(project).tflm is not None


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("tree", "@tree"), ("tree", "-tree"), ("tree", "tree"), ("tree", "/a\nb"),
        ("sources", ["../x.cc"]), ("sources", ["@x.cc"]), ("include_dirs", ["-x"]),
        ("defines", ["A B"]), ("defines", ["-wrapper"]), ("defines", ["A=$(x)"]),
        ("defines", ["A=\"x\""]), ("defines", [""]), ("kernel_files", ["../x"]),
        ("kernel_files", ["*"]), ("kernels", "x"), ("plan", "x"),
    ],
)  # fmt: skip
def test_what_tflm_is_not_compiled_with(project: Path, key: str, value: object) -> None:
    _edit(project, lambda raw: raw.update(runtime="tflm", tflm={**TFLM, key: value}))
    assert f"tflm.{key}" in _complaint(project)


@pytest.mark.parametrize(
    "text",
    [
        "[" * 200_000,
        '{"schema":1,"labels":' + '{"a":' * 100_000,
        '{"schema":' + "1" * 10_000 + "}",
        '{"schema": NaN}',
        "null",
        "",
        "\ufeff{}",
    ],
)
def test_what_is_no_manifest_at_all(project: Path, text: str) -> None:
    (project / MANIFEST_NAME).write_text(text, encoding="utf-8")
    assert "damaged" in _complaint(project)
    for command in (
        ["build", str(project)],
        ["emulate", str(project)],
        ["run-serial", "--port", f"emulator://{project}", "--project", str(project)],
        ["profile", str(project)],
        ["compare", str(project), str(project)],
    ):
        done = invoke(command)
        assert done.exit_code == 2, (command, done.output)
        assert "damaged" in done.stderr


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=6,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_any_value_anywhere_is_taken_or_refused(project: Path, data: st.DataObject) -> None:
    path = project / MANIFEST_NAME
    whole = path.read_text()
    raw = json.loads(whole)
    raw |= {"build": deepcopy(BUILD), "files": {"a": "00"}}
    at: Any = raw
    while True:
        key = data.draw(st.sampled_from(sorted(at) if isinstance(at, dict) else range(len(at))))
        if not (isinstance(at[key], dict | list) and at[key] and data.draw(st.booleans())):
            break
        at = at[key]
    at[key] = data.draw(VALUES)
    try:
        path.write_text(json.dumps(raw))
        load_project(project)
    except ProjectError:
        pass
    finally:
        path.write_text(whole)


def test_a_response_file_runs_nothing(project: Path) -> None:
    canary = project / "canary"
    script = project / "script.sh"
    script.write_text(f"#!/bin/sh\ntouch {canary}\n")
    script.chmod(0o755)
    (project / "@x").write_text(f"-wrapper {script}")
    for source in ("@x", "-wrapper", "../../x.c"):
        _edit(project, partial(dict.update, sources=[source]))
        with pytest.raises(ProjectError):
            build_project(project)
    assert not canary.exists() and not (project / "build").exists()


@pytest.mark.parametrize("link", ["firmware/main.c", "linker/tiny.ld", "firmware", "build"])
def test_links_that_lead_out_are_refused_where_they_are_used(project: Path, link: str) -> None:
    outside = project.parent / "outside"
    place = project / link
    if place.exists():
        place.rename(outside)
    else:
        outside.mkdir()
    place.symlink_to(outside)
    with pytest.raises(ProjectError, match="leads out of the project"):
        build_project(project)
    assert not [path for path in outside.glob("*") if path.suffix == ".elf"]


def test_paths_inside(project: Path) -> None:
    assert inside(project, "a/b.c") == project / "a/b.c"
    (project / "link").symlink_to("firmware")
    assert inside(project, "link/main.c").is_file()
    assert not path_complaint("samples/ä b (1);$x.png")
