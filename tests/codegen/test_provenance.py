"""What a project says of its making: enough to do it again, nothing of this machine."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256
from pathlib import Path

from helpers.exported import export_project
from helpers.small_source import small_source

from mcuzoo import __commit__
from mcuzoo.board.load import load_board
from mcuzoo.codegen.options import ExportOptions
from mcuzoo.codegen.provenance import given_options
from mcuzoo.project.manifest import load_manifest
from mcuzoo.resources import templates_dir
from mcuzoo.zoo.registry import Origin


def test_a_project_names_what_rendered_it(tmp_path: Path) -> None:
    source = replace(
        small_source(tmp_path / "source"),
        origin=Origin("somewhere", "https://example.org/a.tflite", "MIT", "cd" * 32),
    )
    for name in ("one", "two"):
        export_project(source, load_board("rt1050"), tmp_path / name, weights="ram", baud=None)
    assert (tmp_path / "one/mcuzoo.json").read_bytes() == (
        tmp_path / "two/mcuzoo.json"
    ).read_bytes()
    manifest = load_manifest(tmp_path / "one")
    assert manifest.provenance is not None
    assert manifest.provenance.commit == __commit__
    assert manifest.provenance.options == (
        "--runtime aot", "--project cmake", "--weights ram",
    )  # fmt: skip
    model = manifest.model
    assert (model.source, model.url) == ("somewhere", "https://example.org/a.tflite")
    assert (model.licence, model.converted_from) == ("MIT", "cd" * 32)

    root = templates_dir()
    lines = sorted(
        (path.relative_to(root).as_posix(), sha256(path.read_bytes()).hexdigest())
        for path in root.rglob("*.j2")
    )
    text = "".join(f"{digest}  {name}\n" for name, digest in lines)
    assert manifest.provenance.templates_sha256 == sha256(text.encode()).hexdigest()


def test_options_are_kept_as_they_are_typed() -> None:
    options = ExportOptions(
        runtime="aot",
        pin=("0=dtcm", "1=ocram"),
        stream_input=True,
        output=Path("/home/me/p"),
        tflm=Path("/home/me/tflm"),
        force=True,
        color="gray",
        baud=9600,
    )
    assert given_options(options) == (
        "--runtime aot", "--pin 0=dtcm", "--pin 1=ocram", "--stream-input", "--baud 9600",
    )  # fmt: skip
    assert given_options(ExportOptions()) == ()
