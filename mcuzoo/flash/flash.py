"""Flash a project: check the build, choose a way, write, compare, reset, meet the board."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from hashlib import sha256
from os import PathLike
from pathlib import Path

from mcuzoo.emulator.url import SCHEME
from mcuzoo.errors import InterruptedFlashError, McuzooError, ProbeError, UsageError, command
from mcuzoo.flash.bootable import check_bootable, with_boot_header, write_files
from mcuzoo.flash.choose import Choice, choose
from mcuzoo.flash.image import Payload, load_payload
from mcuzoo.flash.meet import Met, Wanted, meet
from mcuzoo.flash.options import FlashOptions
from mcuzoo.flash.probes import Probe, ProbeLister, list_probes
from mcuzoo.flash.way import Update
from mcuzoo.link.hello import Hello
from mcuzoo.link.holders import holder_of
from mcuzoo.options import typed_words
from mcuzoo.rig.find_board import project_baud

_WAIT_S = 15.0
_WAIT_FOR_SWITCHES_S = 120.0


@dataclass(frozen=True)
class Flashed:
    """What was done, or with --dry-run would be done.

    start, size, sha256: of the bytes that go into the flash. erased: first and last + 1 address.
    checked, compared: by whom, in words; compared is "" where nobody read the flash back. hello:
    None if the board was not asked. done: False for a dry run. project: its folder. build_id: of
    the build that was written. via: the way, as --via names it; why: a sentence about the choice.
    probe: None for a way without one. steps: commands and moves, in order. notes: what else to
    know. port: where the board was met; None if it was not. board: its id.
    """

    project: str
    board: str
    build_id: str
    via: str
    why: str
    probe: Probe | None
    start: int
    size: int
    sha256: str
    erased: tuple[int, int]
    checked: str
    steps: tuple[str, ...]
    notes: tuple[str, ...] = ()
    compared: str = ""
    port: str | None = None
    hello: Hello | None = None
    done: bool = False


def flash(
    project: str | PathLike[str],
    options: FlashOptions = FlashOptions(),
    say: Callable[[str], None] = lambda text: None,
    update: Update = lambda step, done, total: None,
    lister: ProbeLister = list_probes,
) -> Flashed:
    """Write the newest build of the project into a board's flash, and see that the board runs it.

    `say` gets what will be done, before it is. `update` gets the progress.

    Raises before anything is sent: ProjectError (not built, or changed since), EmulatorError (an
    image that would not start), UsageError (several probes, an unknown way), ProbeError (no probe),
    MissingExtraError, InputError. Then: ProbeError and FlashError, whose messages say that the
    flash may hold half an image, InterruptedFlashError, and what meeting the board raises:
    PortError, BoardSilentError, WrongFirmwareError, FirmwareError.
    """
    if options.port is not None and options.port.lower().startswith(SCHEME):
        raise UsageError(
            f"--port {options.port}: an emulated board has no flash that could be written.",
            "Leave --port out, or name the console of the board.",
        )
    payload = with_boot_header(load_payload(Path(project)))
    checked = check_bootable(payload)
    choice = choose(payload, options, lister)
    choice.way.check()
    plan = _plan(payload, choice, checked)
    if options.dry_run:
        return plan
    for line in planned_lines(plan):
        say(line)
    write_files(payload)
    compared = _written(payload, choice, options, say, update)
    met = _met(payload, choice, options, say)
    done = replace(plan, compared=compared, done=True)
    return done if met is None else replace(done, port=met.port, hello=met.hello)


def planned_lines(plan: Flashed) -> list[str]:
    """What will be done, before it is."""
    first, last = plan.erased
    end = plan.start + plan.size
    lines = [f"{plan.via}: {plan.why}"]
    if plan.probe is not None:
        lines.append(f"probe: {plan.probe.text}")
    lines += [
        f"writes 0x{plan.start:08X} to 0x{end - 1:08X}: {plan.size:,} bytes, "
        f"build {plan.build_id[:8]}",
        f"erases 0x{first:08X} to 0x{last - 1:08X}: {last - first:,} bytes",
    ]
    return [*lines, *plan.notes]


def _plan(payload: Payload, choice: Choice, checked: str) -> Flashed:
    probe = choice.way.job.probe
    return Flashed(
        project=str(payload.project),
        board=payload.board.id,
        build_id=payload.build.build_id,
        via=choice.way.name,
        why=choice.why,
        probe=probe,
        start=payload.start,
        size=len(payload.content),
        sha256=sha256(payload.content).hexdigest(),
        erased=payload.sectors,
        checked=checked,
        steps=tuple(choice.way.steps()),
        notes=tuple(_notes(probe)),
    )


def _notes(probe: Probe | None) -> list[str]:
    """What may get in the way: a program that has a port of the probe's USB device open."""
    held = [(port.device, holder_of(port.device)) for port in (probe.ports if probe else ())]
    return [f"note: {holder} has {device} open" for device, holder in held if holder]


def _written(
    payload: Payload,
    choice: Choice,
    options: FlashOptions,
    say: Callable[[str], None],
    update: Update,
) -> str:
    """Program the flash; who compared it, in words."""
    way, again = choice.way, repeated(payload.project, options)

    def state() -> str:
        return f"The flash {'may hold half an image' if way.touched else 'is as it was'}."

    try:
        way.write(update)
        return way.compares or _read_back(choice, say, update)
    except KeyboardInterrupt:
        raise InterruptedFlashError(f"Interrupted. {state()}", again) from None
    except McuzooError as error:
        error.message = f"{error.message} {state()}"
        error.args = (error.message,)
        error.hint = f"{error.hint}\n{again}" if error.hint else again
        raise


def _read_back(choice: Choice, say: Callable[[str], None], update: Update) -> str:
    """Compare the flash by another program; "" if there is none, or it cannot read. Raises
    FlashError for a difference."""
    reader = choice.reader
    if reader is None:
        return ""
    update("reading", 0, None)
    try:
        reader.compare_only()
    except ProbeError as error:
        say(f"note: {reader.name} cannot read the flash back: {error.message}")
        return ""
    return f"{reader.compares} by {reader.name}"


def _met(
    payload: Payload, choice: Choice, options: FlashOptions, say: Callable[[str], None]
) -> Met | None:
    if options.no_hello:
        return None
    switches = payload.board.boot.switches if choice.way.switches_back else None
    if switches:
        say(f"now set the boot switches to {switches}, and press reset")
    usual_s = _WAIT_FOR_SWITCHES_S if switches else _WAIT_S
    baud = options.baud or project_baud(payload.project.resolve(), payload.manifest)
    wanted = Wanted(
        port=options.port or choice.way.console,
        baud=baud,
        wait_s=usual_s if options.wait is None else options.wait,
        probe=choice.way.job.probe,
    )
    return meet(payload, wanted, say)


def repeated(project: Path, options: FlashOptions) -> str:
    """The command that does it again."""
    typed = (word for words in typed_words(options) for word in words)
    return command("mcuzoo", "flash", str(project), *typed)
