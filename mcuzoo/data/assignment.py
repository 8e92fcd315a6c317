"""Give each of some rows a column of its own, best of all: classes to outputs, by what fits."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def assign(gains: NDArray[np.float64]) -> NDArray[np.intp]:
    """For each row of `gains` [rows, columns], rows <= columns, a column of its own: the choice
    with the largest sum.

    The Hungarian method with shortest augmenting paths (Jonker and Volgenant, Computing 38, 1987),
    O(rows^2 columns).
    """
    rows, columns = gains.shape
    cost = gains.max() - gains
    of_row, of_column = np.zeros(rows), np.zeros(columns)
    owner = np.full(columns, -1, dtype=np.intp)
    for start in range(rows):
        distance = np.full(columns, np.inf)
        before = np.full(columns, -1, dtype=np.intp)
        visited = np.zeros(columns, dtype=np.bool_)
        row, reached, last = start, 0.0, -1
        while row >= 0:
            if last >= 0:
                visited[last] = True
            length = reached + cost[row] - of_row[row] - of_column
            shorter = ~visited & (length < distance)
            distance[shorter] = length[shorter]
            before[shorter] = last
            last = int(np.where(visited, np.inf, distance).argmin())
            reached = float(distance[last])
            row = int(owner[last])
        # Keep the reduced costs of chosen pairs at 0 and all others at 0 or above.
        seen = np.flatnonzero(visited)
        of_row[start] += reached
        of_row[owner[seen]] += reached - distance[seen]
        of_column[seen] -= reached - distance[seen]
        while last >= 0:
            previous = int(before[last])
            owner[last] = start if previous < 0 else owner[previous]
            last = previous
    chosen = np.empty(rows, dtype=np.intp)
    taken = np.flatnonzero(owner >= 0)
    chosen[owner[taken]] = taken
    return chosen
