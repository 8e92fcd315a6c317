"""Parse a command line with typer, and report its errors in the words of mcuzoo."""

from __future__ import annotations

import inspect
import os
import re
from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand

from mcuzoo.errors import UsageError, command, did_you_mean
from mcuzoo.options import FromEnvironment

if TYPE_CHECKING:
    from mcuzoo.cli.options import Command
    from mcuzoo.config.apply import Configured
    from mcuzoo.config.parameters import Parameter

# Since 0.26 typer has its own copy of click: take the class from where typer has it.
_CLICK_ERROR: type[Exception] = next(
    kind for kind in typer.BadParameter.__mro__ if kind.__name__ == "ClickException"
)
_SETTINGS = {"help_option_names": ["-h", "--help"]}


class HelpShown(Exception):
    """Help was asked for and has been printed: there is nothing left to do."""


def parse(
    name: str,
    known: Command,
    words: Sequence[str],
    summary: str = "",
    examples: Sequence[Sequence[str]] = (),
    configured: Configured | None = None,
) -> dict[str, Any]:
    """The values by parameter, as the command takes them: what is typed, else what is configured.

    name: of the command; summary: the first sentence of its help; examples: words after the name.
    Raises HelpShown, and UsageError for words that the command does not take.
    """
    single = typer.Typer(
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        context_settings=_SETTINGS,
    )
    lines = [command("mcuzoo", name, *example) for example in examples]
    found: dict[str, Any] = {}
    single.command(
        name,
        cls=_Once,
        help=f"{summary}\n\n{known.more or ''}",
        # \b: keep the line breaks of this paragraph.
        epilog="\b\nExamples:\n" + "\n".join(f"  {line}" for line in lines),
    )(_keeper(_wanted(known, configured), found))
    parser: Any = typer.main.get_command(single)
    try:
        with parser.make_context(f"mcuzoo {name}", _valued(known, words)) as context:
            parser.invoke(context)
            if configured is not None:
                configured.fill(found, _typed(context, found))
    except typer.Exit:
        raise HelpShown from None
    except typer.Abort:
        raise KeyboardInterrupt from None
    except _CLICK_ERROR as error:
        raise _in_our_words(error, name, lines) from None
    return found


def _wanted(known: Command, configured: Configured | None) -> list[Parameter]:
    """The parameters of `known`, of which those that are configured need not be typed."""
    offered = frozenset() if configured is None else configured.offered
    return [
        replace(one, default=() if one.many else None)
        if one.required and one.name in offered
        else one
        for one in known.parameters
    ]


def _typed(context: Any, names: Collection[str]) -> set[str]:
    return {name for name in names if context.get_parameter_source(name).name == "COMMANDLINE"}


def _valued(known: Command, words: Sequence[str]) -> list[str]:
    """`words`, where each option that may stand alone and does has its value."""
    bare = {
        flag: one.meant.bare
        for one in known.parameters
        if one.meant.bare is not None
        for flag in one.flags
    }
    found = []
    for at, word in enumerate(words):
        alone = word in bare and (at + 1 == len(words) or words[at + 1].startswith("-"))
        found.append(f"{word}={bare[word]}" if alone else word)
    return found


class _Once(TyperCommand):
    """A command that refuses an option given twice where only one value counts."""

    def make_parser(self, ctx: Any) -> Any:
        parser = super().make_parser(ctx)
        parse = parser.parse_args

        def parse_args(args: list[str]) -> Any:
            options, rest, order = parse(args=args)
            for option in order:
                if _counts_once(option) and order.count(option) > 1:
                    name = max(option.opts, key=len)
                    raise UsageError(
                        f"{name} was given {order.count(option)} times, and only one is possible.",
                        f"Leave all but one {name} out.",
                    )
            return options, rest, order

        parser.parse_args = parse_args  # type: ignore[method-assign]
        return parser


def _counts_once(option: Any) -> bool:
    """Whether an option may be given only once: a pair --x/--no-x or a value, not a switch."""
    if option.param_type_name != "option" or option.multiple or option.count:
        return False
    return not option.is_flag or bool(option.secondary_opts)


def _keeper(parameters: Sequence[Parameter], found: dict[str, Any]) -> Any:
    """A function with these parameters, annotated for typer, that keeps in `found` what it is
    called with."""

    def keep(**values: Any) -> None:
        for one in parameters:
            value = values[one.name]
            if one.many:
                value = value or _from_environment(one)
            found[one.name] = tuple(value) if one.many and value is not None else value

    hints = {one.name: _annotation(one) for one in parameters}
    keep.__annotations__ = {**hints, "return": None}
    keep.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [
            inspect.Parameter(
                one.name,
                inspect.Parameter.KEYWORD_ONLY,
                default=list(one.default) if one.many and one.default == () else one.default,
                annotation=hints[one.name],
            )
            for one in parameters
        ]
    )
    return keep


def _from_environment(one: Parameter) -> list[str] | None:
    """The value of its variable. Click would cut it at blanks, which a path may have."""
    said = os.environ.get(one.meant.variable) if one.meant.variable else None
    return [FromEnvironment(said)] if said else one.default


def _annotation(one: Parameter) -> Any:
    meant = one.meant
    by_us = one.many and meant.variable
    said: dict[str, Any] = {
        "help": f"{meant.help}  [env var: {meant.variable}]" if by_us else meant.help,
        "metavar": one.metavar or None,
        "min": meant.min,
        "envvar": None if by_us else meant.variable,
        "show_default": one.default not in (None, ()),
    }
    kind: Any = list[one.kind] if one.many else one.kind  # type: ignore[name-defined]
    if not one.required and one.default is None:
        kind = kind | None
    if one.is_argument:
        return Annotated[kind, typer.Argument(**said)]
    return Annotated[kind, typer.Option(*(meant.names or one.flags), **said)]


def _in_our_words(error: Any, name: str, lines: Sequence[str]) -> UsageError:
    """`error`, one of click's, as an error with a hint; lines: examples of the command."""
    help_ = command("mcuzoo", name, "--help")
    if type(error).__name__ == "NoSuchOption":
        known = [] if error.ctx is None else _options(error.ctx)
        return UsageError(
            f"{name}: there is no option {error.option_name}.",
            f"{did_you_mean(error.option_name, known)}{help_} lists the options.",
        )
    text = " ".join(str(error.format_message()).split())
    text = re.sub(
        r"^Got unexpected extra arguments?(?:\(s\))? \((.*)\)\.?$", r"too many: \1.", text
    )
    message = text[:1].lower() + text[1:].rstrip(".") + "."
    example = f"for example {lines[0]}; " if lines else ""
    return UsageError(f"{name}: {message}", f"{example}{help_} tells more.")


def _options(context: Any) -> list[str]:
    return [
        option
        for parameter in context.command.get_params(context)
        if parameter.param_type_name == "option"
        for option in (*parameter.opts, *parameter.secondary_opts)
        if option.startswith("--")
    ]
