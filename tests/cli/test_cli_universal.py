"""mcuzoo export --universal and fit --universal, as typed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from helpers.commands import invoke
from helpers.fake_tflm import fake_tree
from helpers.small_source import small_source

pytestmark = pytest.mark.slow


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return fake_tree(tmp_path / "tree")


def test_export_of_listed_ops_and_of_models(tree: Path, tmp_path: Path) -> None:
    model, project = small_source(tmp_path / "source").path, tmp_path / "uni"
    done = invoke(("export", model, "--universal", "--ops", "softmax", "--board", "rt1170",
               "--kernels", "reference", "--tflm", tree, "-o", project))  # fmt: skip
    assert done.exit_code == 0, done.stderr
    assert "2 operators: CONV_2D, SOFTMAX" in done.stdout
    assert "models up to 1,048,560 bytes in ocram1+ocram2" in done.stdout
    assert (project / "mcuzoo.json").is_file()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--universal"], "--tflm DIR is missing"),
        (["--universal", "--runtime", "aot"], "the runtime aot has its model compiled in"),
        (["--universal", "--project", "mcuxpresso"], "not made as --project mcuxpresso"),
        (["--universal", "--plan", "greedy"], "--universal has none"),
        (["--ops", "CONV_2D"], "need --universal"),
        (["one.tflite", "two.tflite"], "a project has one"),
    ],
)
def test_words_that_do_not_go_together(words: list[str], says: str) -> None:
    done = invoke(("export", "--board", "rt1050", *words))
    assert done.exit_code == 2
    assert says in done.stderr
    assert "hint: " in done.stderr


def test_fit_says_what_is_left_and_whether_a_model_goes_in(tmp_path: Path) -> None:
    done = invoke(("fit", "signs", "--universal", "--board", "rt1050", "--json"))
    assert done.exit_code == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["arena_region"] == "ocram"
    assert [room["region"] for room in document["rooms"]] == ["dtcm", "sdram"]
    assert (document["fits"], document["model_region"]) == (True, "sdram")
    small = invoke(("fit", "signs", "--universal", "--board", "rt1050", "--arena-region", "dtcm"))
    assert small.exit_code == 1
    assert "verdict: DOES NOT FIT" in small.stdout
