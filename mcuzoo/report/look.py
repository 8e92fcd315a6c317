"""A look at one picture as the network sees it: as text, and for JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from mcuzoo.data.doctor.diagnosis import FOREIGN, Diagnosis
from mcuzoo.data.doctor.tensor import TensorFacts, tensor_facts
from mcuzoo.evaluate.look import Answer, Look
from mcuzoo.project.recipe import recipe_document
from mcuzoo.report.figures import recipe_lines


def look_text(seen: Look) -> str:
    """Figures of the tensor, the answers, and the diagnosis of a given one."""
    lines = [
        f"model       {seen.model}",
        *_recipe(seen),
        *_sight(seen.facts),
        *_answers(seen.answers),
    ]
    if seen.given is not None and seen.diagnosis is not None:
        lines += ["", "given", *_sight(tensor_facts(seen.given)), *_answers(seen.given_answers)]
        lines += _diagnosis(seen.diagnosis)
    return "\n".join(lines) + "\n"


def _recipe(seen: Look) -> Iterator[str]:
    lines = recipe_lines(seen.preprocessing, seen.recipe_source, "", int(seen.turned), seen.clipped)
    for name, text in lines:
        yield f"{'sees' if name == 'pictures' else name:<11} {text}"


def _sight(facts: TensorFacts) -> Iterator[str]:
    means = ", ".join(f"{mean:.2f}" for mean in facts.means)
    yield f"tensor      int8 {list(facts.shape)}, {facts.minimum} to {facts.maximum}, mean {means}"
    yield f"at the ends {facts.low} values of -128, {facts.high} of 127"
    yield f"crc32       0x{facts.crc32:08x}, as a board returns it"
    yield f"sha256      {facts.sha256}"


def _answers(answers: Sequence[Answer]) -> Iterator[str]:
    for place, answer in enumerate(answers):
        name = "" if answer.name is None else f" {answer.name}"
        yield f"{'answers' if not place else '':<11} {answer.score:.3f} {answer.label}{name}"


def _diagnosis(found: Diagnosis) -> Iterator[str]:
    yield ""
    if found.foreign:
        yield (
            f"diagnosis   no way of making it comes nearer than {found.mean_difference:.1f} grey "
            f"levels on average (limit {FOREIGN:g}): the tensor is of another picture, or of one "
            "that was changed a lot"
        )
        return
    made = f"{found.making.crop}; {found.making.resize}"
    if found.exact:
        yield f"diagnosis   reproduced byte for byte: {made}"
    else:
        yield (
            f"diagnosis   nearest: {made}; {found.equal:.1%} of the values equal, the others "
            f"{found.mean_difference:.2f} off on average"
        )
    if not found.mistakes and not found.undecided:
        yield (
            "            nothing wrong with it"
            if found.exact
            else ("            no mistake that can be told from another resizer or a lossy copy")
        )
    for mistake in found.mistakes:
        yield f"mistake     {mistake.name}: {mistake.what}"
        yield f"            {mistake.advice}"
    for doubt in found.undecided:
        sets = " or ".join("+".join(one.name for one in mistakes) or "none" for mistakes in doubt)
        yield f"undecided   {sets}: this picture does not tell which"


def look_document(seen: Look) -> dict[str, Any]:
    """The document that `mcuzoo doctor-image --json` prints."""
    found = seen.diagnosis
    return {
        "image": seen.image,
        "model": seen.model,
        "recipe": {**recipe_document(seen.preprocessing), "source": seen.recipe_source},
        "turned": seen.turned,
        "clipped": seen.clipped,
        "tensor": _facts_document(seen.facts),
        "answers": [asdict(answer) for answer in seen.answers],
        "given": None if seen.given is None else _facts_document(tensor_facts(seen.given)),
        "given_answers": [asdict(answer) for answer in seen.given_answers],
        "diagnosis": None
        if found is None
        else {**asdict(found), "foreign": found.foreign, "healthy": seen.healthy},
    }


def _facts_document(facts: TensorFacts) -> dict[str, Any]:
    return {**asdict(facts), "crc32": f"0x{facts.crc32:08x}"}
