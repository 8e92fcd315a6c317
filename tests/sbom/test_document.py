"""The bill of materials of a firmware: valid, complete, the same for the same build."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from helpers.commands import finished, invoke, mcuzoo
from helpers.compilers import every_compiler, has_newlib
from helpers.exported import export_project, tflm_of
from helpers.fake_sdk import fake_sdk
from helpers.fake_tflm import compilable_tree, fake_tree
from helpers.small_source import small_source
from helpers.tiny_project import write_tiny_project
from release_sbom import completed, schema_complaint

from mcuzoo import __version__
from mcuzoo.board.load import load_board
from mcuzoo.codegen.universal import UniversalOptions, export_universal
from mcuzoo.errors import ProjectError, UsageError
from mcuzoo.project.manifest import load_manifest, load_project, write_manifest
from mcuzoo.sbom.document import sbom
from mcuzoo.toolchain.build import EIQ_FOLDER, build_project
from mcuzoo.toolchain.options import BuildOptions
from mcuzoo.zoo.registry import resolve_model

pytest.importorskip("cyclonedx")
pytest.importorskip("jsonschema")

needs_gxx = pytest.mark.skipif(
    shutil.which("arm-none-eabi-g++") is None or not has_newlib(),
    reason="no arm-none-eabi-g++ with newlib",
)


@pytest.fixture(autouse=True)
def _nobodys_time(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SOURCE_DATE_EPOCH", "MCUXSDK_ROOT", "ARMGCC_DIR"):
        monkeypatch.delenv(name, raising=False)


def checked(project: Path) -> dict[str, Any]:
    """The document, which the official schema has nothing against."""
    document = sbom(project)
    assert schema_complaint(document) == ""
    return document


def named(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {item["name"]: item for item in document["components"]}


def hashes(component: dict[str, Any]) -> dict[str, str]:
    """SHA-256 of the files in a component."""
    return {item["name"]: item["hashes"][0]["content"] for item in component["components"]}


def properties(component: dict[str, Any]) -> dict[str, str]:
    return {item["name"]: item["value"] for item in component["properties"]}


def test_the_schema_finds_what_is_wrong(tmp_path: Path) -> None:
    document = sbom(write_tiny_project(tmp_path))
    document["components"][0]["licenses"] = "Apache-2.0"
    assert "Apache-2.0" in schema_complaint(document)


def test_a_project_that_was_not_built(tmp_path: Path) -> None:
    project = tmp_path / "p"
    export_project(resolve_model("signs"), load_board("rt1170"), project)
    document = checked(project)
    assert document["metadata"]["lifecycles"] == [{"phase": "pre-build"}]
    assert document["compositions"][0]["aggregate"] == "incomplete"
    firmware, manifest = document["metadata"]["component"], load_manifest(project)
    assert (firmware["type"], firmware["name"]) == ("firmware", "rt1170-signs")
    assert firmware["version"] == manifest.build_id
    board = sha256((project / "board/board.toml").read_bytes()).hexdigest()
    assert properties(firmware)["mcuzoo:file:board/board.toml"] == f"sha256:{board}"

    parts = named(document)
    assert set(parts) == {"mcuzoo-firmware", "signs"}
    ours, model = parts["mcuzoo-firmware"], parts["signs"]
    assert ours["version"] == manifest.tool_version == __version__
    assert ours["licenses"] == [{"expression": "Apache-2.0"}]
    assert hashes(ours)["firmware/app/main.c"] == manifest.files["firmware/app/main.c"]
    assert properties(ours)["mcuzoo:options"].startswith("--runtime aot --project cmake")
    assert model["type"] == "machine-learning-model"
    assert model["hashes"][0]["content"] == manifest.model.sha256
    assert model["licenses"] == [{"expression": "Apache-2.0"}]
    assert {"model/model.tflite", "model/mz_model.c"} <= set(hashes(model))
    assert not hashes(ours).keys() & hashes(model).keys()


@every_compiler
def test_a_build_is_listed_with_its_tools(tmp_path: Path, compiler: str) -> None:
    project = write_tiny_project(tmp_path)
    entry = build_project(project, BuildOptions(compiler))
    document = checked(project)
    firmware = document["metadata"]["component"]
    assert document["compositions"][0]["aggregate"] == "complete"
    assert firmware["version"] == entry.build_id
    assert hashes(firmware) == {
        path: sha256((project / path).read_bytes()).hexdigest()
        for path in (entry.elf, entry.bin, entry.hex)
    }
    assert firmware["hashes"][0]["content"] == hashes(firmware)[entry.bin]
    assert "-ffreestanding" in properties(firmware)["mcuzoo:flags"].split()
    library = {"gcc": "libgcc", "zig": "compiler_rt of Zig"}[compiler]
    assert named(document)[library]["version"] == entry.compiler_version
    tools = {item["name"]: item["version"] for item in document["metadata"]["tools"]["components"]}
    assert tools == {
        "mcuzoo": __version__,
        {"gcc": "arm-none-eabi-gcc", "zig": "zig"}[compiler]: entry.compiler_version,
    }


@every_compiler
def test_the_same_build_gives_the_same_document(
    tmp_path: Path, compiler: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = []
    for name in ("one", "two"):
        project = write_tiny_project(tmp_path / name)
        build_project(project, BuildOptions(compiler))
        made.append(sbom(project))
    assert made[0] == made[1] and "timestamp" not in made[0]["metadata"]
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1767323046")
    timed = checked(tmp_path / "one")
    assert timed["metadata"]["timestamp"] == "2026-01-02T03:04:06+00:00"
    assert timed["serialNumber"] != made[0]["serialNumber"]


@every_compiler
def test_what_was_edited_is_listed_as_it_was_built(tmp_path: Path, compiler: str) -> None:
    project = write_tiny_project(tmp_path)
    exported = load_manifest(project).files["firmware/main.c"]
    source = project / "firmware/main.c"
    source.write_text(source.read_text() + "/* edited */\n")
    (project / "firmware/more.h").write_text("/* added */\n")
    entry = build_project(project, BuildOptions(compiler))
    built = sha256(source.read_bytes()).hexdigest()
    assert set(entry.changed) == {"firmware/main.c", "firmware/more.h"}
    source.write_text("not what was built")
    files = {
        item["name"]: item for item in named(checked(project))["mcuzoo-firmware"]["components"]
    }
    assert files["firmware/main.c"]["hashes"][0]["content"] == built
    assert properties(files["firmware/main.c"]) == {"mcuzoo:exported": f"sha256:{exported}"}
    assert properties(files["firmware/more.h"]) == {"mcuzoo:exported": "added"}
    assert "properties" not in files["linker/tiny.ld"]


@every_compiler
def test_products_must_be_those_that_were_built(tmp_path: Path, compiler: str) -> None:
    project = write_tiny_project(tmp_path)
    entry = build_project(project, BuildOptions(compiler))
    with (project / entry.bin).open("ab") as file:
        file.write(b"more")
    with pytest.raises(ProjectError, match=r"firmware\.bin is not what was built") as caught:
        sbom(project)
    assert f"mcuzoo build {project}" in caught.value.hint
    (project / entry.bin).unlink()
    with pytest.raises(ProjectError, match=r"firmware\.bin is missing"):
        sbom(project)


@needs_gxx
@pytest.mark.slow
def test_tflm_and_what_comes_with_it(tmp_path: Path) -> None:
    tree = compilable_tree(tmp_path / "tree")
    project = tmp_path / "p"
    source = small_source(tmp_path / "source", with_assets=False)
    manifest = export_project(
        source, load_board("rt1050"), project, "tflm", **tflm_of(tree, "reference")
    )
    assert manifest.tflm is not None
    expected = named(checked(project))["TensorFlow Lite Micro"]
    fingerprint = f"sha256:{manifest.tflm.fingerprint}"
    assert properties(expected) == {"mcuzoo:fingerprint": fingerprint}

    build_project(project, BuildOptions())
    document = checked(project)
    parts = named(document)
    tflm = parts["TensorFlow Lite Micro"]
    assert properties(tflm) == {"mcuzoo:fingerprint": fingerprint}
    assert hashes(tflm) == {
        name: sha256((tree / name).read_bytes()).hexdigest()
        for name in manifest.tflm.sources
        if not name.startswith("third_party/")
    }
    assert parts["FlatBuffers"]["version"] == manifest.tflm.flatbuffers_version
    assert parts["FlatBuffers"]["purl"].startswith("pkg:github/google/flatbuffers@")
    assert {"gemmlowp", "ruy", "libgcc", "libstdc++", "newlib"} <= parts.keys()
    assert parts["newlib"]["version"][0].isdigit()
    assert document["dependencies"] == [
        {"ref": "firmware", "dependsOn": sorted(item["bom-ref"] for item in parts.values())}
    ]


@needs_gxx
@pytest.mark.slow
@pytest.mark.skipif(
    not (shutil.which("cmake") and shutil.which("ninja")), reason="no cmake or ninja"
)
def test_an_sdk_with_versions_of_its_drivers(tmp_path: Path) -> None:
    sdk = fake_sdk(tmp_path / "sdk")
    eiq = compilable_tree(sdk / EIQ_FOLDER)
    # A driver as NXP writes one.
    (sdk / "fsl_fake.h").write_text(
        "/*\n * SPDX-License-Identifier: BSD-3-Clause\n */\n"
        "#define FSL_FAKE_DRIVER_VERSION (MAKE_VERSION(2, 10, 3))\n"
    )
    (sdk / "fsl_fake.c").write_text(
        '/*\n * SPDX-License-Identifier: BSD-3-Clause\n */\n#include "fsl_fake.h"\nint fake;\n'
    )
    lists = next(path for path in sdk.rglob("CMakeLists.txt") if "fake.c" in path.read_text())
    lists.write_text(lists.read_text().replace("/fake.c)", "/fake.c ${SdkRootDirPath}/fsl_fake.c)"))
    project = tmp_path / "p"
    source = small_source(tmp_path / "source", with_assets=False)
    board = load_board("rt1050")
    export_project(source, board, project, "tflm", "mcuxpresso", **tflm_of(None, "reference"))
    assert set(named(checked(project))) >= {"TensorFlow Lite Micro", "MCUXpresso SDK"}

    build_project(project, BuildOptions(sdk=sdk))
    document = checked(project)
    parts = named(document)
    assert document["compositions"][0]["aggregate"] == "incomplete_third_party_only"
    assert parts["MCUXpresso SDK"]["version"] == "24.12"
    assert "fake.c" in hashes(parts["MCUXpresso SDK"])
    driver = parts["fsl_fake"]
    assert (driver["version"], driver["licenses"]) == (
        "2.10.3",
        [{"expression": "BSD-3-Clause"}],
    )
    assert hashes(driver) == {"fsl_fake.c": sha256((sdk / "fsl_fake.c").read_bytes()).hexdigest()}
    compiled = hashes(parts["TensorFlow Lite Micro"])
    assert compiled and all((eiq / name).is_file() for name in compiled)


def test_a_universal_firmware_has_no_model(tmp_path: Path) -> None:
    tree = fake_tree(tmp_path / "tree")
    options = UniversalOptions(tree, ("CONV_2D",), "reference")
    export_universal(load_board("rt1050"), tmp_path / "p", options)
    document = checked(tmp_path / "p")
    assert set(named(document)) == {"mcuzoo-firmware", "TensorFlow Lite Micro"}
    assert "model/mz_model.c" in hashes(named(document)["mcuzoo-firmware"])


def test_where_a_model_is_from(tmp_path: Path) -> None:
    project = write_tiny_project(tmp_path)
    manifest = load_manifest(project)
    model = replace(
        manifest.model,
        source="the eIQ Model Zoo",
        url="https://example.org/m.tflite",
        licence="MIT (somebody, the weights)",
        converted_from="ab" * 32,
    )
    write_manifest(replace(manifest, model=model), project)
    component = named(checked(project))["tiny"]
    assert component["description"] == "the eIQ Model Zoo"
    assert component["licenses"] == [{"license": {"name": "MIT (somebody, the weights)"}}]
    assert component["externalReferences"] == [
        {"type": "distribution", "url": "https://example.org/m.tflite"}
    ]
    assert properties(component)["mcuzoo:converted_from"] == f"sha256:{'ab' * 32}"
    # A manifest is untrusted: what is no address is none.
    write_manifest(replace(manifest, model=replace(model, url="javascript:x")), project)
    assert "externalReferences" not in named(checked(project))["tiny"]


def test_a_project_of_an_older_mcuzoo(tmp_path: Path) -> None:
    project = write_tiny_project(tmp_path)
    path = project / "mcuzoo.json"
    raw = json.loads(path.read_text())
    raw["schema"] = 1
    del raw["provenance"]
    for key in ("source", "url", "licence", "converted_from"):
        del raw["model"][key]
    path.write_text(json.dumps(raw))
    assert load_project(project).schema == 2
    assert named(checked(project)).keys() == {"mcuzoo-firmware", "tiny"}


@pytest.mark.parametrize(
    ("said", "expression"),
    [
        ("MIT", True),
        ("Apache-2.0 AND BSD-3-Clause", True),
        ("GPL-3.0-or-later WITH GCC-exception-3.1", True),
        ("(Apache-2.0 OR MIT) AND BSD-3-Clause", True),
        ("BSD-3-Clause AND (Apache-2.0 OR MIT)", True),
        ("(Apache-2.0 OR MIT AND BSD-3-Clause", False),
        ("Apache-2.0 OR MIT)", False),
        ("BSD-like licences of COPYING.NEWLIB", False),
        ("Apache-2.0 AND " * 60, False),
    ],
)
def test_an_expression_and_words_about_a_licence(
    tmp_path: Path, said: str, expression: bool
) -> None:
    project = write_tiny_project(tmp_path)
    path = project / "mcuzoo.json"
    raw = json.loads(path.read_text())
    raw["model"]["licence"] = said
    path.write_text(json.dumps(raw))
    licences = named(checked(project))["tiny"]["licenses"]
    assert licences == ([{"expression": said}] if expression else [{"license": {"name": said}}])


@pytest.mark.parametrize("epoch", ["soon", "-1", "1.5", "9" * 12, "\u0661"])
def test_a_time_that_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, epoch: str) -> None:
    project = write_tiny_project(tmp_path)
    monkeypatch.setenv("SOURCE_DATE_EPOCH", epoch)
    with pytest.raises(UsageError, match="SOURCE_DATE_EPOCH is no time"):
        sbom(project)


def test_the_manifest_is_not_overwritten(tmp_path: Path) -> None:
    project = write_tiny_project(tmp_path / "p")
    before = (project / "mcuzoo.json").read_bytes()
    done = invoke(("sbom", project, "-o", project / "mcuzoo.json"))
    assert done.exit_code == 2 and "would be overwritten" in done.stderr
    assert (project / "mcuzoo.json").read_bytes() == before


def test_the_command_writes_the_document(tmp_path: Path) -> None:
    project, target = write_tiny_project(tmp_path / "p"), tmp_path / "out.cdx.json"
    done = invoke(("sbom", project, "-o", target))
    assert done.exit_code == 0, done.stderr
    assert json.loads(target.read_text()) == sbom(project)
    assert done.stdout.startswith(f"tiny, sources {load_manifest(project).build_id}\n")
    assert "note: it was not built yet" in done.stdout
    printed = finished(mcuzoo("sbom", project))
    assert printed.stdout == target.read_text()
    assert printed.stderr == done.stdout


def test_a_release_names_its_files(tmp_path: Path) -> None:
    wheel, sdist = tmp_path / "mcuzoo-1.2+x-py3-none-any.whl", tmp_path / "mcuzoo-1.2+x.tar.gz"
    wheel.write_bytes(b"wheel")
    sdist.write_bytes(b"sdist")
    found = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "metadata": {"component": {"type": "application", "name": "mcuzoo"}},
        "components": [],
    }
    document = completed(found, [sdist, wheel])
    assert schema_complaint(document) == ""
    main = document["metadata"]["component"]
    assert (main["version"], main["purl"]) == ("1.2+x", "pkg:pypi/mcuzoo@1.2%2Bx")
    assert [item["hashes"][0]["content"] for item in main["externalReferences"]] == [
        sha256(b"sdist").hexdigest(),
        sha256(b"wheel").hexdigest(),
    ]
