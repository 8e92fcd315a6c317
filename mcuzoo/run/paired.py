"""Do two classifiers, judged on the same images, differ in accuracy?"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Paired:
    """`only_first`, `only_second`: images that only one of the two classifies correctly."""

    only_first: int
    only_second: int

    @property
    def p_value(self) -> float:
        """McNemar's test, exact and two-sided: the images on which they differ as coin tosses.

        min(1, 2 * P(X <= min(b, c))) with X binomial of b + c tosses at 1/2 (Q. McNemar,
        Psychometrika 12, 1947, p. 153, in its exact form). 1 where they never differ.
        """
        tosses = self.only_first + self.only_second
        fewer = min(self.only_first, self.only_second)
        tail = ways = 1
        for hits in range(1, fewer + 1):
            ways = ways * (tosses - hits + 1) // hits
            tail += ways
        # Whole numbers to the end: 2**tosses is beyond a float from 1024 tosses on.
        return min(1.0, 2 * tail / (1 << tosses))
