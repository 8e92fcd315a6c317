"""The pictures that are asked about."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mcuzoo.data.images import DataSet, FilePicture, Item, orientation_of
from mcuzoo.doctor_data.asking import Picture
from mcuzoo.doctor_data.statistics import Indices
from mcuzoo.errors import DataSetError
from mcuzoo.project.recipe import Recipe

KEPT_BYTES = 256 << 20
"""Decoded pictures stay in memory up to this; the others are decoded again for each question."""


@dataclass(frozen=True)
class Pictures:
    """The labelled pictures that can be read. shapes: (height, width) as the recipe turns them.
    orientations: EXIF's, 1 to 8. items: of the data set, in its order; labels: their classes, (n,).
    bad: file and reason of those that cannot be read. color: "rgb" or "gray", as they are decoded.
    kept: decoded pictures by place in `items`, as many as KEPT_BYTES hold."""

    items: tuple[Item, ...]
    labels: Indices
    shapes: tuple[tuple[int, int], ...]
    orientations: tuple[int, ...]
    bad: tuple[tuple[str, str], ...]
    color: str
    kept: dict[int, Picture]

    @property
    def turned(self) -> int:
        return sum(orientation != 1 for orientation in self.orientations)

    @classmethod
    def of(cls, data_set: DataSet, recipe: Recipe) -> Pictures:
        """Raises DataSetError when no picture is labelled, or none can be read."""
        labelled = [item for item in data_set.items if item.label is not None]
        if not labelled:
            raise DataSetError(
                f"No picture of {data_set.source} has a label.",
                "Use class folders, or a CSV with columns file,label: without labels nothing can "
                "be told.",
            )
        color = "gray" if recipe.color == "gray" else "rgb"
        items: list[Item] = []
        shapes: list[tuple[int, int]] = []
        orientations: list[int] = []
        bad: list[tuple[str, str]] = []
        kept: dict[int, Picture] = {}
        for item in labelled:
            try:
                content = item.picture.read()
                picture = item.picture.decode(content, color)
            except DataSetError as error:
                bad.append((item.file, error.message))
                continue
            if sum(one.nbytes for one in kept.values()) + picture.nbytes <= KEPT_BYTES:
                kept[len(items)] = picture
            turns = orientation_of(content) if isinstance(item.picture, FilePicture) else 1
            items.append(item)
            orientations.append(turns)
            height, width = picture.shape[:2]
            lies = recipe.exif and turns >= 5
            shapes.append((width, height) if lies else (height, width))
        if not items:
            raise DataSetError(
                f"None of {len(bad)} pictures can be read: {bad[0][1]}", "Check the data set."
            )
        labels = np.array([item.label for item in items], dtype=np.intp)
        return cls(
            tuple(items), labels, tuple(shapes), tuple(orientations), tuple(bad), color, kept
        )

    def read(self, index: int) -> Picture:
        """A picture as it is stored, uint8 [h, w, 3] or [h, w, 1]."""
        if index in self.kept:
            return self.kept[index]
        picture = self.items[index].picture
        return picture.decode(picture.read(), self.color)
