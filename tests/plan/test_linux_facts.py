"""What comes with mcuzoo of the zoo's models on boards with Linux is what Vela says today."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from helpers.forks import forked_vela

from mcuzoo.board.load import list_linux_boards
from mcuzoo.errors import McuzooError
from mcuzoo.extras import VELA, missing_packages
from mcuzoo.graph.read import load_model
from mcuzoo.npu.program import VARIABLE, vela_command, vela_version
from mcuzoo.plan.linux_facts import (
    SHIPPED,
    find_linux_facts,
    linux_digests,
    linux_document,
    shipped_linux_facts,
)
from mcuzoo.plan.zoo_facts import file_identity, layers_identity
from mcuzoo.zoo.catalog import catalog
from mcuzoo.zoo.registry import resolve_model
from mcuzoo.zoo.structure import build_structure

AGAIN = "stale: MCUZOO_MODELS=../shared/data/models python tools/linux_facts.py"


@pytest.fixture
def compiler(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The installed Vela, if it is the one that the facts are from."""
    if not missing_packages([VELA]) and (program := forked_vela(tmp_path_factory)):
        monkeypatch.setenv(VARIABLE, str(program))
    try:
        version = f"Vela {vela_version(vela_command())}"
    except McuzooError as error:
        pytest.skip(error.message)
    known = {
        use.compiler
        for facts in shipped_linux_facts(list_linux_boards()).values()
        for use in facts.npu.values()
        if use is not None
    }
    assert len(known) == 1, AGAIN
    if known != {version}:
        pytest.skip(f"the facts are of {known.pop()}, and {version} is installed")
    return version


def test_all_layers_and_the_bundled_file_are_known() -> None:
    boards = list_linux_boards()
    shipped = shipped_linux_facts(boards)
    signs = file_identity(catalog()["signs"], load_model(resolve_model("signs").path).sha256)
    wanted = {layers_identity(one) for one in catalog().values() if one.structure} | {signs}
    assert wanted <= set(shipped), AGAIN
    for facts in shipped.values():
        assert set(facts.npu) == {board.id for board in boards}
        assert facts.npu["imx8mp"] is None and facts.npu["imx93"] is not None


def test_the_bundled_model_as_it_is_compiled_today(compiler: str) -> None:
    boards, model = list_linux_boards(), load_model(resolve_model("signs").path)
    shipped = shipped_linux_facts(boards)[file_identity(catalog()["signs"], model.sha256)]
    assert shipped == find_linux_facts(model, boards), AGAIN


@pytest.mark.full
@pytest.mark.parametrize("name", [one.name for one in catalog().values() if one.structure])
def test_layers_as_they_are_compiled_today(name: str, compiler: str) -> None:
    boards, entry = list_linux_boards(), catalog()[name]
    shipped = shipped_linux_facts(boards)[layers_identity(entry)]
    assert shipped == find_linux_facts(build_structure(entry), boards), AGAIN


def test_what_is_written_is_read_again_and_of_other_boards_nothing_is_believed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    boards = list_linux_boards()
    shipped = shipped_linux_facts(boards)
    assert json.loads(json.dumps(linux_document(boards, shipped))) == json.loads(
        SHIPPED.read_text(encoding="utf-8")
    )
    npu = boards[-1].npu
    assert npu is not None
    other = boards[-1].model_copy(update={"npu": npu.model_copy(update={"sram_bytes": 1})})
    assert not shipped_linux_facts([*boards[:-1], other]) and not shipped_linux_facts(boards[:-1])
    for text in ("", "[]", "{}", '{"boards": {}, "facts": 1}', '{"boards": DIGESTS, "facts": [1]}'):
        damaged = tmp_path / "facts.json"
        damaged.write_text(text.replace("DIGESTS", json.dumps(linux_digests(boards))))
        monkeypatch.setattr("mcuzoo.plan.linux_facts.SHIPPED", damaged)
        assert shipped_linux_facts(boards) == {}
