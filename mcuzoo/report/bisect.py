"""What differs between two runs, as text and for JSON."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from mcuzoo.history.bisect import Bisection
from mcuzoo.history.changes import Aspect, follows_from_model
from mcuzoo.history.layers import sentences
from mcuzoo.quoting import printable
from mcuzoo.report.against import outputs_document, outputs_text, unpaired_texts

_FILES = 6


def bisection_text(found: Bisection) -> str:
    """What differs in its order, then the images and the first layer; ends with a newline."""
    return "".join(f"{printable(line)}\n" for line in _lines(found))


def _lines(found: Bisection) -> Iterator[str]:
    for name, run in (("A", found.a), ("B", found.b)):
        meta = run.summary.meta
        yield f"{name}  {run.folder}: {meta.model} on {meta.board.board}, begun {meta.started}"
    yield ""
    for aspect in Aspect:
        yield from _aspect(found, aspect)
    yield ""
    it = found.against
    yield f"images   {len(it.pairing.pairs):,} in both runs, by the SHA-256 of the picture"
    for text in unpaired_texts(it, run="B", baseline="A"):
        yield f"         {text}"
    yield f"outputs  {outputs_text(it.outputs)}"
    if it.outputs.inputs_changed:
        yield f"inputs   {it.outputs.inputs_changed:,} pictures became other inputs"
    for place, text in enumerate(layer_texts(found)):
        yield f"{'' if place else 'layer':<9}{text}"
    yield f"result   {conclusion(found)}"


def _aspect(found: Bisection, aspect: Aspect) -> Iterator[str]:
    compared = [one for one in found.against.compared if one.aspect is aspect]
    differing = [one for one in compared if one.differs]
    unsaid = [one for one in compared if one.differs is None]
    same = "the same" if compared and not unsaid else "the same as far as known"
    yield f"{aspect.value:<15}{'DIFFERS' if differing else same if compared else 'not known'}"
    width = max((len(one.what) for one in (*differing, *unsaid)), default=0)
    for one in differing:
        yield f"  {one.what:<{width}}  A  {one.baseline}"
        yield f"  {'':<{width}}  B  {one.run}"
    if aspect is Aspect.DATA and found.against.other_images_only:
        yield "  The images that both runs have are the same ones, with the same labels."
    if aspect is Aspect.FIRMWARE and found.files:
        more = f" and {len(found.files) - _FILES} more" if len(found.files) > _FILES else ""
        yield f"  files that differ  {', '.join(found.files[:_FILES])}{more}"
    for one in unsaid:
        who = "A" if one.baseline is None else "B"
        known = one.run if one.baseline is None else one.baseline
        other = "B" if one.baseline is None else "A"
        yield f"  {one.what:<{width}}  not known: {who} does not record it ({other}: {known})"


def layer_texts(found: Bisection) -> Iterator[str]:
    """The first layer that differs, or why it is not known."""
    if found.layer is not None:
        yield from sentences(found.layer)
    elif found.layer_unknown:
        yield f"not known: {found.layer_unknown}"


def conclusion(found: Bisection) -> str:
    """The first thing that differs, in a sentence."""
    if found.identical:
        unsaid = " What a run does not record is listed above." if found.unknown else ""
        return f"The runs are the same in all that both of them record.{unsaid}"
    first, it = found.first, found.against
    if first is None:
        if it.outputs.changed:
            return (
                "Outputs differ, and nothing that the runs record does: the board itself (memory, "
                "power, clock) is in doubt, or something that is not recorded."
            )
        return "The runs differ in which images they have or answered, and in nothing else."
    built = (
        " The other build follows from it; whether more of the firmware changed is "
        + ("shown by its files." if found.files is not None else "not known without both projects.")
        if follows_from_model(it.compared)
        else ""
    )
    unchanged = " No output changed." if it.outputs.compared and not it.outputs.changed else ""
    return f"The first difference is the {first.value}.{built}{unchanged}"


def bisection_document(found: Bisection) -> dict[str, Any]:
    """The document; what is not known is null."""
    changed, layer = found.first_changed, found.layer
    return {
        "run_a": str(found.a.folder),
        "run_b": str(found.b.folder),
        "identical": found.identical,
        "first": None if found.first is None else found.first.value,
        "compared": [
            {
                "aspect": one.aspect.value,
                "what": one.what,
                "a": one.baseline,
                "b": one.run,
                "differs": one.differs,
            }
            for one in found.against.compared
        ],
        "firmware_files": None if found.files is None else list(found.files),
        "paired": len(found.against.pairing.pairs),
        "outputs": outputs_document(found.against.outputs),
        "first_image": None if changed is None else changed.pair.run.file,
        "layer": None if layer is None else asdict(layer),
        "layer_unknown": found.layer_unknown or None,
    }
