"""What doctor-data says in a terminal, and the command that it names next."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from mcuzoo.data.images import DataSet
from mcuzoo.doctor_data.diagnosis import Claim, DataDiagnosis, InputRange, NamedOutput
from mcuzoo.doctor_data.findings import Finding, Part, Verdict
from mcuzoo.doctor_data.options import DoctorDataOptions
from mcuzoo.project.recipe import Recipe
from mcuzoo.report.doctor_data import bad_lines, diagnosis_text, next_line

AGREES = Claim(Finding(Part.COLOR, Verdict.AGREES, "rgb", z=-5.25, n=96))
FOUND = DataDiagnosis(
    model="net", sha256="ab" * 32, engine="reference",
    data=DataSet(Path("photos"), (), mapping="read as class names"),
    recipe=Recipe(), recipe_source="default", n=96, correct=80, classes=16, bad=(), turned=0,
    input=InputRange(1 / 128, 0, -1.0, 0.992, ("tf",), 0.0),
    claims=(AGREES,), outputs=(), mend=(), warnings=(),
)  # fmt: skip
ORDER = Claim(
    Finding(Part.LABEL_ORDER, Verdict.CONTRADICTED, "as given", ("another order",), 9.0, 1.0, 96)
)
ASKED = ("net", Path("my photos"))


def said(found: DataDiagnosis, width: int = 80) -> str:
    """The whole text in one line."""
    return " ".join(diagnosis_text(found, width).split())


def test_what_agrees_is_said_with_its_figures() -> None:
    text = said(FOUND)
    assert "agrees colour: rgb (z 5.2, n 96)" in text and "warning" not in text
    assert "as declared 80 of 96 right" in text and "that of tf (-1 to 1)" in text
    assert "turned by EXIF" not in text and "clipped" not in text


def test_warnings_and_an_odd_input_are_said() -> None:
    odd = InputRange(0.02, 3, -2.6, 2.5, (), 0.125)
    text = said(replace(FOUND, input=odd, turned=4, warnings=("Only 1 class has pictures.",)))
    assert "that of no usual normalization; 12.5% of the values clipped" in text
    assert "for 16 classes; 4 turned by EXIF" in text
    assert "warning Only 1 class has pictures." in text
    several = replace(FOUND.input, usual=("raw", "unit", "torch"))
    assert "that of raw (0 to 255), unit (0 to 1) or torch" in said(replace(FOUND, input=several))


def claim(part: Part, declared: object, *better: object, why: str = "") -> Claim:
    return Claim(Finding(part, Verdict.CONTRADICTED, declared, better, 4.0, 0.1, 50, why))


@pytest.mark.parametrize(
    ("found", "text"),
    [
        (
            claim(Part.NORMALIZATION, "raw", "tf", "unit"),
            "contradicted normalization: not raw (0 to 255); tf (-1 to 1) or unit (0 to 1) fits "
            "better (z 4.0, n 50)",
        ),
        (
            claim(Part.RESIZE, "bilinear", "area"),
            "note resize: area fits better than bilinear (z 4.0, n 50). Networks often like "
            "another one better than the one they were trained with",
        ),
        (
            claim(Part.ORIENTATION, 0, 2),
            "note orientation: turned upside down fits better than as they are (z 4.0, n 50)",
        ),
        (
            claim(Part.EXIF, False, True, why="4 of them are turned."),
            "note EXIF orientation: EXIF's orientation applied fits better than EXIF's orientation "
            "ignored (z 4.0, n 50). 4 of them are turned",
        ),
        (
            Claim(Finding(Part.COLOR, Verdict.SILENT, "rgb"), ("--color bgr",)),
            "cannot tell colour: rgb, or not: your pictures cannot tell. --color bgr",
        ),
    ],
)
def test_each_finding_in_words(found: Claim, text: str) -> None:
    assert said(replace(FOUND, claims=(found,))).endswith(text)


def test_the_gravest_comes_first() -> None:
    note = claim(Part.RESIZE, "bilinear", "area")
    silent = Claim(Finding(Part.FIT, Verdict.SILENT, "stretch"))
    text = diagnosis_text(replace(FOUND, claims=(silent, note, AGREES, ORDER)))
    heads = [line[:14].strip() for line in text.split("\n\n")[1].splitlines() if line[:1] != " "]
    assert heads == ["contradicted", "agrees", "note", "cannot tell"]


def test_of_another_order_each_output_is_named_and_what_is_not_known() -> None:
    outputs = tuple(NamedOutput(n, n + 1, f"sign {n}", n != 3) for n in range(40))
    text = said(replace(FOUND, claims=(ORDER, AGREES), outputs=outputs))
    assert (
        "label order: the labels fit better in another order (z 9.0, n 96) outputs show: " in text
    )
    assert "outputs show: 0 sign 0, 1 sign 1, 2 sign 2, 4 sign 4," in text
    assert "32 sign 32, and 7 more: --json" in text  # 39 are sure, and 32 of them are named
    assert "cannot tell the outputs of: sign 3 agrees" in text
    sure = replace(FOUND, claims=(ORDER,), outputs=outputs[:3])
    assert said(sure).endswith("outputs show: 0 sign 0, 1 sign 1, 2 sign 2")


def test_no_line_is_wider_than_the_terminal() -> None:
    outputs = tuple(NamedOutput(n, n, f"sign {n}", True) for n in range(20))
    text = diagnosis_text(replace(FOUND, claims=(ORDER,), outputs=outputs), 60)
    assert max(map(len, text.splitlines())) <= 60


def test_the_next_command_after_a_good_diagnosis_is_an_evaluation() -> None:
    options = DoctorDataOptions(split="test", limit=20, labels=Path("names.txt"))
    assert next_line(FOUND, ASKED, options) == (
        "\nnext: mcuzoo evaluate net --data 'my photos' --split test --labels names.txt\n"
    )


def test_the_next_command_after_a_contradiction_asks_again_with_what_mends_it() -> None:
    found = replace(FOUND, claims=(claim(Part.COLOR, "rgb", "bgr"),), mend=("--color", "bgr"))
    assert next_line(found, ASKED, DoctorDataOptions(limit=20)) == (
        "\nnext: mcuzoo doctor-data net --data 'my photos' --color bgr --limit 20\n"
    )


def test_a_known_order_is_to_be_saved_and_then_used() -> None:
    outputs = (NamedOutput(0, 1, "b", True), NamedOutput(1, 0, "a", True))
    found = replace(FOUND, claims=(ORDER,), outputs=outputs)
    options = DoctorDataOptions(labels=Path("names.txt"))
    first = next_line(found, ASKED, options)
    assert first.endswith(" --save-labels labels.txt --labels names.txt\n")
    then = next_line(found, ASKED, options, Path("labels.txt"))
    assert then.endswith(" --data 'my photos' --labels labels.txt\n")


def test_unusable_pictures_are_named_up_to_ten() -> None:
    bad = tuple((f"{n}.png", "no picture") for n in range(13))
    lines = list(bad_lines(replace(FOUND, bad=bad)))
    assert lines[0] == "unusable: 0.png: no picture" and len(lines) == 11
    assert lines[-1] == "and 3 more; --json lists them all"
    assert len(list(bad_lines(replace(FOUND, bad=bad[:10])))) == 10
