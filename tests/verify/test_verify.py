"""`mcuzoo verify`: of a model and of a project, with its documents and exit codes."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from helpers.commands import invoke
from helpers.tiny_project import write_tiny_project
from helpers.vela_files import (
    dense,
    dense_vela,
    needs_vela,
    parsed,
    signs_vela,
    with_constant_bit,
)

from mcuzoo.errors import InputError, UsageError
from mcuzoo.npu.findings import Counts, Finding
from mcuzoo.npu.verify import Verification, verify_file
from mcuzoo.report.verification import verdict, verification_outcome, verification_text
from mcuzoo.verify.options import VerifyOptions
from mcuzoo.verify.verify import VELA_FILE, verify


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A model and its compiled file."""
    (tmp_path / "dense.tflite").write_bytes(dense().raw)
    (tmp_path / "dense_vela.tflite").write_bytes(dense_vela())
    return tmp_path


@needs_vela
def test_a_right_file_passes(folder: Path) -> None:
    told = invoke(("verify", folder / "dense.tflite", "--vela", folder / "dense_vela.tflite"))
    assert told.exit_code == 0, told.output
    assert "PASS: the file is the source model." in told.stdout
    words = " ".join(told.stdout.split())
    assert "It does not prove the chip, its driver or a delegate." in words
    assert "no images: --images DIR runs them through the file" in words
    assert max(map(len, told.stdout.splitlines())) <= 80


def spoiled() -> bytes:
    """The first flipped bit of the constants that makes `dense` another network."""
    for offset in range(len(parsed(dense_vela()).npu_ops[0].constants)):
        raw = with_constant_bit(dense_vela(), offset, 3)
        if not verify_file(dense(), parsed(raw)).passed:
            return raw
    raise AssertionError("no bit of the constants counts")


@needs_vela
def test_a_wrong_constant_fails_by_name(folder: Path) -> None:
    (folder / "bad_vela.tflite").write_bytes(spoiled())
    files = ("--junit", folder / "junit.xml", "--summary", folder / "summary.md")
    told = invoke(
        ("verify", folder / "dense.tflite", "--vela", folder / "bad_vela.tflite", "--json", *files)
    )
    assert told.exit_code == 1, told.output
    document = json.loads(told.stdout)
    assert document["passed"] is False
    assert document["first"] == document["findings"][0]
    assert document["first"]["kind"] in ("weight", "scale", "file")
    assert "Compile the model again" in document["first"]["report_to"]
    assert "<failure" in (folder / "junit.xml").read_text(encoding="utf-8")
    assert "❌" in (folder / "summary.md").read_text(encoding="utf-8")


@needs_vela
@pytest.mark.full
def test_images_go_through_the_recipe(tmp_path: Path) -> None:
    compiled = tmp_path / "signs_vela.tflite"
    compiled.write_bytes(signs_vela())
    found = verify("signs", VerifyOptions(vela=compiled, images=Path("signs"), limit=3))
    assert found.passed and found.source == "signs"
    assert (found.counts.images, found.counts.unequal, found.counts.layers) == (3, 0, 31)


@needs_vela
def test_a_project_has_its_compiled_file(folder: Path) -> None:
    project = folder / "project"
    write_tiny_project(project)
    (project / "model").mkdir(exist_ok=True)
    (project / "model" / "model.tflite").write_bytes(dense().raw)
    with pytest.raises(InputError, match=r"no model/model_vela\.tflite"):
        verify(project)
    (project / VELA_FILE).write_bytes(dense_vela())
    found = verify(project)
    assert found.passed
    assert (found.source, found.file) == ("tiny", "model_vela")


def test_what_was_not_named_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as named:
        verify("signs")
    assert named.value.hint == "mcuzoo verify signs --vela FILE_vela.tflite"
    with pytest.raises(UsageError, match="no images"):
        verify("signs", VerifyOptions(vela=tmp_path / "x", limit=3))
    with pytest.raises(InputError, match="cannot be read"):
        verify("signs", VerifyOptions(vela=tmp_path / "absent_vela.tflite"))


def test_a_file_that_vela_did_not_compile_is_refused(tmp_path: Path) -> None:
    told = invoke(("verify", "signs", "--vela", tmp_path / "dense.tflite"))
    assert told.exit_code == 2
    (tmp_path / "dense.tflite").write_bytes(dense().raw)
    told = invoke(("verify", "signs", "--vela", tmp_path / "dense.tflite"))
    assert told.exit_code == 2
    assert "it was not compiled by Vela" in told.stderr


FINDING = Finding("images", 3, "CONV_2D", "arithmetic", "CONV at word 9", "1", "2")
FOUND = Verification(
    source="net",
    source_sha256="0" * 64,
    file="net_vela",
    file_sha256="1" * 64,
    accelerator="ethos-u65-256",
    findings=(FINDING, replace(FINDING, judgement="exhaustive", kind="wait", layer=5)),
    counts=Counts(operations=7, images=4, unequal=1, layers=6, inside=2),
    unproven=("Op 9 ARG_MAX is the CPU's.",),
)


def test_a_cause_comes_before_its_effects() -> None:
    assert FOUND.first == FOUND.findings[1]
    earlier = replace(FINDING, layer=2, judgement="exhaustive")
    assert replace(FOUND, findings=(FINDING, earlier)).first == earlier
    assert verdict(FOUND).startswith("FAIL: first wrong is layer 5 CONV_2D (wait). Compile")


def test_the_text_says_what_was_not_judged() -> None:
    text = verification_text(FOUND, 80)
    assert "Not judged:\n  Op 9 ARG_MAX is the CPU's.\n" in text
    assert "6 operators compared, 2 were not found right" in " ".join(text.split())
    assert "PASS" not in text and "It proves" not in text


def test_claims_hold_or_not_by_kind() -> None:
    outcome = verification_outcome(FOUND)
    holds = {claim.name: claim.holds for claim in outcome.claims}
    assert holds == {
        "weight": True,
        "scale": True,
        "address": True,
        "wait": False,
        "file": True,
        "arithmetic": False,
    }
    unasked = verification_outcome(replace(FOUND, counts=Counts(), findings=()))
    assert {claim.name: claim.holds for claim in unasked.claims}["arithmetic"] is None
