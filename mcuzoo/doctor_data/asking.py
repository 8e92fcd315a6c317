"""Ask a network about pictures in many ways: recipes, and quarter turns."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from mcuzoo.data.apply import in_order, pixels, quantized
from mcuzoo.data.images import upright
from mcuzoo.doctor_data.space import Way
from mcuzoo.engines.engine import Engine
from mcuzoo.graph.affine import dequantize
from mcuzoo.graph.program import Program
from mcuzoo.project.input_size import InputSize
from mcuzoo.project.recipe import Recipe

Picture = NDArray[np.uint8]


@dataclass
class Asker:
    """Pictures before an engine. read: gives a picture as it is stored, uint8 [h, w, C];
    orientations: EXIF's, 1 to 8, of each. recipe_of: a way's recipe. told: gets how many pictures
    of how many were answered.

    clipped: for each way that was asked the share of input values that int8 could not take, 0 to 1.
    """

    engine: Engine
    size: InputSize
    read: Callable[[int], Picture]
    orientations: Sequence[int]
    recipe_of: Callable[[Way], Recipe]
    told: Callable[[int, int], None] = lambda done, total: None
    clipped: dict[Way, float] = field(default_factory=dict)

    def ask(self, ways: Sequence[Way]) -> list[NDArray[np.float32]]:
        """The probabilities [pictures, classes] that the network gives, a matrix per way."""
        program, count = self.engine.program, len(self.orientations)
        quantization = program.input_tensor.quantization
        assert quantization is not None
        ends = quantization.scale, int(quantization.zero_point)
        recipes = {way: self.recipe_of(way) for way in ways}
        answers: dict[Way, list[NDArray[np.float32]]] = {way: [] for way in ways}
        clipped = dict.fromkeys(ways, 0.0)
        for index in range(count):
            for way, made in self._made(index, recipes):
                given = quantized(recipes[way], made, *ends)
                clipped[way] += given.clipped / count
                output = self.engine.run(in_order(given.tensor, self.size))
                answers[way].append(probabilities(program, output))
            self.told(index + 1, count)
        self.clipped |= clipped
        return [np.stack(answers[way]) for way in ways]

    def _made(
        self, index: int, recipes: dict[Way, Recipe]
    ) -> Iterator[tuple[Way, NDArray[np.uint8] | NDArray[np.float32]]]:
        """Each way with the pixels that it makes; ways of one geometry share them."""
        stored, orientation = self.read(index), self.orientations[index]
        made: dict[tuple[object, ...], NDArray[np.uint8] | NDArray[np.float32]] = {}
        for way, recipe in recipes.items():
            key = (way.turns, *recipe.geometry)
            if key not in made:
                picture = upright(stored, orientation) if recipe.exif else stored
                turned = np.ascontiguousarray(np.rot90(picture, way.turns))
                made[key] = pixels(recipe, turned, self.size)
            yield way, made[key]


def probabilities(program: Program, output: NDArray[np.int8]) -> NDArray[np.float32]:
    """Probabilities float32 (classes,), whose sum is 1, of a program's raw output, int8 flat.

    Softmax and sigmoid give them as they are, a single sigmoid that of class 1; anything else is
    taken for logits, or for logarithms of probabilities.
    """
    quantization = program.output_tensor.quantization
    assert quantization is not None
    values = dequantize(output.reshape(-1), quantization).astype(np.float64)
    if values.size == 1:
        values = np.array([1 - values[0], values[0]])
    elif program.steps[-1].op.name not in ("SOFTMAX", "LOGISTIC"):
        values = np.exp(values - values.max())
    chance = np.maximum(values, 0)
    total = chance.sum()
    even = np.full(chance.size, 1 / chance.size)
    return np.asarray(chance / total if total > 0 else even, dtype=np.float32)
