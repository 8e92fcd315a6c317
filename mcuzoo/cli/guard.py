"""One handler around the whole program: it turns every exception into a message and an exit code.

A McuzooError has its own; an OSError on something of the user's is 2; a reader of stdout that has
gone is 0; Ctrl-C is 130; everything else is a fault of mcuzoo, 70, whose traceback goes to a file.
No traceback is ever shown, and nothing but a verdict exits 1.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
from collections.abc import Callable, Sequence
from types import FrameType

from mcuzoo.cli import streams
from mcuzoo.cli.output import Wrapping, print_json, tell
from mcuzoo.errors import InternalError, InterruptedRunError, McuzooError

_interrupted = False


def run_process(arguments: Sequence[str]) -> int:
    """The whole program in this process: streams, signals, command; its exit code."""
    _watch_interrupts()
    # numpy's matrices are small here: its threads wait for each other longer than they work, and
    # what takes long is shared by processes.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    # pydantic would search all installed packages for plugins, of which mcuzoo wants none.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    # What the imports make stays; the collector would look at it again and again.
    gc.set_threshold(20_000, 20, 20)
    as_json = wants_json(arguments)
    sink = streams.prepare()
    if not as_json and (sys.stdout.isatty() or "COLUMNS" in os.environ):
        # Only terminals wrap: in a file or pipe, one statement is one line.
        sys.stdout = Wrapping(sys.stdout)

    def work() -> int:
        from mcuzoo.cli.program import run_command

        code = run_command(arguments)
        sys.stdout.flush()
        return code

    code = guarded(work, as_json, sink, prints_lines(arguments))
    _leave_at_once()
    return code


def wants_json(arguments: Sequence[str]) -> bool:
    """Whether --json is among the options: read before the parser, which may not get there."""
    options = arguments[: arguments.index("--")] if "--" in arguments else arguments
    return "--json" in options


def prints_lines(arguments: Sequence[str]) -> bool:
    """Whether the command prints JSON documents of one line each, so that an error must be one."""
    return arguments[:1] == ["watch"]


def guarded(
    work: Callable[[], int],
    as_json: bool,
    sink: streams.Sink | None = None,
    in_a_line: bool = False,
) -> int:
    """Run `work`. Return its result, or print its exception and return the exit code.

    sink: stdout's, which knows whether it broke. in_a_line: the JSON document of an error is one.
    """
    try:
        return work()
    except BaseException as error:
        if sink is not None and sink.gone:
            return 0
        if isinstance(error, SystemExit):
            return error.code if isinstance(error.code, int) else 0 if error.code is None else 1
        told = _as_told(error)
        _tell(told, as_json, None if in_a_line else 2)
        return told.exit_code


def _as_told(error: BaseException) -> McuzooError:
    """The error that the user is told of."""
    if isinstance(error, KeyboardInterrupt) or (_interrupted and not _is_told_already(error)):
        return InterruptedRunError()
    if isinstance(error, McuzooError):
        return error
    if isinstance(error, OSError):
        from mcuzoo.cli.refusal import refused_by_system

        refusal = refused_by_system(error)
        if refusal is not None:
            return refusal
    from mcuzoo.cli.crash import crash_report

    return crash_report(error)


def _is_told_already(error: BaseException) -> bool:
    """Whether the command has reported Ctrl-C itself, with what it has kept."""
    return isinstance(error, McuzooError) and error.exit_code == InterruptedRunError.exit_code


def _tell(error: McuzooError, as_json: bool, indent: int | None) -> None:
    try:
        if as_json:
            print_json("error", error.as_dict(), indent)
    except OSError:
        pass  # stdout is broken or full: stderr and the exit code still say it
    if isinstance(error, InterruptedRunError):
        print("interrupted", file=sys.stderr)
        return
    if isinstance(error, InternalError) and error.traceback is None:
        tell(error.text)
    tell(f"error: {error.message}\nhint: {error.hint}")
    if os.environ.get("GITHUB_ACTIONS") == "true":
        from mcuzoo.quoting import workflow_command

        name = f"mcuzoo {type(error).__name__}, exit code {error.exit_code}"
        said = f"{error.message}\n{error.hint}"
        print(workflow_command("error", said, name), file=sys.stderr)


def _watch_interrupts() -> None:
    """Make Ctrl-C raise KeyboardInterrupt, and remember it: some packages replace or swallow the
    exception while they are imported."""
    if signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        return  # ignored on purpose, as by nohup

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        global _interrupted
        _interrupted = True
        raise KeyboardInterrupt

    signal.signal(signal.SIGINT, interrupt)
    before = sys.unraisablehook

    def unraisable(what: sys.UnraisableHookArgs) -> None:
        if isinstance(what.exc_value, KeyboardInterrupt):
            # The exception was swallowed (in a finalizer or a callback of C): end anyway.
            _exit_now()
        before(what)

    sys.unraisablehook = unraisable


def _leave_at_once() -> None:
    """From here on, while the interpreter shuts down, Ctrl-C ends the process silently."""
    if callable(signal.getsignal(signal.SIGINT)):
        signal.signal(signal.SIGINT, lambda _number, _frame: _exit_now())


def _exit_now() -> None:
    print("interrupted", file=sys.stderr)
    os._exit(InterruptedRunError.exit_code)
