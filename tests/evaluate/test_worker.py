"""Several workers: they answer in order, are all closed, and their errors arrive whole."""

from __future__ import annotations

from pathlib import Path

from mcuzoo.data.images import FilePicture, Item
from mcuzoo.errors import MissingExtraError, ModelError, VerdictError
from mcuzoo.evaluate.worker import open_workers, rows_of
from mcuzoo.run.record import Row

PICTURE = FilePicture(Path("x.png"))


def test_results_keep_the_order_of_the_items() -> None:
    items = [Item(at, f"{at}.png", PICTURE, None) for at in range(101)]
    opened = []

    class Worker:
        def __enter__(self) -> Worker:
            opened.append(self)
            return self

        def __exit__(self, *_: object) -> None:
            opened.remove(self)

        def __call__(self, chunk: list[Item]) -> list[Row]:
            return [Row(item.index, item.file, None, None) for item in chunk]

    with open_workers(3, Worker) as workers:  # type: ignore[arg-type]
        assert len(opened) == 3
        found = list(rows_of(workers, items, 3, 4))
    assert [one.index for one in found] == list(range(101)) and not opened


def test_errors_survive_the_way_from_a_worker() -> None:
    import pickle

    for error in (
        ModelError("m", "h"),
        MissingExtraError("x", "y"),
        VerdictError("v", "w"),
    ):
        error.hint += " and more"
        copy = pickle.loads(pickle.dumps(error))
        assert type(copy) is type(error) and copy.as_dict() == error.as_dict()
        assert str(copy) == str(error)
