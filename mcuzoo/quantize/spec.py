"""What the worker process is told, and what it answers: JSON both ways."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class WorkerSpec:
    """Paths as text. `kind`: see source.Kind. input: [height, width, channels], for a network
    that does not say its own. float_model and int8_model are the .tflite files to write.
    """

    source: str
    kind: str
    network: str | None
    input: tuple[int, ...] | None
    float_model: str
    int8_model: str

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @staticmethod
    def from_json(text: str) -> WorkerSpec:
        return WorkerSpec(**json.loads(text))


@dataclass(frozen=True)
class WorkerReport:
    """peak_bytes: the most memory that the process held (resident)."""

    tensorflow: str
    peak_bytes: int
