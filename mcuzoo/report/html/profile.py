"""The page of a profile: is each layer right, and what does it take."""

from __future__ import annotations

from datetime import datetime

from mcuzoo.link.counts import agent_note
from mcuzoo.profile import ModelProfile
from mcuzoo.report.html.blocks import Fact, Facts, Page, Tile, Verdict, section, sections
from mcuzoo.report.html.facts import budget_table, inference_tile, recipe_fact
from mcuzoo.report.html.layers import layer_blocks
from mcuzoo.report.html.page import page_html


def profile_html(profile: ModelProfile, made: datetime | None = None) -> str:
    """The page; everything from outside is escaped. made: the time in UTC; None: now."""
    page = Page(
        title=f"{profile.model} on {profile.board}, layer by layer",
        subject=f"{profile.model} on {profile.board}{agent_note(profile.agent)}, layer by layer",
        verdict=Verdict(
            profile.accepted,
            "Pass" if profile.accepted else "Fail: the firmware",
            (
                f"{profile.verdict[:1].upper()}{profile.verdict[1:]}.",
                *(one.text for one in profile.budgets if one.fails),
            ),
        ),
        tiles=tuple(_tiles(profile)),
        sections=sections(
            (
                section("budgets", "Budgets", [budget_table(profile.budgets)]),
                section("layers", "Layers", layer_blocks(profile)),
                section("provenance", "What was run", [Facts(tuple(_facts(profile)))]),
            )
        ),
    )
    return page_html(page, made)


def _tiles(profile: ModelProfile) -> list[Tile]:
    total, ms = profile.total, profile.milliseconds(profile.total)
    found = [Tile("layers", f"{len(profile.layers):,}")]
    if total is not None:
        found.append(inference_tile(total, ms, profile.unit))
    if profile.macs:
        rate = "" if total is None else f"{total / profile.macs:.2f} {profile.unit} each"
        found.append(Tile("MACs", f"{profile.macs / 1e6:,.2f} M", rate))
    blame = profile.blame
    if blame is not None:
        share = profile.share(blame.layer) or 0.0
        gain = (
            f"{share:.1%} of all; {blame.reachable:,} at the rate of the best of its kind"
            if 0 < blame.reachable < blame.count
            else f"{share:.1%} of all"
        )
        found.append(Tile("most to gain", f"op {blame.layer.ops}", f"{blame.layer.name}: {gain}"))
    return found


def _facts(profile: ModelProfile) -> list[Fact]:
    recipe = profile.recipe
    return [
        Fact("model", profile.model),
        Fact("input", profile.input),
        *([] if recipe is None else [recipe_fact(recipe, profile.recipe_source)]),
        Fact("board", profile.board, profile.agent),
        Fact("firmware", f"build {profile.build_id}", profile.runtime),
        Fact("compiler", profile.toolchain),
        Fact("core clock", f"{profile.core_clock_hz / 1e6:g} MHz"),
    ]
