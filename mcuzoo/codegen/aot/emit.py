"""Kernel calls as C source: the model's header, its call sequence, its constants."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mcuzoo import __version__
from mcuzoo.codegen.aot.arena import arena_offset, arena_text
from mcuzoo.codegen.aot.c_text import array_text, struct_lines
from mcuzoo.codegen.aot.ends import end_lines, sha256_rows, view_end
from mcuzoo.codegen.aot.stages import table_name, view_chains
from mcuzoo.codegen.board_files import STANDALONE, Sections
from mcuzoo.codegen.templates import render
from mcuzoo.graph.model import Op, Tensor
from mcuzoo.graph.program import Program
from mcuzoo.lowering.call import Activation, Call, Operand
from mcuzoo.lowering.constant import Constant
from mcuzoo.lowering.rows import RowChain
from mcuzoo.lowering.words import comment_text, shape_text
from mcuzoo.ops.lower import lower
from mcuzoo.plan.arena.calls import scratch_buffer
from mcuzoo.plan.arena.lifetimes import ArenaPlan


def render_model(
    program: Program,
    plan: ArenaPlan,
    sections: Sections = STANDALONE,
    calls: Sequence[Call] | None = None,
    benchmarks: int = 0,
) -> dict[str, str]:
    """The generated C, by path in the project folder; the same input gives the same text.

    `calls` are the program's, if they are lowered already, or planned with RowChains. benchmarks:
    how many follow the ops (mcuzoo/codegen/benchmarks.py). Raises UnsupportedOpError when an op,
    type or option has no kernel, ModelError when the model's ends cannot be described.
    """
    calls = lower(program) if calls is None else calls
    chains = view_chains(program, plan, calls)
    streamed = next((chain for chain in chains if chain.streamed), None)
    macros = _section_macros(sections, calls)
    constants = [
        _view_constant(constant, macros[sections.section_of(constant.symbol)])
        for call in calls
        for constant in call.constants()
    ]
    header = render(
        "aot/mz_model.h.j2",
        title=_title(program),
        tool_version=__version__,
        sha256=program.model.sha256,
        ends=end_lines(program.file),
        arena_bytes=plan.arena_bytes,
        hot_bytes=plan.hot_bytes,
        input_offset=None if streamed else plan.slot(program.input_buffer).offset,
        row_stages=len(streamed.stages) if streamed else 0,
        output_offset=plan.slot(program.output_buffer).offset,
        constants=constants,
        benchmarks=benchmarks,
    )
    sequence = render(
        "aot/mz_model.c.j2",
        title=_title(program),
        headers=sorted({f"kernels/{kernel}.h" for call in calls for kernel in call.kernels}),
        calls=[_view_call(program, plan, calls, at) for at in range(len(calls))],
        kernels=[
            _view_kernel(program, part, _params_name(calls, at) if part is call else _name(part.op))
            for at, call in enumerate(calls)
            for part in _parts(call)
        ],
        chains=chains,
        benchmarks=benchmarks,
        row_states=max((len(one.stages) for one in chains if not one.streamed), default=0),
        op_count=len(program.file.ops),
        sha256=sha256_rows(program.model.sha256),
        input=view_end(program.input_tensor),
        output=view_end(program.output_tensor),
        arena_section=sections.arena,
        rest_section=None if plan.hot_bytes is None else sections.rest,
    )
    data = render(
        "aot/mz_model_data.c.j2",
        title=_title(program),
        constants=constants,
        sections=[(macro, section) for section, macro in macros.items()],
    )
    return {
        "model/mz_model.h": header,
        "model/mz_model.c": sequence,
        "model/mz_model_data.c": data,
    }


@dataclass(frozen=True)
class KernelView:
    """One kernel's parameters as their template shows them. `shapes` reads input -> output.

    params: the C name of the parameters. index: of the op. op: its operator. name: of the kernel.
    struct: the C type. fields: lines of its initializer.
    """

    params: str
    index: int
    op: str
    name: str
    shapes: str
    struct: str
    fields: tuple[str, ...]


@dataclass(frozen=True)
class CallView:
    """One call as its template shows it. `shapes` reads input -> output. kernel: None: nothing is
    called. rows: how many stages a chain has; 0: it is none. table: the name of their array.
    ends_op: it is the last call of its op. first_index: the first op that it computes.
    output_offset: in the arena. params: the C name of the parameters. index: of the last op that it
    computes. streamed: it is called with rows as they arrive. arguments: of the kernel, behind its
    parameters. output_bytes: of the output."""

    params: str
    ends_op: bool
    index: int
    first_index: int
    op: str
    shapes: str
    kernel: str | None
    rows: int
    table: str
    streamed: bool
    arguments: str
    output_offset: int
    output_bytes: int


@dataclass(frozen=True)
class ConstantView:
    """section: the macro that puts it where it belongs. declaration: C, without the section.
    meaning: lines of a comment. values: C's initializer."""

    section: str
    declaration: str
    meaning: tuple[str, ...]
    values: str


def _parts(call: Call) -> tuple[Call, ...]:
    """The calls of one kernel each that make up this one."""
    if isinstance(call, RowChain):
        return tuple(stage.call for stage in call.stages)
    return (call,) if call.kernels else ()


def _title(program: Program) -> str:
    return comment_text(program.model.name)


def _section_macros(sections: Sections, calls: Sequence[Call]) -> dict[str, str]:
    """By section, in the order in which they occur."""
    used = dict.fromkeys(
        sections.section_of(constant.symbol) for call in calls for constant in call.constants()
    )
    macro = "MZ_WEIGHTS"
    return {
        section: macro
        if section == sections.weights
        else f"{macro}_{section.removeprefix('.mz_weights_').upper()}"
        for section in used
    }


def _view_constant(constant: Constant, section: str) -> ConstantView:
    declaration = f"const {constant.c_type} {constant.symbol}[{constant.values.size}]"
    return ConstantView(section, declaration, constant.meaning, array_text(constant))


def _params_name(calls: Sequence[Call], position: int) -> str:
    """The C name of the parameters of the call at `position`; calls of one op are numbered."""
    op = calls[position].op
    before = sum(call.op is op for call in calls[:position])
    return _name(op) + (f"_{before + 1}" if before else "")


def _name(op: Op) -> str:
    return f"op_{op.index:02d}"


def _view_kernel(program: Program, call: Call, params: str) -> KernelView:
    return KernelView(
        params=params,
        index=call.op.index,
        op=_ops_text(call),
        name=comment_text(program.model.tensor(call.op.outputs[0]).name),
        shapes=_shapes_text(program, call),
        struct=call.params.c_type,
        fields=tuple(struct_lines(call.params)),
    )


def _view_call(program: Program, plan: ArenaPlan, calls: Sequence[Call], position: int) -> CallView:
    call = calls[position]
    output = program.model.tensor(call.op.outputs[0])
    operands = [_operand_text(plan, operand) for operand in (*call.inputs, *call.outputs)]
    if call.scratch_bytes:
        scratch = Activation(scratch_buffer(program, position))
        operands.append(_operand_text(plan, scratch))
    return CallView(
        params=_params_name(calls, position),
        ends_op=all(later.op is not call.op for later in calls[position + 1 :]),
        index=call.op.index,
        first_index=call.ops[0].index,
        op=_ops_text(call),
        shapes=_shapes_text(program, call),
        kernel=call.kernel if call.kernels else None,
        rows=len(call.stages) if isinstance(call, RowChain) else 0,
        table=table_name(call) if isinstance(call, RowChain) else "",
        streamed=isinstance(call, RowChain) and call.streamed,
        arguments=", ".join(operands),
        output_offset=arena_offset(plan, _first_output(calls, call.op)),
        output_bytes=output.bytes,
    )


def _first_output(calls: Sequence[Call], op: Op) -> Activation:
    """Of the op's outputs, which may be made by a call each."""
    return next(call for call in calls if call.op is op).outputs[0]


def _ops_text(call: Call) -> str:
    return " and ".join(op.name for op in call.ops)


def _shapes_text(program: Program, call: Call) -> str:
    """A chain has an input even without operands: its first op's. A call that gives only a part of
    the op's output has the op's inputs."""
    model, first = program.model, call.ops[0]
    own = 1 if isinstance(call, RowChain) else len(call.inputs)
    count = len(first.inputs) if call.partial else max(own, 1)
    read = [model.tensor(index) for index in first.inputs if index != -1]
    # Activations first: where an op has its axis or its weights before them.
    chosen = sorted(read, key=lambda tensor: tensor.data is not None)[:count]
    inputs = [tensor for tensor in read if tensor in chosen]
    return f"{_shapes(inputs)} -> {shape_text(model.tensor(call.op.outputs[0]).shape)}"


def _shapes(tensors: Sequence[Tensor]) -> str:
    return " and ".join(shape_text(tensor.shape) for tensor in tensors)


def _operand_text(plan: ArenaPlan, operand: Operand) -> str:
    if isinstance(operand, Constant):
        return operand.symbol
    return arena_text(plan, arena_offset(plan, operand))
