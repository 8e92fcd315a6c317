"""The facts that come with mcuzoo are those that its planner finds today."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcuzoo.board.load import list_boards
from mcuzoo.graph.read import load_model
from mcuzoo.plan.zoo_facts import (
    FactsCache,
    file_identity,
    find_facts,
    layers_identity,
    shipped_facts,
    structure_facts,
)
from mcuzoo.zoo.catalog import catalog
from mcuzoo.zoo.find import find_file
from mcuzoo.zoo.structure import build_structure

AGAIN = "stale: MCUZOO_MODELS=../shared/data/models python tools/zoo_facts.py"
WITH_LAYERS = [name for name, entry in catalog().items() if entry.structure is not None]
FAMILY = [name for name in WITH_LAYERS if name.startswith("mobilenet_v1_")]
LONG = {*FAMILY[1:], "inception_v4", "resnet_50", "efficientnet_lite0", "mnasnet"}


@pytest.fixture(autouse=True)
def no_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=[pytest.mark.full] if name in LONG else []) for name in WITH_LAYERS],
)
def test_facts_by_the_layers(name: str) -> None:
    boards, entry = list_boards(), catalog()[name]
    shipped = structure_facts(entry, FactsCache(boards))
    assert layers_identity(entry) in shipped_facts(boards), AGAIN
    assert shipped == find_facts(build_structure(entry), boards), AGAIN


@pytest.mark.slow
def test_facts_of_files(test_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MCUZOO_MODELS", str(test_data / "models"))
    boards = list_boards()
    cache, seen = FactsCache(boards), []
    for entry in catalog().values():
        for file in entry.files_of("int8"):
            found = find_file(file)
            if found is not None and found.verified:
                seen.append(entry.name)
                shipped = cache.facts(file_identity(entry, found.sha256), None)
                assert shipped == find_facts(load_model(found.path), boards), AGAIN
    assert {"signs", "tiny_resnet", "visual_wake_word"} <= set(seen)


def test_nothing_shipped_is_believed_of_another_board() -> None:
    boards = list_boards()
    fewer = boards[:-1]
    changed = [boards[0].model_copy(update={"name": "another"}), *boards[1:]]
    assert shipped_facts(boards) and not shipped_facts(fewer) and not shipped_facts(changed)
