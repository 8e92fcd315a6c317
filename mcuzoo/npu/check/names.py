"""Tensors of the compiled file as those of the source model."""

from __future__ import annotations

from mcuzoo.graph.model import Model, Tensor


class Names:
    """By name, at the model's ends by place."""

    def __init__(self, source: Model, compiled: Model) -> None:
        self._by_name: dict[str, list[Tensor]] = {}
        for tensor in source.tensors:
            self._by_name.setdefault(tensor.name, []).append(tensor)
        self._ends = dict(zip(compiled.inputs, source.inputs, strict=False))
        self._ends.update(zip(compiled.outputs, source.outputs, strict=False))

    def source(self, tensor: Tensor) -> int | None:
        if tensor.index in self._ends:
            return self._ends[tensor.index]
        fitting = [
            one
            for one in self._by_name.get(tensor.name, ())
            if one.elements == tensor.elements and one.dtype is tensor.dtype
        ]
        return fitting[0].index if len(fitting) == 1 else None
