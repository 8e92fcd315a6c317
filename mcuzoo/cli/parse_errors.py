"""What the option parser complains of, in this program's words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import typer

from mcuzoo.errors import UsageError, command, did_you_mean

# typer has its own copy of click since 0.26, and click itself before: the class is where it is.
CLICK_ERROR: type[Exception] = next(
    kind for kind in typer.BadParameter.__mro__ if kind.__name__ == "ClickException"
)


def parse_error(error: Any, name: str | None, examples: Sequence[Sequence[str]]) -> UsageError:
    """`error`, one of click's, as an error with a hint.

    name: of the command whose options they are, None before one is known; examples: its own.
    """
    help_ = command("mcuzoo", *([name] if name else []), "--help")
    of = f"{name}: " if name else ""
    if type(error).__name__ == "NoSuchOption":
        context = getattr(error, "ctx", None)
        known = [] if context is None else _options(context)
        return UsageError(
            f"{of}there is no option {error.option_name}.",
            f"{did_you_mean(error.option_name, known)}{help_} lists the options."
            if name
            else f"The options of a command follow its name: {help_} lists the commands.",
        )
    hint = f"{help_} tells more."
    if name and examples:
        hint = f"for example {command('mcuzoo', name, *examples[0])}; {hint}"
    return UsageError(f"{of}{_message(error)}", hint)


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
