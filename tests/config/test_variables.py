"""A variable that nothing reads is said, where it is probably a typing error."""

from __future__ import annotations

import re

import pytest
from helpers.commands import invoke
from helpers.package_source import PACKAGE, modules

from mcuzoo.cli.commands import command_of
from mcuzoo.cli.configured import configurable
from mcuzoo.config.variables import unread_variables

FIT = ("fit", "signs", "--board", "rt1050", "--runtime", "aot", "--json")


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("MCUZOO_BORAD", "MCUZOO_BOARD"),
        ("MCUZOO_BUDGETS_MAX_ARENA_BYTE", "MCUZOO_BUDGETS_MAX_ARENA_BYTES"),
        ("MCUZOO_FIT_RUNTIMES", "MCUZOO_FIT_RUNTIME"),
        ("MCUZOO_MODELL", "MCUZOO_MODEL"),
    ],
)
def test_a_typing_error_is_said(name: str, meant: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "rt1170")
    for words in (FIT, ("config",)):
        said = invoke(words)
        assert said.exit_code == 0
        assert f"warning: mcuzoo reads no {name}; did you mean {meant}?" in said.stderr


@pytest.mark.parametrize("name", ["MCUZOO_NIGHTLY", "MCUZOO_BUILD_COMPILERS", "MCUZOO_E"])
def test_what_may_be_anothers_is_said_by_config_alone(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A job may have variables of its own; those of another command are read by that one."""
    monkeypatch.setenv(name, "x")
    assert name not in invoke(FIT).stderr
    assert f"warning: mcuzoo reads no {name}" in invoke(["config"]).stderr


def test_each_variable_that_the_package_reads_is_known() -> None:
    known = {name: command_of(name).parameters for name in configurable()}
    found = {
        name
        for path in modules()
        for name in re.findall(r'"(MCUZOO_[A-Z_]*[A-Z])"', path.read_text(encoding="utf-8"))
    }
    assert {"MCUZOO_CONFIG", "MCUZOO_GCC", "MCUZOO_PORT"} <= found, PACKAGE
    unread = [name for name, _ in unread_variables(dict.fromkeys(found, "x"), known)]
    assert unread == []
