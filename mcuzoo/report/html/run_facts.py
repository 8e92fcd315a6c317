"""Latency, link and provenance of a run on its page."""

from __future__ import annotations

from math import ceil
from pathlib import Path

from mcuzoo.errors import command
from mcuzoo.link.counts import milliseconds
from mcuzoo.link.state import LinkState
from mcuzoo.options import flag_of
from mcuzoo.report.html.at_hand import AtHand
from mcuzoo.report.html.blocks import Block, Commands, Fact, Facts, Row, Text, Tone
from mcuzoo.report.html.boards import use_facts
from mcuzoo.report.html.charts import course, histogram
from mcuzoo.report.html.facts import recipe_fact
from mcuzoo.run.record import Status
from mcuzoo.run.summary import RunSummary


def latency_blocks(summary: RunSummary) -> list[Block | None]:
    """What an inference takes, as the board counts it, and how long an image takes as a whole."""
    board, latency = summary.meta.board, summary.latency
    done = summary.counts[Status.DONE]
    if latency is None:
        why = "The boards count differently." if summary.boards else "The board did not count."
        return [Text(why, "soft")] if done else []
    counts = [row.cycles for row in summary.rows if row.cycles is not None]
    timed = latency.median_ms is not None
    unit = "ms" if timed else latency.unit

    def told(count: int) -> str:
        ms = milliseconds(count, latency.unit, latency.core_clock_hz)
        return f"{count:,} {latency.unit}" if ms is None else f"{ms:.3f} ms"

    def counted(count: int) -> str:
        return f"{count:,} {latency.unit}" if timed else ""

    ordered = sorted(counts)
    named = {
        "median": latency.median,
        "least": latency.minimum,
        "95 % below": _below(ordered, 0.95),
        "most": latency.maximum,
    }
    if latency.minimum == latency.maximum:
        named = {"an inference": latency.median}
    facts = [Fact(name, told(count), counted(count)) for name, count in named.items()]
    facts.append(Fact("counted", f"{latency.counted:,} of {done:,} images"))
    if latency.unit == "cycles":
        facts.append(Fact("core clock", f"{latency.core_clock_hz / 1e6:g} MHz"))
    if board.kind == "emulator":
        facts.append(Fact("emulated", "instructions of an emulated core: they are not time"))
    values = [
        count if (ms := milliseconds(count, latency.unit, latency.core_clock_hz)) is None else ms
        for count in counts
    ]
    chart = histogram(values, unit, "Latency of an inference")
    table = Facts(tuple(facts))
    return [table if chart is None else Row((table, chart))]


def _below(ordered: list[int], share: float) -> int:
    """The least count that so many of all are not above."""
    return ordered[max(0, ceil(share * len(ordered)) - 1)]


def link_blocks(summary: RunSummary) -> list[Block | None]:
    """What the line lost, and what that cost; the whole time of each image."""
    settings, link = summary.meta.settings, summary.meta.link
    where = settings.port or ", ".join(board.record.port for board in summary.boards)
    facts = [Fact("port", where, f"at {settings.baud:,} baud")]
    if link is not None:
        lost: Tone = "bad" if link.host_losses else ""
        share = f" ({link.frames_resent / link.frames_sent:.2%})" if link.frames_sent else ""
        facts += [
            Fact("frames sent", f"{link.frames_sent:,}"),
            Fact("sent again", f"{link.frames_resent:,}{share}", tone=lost),
            Fact("damaged, to the host", f"{link.bad_frames:,}"),
            Fact("damaged, to the board", f"{link.board_bad_frames:,}"),
            Fact("lost in the board's receiver", f"{link.board_lost_bytes:,} bytes"),
            Fact("reconnects", f"{link.reconnects:,}"),
            Fact("data in a frame", f"{link.chunk_bytes:,} bytes", _chunks(link)),
            *use_facts(link),
        ]
    facts.append(Fact("images sent again", f"{summary.resent:,}"))
    if summary.images_per_second is not None:
        facts.append(Fact("throughput", f"{summary.images_per_second:.2f} images/s"))
    seconds = [(row.index, row.seconds) for row in summary.rows if row.seconds is not None]
    silent = [row.index for row in summary.rows if row.status in (Status.LOST, Status.FAULT)]
    chart = course(seconds, silent, "seconds", "Time per image")
    table = Facts(tuple(facts))
    return [table if chart is None else Row((table, chart))]


def _chunks(link: LinkState) -> str:
    smallest = link.smallest_chunk_bytes
    return f"at the end; {smallest:,} at worst" if smallest < link.chunk_bytes else ""


def provenance_blocks(folder: Path, summary: RunSummary, project: AtHand) -> list[Block | None]:
    """What a run is made of, by hashes, and the commands that repeat it."""
    meta = summary.meta
    board, settings = meta.board, meta.settings
    images = f"{len(summary.rows):,} images, SHA-256 {meta.data_set_digest}"
    facts = [
        Fact("model", meta.model, f"SHA-256 {board.model_sha256}"),
        Fact("output", f"{meta.classes:,} classes", meta.form.note or ""),
        recipe_fact(meta.preprocessing, meta.recipe_source),
        Fact("data set", settings.data_set, images),
        *([Fact("labels", meta.label_mapping)] if meta.label_mapping else []),
        Fact("board", board.board, _board_note(summary)),
        Fact("firmware", f"build {board.build_id}", board.runtime),
        Fact("protocol", str(board.protocol_version)),
        Fact("compiler", board.toolchain, _optimization(project)),
    ]
    if meta.stack is not None:
        used = f"{meta.stack.used_bytes:,} of {meta.stack.bytes:,} bytes used"
        facts.append(Fact("stack", used))
    facts.append(Fact("run", str(folder), f"begun {meta.started}, mcuzoo {meta.tool_version}"))
    return [Facts(tuple(facts)), Text("To repeat it:"), Commands(_commands(summary, project))]


def _optimization(project: AtHand) -> str:
    manifest = project.manifest
    if manifest is None or manifest.build is None or project.built_since:
        return ""
    return manifest.build.optimization


def _board_note(summary: RunSummary) -> str:
    board = summary.meta.board
    clock = f"{board.core_clock_hz / 1e6:g} MHz" if board.core_clock_hz else ""
    cpuid = f"CPUID {board.cpuid:#010x}" if board.cpuid else ""
    return ", ".join(part for part in (board.kind, clock, cpuid) if part)


def _commands(summary: RunSummary, project: AtHand) -> tuple[str, ...]:
    settings, manifest = summary.meta.settings, project.manifest
    words: list[str | Path] = ["mcuzoo", "run-serial"]
    for port in settings.ports or filter(None, (settings.port,)):
        words += ["--port", port]
    for tag in settings.filters:
        words += ["--filter", tag]
    words += ["--project", settings.project, "--images", settings.data_set]
    for flag, value in (
        ("--rig", settings.rig),
        ("--labgrid", settings.labgrid),
        ("--boards", settings.places),
        ("--lg-env", settings.lg_env),
        ("--lg-state", settings.lg_state),
        ("--labels", settings.labels),
        ("--limit", settings.limit),
        ("--split", settings.split),
        ("--upload", settings.upload),
        # --baud keeps the rate; --max-baud lets the line be faster.
        ("--max-baud", settings.max_baud) if settings.max_baud else ("--baud", settings.baud),
        *((flag_of(name), bound) for name, bound in settings.given.items()),
    ):
        if value is not None:
            words += [flag, str(value)]
    words += [] if settings.reference else ["--no-reference"]
    words += ["--strict"] if settings.strict else []
    words += ["--strict-budgets"] if settings.strict_budgets else []
    export = []
    if manifest is not None and settings.upload is None:
        made = manifest.provenance
        without = made is not None and "--no-npu" in made.options
        export = [
            command(
                "mcuzoo", "export", manifest.model.name, "--board", manifest.board,
                "--runtime", manifest.runtime, "--project", manifest.project,
                *(["--no-npu"] if without else []), "-o", settings.project,
            )
        ]  # fmt: skip
    return (*export, command("mcuzoo", "build", settings.project), command(*words))
