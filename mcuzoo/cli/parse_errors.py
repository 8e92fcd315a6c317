"""What the option parser complains of, in this program's words."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import typer

from mcuzoo.errors import UsageError, command, did_you_mean

# typer has its own copy of click since 0.26, and click itself before: the class is where it is.
CLICK_ERROR: type[Exception] = next(
    kind for kind in typer.BadParameter.__mro__ if kind.__name__ == "ClickException"
)


def parse_error(
    error: Any, examples_of: Callable[[str], tuple[tuple[str, ...], ...]]
) -> UsageError:
    """`error`, one of click's, as an error with a hint. examples_of: by a command's name."""
    context = getattr(error, "ctx", None)
    path: str = "mcuzoo" if context is None else context.command_path
    name = path.partition(" ")[2]
    message = _message(error)
    hint = f"{command(*path.split())} --help"
    if hasattr(error, "option_name") and type(error).__name__ == "NoSuchOption":
        known = [] if context is None else _options(context)
        return UsageError(
            f"{_of(name)}there is no option {error.option_name}.",
            f"{did_you_mean(error.option_name, known)}{hint} lists the options."
            if name
            else f"The options of a command follow its name: {hint} lists the commands.",
        )
    examples = examples_of(name) if name else ()
    if examples:
        hint = f"for example {command('mcuzoo', name, *examples[0])}; {hint} tells more."
    return UsageError(f"{_of(name)}{message}", hint)


def _of(name: str) -> str:
    return f"{name}: " if name else ""


def _message(error: Any) -> str:
    text = " ".join(str(error.format_message()).split())
    text = re.sub(
        r"^Got unexpected extra arguments?(?:\(s\))? \((.*)\)\.?$", r"too many: \1.", text
    )
    return text[:1].lower() + text[1:].rstrip(".") + "."


def _options(context: Any) -> list[str]:
    return [
        option
        for parameter in context.command.get_params(context)
        if parameter.param_type_name == "option"
        for option in (*parameter.opts, *parameter.secondary_opts)
        if option.startswith("--")
    ]
