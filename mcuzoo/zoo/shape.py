"""Does a model take and give what the registry says? All that speaks for a file of unknown hash."""

from __future__ import annotations

from mcuzoo.graph.model import Model
from mcuzoo.zoo.schema import ZooModel


def shape_complaint(entry: ZooModel, model: Model) -> str | None:
    """None, or what is wrong, as the rest of a sentence that begins with the file."""
    shape = model.tensor(model.inputs[0]).shape
    classes = model.tensor(model.outputs[0]).shape[-1:]
    if shape == (1, *entry.input) and classes == (entry.labels.count,):
        return None
    return (
        f"is not {entry.name}: it takes {list(shape)} and gives {list(classes)}, not "
        f"{[1, *entry.input]} and [{entry.labels.count}]"
    )
