"""All commands and their options, as typer reads them; each is imported when it is called."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from mcuzoo import __version__
from mcuzoo.cli.guard import guarded, wants_json
from mcuzoo.cli.parse_errors import CLICK_ERROR, parse_error
from mcuzoo.errors import UsageError, command, did_you_mean

COMMANDS = (
    "demo",
    "boards",
    "models",
    "fetch",
    "inspect",
    "convert",
    "fit",
    "export",
    "build",
    "emulate",
    "run-serial",
    "evaluate",
    "doctor-image",
    "profile",
    "quantize",
    "compare",
    "report",
)
"""In the order of the help. Each is a module of mcuzoo.cli and its function of the same name, with
_ for -, and EXAMPLES there: the words after the command's name."""

_SETTINGS = {"help_option_names": ["-h", "--help"]}


def run_command(arguments: Sequence[str]) -> int:
    """Do what was typed; the exit code. Raises McuzooError, and whatever the command does."""
    name = arguments[0] if arguments and arguments[0] in COMMANDS else None
    try:
        program = typer.main.get_command(app)
        if name is not None:
            single = _command(name)
            with single.make_context(f"mcuzoo {name}", list(arguments[1:])) as context:
                single.invoke(context)
        elif not arguments:
            nothing = program.make_context("mcuzoo", [], resilient_parsing=True)
            print(program.get_help(nothing) + "\n", file=sys.stderr)
            raise UsageError(
                "no command was named.",
                "mcuzoo demo runs everything once; mcuzoo --help lists the commands.",
            )
        else:
            with program.make_context("mcuzoo", list(arguments)) as context:
                program.invoke(context)
    except typer.Exit as end:
        return end.exit_code
    except typer.Abort:
        raise KeyboardInterrupt from None
    except CLICK_ERROR as error:
        raise parse_error(error, name, examples_of(name) if name else ()) from None
    return 0


def examples_of(name: str) -> tuple[tuple[str, ...], ...]:
    """Words that may follow the command's name, as its help shows them."""
    found: tuple[tuple[str, ...], ...] = _module(name).EXAMPLES
    return found


class Command(TyperCommand):
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
                        f"{name} was given {order.count(option)} times, and it can mean one alone.",
                        f"Leave all but one {name} out.",
                    )
            return options, rest, order

        parser.parse_args = parse_args  # type: ignore[method-assign]
        return parser


def _counts_once(option: Any) -> bool:
    """A switch given twice means what it says; a pair --x/--no-x or a value does not."""
    if option.param_type_name != "option" or option.multiple or option.count:
        return False
    return not option.is_flag or bool(option.secondary_opts)


class Program(TyperGroup):
    """All commands, for the help and for what is not the name of one."""

    def list_commands(self, ctx: Any) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        return _command(cmd_name) if cmd_name in COMMANDS else None

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        raise UsageError(
            f"There is no command {args[0]!r}.",
            f"{did_you_mean(args[0], COMMANDS)}mcuzoo --help lists them.",
        )

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Name and first sentence of each, without building its options."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, _summary(name)) for name in COMMANDS])

    def main(self, args: Sequence[str] | None = None, *_: Any, **__: Any) -> Any:
        """As a test runner calls it: the same handler as around the process."""
        words = list(sys.argv[1:] if args is None else args)
        sys.exit(guarded(lambda: run_command(words), wants_json(words)))


def _module(name: str) -> Any:
    return import_module(f"mcuzoo.cli.{name.replace('-', '_')}")


def _function(name: str) -> Callable[..., None]:
    found: Callable[..., None] = getattr(_module(name), name.replace("-", "_"))
    return found


def _summary(name: str) -> str:
    paragraph = (inspect.getdoc(_function(name)) or "").partition("\n\n")[0]
    return " ".join(paragraph.split())


def _command(name: str) -> Any:
    """The command as click has it; typer makes a program of its own of a single function."""
    single = typer.Typer(
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        context_settings=_SETTINGS,
    )
    lines = [command("mcuzoo", name, *words) for words in examples_of(name)]
    # \b: as it stands, and not as a paragraph.
    epilog = "\b\nExamples:\n" + "\n".join(f"  {line}" for line in lines)
    single.command(name, cls=Command, epilog=epilog)(_function(name))
    return typer.main.get_command(single)


app = typer.Typer(
    name="mcuzoo",
    cls=Program,
    help="From the eIQ Model Zoo to a proven i.MX RT board.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings=_SETTINGS,
)


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"mcuzoo {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Print version."),
    ] = False,
) -> None:
    """Every command explains itself with --help."""
