"""What bench.py prints. A firmware that could not be built or measured has its reason there."""

from __future__ import annotations

from typing import Any

from estimate import Estimate
from targets import columns, goals, published, rows


def print_firmwares(documents: list[dict[str, Any]]) -> None:
    """A row per firmware."""
    first = next((document for document in documents if "missing" not in document), None)
    if first is not None:
        print(f"\n{first['model']} on {first['board']}, {first['macs']:,} MACs, {first['input']}")
    else:
        print(f"\n{documents[0]['model']}: nothing could be measured")
    heads = ("instructions", "by QEMU", "per MAC", "cycles *", "arena", "code", "constants",
             "copied", "stack", "wall s")  # fmt: skip
    print(f"{'firmware':24}" + "".join(f"{head:>14}" for head in heads))
    for document in documents:
        if "missing" in document:
            print(f"{document['firmware']:24}  {document['missing']}")
            continue
        cycles = document["modelled_cycles"]
        witness = document["witness_instructions"]
        cells = (
            f"{document['instructions_per_inference']:,}",
            "-" if witness is None else f"{witness:,}",
            f"{document['instructions_per_mac']:.3f}",
            "-" if cycles is None else f"{cycles['total']:,}",
            *(
                f"{document[f'{name}_bytes']:,}"
                for name in ("arena", "code", "constant", "weights_ram", "stack")
            ),
            f"{document['emulator_seconds']:.2f}",
        )
        print(f"{document['firmware']:24}" + "".join(f"{cell:>14}" for cell in cells))
        if cycles is None and document["uncounted_why"]:
            print(f"{'':24}  no cycles: {document['uncounted_why']}")
        if witness is None:
            print(f"{'':24}  not by QEMU: {document['witness_why']}")
    print("* modelled, not measured; copied: constants that are copied to RAM at reset")


def print_layers(best: dict[str, Any], theirs: list[dict[str, Any]]) -> None:
    """A row per layer of the best firmware, and what measured peers take for it."""
    print(f"\n{'layers of ' + best['firmware']:50}{'MACs':>12}{'instructions':>14}{'by QEMU':>14}"
          f"{'per MAC':>9}{'cycles *':>14}"
          + "".join(f"{peer['firmware']:>22}{'cycles *':>14}" for peer in theirs))  # fmt: skip
    for layer in best["layers"]:
        ops = f"{layer['first_op']}"
        if layer["last_op"] != layer["first_op"]:
            ops += f"-{layer['last_op']}"
        shape = "x".join(str(size) for size in layer["shape"][1:])
        rate = "" if layer["per_mac"] is None else f"{layer['per_mac']:.3f}"
        cells = ""
        for peer in theirs:
            count, cycles = of_peer(layer, peer)
            cells += f"{number(count):>22}{number(cycles):>14}"
        print(f"{ops:>5} {layer['name'][:30]:30} {shape:13}{layer['macs']:>12,}"
              f"{number(layer['count']) or '-':>14}{number(layer['witness']) or '-':>14}{rate:>9}"
              f"{number(layer['modelled_cycles']) or '-':>14}{cells}")  # fmt: skip
        for part in layer.get("parts", ()):
            print(f"{'':5} {'- op ' + str(part['op']) + ' ' + part['name']:43}{part['macs']:>13,}"
                  f"{part['count']:>14,}{'':>14}{part['per_mac']:>9.3f}")  # fmt: skip


def of_peer(layer: dict[str, Any], peer: dict[str, Any]) -> tuple[int, int | None]:
    """Instructions and modelled cycles that a peer takes for a layer's ops; None: not known.

    A peer may have ops that it does not count: they take nothing.
    """
    span = range(layer["first_op"], layer["last_op"] + 1)
    own = [one for one in peer["layers"] if one["last_op"] in span and one["count"] is not None]
    cycles = [one["modelled_cycles"] for one in own if one.get("modelled_cycles") is not None]
    return sum(one["count"] for one in own), sum(cycles) if own and cycles else None


def slower_layers(best: dict[str, Any], theirs: list[dict[str, Any]]) -> list[str]:
    """Layers that take more instructions or modelled cycles than a peer's."""
    found = []
    for peer in theirs:
        for layer in best["layers"]:
            count, cycles = of_peer(layer, peer)
            own = layer["modelled_cycles"]
            instructions = layer["count"] or 0
            more = []
            if instructions > count:
                more.append(f"{instructions:,} instructions, {count:,}")
            if own is not None and cycles is not None and own > cycles:
                more.append(f"{own:,} modelled cycles, {cycles:,}")
            if count and more:
                found.append(
                    f"{best['model']}: op {layer['last_op']} {layer['name']} takes "
                    f"{' and '.join(more)} in {peer['firmware']}"
                )
    return found


def print_kinds(best: dict[str, Any], theirs: list[dict[str, Any]]) -> None:
    """A row per kind of layer, which add up to an inference; how fused ones were taken apart."""
    print(f"\n{'kinds of layers of ' + best['firmware']:38}{'layers':>8}{'MACs':>14}"
          f"{'instructions':>14}{'per MAC':>9}"
          + "".join(f"{peer['firmware']:>24}{'per MAC':>9}" for peer in theirs))  # fmt: skip
    tables = [{kind["name"]: kind for kind in peer["kinds"]} for peer in theirs]
    for kind in best["kinds"]:
        cells = ""
        for table in tables:
            other = table.get(kind["name"], {"instructions": 0, "per_mac": None})
            cells += f"{other['instructions']:>24,}{number(other['per_mac']):>9}"
        print(f"{kind['name']:38}{kind['layers']:>8}{kind['macs']:>14,}"
              f"{kind['instructions']:>14,}{number(kind['per_mac']):>9}{cells}")  # fmt: skip
    cells = "".join(f"{between_layers(peer):>24,}{'':>9}" for peer in theirs)
    print(f"{'between the layers':38}{'':>8}{'':>14}{between_layers(best):>14,}{'':>9}{cells}")
    cells = "".join(
        f"{peer['instructions_per_inference']:>24,}{number(peer['instructions_per_mac']):>9}"
        for peer in theirs
    )
    layers = sum(kind["layers"] for kind in best["kinds"])
    print(f"{'an inference':38}{layers:>8}{best['macs']:>14,}"
          f"{best['instructions_per_inference']:>14,}{best['instructions_per_mac']:>9.3f}"
          f"{cells}")  # fmt: skip
    print_fused(best)


def print_fused(best: dict[str, Any]) -> None:
    """How the instructions of fused layers were given to their ops, if there are any."""
    parts = [part for layer in best["layers"] for part in layer.get("parts", ())]
    if parts:
        functions = sorted({name for part in parts for name in part["function"].split()})
        around = sum(part.get("around", 0) for part in parts)
        print(
            "Fused kernels are counted apart by QEMU: an op takes what its functions\n"
            f"({', '.join(functions)}) take, with what they call;\n"
            f"the rest, {around:,} in all, is the kernels' own loop, padding and rows that wait, "
            "and is in the last op."
        )
    if best["incomplete"]:
        print(
            'Not counted apart, and so in no row but "fused", are some layers of '
            f"{', '.join(best['incomplete'])}."
        )


def between_layers(document: dict[str, Any]) -> int:
    """Instructions of an inference that are in no layer: calls, an interpreter."""
    counted: int = sum(kind["instructions"] for kind in document["kinds"])
    total: int = document["instructions_per_inference"]
    return total - counted


def print_targets(best: dict[str, Any], theirs: list[dict[str, Any]]) -> None:
    """The table of figures, peers, ratios and targets."""
    known = published(best["model_sha256"], best["model"])
    peers = columns(known, theirs)
    print(f"\n{'figures of ' + best['firmware']:38}{'ours':>14}" + "".join(
        f"{peer:>26}{'ratio':>8}" for peer in peers) + f"{'must':>12}{'aim':>12}")  # fmt: skip
    for row in rows(best, peers, goals(known, peers)):
        cells = ""
        for peer in peers:
            ratio = row.ratio(peer)
            cells += (
                f"{number(row.peers[peer]):>26}" + f"{'' if ratio is None else f'{ratio:.2f}':>8}"
            )
        print(f"{row.name:38}{number(row.ours):>14}{cells}{number(row.must):>12}"
              f"{number(row.aim):>12}  {row.state}")  # fmt: skip
    for name, figures in known.get("peers", {}).items():
        if f"{name} (quoted)" in peers:
            print(f"{name}: {figures['source']}")
    if known.get("no_worse_than_tflm"):
        print("must: no worse than TFLite-Micro")


def number(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,}" if isinstance(value, int) else f"{value:.3f}"


def print_estimate(guess: Estimate | None) -> None:
    if guess is None:
        print("\nno estimate of cycles: it takes QEMU, llvm-mca and llvm-objdump")
        return
    print(
        f"\nESTIMATE, not a count: {guess.tool}'s model of the Cortex-M7 gives {guess.cycles:,.0f} "
        f"cycles for {guess.instructions:,} instructions\n({guess.covered:.1%} of all), "
        f"{guess.per_instruction:.2f} per instruction: loads hit, branches are foreseen."
    )
    print(f"{'hottest blocks':36}{'address':>12}{'times':>12}{'instructions':>14}{'cycles':>10}")
    for block in guess.blocks[:10]:
        print(f"{block.function:36}{block.address:>12x}{block.times:>12,}"
              f"{block.instructions:>14}{block.cycles:>10.1f}")  # fmt: skip


PARTS = ("total", "core", "branches", "code", "data")


def summary_rows(documents: list[dict[str, Any]]) -> list[tuple[str, ...]]:
    """A row per firmware of one model, then one per published figure of another engine."""
    rows: list[tuple[str, ...]] = []
    for document in documents:
        name = document.get("title") or document["model"]
        if "missing" in document:
            rows.append((name, document["firmware"], document["missing"]))
            continue
        cycles = document["modelled_cycles"] or {}
        witness, counted = document["witness_instructions"], document["instructions_per_inference"]
        by_qemu = "not counted" if witness is None else "equal" if witness == counted else "DIFFERS"
        rows.append(
            (
                name,
                document["firmware"],
                f"{counted:,}",
                by_qemu,
                *(f"{cycles[part]:,}" if part in cycles else "-" for part in PARTS),
                *(
                    f"{document[f'{size}_bytes']:,}"
                    for size in ("arena", "code", "constant", "weights_ram")
                ),
            )
        )
    known = published(documents[0].get("model_sha256", ""), documents[0]["model"])
    for rival, figures in known.get("rivals", {}).items():
        cells = ("-", "-", f"{figures['cycles']:,}", "-", "-", "-", "-")
        rows.append((documents[0].get("title") or documents[0]["model"], rival, *cells))
    return rows


def summary_markdown(models: list[list[dict[str, Any]]]) -> str:
    """The table of all models, as docs/verified.md has it."""
    heads = ("model", "firmware or engine", "instructions", "by QEMU", "cycles", "core", "branches",
             "code waits", "data waits", "arena", "code", "constants", "copied to RAM")  # fmt: skip
    lines = [f"| {' | '.join(heads)} |", "|---|---|" + "---:|" * (len(heads) - 2)]
    before = ""
    for documents in models:
        for row in summary_rows(documents):
            cells = [*row, *[""] * (len(heads) - len(row))]
            cells[0], before = ("" if row[0] == before else row[0]), row[0]
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def ratio_rows(models: list[list[dict[str, Any]]]) -> list[tuple[str, ...]]:
    """Of each model that TFLM ran in the same run, how many times of ours it takes: instructions,
    modelled cycles, arena."""
    rows: list[tuple[str, ...]] = []
    for documents in models:
        whole = [document for document in documents if "missing" not in document]
        ours = [document for document in whole if document["runtime"] == "aot"]
        for peer in (document for document in whole if document["runtime"] == "tflm"):
            for own in ours[:1]:
                cycles = [one["modelled_cycles"] for one in (peer, own)]
                counts = [one["instructions_per_inference"] for one in (peer, own)]
                rows.append(
                    (
                        own.get("title") or own["model"],
                        f"{counts[0] / counts[1]:.2f}",
                        f"{cycles[0]['total'] / cycles[1]['total']:.2f}" if all(cycles) else "-",
                        f"{peer['arena_bytes'] / own['arena_bytes']:.2f}",
                    )
                )
    return rows


def page_text(models: list[list[dict[str, Any]]]) -> str:
    """What docs/verified.md has of a run: the table, the ratios, what is slower or not counted."""
    parts = [summary_markdown(models)]
    ratios = ratio_rows(models)
    if ratios:
        heads = ("TFLM takes, of ours", "instructions", "modelled cycles", "arena")
        lines = [f"| {' | '.join(heads)} |", "|---|---:|---:|---:|"]
        parts.append("\n".join([*lines, *(f"| {' | '.join(row)} |" for row in ratios)]) + "\n")
    slower = [line for documents in models for line in documents[0].get("slower_layers", ())]
    if slower:
        lines = ["Layers that take more than TFLM's:", "", *(f"- {line}" for line in slower)]
        parts.append("\n".join(lines) + "\n")
    uncounted = [
        f"- {one.get('title') or one['model']}, {one['firmware']}: "
        f"{one['witness_why'].splitlines()[0]}"
        for documents in models
        for one in documents
        if one.get("witness_why")
    ]
    if uncounted:
        parts.append("\n".join(["Not counted by QEMU:", "", *uncounted]) + "\n")
    return "\n".join(parts)
