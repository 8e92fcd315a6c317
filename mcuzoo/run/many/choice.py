"""Which boards a run takes: one port, several, all that run the project, or those of a rig file."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from mcuzoo.emulator.url import SCHEME, emulated_project
from mcuzoo.errors import UsageError, command
from mcuzoo.link.ports import USB, by_usb_name, list_serial_ports
from mcuzoo.options import FromEnvironment
from mcuzoo.project.manifest import Manifest
from mcuzoo.rig.boards import chosen
from mcuzoo.rig.file import read_rig
from mcuzoo.rig.find_board import ALL, AUTO, port_of, ports_of, project_baud
from mcuzoo.run.many.place_source import NO_FARM, farm_settings
from mcuzoo.run.many.source import BoardOfRun, PortSource
from mcuzoo.run.options import RunOptions
from mcuzoo.run.project import baud_note, max_baud_of
from mcuzoo.run.recipe import manifest_with_recipe
from mcuzoo.run.record import Settings
from mcuzoo.run.sessions import Line, Subject, subject_of


@dataclass(frozen=True)
class Choice:
    """several: the boards of a run on several, empty for the one at settings["port"]. settings:
    what of Settings says where the boards are. ports: of all boards."""

    several: tuple[BoardOfRun, ...]
    settings: dict[str, Any]
    ports: tuple[str, ...]


def first_project(options: RunOptions) -> Path | None:
    """The project that the options name: --project, or that of the first board of the rig."""
    if options.project is not None or options.rig is None:
        return options.project
    boards = chosen(read_rig(options.rig), options.filter)
    return next((board.project for board in boards if board.project is not None), None)


def without_idle_port(options: RunOptions, earlier: Settings | None) -> RunOptions:
    """`options` without a port of the environment, if a rig or a farm says where the boards are:
    in the options, or in the run that goes on, whose settings are `earlier`."""
    begun = earlier is not None and (earlier.rig or earlier.labgrid)
    elsewhere = begun or options.rig is not None or options.labgrid is not None
    typed = [port for port in options.ports if not isinstance(port, FromEnvironment)]
    return replace(options, port=tuple(typed)) if elsewhere else options


def choose_boards(
    options: RunOptions, base: Settings, firmware: Subject, say: Callable[[str], None]
) -> Choice:
    """The boards that the options name, or else those of `base`, whose other settings hold.

    firmware: with the recipe of the run, of boards that have no project of their own. Raises
    UsageError for boards that cannot run together, InputError for a bad rig file, and for "auto"
    and "all" the errors of ports_of.
    """
    if options.labgrid is not None or (base.labgrid and not (options.ports or options.rig)):
        if options.ports or options.rig:
            raise UsageError("--labgrid excludes --port and --rig.", "Leave it or them out.")
        _require_one_tracer(options)
        _refuse_on_a_farm(options)
        return Choice((), farm_settings(options, base), ())
    for flag, value in (
        ("--boards", options.boards),
        ("--lg-wait", options.lg_wait),
        ("--lg-env", options.lg_env),
        ("--lg-state", options.lg_state),
    ):
        if value is not None:
            raise UsageError(f"{flag} is of a labgrid farm.", "Add --labgrid [HOST[:PORT]].")
    choice = _of_this_machine(options, base, firmware, say)
    return replace(choice, settings={**choice.settings, **NO_FARM})


def listed_boards(
    options: RunOptions, base: Settings, firmware: Subject, say: Callable[[str], None]
) -> Choice:
    """As choose_boards, but a board alone is in `several`, too."""
    choice = choose_boards(options, base, firmware, say)
    if choice.several or not choice.ports:
        return choice
    port = choice.ports[0]
    own = firmware if options.project is not None else _of_emulated(port, options, firmware)
    source = PortSource(port, _line(port, own, options, base))
    return replace(choice, several=(BoardOfRun(source, own.manifest, own.upload),))


def _of_this_machine(
    options: RunOptions, base: Settings, firmware: Subject, say: Callable[[str], None]
) -> Choice:
    if options.rig is not None:
        if options.ports:
            raise UsageError("--rig and --port exclude each other.", "Leave one of them out.")
        return _of_rig(options, options.rig.resolve(), options.filter, base, firmware)
    if options.filter and base.rig is None:
        raise UsageError(
            "--filter needs --rig or --labgrid.",
            "Add --rig RIG.toml: mcuzoo rig scan writes one.",
        )
    if options.ports:
        return _of_ports(options, options.ports, base, firmware, say)
    if base.rig is not None:
        filters = options.filter or base.filters
        return _of_rig(options, Path(base.rig), filters, base, firmware)
    ports = base.ports or ((base.port,) if base.port else ())
    return _of_ports(options, ports, base, firmware, say)


def _of_ports(
    options: RunOptions,
    ports: Sequence[str],
    base: Settings,
    firmware: Subject,
    say: Callable[[str], None],
) -> Choice:
    found = tuple(_found(ports, base.baud, firmware, say))
    # A run that was begun on several boards goes on so, even with one.
    if len(found) < 2 and ALL not in ports and not base.several:
        return Choice((), _places(next(iter(found), "")), found)
    _require_one_tracer(options)
    _require_different(found)
    boards = []
    for name, port in zip(_names(found), found, strict=True):
        own = firmware if options.project is not None else _of_emulated(port, options, firmware)
        line = _line(port, own, options, base)
        boards.append(BoardOfRun(PortSource(name, line), own.manifest, own.upload))
    _require_alike([(board.name, board.manifest) for board in boards], firmware)
    return Choice(tuple(boards), _places(found[0], ports=found), found)


def _found(
    ports: Sequence[str], baud: int, firmware: Subject, say: Callable[[str], None]
) -> Iterator[str]:
    for port in ports:
        if port == AUTO:
            yield port_of(firmware.manifest, baud, say)
        elif port == ALL:
            yield from ports_of(firmware.manifest, baud, say)
        else:
            yield port


def _of_rig(
    options: RunOptions, path: Path, filters: Sequence[str], base: Settings, firmware: Subject
) -> Choice:
    _require_one_tracer(options)
    rig = chosen(read_rig(path), filters)
    boards = []
    for one in rig:
        own = firmware
        if options.project is None and one.project is not None:
            own = _firmware(one.project, options, firmware)
        if own.manifest.board != one.board:
            raise UsageError(
                f"{one.text} is no {own.manifest.board}, for which {own.project} is.",
                f"--filter board={own.manifest.board} leaves it out; or say in {path} which "
                "project it runs.",
            )
        line = _line(one.port, own, options, base, one.baud)
        boards.append(BoardOfRun(PortSource(one.name, line, one.power), own.manifest, own.upload))
    _require_alike([(board.name, board.manifest) for board in boards], firmware)
    ports = tuple(one.port for one in rig)
    places = _places(ports[0], rig=str(path), filters=tuple(filters))
    return Choice(tuple(boards), places, ports)


def _places(
    port: str,
    ports: tuple[str, ...] = (),
    rig: str | None = None,
    filters: tuple[str, ...] = (),
) -> dict[str, Any]:
    """What of Settings says where the boards are."""
    return {"port": port, "ports": ports, "rig": rig, "filters": filters}


def _line(
    port: str, own: Subject, options: RunOptions, base: Settings, of_rig: int | None = None
) -> Line:
    """of_rig: the rate that the rig file names."""
    of_project = project_baud(own.project, own.manifest)
    named = None if base.max_baud else base.baud  # by --baud, perhaps in an earlier session
    baud = named or of_rig or of_project
    note = baud_note(baud, of_project)
    if of_rig is not None and named is None:
        note = "as the rig file says"
    max_baud = max_baud_of(named or of_rig, base.max_baud)
    return Line(port, baud, note, options.wait_port, max_baud, base.compress)


def _of_emulated(port: str, options: RunOptions, firmware: Subject) -> Subject:
    """The firmware of an emulated board is that of the project in its port."""
    project = emulated_project(port)
    return firmware if project is None else _firmware(project.resolve(), options, firmware)


def _firmware(project: Path, options: RunOptions, like: Subject) -> Subject:
    """That of another project, with the same model uploaded."""
    if project == like.project:
        return like
    sent = None if like.upload is None else options.upload or str(like.upload.source.path)
    own = subject_of(project, sent)
    return replace(own, manifest=manifest_with_recipe(own.manifest, options, sent is not None))


def _require_alike(boards: Sequence[tuple[str, Manifest]], firmware: Subject) -> None:
    """All boards must give the same output for the same picture."""
    base = firmware.manifest
    for name, one in boards:
        for what, here, there in (
            ("model", one.model.sha256, base.model.sha256),
            ("input", replace(one.input, name=""), replace(base.input, name="")),
            ("output", replace(one.output, name=""), replace(base.output, name="")),
            ("recipe", one.preprocessing, base.preprocessing),
        ):
            if here != there:
                raise UsageError(
                    f"{name} runs another {what} than {firmware.project}: {here}, not {there}.",
                    "One run is of one model: leave the board out with --filter, or export its "
                    "project from the same model.",
                )


def _require_one_tracer(options: RunOptions) -> None:
    if options.trace is not None:
        raise UsageError(
            "--trace writes down the line of one board, not of several.",
            "Name one board by --port, or leave --trace out.",
        )


def _refuse_on_a_farm(options: RunOptions) -> None:
    """Options of a port of this machine, which would do nothing at a place."""
    for flag, value, why, instead in (
        ("--max-baud", options.max_baud, "the rate of a place stays", "--baud N names another."),
        ("--wait-port", options.wait_port, "a place is renewed", "--lg-wait S waits for places."),
    ):
        if value is not None:
            raise UsageError(
                f"{flag} is of a port of this machine: {why}.", f"Leave it out; {instead}"
            )


def _require_different(ports: Sequence[str]) -> None:
    """Refuse a board that is named twice, perhaps in two ways."""
    listed = list_serial_ports() if any(port.lower().startswith(USB) for port in ports) else []
    known: dict[str, str] = {}
    for port in ports:
        if port.lower().startswith(SCHEME):
            continue  # each opening of it is a board of its own
        place = port
        if port.lower().startswith(USB):
            found = by_usb_name(port, listed)
            place = found[0].device if len(found) == 1 else port.casefold()
        elif "://" not in port:
            place = os.path.realpath(port)
        before = known.get(place)
        if before is not None:
            raise UsageError(
                f"--port {port} was given twice."
                if port == before
                else f"{before} and {port} are the same board.",
                f"Name each board once: {command('--port', port)}",
            )
        known[place] = port


def _names(ports: Sequence[str]) -> Iterator[str]:
    """The ports as names; the second of the same name gets a number."""
    seen: dict[str, int] = {}
    for port in ports:
        number = seen[port] = seen.get(port, 0) + 1
        yield port if number == 1 else f"{port}#{number}"
