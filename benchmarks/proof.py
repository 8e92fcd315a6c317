"""Prove that the firmwares compute what the golden outputs say: every byte, every image.

    python benchmarks/proof.py                    # 200 photographs, two boards, two compilers
    python benchmarks/proof.py --case deepface    # Deepface-emotion's 350 faces
    python benchmarks/proof.py --case tiny-resnet # 200 pictures of CIFAR-10
    python benchmarks/proof.py --stream-input     # by firmwares that consume an input as it arrives
    python benchmarks/proof.py --case all --levels=-Os,-O2,-O3 --json proof.json

Each firmware is exported, built and booted on its emulated board, gets every image over the link as
run-serial sends it, and every output is compared with one that reference kernels of TFLite or TFLM
gave on a host (golden/ of the test data). A line per firmware; exits 1 when a byte differs or an
image has no output.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from measure import Configuration, build
from numpy.typing import NDArray

from mcuzoo.errors import InputError, McuzooError
from mcuzoo.link.hello import Hello
from mcuzoo.link.session import Session
from mcuzoo.project.manifest import load_manifest
from mcuzoo.run.job import make_job
from mcuzoo.run.options import RunOptions
from mcuzoo.run.record import Row
from mcuzoo.run.runner import run_images
from mcuzoo.zoo.registry import resolve_model


@dataclass(frozen=True)
class Case:
    """Files below the test data; `golden` is int8, one row of outputs per line of `manifest`.

    labels: None where the registry has the class names.
    """

    model: str
    manifest: str
    labels: str | None
    golden: str


CASES = {
    "mobilenet": Case(
        "models/mobilenet_v1_0.25_128_quant_int8.tflite",
        "manifest_imagenet.csv",
        "labels_imagenet_1001.txt",
        "golden/mb_nxp_int8_ref_softmax.npy",
    ),
    "deepface": Case(
        "models/derived_deepface_emotion_int8io.tflite",
        "manifest_fer.csv",
        "labels_fer.txt",
        "golden/fer_derived_int8io_tflm_softmax.npy",
    ),
    "tiny-resnet": Case(
        "models/pretrainedResnet_quant.tflite",
        "manifest_cifar10.csv",
        None,
        "golden/resnet8_int8_tflm_softmax.npy",
    ),
}


class Dots:
    """Observes a run: a dot for every 20 images."""

    def __init__(self) -> None:
        self._seen = 0

    def started(self, hello: Hello, total: int, finished: int) -> None:
        print(f"{total} images ", end="", file=sys.stderr, flush=True)

    def image(self, row: Row) -> None:
        self._seen += 1
        if self._seen % 20 == 0:
            print(".", end="", file=sys.stderr, flush=True)

    def trouble(self, text: str) -> None:
        print(f"\n{text}", file=sys.stderr)

    def note(self, text: str) -> None:
        print(f"\n{text}", file=sys.stderr)


def main() -> int:
    options = parse()
    names = list(CASES) if options.case == "all" else [options.case]
    findings: list[dict[str, Any]] = []
    print(HEADS)
    try:
        for name, how in combinations(options, names):
            findings.append(prove(options.data, CASES[name], how, options.limit))
            print_line(findings[-1])
            if options.json is not None:
                options.json.write_text(json.dumps(findings, indent=2) + "\n")
    except McuzooError as error:
        print(f"error: {error.message}\nhint: {error.hint}", file=sys.stderr)
        return error.exit_code
    equal = sum(finding["equal"] for finding in findings)
    images = sum(finding["images"] for finding in findings)
    print(f"{equal} of {images} outputs byte-equal to the golden")
    return 0 if equal == images else 1


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--case", default="mobilenet", choices=[*CASES, "all"])
    parser.add_argument("--boards", default="rt1050,rt1170")
    parser.add_argument("--compilers", default="gcc,zig", help="gcc,zig")
    parser.add_argument("--levels", default="-O2", help="of -O0 -O1 -O2 -O3 -Os")
    parser.add_argument("--stream-input", action="store_true", help="as export has it")
    parser.add_argument("--limit", type=int, help="so many images, spread over the classes")
    parser.add_argument("--json", type=Path, help="keep the findings there")
    shared = Path(__file__).resolve().parents[2] / "shared" / "data"
    parser.add_argument(
        "--data", type=Path, default=Path(os.environ.get("MCUZOO_TEST_DATA") or shared)
    )
    return parser.parse_args()


def combinations(
    options: argparse.Namespace, names: list[str]
) -> Iterator[tuple[str, Configuration]]:
    for name in names:
        for board in options.boards.split(","):
            for compiler in options.compilers.split(","):
                for level in options.levels.split(","):
                    yield (
                        name,
                        Configuration(board, compiler, level, stream_input=options.stream_input),
                    )


def prove(data: Path, case: Case, how: Configuration, limit: int | None) -> dict[str, Any]:
    """Build a firmware and run the images of a case on it. Raises McuzooError."""
    if not (data / case.golden).is_file():
        raise InputError(
            f"There is no {data / case.golden}.",
            "--data, or MCUZOO_TEST_DATA, names the test data.",
        )
    golden = np.load(data / case.golden)
    began = time.perf_counter()
    source = resolve_model(str(data / case.model))
    print(f"{source.name} {how.board} {how.name}: ", end="", file=sys.stderr, flush=True)
    with tempfile.TemporaryDirectory() as scratch:
        project = build(source, how, Path(scratch) / "project")
        manifest = load_manifest(project)
        job = make_job(
            RunOptions(
                port=f"emulator://{project}",
                project=project,
                images=data / case.manifest,
                labels=None if case.labels is None else data / case.labels,
                limit=limit,
                out=Path(scratch) / "run",
                no_reference=True,
            )
        )
        summary = run_images(
            job,
            lambda state: Session.open(job.settings.port, job.settings.baud, state=state),
            Dots(),
        )
    print(file=sys.stderr)
    different = [row.file for row in summary.rows if not same(row, golden[row.index])]
    assert manifest.build is not None
    return {
        "model": source.name,
        "model_sha256": manifest.model.sha256,
        "board": how.board,
        "firmware": how.name,
        "toolchain": summary.meta.board.toolchain,
        "build_id": manifest.build.build_id,
        "images": len(summary.rows),
        "equal": len(summary.rows) - len(different),
        "different": different,
        "top1": None if summary.top1 is None else summary.top1.value,
        "top5": None if summary.top5 is None else summary.top5.value,
        "instructions_per_inference": next(
            (row.cycles for row in summary.rows if row.cycles is not None), None
        ),
        "seconds": round(time.perf_counter() - began, 1),
    }


def same(row: Row, golden: NDArray[np.int8]) -> bool:
    return row.output is not None and np.array_equal(row.output, golden.ravel())


HEADS = (
    f"{'model':34}{'board':8}{'firmware':18}{'byte-equal':>14}{'top-1':>8}{'top-5':>8}"
    f"{'instructions':>14}{'seconds':>9}"
)


def print_line(found: dict[str, Any]) -> None:
    rates = "".join(
        f"{'-' if found[name] is None else format(found[name], '.4f'):>8}"
        for name in ("top1", "top5")
    )
    equal = f"{found['equal']} of {found['images']}"
    print(f"{found['model'][:33]:34}{found['board']:8}{found['firmware']:18}{equal:>14}{rates}"
          f"{found['instructions_per_inference'] or 0:>14,}{found['seconds']:>9.1f}",
          flush=True)  # fmt: skip
    if found["different"]:
        print(f"  first that differs: {found['different'][0]}")


if __name__ == "__main__":
    sys.exit(main())
