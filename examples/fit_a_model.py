"""Does a model fit a board? If not, what would? This only plans; it builds nothing.

python examples/fit_a_model.py [MODEL]
"""

from __future__ import annotations

import sys

import mcuzoo


def main() -> None:
    model = sys.argv[1] if len(sys.argv) > 1 else "signs"
    for board in ("rt1050", "rt1170"):
        report = mcuzoo.fit(model, board, mcuzoo.FitOptions(runtime="aot"))
        print(f"{report.model} on {report.board}: {'fits' if report.fits else 'does not fit'}")
        for region in report.regions:
            if region.used_bytes:
                print(f"  {region.region}: {region.used_bytes:,} of {region.size_bytes:,} bytes")
        if report.next_step:
            print(f"  {report.next_step}")


if __name__ == "__main__":
    main()
