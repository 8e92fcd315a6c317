"""From the words after a command's name to the values of its parameters."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from getopt import GetoptError, getopt
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mcuzoo.errors import UsageError, command, did_you_mean

if TYPE_CHECKING:
    from mcuzoo.cli.options import Command, Parameter

HELP = ("-h", "--help")


def wants_help(words: Sequence[str]) -> bool:
    return any(word in HELP for word in _before_dashes(words))


def parse(name: str, known: Command, words: Sequence[str]) -> dict[str, Any]:
    """The values by parameter, as the command takes them. name: of the command.

    Raises UsageError, whose hint has one of the command's examples.
    """
    options = {flag: one for one in known.parameters for flag in _flags(one)}
    _require_known(name, words, options)
    short = "".join(
        flag[1:] + ("" if one.kind is bool else ":")
        for flag, one in options.items()
        if not flag.startswith("--")
    )
    long = [
        flag[2:] + ("" if one.kind is bool else "=")
        for flag, one in options.items()
        if flag.startswith("--")
    ]
    try:
        typed, rest = _sorted_out(words, short, long)
    except GetoptError as error:
        raise _unreadable(name, error, options) from None
    values = _typed(name, typed, options)
    arguments = [one for one in known.parameters if one.is_argument]
    for one in arguments:
        count = len(rest) if one.many else 1
        taken, rest = rest[:count], rest[count:]
        if taken:
            values[one.name] = [_value(name, one, word) for word in taken]
    if rest:
        raise _refusal(name, f"too many: {' '.join(rest)}.")
    return dict(_completed(name, known, values))


def _before_dashes(words: Sequence[str]) -> Sequence[str]:
    return words[: words.index("--")] if "--" in words else words


def _sorted_out(
    words: Sequence[str], short: str, long: Sequence[str]
) -> tuple[list[tuple[str, str]], list[str]]:
    """Options with their values, and the arguments between and behind them.

    As gnu_getopt, whatever POSIXLY_CORRECT says.
    """
    before = list(_before_dashes(words))
    typed, arguments = list[tuple[str, str]](), list[str]()
    after = words[len(before) + 1 :]
    while before:
        found, before = getopt(before, short, list(long))
        typed += found
        if before:
            arguments.append(before.pop(0))
    return typed, [*arguments, *after]


def _flags(one: Parameter) -> tuple[str, ...]:
    if one.is_argument:
        return ()
    return (*one.flags, *(() if one.off is None else (one.off,)))


def _require_known(name: str, words: Sequence[str], options: dict[str, Parameter]) -> None:
    """Raise UsageError for an option that is none: getopt takes the beginning of a name, too."""
    for word in _before_dashes(words):
        flag = word.partition("=")[0]
        if flag.startswith("--") and flag not in options:
            raise _no_option(name, flag, options)


def _no_option(name: str, flag: str, options: dict[str, Parameter]) -> UsageError:
    long = [known for known in options if known.startswith("--")]
    help_ = command("mcuzoo", name, "--help")
    return UsageError(
        f"{name}: there is no option {flag}.",
        f"{did_you_mean(flag, long)}{help_} lists the options.",
    )


def _unreadable(name: str, error: GetoptError, options: dict[str, Parameter]) -> UsageError:
    flag = f"-{error.opt}" if len(error.opt) == 1 else f"--{error.opt}"
    if flag not in options:
        return _no_option(name, flag, options)
    needs = "takes no value" if options[flag].kind is bool else "requires an argument"
    return _refusal(name, f"option {flag!r} {needs}.")


def _typed(
    name: str, typed: Sequence[tuple[str, str]], options: dict[str, Parameter]
) -> dict[str, list[Any]]:
    """Every value that was typed for an option, by its parameter."""
    values: dict[str, list[Any]] = {}
    for flag, text in typed:
        one = options[flag]
        value = flag != one.off if one.kind is bool else _value(name, one, text)
        values.setdefault(one.name, []).append(value)
    for one in options.values():
        count = len(values.get(one.name, ()))
        # A switch given twice means what it says; a pair --x/--no-x or a value does not.
        if count > 1 and not one.many and (one.kind is not bool or one.off is not None):
            raise UsageError(
                f"{one.shown} was given {count} times, and it can mean one alone.",
                f"Leave all but one {one.shown} out.",
            )
    return values


def _value(name: str, one: Parameter, text: str) -> Any:
    if one.kind in (str, Path):
        return one.kind(text)
    try:
        value = one.kind(text)
    except ValueError:
        what = "whole number" if one.kind is int else "number"
        raise _refusal(name, f"invalid value for {one.shown!r}: {text!r} is no {what}.") from None
    least = one.meant.min
    if least is not None and not value >= least:
        raise _refusal(
            name, f"invalid value for {one.shown!r}: {text} is less than {least:g}, the least."
        )
    return value


def _completed(
    name: str, known: Command, values: dict[str, list[Any]]
) -> Iterator[tuple[str, Any]]:
    for one in known.parameters:
        found = values.get(one.name)
        variable = one.meant.variable
        if found is None and variable is not None and os.environ.get(variable):
            found = [_value(name, one, os.environ[variable])]
        if found is None:
            if one.required:
                what = "argument" if one.is_argument else "option"
                raise _refusal(name, f"missing {what} {one.shown!r}.")
            yield one.name, one.default
        else:
            yield one.name, tuple(found) if one.many else found[-1]


def _refusal(name: str, message: str) -> UsageError:
    from mcuzoo.cli.program import examples_of

    help_ = command("mcuzoo", name, "--help")
    example = command("mcuzoo", name, *examples_of(name)[0])
    return UsageError(f"{name}: {message}", f"for example {example}; {help_} tells more.")
