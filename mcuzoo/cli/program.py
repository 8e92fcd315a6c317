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

COMMANDS = {
    "demo": "Export the bundled model, build it, boot the emulated board, stream images, judge.",
    "boards": "List the boards, their clocks and memory regions.",
    "models": "List the models that mcuzoo knows by name, with published and measured figures.",
    "fetch": "Get MODEL into the cache over https, check it, and convert UINT8 to INT8.",
    "inspect": "Show a model's ops, shapes, quantization, MACs, parameters and runtimes.",
    "convert": "Rewrite a UINT8 model to INT8 and align its constants, and say what that changed.",
    "fit": "Plan MODEL's memory on a board, region by region. Exit code 1 when it does not fit.",
    "export": (
        "Render MODEL for a board as an application for NXP's SDK, or as a project of its own."
    ),
    "build": (
        "Build PROJECT into ELF, .bin and .hex: with arm-none-eabi-gcc or Zig, or in NXP's SDK."
    ),
    "emulate": "Boot an image as the board's ROM would and print the port of its console.",
    "run-serial": "Run images on a board and compare with labels and host.",
    "evaluate": "Measure top-1 and top-5 of a model, per class, with confidence intervals.",
    "doctor-image": "Show a picture exactly as the network sees it.",
    "profile": (
        "Run one image and show each layer's cycles (instructions, when emulated) and correctness."
    ),
    "quantize": "Quantize SOURCE to full INT8 and say what that cost: accuracy before and after.",
    "compare": (
        "Run the same images on several projects: accuracy, outputs by layer, instructions, sizes."
    ),
    "report": "Summarize a run, also an unfinished one; exits 0 whatever the verdict was.",
}
"""In the order of the help, with the first sentence of each.

Each is a module of mcuzoo.cli and its function of the same name, with _ for -, whose docstring is
the rest of its help; and EXAMPLES there: the words after the command's name."""

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
        """Name and first sentence of each, without importing it."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def main(self, args: Sequence[str] | None = None, *_: Any, **__: Any) -> Any:
        """As a test runner calls it: the same handler as around the process."""
        words = list(sys.argv[1:] if args is None else args)
        sys.exit(guarded(lambda: run_command(words), wants_json(words)))


def _module(name: str) -> Any:
    return import_module(f"mcuzoo.cli.{name.replace('-', '_')}")


def _function(name: str) -> Callable[..., None]:
    found: Callable[..., None] = getattr(_module(name), name.replace("-", "_"))
    return found


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
    function = _function(name)
    more = inspect.getdoc(function)
    text = COMMANDS[name] if more is None else f"{COMMANDS[name]}\n\n{more}"
    single.command(name, cls=Command, epilog=epilog, help=text)(function)
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
