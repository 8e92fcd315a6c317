"""Images per second of every host engine, on the way that `mcuzoo evaluate` goes.

    python benchmarks/evaluate.py [--model M] [--data DIR] [--limit N] [--jobs 1,2]

From file to scores: read, decode, crop, resize, run, count. Engines take turns, three times, and
the best of each counts, so that a busy machine hits them alike; read the ratios to `reference` with
one job, not the rates. Prints a table and writes benchmarks/results/evaluate.json. Without options
it runs the bundled `signs`, drawn beforehand so that drawing is not counted.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
from pathlib import Path

from mcuzoo.data.drawn_signs.dataset import write_signs
from mcuzoo.errors import McuzooError
from mcuzoo.evaluate.engines import HOST_ENGINES, REFERENCE
from mcuzoo.evaluate.evaluate import evaluate
from mcuzoo.evaluate.options import EvaluateOptions
from mcuzoo.evaluate.request import make_plan

HERE = Path(__file__).resolve().parent
TURNS = 3
SEED = 77


Rates = dict[tuple[str, int], float]


def measured(options: argparse.Namespace, data: Path, jobs: list[int]) -> Rates:
    """Images per second by engine and number of jobs; engines not installed are left out."""
    best: Rates = {}
    for _ in range(TURNS):
        for count in jobs:
            for engine in HOST_ENGINES:
                chosen = EvaluateOptions(engine=engine, limit=options.limit, jobs=count)
                try:
                    rate = evaluate(make_plan(options.model, data, chosen)).images_per_s
                except McuzooError as error:
                    print(f"{engine}: {error.message}", file=sys.stderr)
                    continue
                best[engine, count] = max(rate, best.get((engine, count), 0.0))
    return best


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="signs")
    parser.add_argument("--data", type=Path)
    parser.add_argument("--limit", type=int, default=64)
    parser.add_argument("--jobs", default=f"1,{os.cpu_count() or 1}")
    options = parser.parse_args()
    jobs = sorted({int(word) for word in options.jobs.split(",")})
    with tempfile.TemporaryDirectory() as folder:
        data = options.data or write_signs(Path(folder), n=options.limit, seed=SEED)
        rates = measured(options, data, jobs)
    base = rates.get((REFERENCE, jobs[0]))
    print(f"{options.model}, {options.limit} images, {platform.machine()}")
    print(f"{'engine':<12}{'jobs':>5}{'images/s':>10}{'ratio':>8}")
    rows = []
    for (engine, count), rate in rates.items():
        ratio = rate / base if base else None
        print(f"{engine:<12}{count:>5}{rate:>10.1f}" + (f"{ratio:>8.2f}" if ratio else ""))
        rows.append({"engine": engine, "jobs": count, "images_per_s": rate, "ratio": ratio})
    results = HERE / "results"
    results.mkdir(exist_ok=True)
    document = {"model": options.model, "images": options.limit, "rates": rows}
    (results / "evaluate.json").write_text(json.dumps(document, indent=2) + "\n")


if __name__ == "__main__":
    main()
