"""A TFLite for tests whose ethosu delegate is mcuzoo's own interpreter of Ethos-U streams, with a
fault of silicon: depthwise convolutions of one shape come out by one too large."""

from __future__ import annotations

from typing import Any

import numpy as np
from ai_edge_litert.interpreter import Interpreter as RealInterpreter
from ai_edge_litert.interpreter import OpResolverType as OpResolverType
from numpy.typing import NDArray

from mcuzoo.graph.model import Tensor
from mcuzoo.npu.compiled import CompiledModel
from mcuzoo.npu.file import parse_vela
from mcuzoo.npu.interpreter import Interpreter as Npu
from mcuzoo.npu.memory import Memory
from mcuzoo.npu.operations import BlockOperation, DmaOperation


def load_delegate(library: str, options: dict[str, str]) -> dict[str, str]:
    """options: faulty_depth, the depth of the wrong convolutions, none if it is left out."""
    return options


class FaultyNpu(Npu):
    depth = 0

    def step(self, memory: Memory, operation: BlockOperation | DmaOperation) -> NDArray[Any] | None:
        values = super().step(memory, operation)
        if (
            values is not None
            and isinstance(operation, BlockOperation)
            and operation.kind == "DEPTHWISE"
            and operation.ofm.shape[2] == self.depth
        ):
            more = np.minimum(values.astype(np.int64) + 1, 127)
            return memory.write(operation.ofm, more)
        return values


class EthosInterpreter:
    def __init__(self, raw: bytes, options: dict[str, str]) -> None:
        self._file = parse_vela(raw, "compiled")
        self._run = CompiledModel(self._file)
        for npu_op in self._file.npu_ops:
            faulty = FaultyNpu(npu_op)
            faulty.depth = int(options.get("faulty_depth", "0"))
            self._run._interpreters[npu_op.op.index] = faulty
        self._given: NDArray[Any] | None = None
        self._values: dict[int, NDArray[Any]] = {}

    def allocate_tensors(self) -> None:
        pass

    def _get_ops_details(self) -> list[dict[str, Any]]:
        model = self._file.model
        ops = [
            {"op_name": op.name, "inputs": list(op.inputs), "outputs": list(op.outputs)}
            for op in model.ops
        ]
        return ops + [
            {"op_name": "DELEGATE", "inputs": list(one.op.inputs), "outputs": list(one.op.outputs)}
            for one in self._file.npu_ops
        ]

    def get_tensor_details(self) -> list[dict[str, Any]]:
        return [_details(tensor) for tensor in self._file.model.tensors]

    def get_input_details(self) -> list[dict[str, Any]]:
        return [_details(self._file.model.tensor(index)) for index in self._file.model.inputs]

    def get_output_details(self) -> list[dict[str, Any]]:
        return [_details(self._file.model.tensor(index)) for index in self._file.model.outputs]

    def set_tensor(self, index: int, values: NDArray[Any]) -> None:
        self._given = values

    def invoke(self) -> None:
        assert self._given is not None
        done = self._run.run(self._given)
        if done.broken is not None:
            raise RuntimeError(done.broken[1].what)
        self._values = done.values

    def get_tensor(self, index: int) -> NDArray[Any]:
        return self._values[index]


def _details(tensor: Tensor) -> dict[str, Any]:
    quantization = tensor.quantization
    pair = (0.0, 0) if quantization is None else (quantization.scale, quantization.zero_point)
    return {
        "index": tensor.index,
        "name": tensor.name,
        "shape": tensor.shape,
        "dtype": tensor.dtype.numpy,
        "quantization": pair,
    }


class Interpreter:
    """What the real TFLite makes of a model; of a compiled one, what the delegate makes of it."""

    def __new__(cls, **options: Any) -> Any:
        delegates = options.pop("experimental_delegates", None)
        if b"ethos-u" not in options["model_content"]:
            return RealInterpreter(**options)
        if not delegates:
            raise RuntimeError("Encountered unresolved custom op: ethos-u.")
        return EthosInterpreter(options["model_content"], delegates[0])
