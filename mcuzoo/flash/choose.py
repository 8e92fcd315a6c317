"""Which way this machine, its probes and the board allow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mcuzoo.errors import MissingExtraError, ProbeError, UsageError, command, did_you_mean
from mcuzoo.flash.by_program import JLinkWay, LinkServerWay, PyocdWay
from mcuzoo.flash.image import Payload
from mcuzoo.flash.in_sdk import WestWay
from mcuzoo.flash.options import WAYS, FlashOptions
from mcuzoo.flash.probes import Probe, ProbeLister, matching
from mcuzoo.flash.serial_download import SerialDownloadWay
from mcuzoo.flash.template import CommandWay
from mcuzoo.flash.way import Job, Obstacle, Way

ALL: tuple[type[Way], ...] = (
    PyocdWay, JLinkWay, LinkServerWay, SerialDownloadWay, WestWay, CommandWay
)  # fmt: skip
_AUTO: tuple[type[Way], ...] = (PyocdWay, JLinkWay, LinkServerWay, SerialDownloadWay)
"""In the order in which `auto` prefers them: first those that read the flash back themselves."""


@dataclass(frozen=True)
class Choice:
    """A way and why it was taken. reader: one that can read the flash back for a way that does not
    do so; None if there is none, or no need."""

    way: Way
    why: str
    reader: PyocdWay | JLinkWay | None = None


def choose(payload: Payload, options: FlashOptions, lister: ProbeLister) -> Choice:
    """The way that the options name, or the best one that is possible.

    Raises UsageError for an unknown way and for several probes without --probe, ProbeError if there
    is no probe, no board or no program for the way, MissingExtraError if a package lacks.
    """
    if options.via not in WAYS:
        raise UsageError(
            f"--via {options.via}: no such way.",
            f"{did_you_mean(options.via, WAYS)}--via takes {', '.join(WAYS)}.",
        )
    if options.via == "auto" and options.command is None:
        return _best(payload, options, lister)
    name = "command" if options.via == "auto" else options.via
    (kind,) = (one for one in ALL if one.name == name)
    obstacle = kind.obstacle(payload, options)
    if obstacle is not None:
        raise _hindered(kind, obstacle)
    why = "--command was given" if options.via == "auto" else f"--via {name}"
    return _with_probe(kind, payload, options, lister(), why)


def _with_probe(
    kind: type[Way], payload: Payload, options: FlashOptions, found: Sequence[Probe], why: str
) -> Choice:
    job = Job(payload, options)
    usable = [one for one in found if kind.drives(one, job)]
    if not kind.needs_probe_for(options):
        named = matching(usable, options.probe) if options.probe else usable
        probe = named[0] if len(named) == 1 else None
    else:
        probe = _one(usable, found, options, kind.wanted(payload))
    way = kind(Job(payload, options, probe))
    return Choice(way, why, None if way.compares else _reader(way.job))


def _best(payload: Payload, options: FlashOptions, lister: ProbeLister) -> Choice:
    found = lister()
    why_not = {kind: kind.obstacle(payload, options) for kind in _AUTO}
    possible = [kind for kind in _AUTO if why_not[kind] is None]
    job = Job(payload, options)
    usable = [one for one in found if any(kind.drives(one, job) for kind in possible)]
    lacks = "; ".join(f"{kind.name}: {why.text}" for kind, why in why_not.items() if why)
    if not usable and found and not possible:
        raise ProbeError(
            f"Nothing here can drive {_listed(found)}. {lacks}.", "mcuzoo doctor shows the tools."
        )
    probe = _one(usable, found, options, "a debug probe that a tool here can drive", lacks)
    kind = next(one for one in possible if one.drives(probe, job))
    others = [one.name for one in possible if one is not kind and one.drives(probe, job)]
    why = f"it is installed and drives {probe.text}"
    if others:
        why += f", as {' and '.join(others)} would"
    return Choice(kind(Job(payload, options, probe)), why)


def _one(
    usable: Sequence[Probe],
    found: Sequence[Probe],
    options: FlashOptions,
    wanted: str,
    lacks: str = "",
) -> Probe:
    """The only probe, or the one that --probe names."""
    chosen = usable if options.probe is None else matching(usable, options.probe)
    if len(chosen) == 1:
        return chosen[0]
    if not chosen:
        whose = "" if options.probe is None else f" with the serial number {options.probe}"
        there = f"There are: {_listed(found)}." if found else "This machine has no probe."
        more = f" ({lacks})" if lacks else ""
        raise ProbeError(
            f"There is no {wanted.removeprefix('a ')}{whose}. {there}{more}",
            "mcuzoo probes lists them, and what can drive each.",
        )
    numbers = [one.serial_number for one in chosen if one.serial_number]
    raise UsageError(
        f"{len(chosen)} probes could be meant: {_listed(chosen)}.",
        f"Name one of them: {command('--probe', numbers[0])}"
        if numbers
        else "They have no serial numbers: leave only one plugged in.",
    )


def _listed(probes: Sequence[Probe]) -> str:
    return "; ".join(one.text for one in probes)


def _hindered(kind: type[Way], obstacle: Obstacle) -> MissingExtraError | UsageError:
    message = f"--via {kind.name}: {obstacle.why}."
    if obstacle.package:
        return MissingExtraError(message, obstacle.mend)
    return UsageError(
        message,
        obstacle.mend or "--via auto takes what is possible; mcuzoo doctor shows the tools.",
    )


def _reader(job: Job) -> PyocdWay | JLinkWay | None:
    """A program that can read the flash through the job's probe."""
    if job.probe is None:
        return None
    kinds: tuple[type[PyocdWay] | type[JLinkWay], ...] = (PyocdWay, JLinkWay)
    for kind in kinds:
        if kind.name in job.probe.tools and not kind.obstacle(job.payload, job.options):
            return kind(job)
    return None
