"""From an options object's fields to options of the command line."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import fields
from functools import wraps
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import typer

from mcuzoo.options import Option

Board = Annotated[str, typer.Option("--board", "-b", help="rt1170, rt1050 or a .toml file.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]

Command = Callable[..., None]


def takes(kind: type[Any] | None = None) -> Callable[[Command], Command]:
    """Decorate a command whose parameter `options` is a `kind`: it takes the fields one by one.

    They come after the command's own parameters, but before those of them that have a default.
    Whatever is told in Option, a field or a parameter, becomes an option as typer reads it.
    """
    defaults = {} if kind is None else {field.name: field.default for field in fields(kind)}
    hints = {} if kind is None else get_type_hints(kind, include_extras=True)

    def decorate(function: Command) -> Command:
        @wraps(function)
        def command(*arguments: Any, **values: Any) -> None:
            if kind is not None:
                chosen = {name: values.pop(name) for name in defaults if name in values}
                values["options"] = kind(
                    **{
                        name: tuple(value or ()) if defaults[name] == () else value
                        for name, value in chosen.items()
                    }
                )
            function(*arguments, **values)

        own = [
            (name, one.annotation, one.default)
            for name, one in inspect.signature(function, eval_str=True).parameters.items()
            if name != "options"
        ]
        parameters = [
            *(_parameter(*one) for one in own if one[2] is inspect.Parameter.empty),
            *(_parameter(name, hints[name], default) for name, default in defaults.items()),
            *(_parameter(*one) for one in own if one[2] is not inspect.Parameter.empty),
        ]
        command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        command.__annotations__ = {one.name: one.annotation for one in parameters}
        return command

    return decorate


def _parameter(name: str, hint: Any, default: Any) -> inspect.Parameter:
    """As typer reads it."""
    type_, option = get_args(hint)
    if isinstance(option, Option):
        if get_origin(type_) is tuple:
            type_, default = list[str] | None, None
        option = typer.Option(
            *(option.names or (f"--{name.replace('_', '-')}",)),
            help=option.help,
            metavar=option.metavar,
            min=option.min,
            envvar=option.variable,
        )
    return inspect.Parameter(
        name,
        inspect.Parameter.KEYWORD_ONLY,
        default=default,
        annotation=Annotated[type_, option],
    )
