"""The `mcuzoo` command: registers one function per command and turns errors into exit codes."""

from __future__ import annotations

import functools
import json
import sys
from collections.abc import Callable
from typing import Annotated, Any

import typer

from mcuzoo import __version__
from mcuzoo.cli import (
    boards,
    build,
    compare,
    convert,
    demo,
    doctor_image,
    emulate,
    evaluate,
    export,
    fetch,
    fit,
    inspect,
    models,
    profile,
    quantize,
    report,
    run_serial,
)
from mcuzoo.errors import McuzooError

INTERRUPTED = 130

app = typer.Typer(
    name="mcuzoo",
    help="From the eIQ Model Zoo to a proven i.MX RT board.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _guarded(command: Callable[..., None]) -> Callable[..., None]:
    """`command` with errors printed as message and hint, and Ctrl-C as exit code 130."""

    @functools.wraps(command)
    def run(*args: Any, **kwargs: Any) -> None:
        try:
            command(*args, **kwargs)
        except McuzooError as error:
            if kwargs.get("json_output"):
                print(json.dumps(error.as_dict(), indent=2))
            print(f"error: {error.message}\nhint: {error.hint}", file=sys.stderr)
            raise typer.Exit(error.exit_code) from None
        except KeyboardInterrupt:
            print("interrupted", file=sys.stderr)
            raise typer.Exit(INTERRUPTED) from None
        except BrokenPipeError:
            # The reader of stdout (`| head`) has gone; closing stderr keeps the interpreter
            # from complaining about it while it shuts down.
            sys.stderr.close()
            raise typer.Exit(0) from None

    return run


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


_COMMANDS: dict[str, Callable[..., None]] = {
    "demo": demo.demo,
    "boards": boards.boards,
    "models": models.models,
    "fetch": fetch.fetch,
    "inspect": inspect.inspect,
    "convert": convert.convert,
    "fit": fit.fit,
    "export": export.export,
    "build": build.build,
    "emulate": emulate.emulate,
    "run-serial": run_serial.run_serial,
    "evaluate": evaluate.evaluate,
    "doctor-image": doctor_image.doctor_image,
    "profile": profile.profile,
    "quantize": quantize.quantize,
    "compare": compare.compare,
    "report": report.report,
}
for _name, _command in _COMMANDS.items():
    app.command(_name)(_guarded(_command))


def main() -> None:
    """Entry point of the console script."""
    app()
