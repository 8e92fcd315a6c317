"""`import mcuzoo`: every name is what it says it is, and none is loaded before it is used."""

from __future__ import annotations

import ast
import inspect
import re
import subprocess
import sys
from dataclasses import FrozenInstanceError, fields, is_dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, get_type_hints

import pytest

import mcuzoo
from mcuzoo.options import Option

OPTIONS = [name for name in mcuzoo.__all__ if name.endswith("Options")]
VERBS = [name for name in mcuzoo.__all__ if name.islower()]


def test_type_checkers_see_what_is_loaded() -> None:
    tree = ast.parse(Path(str(mcuzoo.__file__)).read_text(encoding="utf-8"))
    (block,) = (node for node in tree.body if isinstance(node, ast.If))
    seen = {
        alias.asname or alias.name: f"{node.module}:{alias.name}"
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert seen == {name: f"mcuzoo.{home}" for name, home in mcuzoo._HOMES.items()}
    assert sorted(seen) == sorted(mcuzoo.__all__)


@pytest.mark.parametrize("name", mcuzoo.__all__)
def test_every_name_is_there_and_documented(name: str) -> None:
    found = getattr(mcuzoo, name)
    assert not isinstance(found, ModuleType)
    assert inspect.getdoc(found)
    assert name in dir(mcuzoo)


def test_the_page_of_the_api_has_every_name() -> None:
    page = (Path(__file__).resolve().parents[1] / "docs" / "api.md").read_text(encoding="utf-8")
    missing = [name for name in mcuzoo.__all__ if not re.search(rf"\b{name}\b", page)]
    assert not missing


@pytest.mark.slow
def test_rooms_of_the_same_name_do_not_hide_verbs() -> None:
    code = (
        "import mcuzoo, mcuzoo.run.job, mcuzoo.evaluate.result, mcuzoo.compare.trial\n"
        "import mcuzoo.profile, mcuzoo.quantize.job, mcuzoo.measure.arena\n"
        "verbs = [mcuzoo.run, mcuzoo.evaluate, mcuzoo.compare, mcuzoo.profile, mcuzoo.quantize,\n"
        "         mcuzoo.measure]\n"
        "assert all(callable(verb) for verb in verbs), verbs"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_name_that_is_none() -> None:
    with pytest.raises(AttributeError, match="no attribute 'classify'"):
        mcuzoo.classify  # type: ignore[attr-defined]  # noqa: B018


def test_nothing_is_loaded_before_it_is_used() -> None:
    code = "import sys, mcuzoo; print(*(name for name in sys.modules if '.' not in name))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert "mcuzoo" in loaded
    assert not loaded & {"numpy", "pydantic", "jinja2", "rich", "dataclasses"}


@pytest.mark.parametrize("name", OPTIONS)
def test_options_say_what_they_mean_and_stay_as_they_are(name: str) -> None:
    kind: type[Any] = getattr(mcuzoo, name)
    assert is_dataclass(kind)
    made = kind()  # every field has a default
    with pytest.raises(FrozenInstanceError):
        setattr(made, fields(made)[0].name, None)
    hints = get_type_hints(kind, include_extras=True)
    meant = [hints[field.name].__metadata__[0] for field in fields(kind)]
    assert all(isinstance(option, Option) and option.help.endswith(".") for option in meant)


@pytest.mark.parametrize("name", VERBS)
def test_verbs_take_a_few_things_and_one_options_object(name: str) -> None:
    parameters = inspect.signature(getattr(mcuzoo, name)).parameters
    assert len(parameters) <= 6
    options = [one for one in parameters.values() if one.name == "options"]
    if name not in ("compare_runs", "load_board", "load_config", "load_model", "sbom"):
        (one,) = options
        assert is_dataclass(one.default)
