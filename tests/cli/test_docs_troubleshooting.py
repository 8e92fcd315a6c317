"""docs/troubleshooting.md: every message that it quotes is one of the code's."""

from __future__ import annotations

import ast
import re
from functools import cache

import pytest
from helpers.doc_blocks import ROOT
from helpers.package_source import modules, parsed

PAGE = ROOT / "docs" / "troubleshooting.md"
_VALUE = "\0"
_QUOTED = re.compile(r"^\| `([^`]+)` \|", re.MULTILINE)
"""A first cell that is a message and nothing else."""

MESSAGES = _QUOTED.findall(PAGE.read_text(encoding="utf-8"))


@cache
def texts() -> tuple[str, ...]:
    """The text literals of the package; what is filled in is a mark."""
    found = []
    for path in modules():
        for node in ast.walk(parsed(path)):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.append(node.value)
            elif isinstance(node, ast.JoinedStr):
                parts = (
                    part.value if isinstance(part, ast.Constant) else _VALUE for part in node.values
                )
                found.append("".join(map(str, parts)))
    return tuple(found)


def is_said(message: str) -> bool:
    """Whether some text has it: `...` of the page stands for whatever is between."""
    literal = [part.strip(" '") for part in message.split("...")]
    # A value may be filled in where the page has a word: "neither x nor y was found".
    pattern = re.compile(".*?".join(map(re.escape, literal)), re.DOTALL)
    return any(pattern.search(text) or _with_words(text, message) for text in texts())


def _with_words(text: str, message: str) -> bool:
    """Whether `text`, each value being some words, is the whole of `message`."""
    if _VALUE not in text or len(text.replace(_VALUE, "")) < 12:
        return False
    literal = text.split(_VALUE)
    # Most end here, without a pattern of their own.
    if not (message.startswith(literal[0]) and message.endswith(literal[-1])):
        return False
    parts = [re.escape(part) for part in literal]
    return re.fullmatch(".+?".join(parts), message) is not None


def test_some_messages_are_quoted() -> None:
    assert len(MESSAGES) >= 18


@pytest.mark.parametrize("message", MESSAGES)
def test_a_quoted_message_is_one(message: str) -> None:
    assert is_said(message)


def test_another_message_would_be_found() -> None:
    assert not is_said("There is no harbour '...'")
    assert not is_said("Nothing answers at ...: no bit in ... s.")


def test_every_exit_code_is_explained() -> None:
    from mcuzoo import errors

    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type)]
    codes = {kind.exit_code for kind in kinds if issubclass(kind, errors.McuzooError)}
    rows = re.findall(r"^\| (\d+) \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert {int(row) for row in rows} == codes | {0}
