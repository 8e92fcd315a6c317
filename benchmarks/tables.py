"""What bench.py prints."""

from __future__ import annotations

from typing import Any

from estimate import Estimate
from targets import columns, goals, published, rows


def print_firmwares(documents: list[dict[str, Any]]) -> None:
    """A row per firmware."""
    first = documents[0]
    print(f"\n{first['model']} on {first['board']}, {first['macs']:,} MACs, {first['input']}")
    heads = ("instructions", "by QEMU", "per MAC", "arena", "code", "constants", "stack", "wall s")
    print(f"{'firmware':24}" + "".join(f"{head:>14}" for head in heads))
    for document in documents:
        witness = document["witness_instructions"]
        cells = (
            f"{document['instructions_per_inference']:,}",
            "-" if witness is None else f"{witness:,}",
            f"{document['instructions_per_mac']:.3f}",
            *(f"{document[f'{name}_bytes']:,}" for name in ("arena", "code", "constant", "stack")),
            f"{document['emulator_seconds']:.2f}",
        )
        print(f"{document['firmware']:24}" + "".join(f"{cell:>14}" for cell in cells))


def print_layers(best: dict[str, Any], theirs: list[dict[str, Any]]) -> None:
    """A row per layer of the best firmware, and what measured peers take for it."""
    print(f"\n{'layers of ' + best['firmware']:50}{'MACs':>12}{'instructions':>14}{'by QEMU':>14}"
          f"{'per MAC':>9}" + "".join(f"{peer['firmware']:>22}" for peer in theirs))  # fmt: skip
    tables = [{layer["last_op"]: layer["count"] for layer in peer["layers"]} for peer in theirs]
    for layer in best["layers"]:
        ops = f"{layer['first_op']}"
        if layer["last_op"] != layer["first_op"]:
            ops += f"-{layer['last_op']}"
        shape = "x".join(str(size) for size in layer["shape"][1:])
        rate = "" if layer["per_mac"] is None else f"{layer['per_mac']:.3f}"
        witness = "-" if layer["witness"] is None else f"{layer['witness']:,}"
        peers = []
        for table in tables:
            span = range(layer["first_op"], layer["last_op"] + 1)
            peers.append(sum(table.get(op, 0) for op in span))
        print(f"{ops:>5} {layer['name'][:30]:30} {shape:13}{layer['macs']:>12,}"
              f"{layer['count']:>14,}{witness:>14}{rate:>9}"
              + "".join(f"{peer:>22,}" for peer in peers))  # fmt: skip
        for part in layer.get("parts", ()):
            print(f"{'':5} {'- op ' + str(part['op']) + ' ' + part['name']:43}{part['macs']:>13,}"
                  f"{part['count']:>14,}{'':>14}{part['per_mac']:>9.3f}")  # fmt: skip


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
    known = published(best["model_sha256"])
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
