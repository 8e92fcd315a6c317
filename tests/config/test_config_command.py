"""`mcuzoo config`: each value, and where it comes from."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from helpers.commands import invoke
from helpers.configured import refused, write

from mcuzoo.cli.commands import COMMANDS

TEXT = """model = "signs"
board = "rt1050"

[export]
runtime = "aot"
[budgets]
max_mismatches = 0
"""


def document(*words: str) -> dict[str, Any]:
    said = invoke(["config", *words, "--json"])
    assert said.exit_code == 0, said.stderr
    found: dict[str, Any] = json.loads(said.stdout)
    return found


def by_name(found: dict[str, Any]) -> dict[str, Any]:
    return {one["name"]: one for one in found["values"]}


def test_nothing_is_configured() -> None:
    found = document()
    assert (found["file"], found["command"]) == (None, None)
    assert {one["source"] for one in found["values"]} == {"default"}
    assert invoke(["config"]).stdout.startswith("file: none\n")


def test_keys_and_where_they_stand(monkeypatch: pytest.MonkeyPatch) -> None:
    write(TEXT)
    monkeypatch.setenv("MCUZOO_BOARD", "rt1170")
    monkeypatch.setenv("MCUZOO_BUILD_COMPILER", "zig")
    found = document()
    assert found["file"] == str(Path.cwd() / "mcuzoo.toml")
    values = by_name(found)
    assert values["model"] == {
        "name": "model",
        "value": "signs",
        "source": "file",
        "origin": "mcuzoo.toml:1",
        "key": "model",
    }
    board = values["board"]
    assert (board["value"], board["source"], board["origin"]) == (
        ("rt1170", "environment", "MCUZOO_BOARD")
    )
    assert values["budgets.max_mismatches"]["origin"] == "mcuzoo.toml:7"
    assert values["export.runtime"]["origin"] == "mcuzoo.toml:5"
    assert values["build.compiler"]["origin"] == "MCUZOO_BUILD_COMPILER"
    text = invoke(["config"]).stdout
    assert "export.runtime" in text and "mcuzoo.toml:5" in text and "MCUZOO_BOARD" in text


def test_what_a_command_takes() -> None:
    write(TEXT)
    values = by_name(document("fit"))
    assert (values["--runtime"]["value"], values["--runtime"]["key"]) == ("aot", "export.runtime")
    assert (values["MODEL"]["value"], values["--weights"]["value"]) == (["signs"], "auto")
    assert values["--weights"]["source"] == "default"
    assert values["--arena-region"]["value"] is None
    assert "--json" not in values and "--measure" not in values
    (project,) = (one for one in document("build")["values"] if one["name"] == "PROJECT")
    assert (project["value"], project["source"]) == (None, "nowhere")
    assert "PROJECT" in invoke(["config", "build"]).stdout
    assert "must be typed" in invoke(["config", "build"]).stdout


@pytest.mark.parametrize("name", sorted(COMMANDS.keys() - {"completion", "config", "init"}))
def test_every_command_can_be_shown(name: str) -> None:
    write(TEXT)
    assert document(name)["command"] == name
    file, *lines = invoke(["config", name]).stdout.splitlines()
    assert file == f"file: {Path.cwd() / 'mcuzoo.toml'}"
    assert all(len(line) <= 80 for line in lines)


@pytest.mark.parametrize("name", ["exprt", "config"])
def test_a_command_that_has_nothing(name: str) -> None:
    said = invoke(["config", name])
    assert said.exit_code == 2 and f"Nothing is configured for '{name}'" in said.stderr
    assert ("Did you mean" in said.stderr) == (name not in COMMANDS)


def test_a_budget_of_a_variable_that_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MCUZOO_BUDGETS_MIN_TOP1", "40")
    assert "MCUZOO_BUDGETS_MIN_TOP1: 40 is no rate from 0 to 1." in refused("config")
