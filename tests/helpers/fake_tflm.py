"""A folder in the layout of a TFLM tree: the least that mcuzoo and the adapter ask of one.

Its interpreter really is one, of models of no operators' work: it copies the input to the output.
Whatever a model's description says it does, too: "trap in set-up", "trap in run", "null in run" or
"write in run", the latter to the model itself; all in op 1.
"""

from __future__ import annotations

from pathlib import Path

MICRO = "tensorflow/lite/micro"
KERNELS = f"{MICRO}/kernels"
BASE = "third_party/flatbuffers/include/flatbuffers/base.h"
SCHEMA = "tensorflow/lite/schema/schema_generated.h"

INTERPRETER_H = """\
#pragma once
#include <cstddef>
#include <cstdint>
#include <tensorflow/lite/micro/micro_allocator.h>
#include <tensorflow/lite/micro/micro_common.h>
#include <tensorflow/lite/micro/micro_interpreter_context.h>
#include <tensorflow/lite/micro/micro_log.h>
#include <tensorflow/lite/micro/micro_mutable_op_resolver.h>
#include <tensorflow/lite/micro/micro_profiler_interface.h>
#include <tensorflow/lite/schema/schema_generated.h>
#define TFLITE_SCHEMA_VERSION (3)
namespace tflite {
class MicroResourceVariables;
class MicroInterpreter {
public:
    MicroInterpreter(const Model *model, const MicroOpResolver &resolver,
                     MicroAllocator *allocator, MicroResourceVariables *variables = nullptr,
                     MicroProfilerInterface *profiler = nullptr);
    TfLiteStatus AllocateTensors();
    TfLiteStatus Invoke();
    TfLiteTensor *input(size_t index);
    TfLiteTensor *output(size_t index);
    TfLiteStatus initialization_status() const { return kTfLiteOk; }
    size_t arena_used_bytes() const { return memory_->head + memory_->tail; }

protected:
    const TfLiteContext &context() const { return context_; }

private:
    TfLiteContext context_ = {};
    SingleArenaBufferAllocator *memory_;
    MicroProfilerInterface *profiler_;
    TfLiteTensor ends_[2] = {};
    MicroInterpreterContext known_;
    int8_t *model_;
};
} // namespace tflite
"""

INTERPRETER_CC = """\
#include <tensorflow/lite/micro/micro_interpreter.h>
// What a build for a board does not say.
#ifndef FAKE_NEEDS
#define FAKE_NEEDS 640u
#define FAKE_INPUT 8u
#define FAKE_OUTPUT 8u
#define FAKE_OPS 2
#endif
namespace tflite {
namespace {
// Whether the words are somewhere in the first bytes of the model, where a small one has them.
bool says(const int8_t *model, const char *words) {
    for (int at = 0; at < 400; ++at) {
        int i = 0;
        while (words[i] != 0 && model[at + i] == words[i]) {
            ++i;
        }
        if (words[i] == 0) {
            return true;
        }
    }
    return false;
}
} // namespace
MicroInterpreter::MicroInterpreter(const Model *model, const MicroOpResolver &,
                                   MicroAllocator *allocator, MicroResourceVariables *,
                                   MicroProfilerInterface *profiler)
    : memory_(allocator->memory), profiler_(profiler),
      model_(reinterpret_cast<int8_t *>(const_cast<Model *>(model))) {}
TfLiteStatus MicroInterpreter::AllocateTensors() {
    // Of what is needed the tail has its first structures already.
    const size_t bytes = memory_->bytes, head = FAKE_INPUT + FAKE_OUTPUT;
    const size_t needs = memory_->recording ? FAKE_NEEDS + 96 : FAKE_NEEDS;
    if (bytes < needs) {
        MicroPrintf("Short of %d bytes in %s", static_cast<int>(needs - bytes), "the arena");
        MicroPrintf("Giving up");
        return kTfLiteError;
    }
    memory_->head = head;
    memory_->tail = needs - head;
    int8_t *input = reinterpret_cast<int8_t *>(memory_->arena);
    ends_[0] = {kTfLiteInt8, {input}, FAKE_INPUT};
    ends_[1] = {kTfLiteInt8, {input + FAKE_INPUT}, FAKE_OUTPUT};
    known_.eval.data = ends_[1].data;
    context_.impl_ = &known_;
    context_.GetEvalTensor = [](const TfLiteContext *context, int) {
        return &static_cast<MicroInterpreterContext *>(context->impl_)->eval;
    };
    known_.state = MicroInterpreterContext::InterpreterState::kPrepare;
    known_.interpreted.op = 1;
    if (says(model_, "trap in set-up")) {
        __builtin_trap();
    }
    known_.state = MicroInterpreterContext::InterpreterState::kInvoke;
    return kTfLiteOk;
}
TfLiteStatus MicroInterpreter::Invoke() {
    if (ends_[0].data.int8[0] == 13) {
        return kTfLiteError;
    }
    if (ends_[0].data.int8[0] == 14) {
        MicroPrintf("Node %s (number %df) failed to invoke with status %d", "CONV_2D", 0, 1);
        return kTfLiteError;
    }
    for (int op = 0; op < FAKE_OPS; ++op) {
        const uint32_t event = profiler_->BeginEvent("OP");
        if (op == 1 && says(model_, "trap in run")) {
            __builtin_trap();
        }
        if (op == 1 && says(model_, "null in run")) {
            int8_t *volatile nowhere = nullptr;
            *nowhere = 1;
        }
        if (op == 1 && says(model_, "write in run")) {
            model_[40] ^= 1;
        }
        for (size_t i = 0; i < FAKE_OUTPUT; ++i) {
            ends_[1].data.int8[i] = ends_[0].data.int8[i];
        }
        profiler_->EndEvent(event);
    }
    return kTfLiteOk;
}
TfLiteTensor *MicroInterpreter::input(size_t) { return &ends_[0]; }
TfLiteTensor *MicroInterpreter::output(size_t) { return &ends_[1]; }
} // namespace tflite
"""

ARENA_H = """\
#pragma once
#include <cstddef>
#include <cstdint>
#include <new>
namespace tflite {
struct SingleArenaBufferAllocator {
    uint8_t *arena;
    size_t bytes, head, tail;
    bool recording;
    static SingleArenaBufferAllocator *Create(uint8_t *arena, size_t bytes) {
        uint8_t *room = arena + (bytes - sizeof(SingleArenaBufferAllocator)) / 16 * 16;
        const size_t tail = bytes - (room - arena);
        return new (room) SingleArenaBufferAllocator{arena, bytes, 0, tail, false};
    }
    uint8_t *AllocatePersistentBuffer(size_t size, size_t alignment) {
        tail = (tail + size + alignment - 1) / alignment * alignment;
        return arena + bytes / 16 * 16 - tail;
    }
    size_t GetNonPersistentUsedBytes() const { return head; }
    size_t GetPersistentUsedBytes() const { return tail; }
};
} // namespace tflite
"""

PLANNER_H = """\
#pragma once
namespace tflite {
struct MicroMemoryPlanner {};
struct GreedyMemoryPlanner : MicroMemoryPlanner {};
} // namespace tflite
"""

ALLOCATOR_H = """\
#pragma once
#include <tensorflow/lite/micro/arena_allocator/single_arena_buffer_allocator.h>
#include <tensorflow/lite/micro/memory_planner/greedy_memory_planner.h>
namespace tflite {
struct MicroAllocator {
    SingleArenaBufferAllocator *memory;
    static MicroAllocator *Create(SingleArenaBufferAllocator *memory, MicroMemoryPlanner *) {
        uint8_t *room = memory->AllocatePersistentBuffer(sizeof(MicroAllocator), 16);
        return new (room) MicroAllocator{memory};
    }
};
} // namespace tflite
"""

RECORDING_H = """\
#pragma once
#include <tensorflow/lite/micro/micro_allocator.h>
namespace tflite {
enum class RecordedAllocationType {
    kTfLiteEvalTensorData,
    kPersistentTfLiteTensorData,
    kPersistentTfLiteTensorQuantizationData,
    kPersistentBufferData,
    kTfLiteTensorVariableBufferData,
    kNodeAndRegistrationArray,
    kOpData,
};
struct RecordedAllocation { size_t requested_bytes, used_bytes, count; };
struct RecordingMicroAllocator : MicroAllocator {
    static RecordingMicroAllocator *Create(uint8_t *arena, size_t bytes) {
        auto *memory = SingleArenaBufferAllocator::Create(arena, bytes);
        memory->recording = true;
        return new (memory->AllocatePersistentBuffer(sizeof(RecordingMicroAllocator), 16))
            RecordingMicroAllocator{memory};
    }
    const SingleArenaBufferAllocator *GetSimpleMemoryAllocator() const { return memory; }
    RecordedAllocation GetRecordedAllocation(RecordedAllocationType type) const {
        const size_t kind = static_cast<size_t>(type);
        return {100 + kind, 200 + kind, kind};
    }
};
} // namespace tflite
"""

COMMON_H = """\
#pragma once
#include <cstddef>
#include <cstdint>
enum TfLiteStatus { kTfLiteOk = 0, kTfLiteError = 1 };
enum TfLiteType { kTfLiteNoType = 0, kTfLiteInt8 = 9 };
union TfLitePtrUnion { int8_t *int8; };
struct TfLiteTensor { TfLiteType type; TfLitePtrUnion data; size_t bytes; };
struct TfLiteEvalTensor { TfLitePtrUnion data; };
struct TfLiteContext {
    void *impl_;
    TfLiteEvalTensor *(*GetEvalTensor)(const TfLiteContext *context, int tensor_idx);
};
struct TFLMRegistration { int kind; };
"""

CONTEXT_H = """\
#pragma once
#include <tensorflow/lite/micro/micro_common.h>
namespace tflite {
class MicroGraph {};
class MicroContext {};
inline MicroContext *GetMicroContext(const TfLiteContext *context) {
    return static_cast<MicroContext *>(context->impl_);
}
} // namespace tflite
"""

GRAPH_H = """\
#pragma once
#include <tensorflow/lite/micro/micro_context.h>
namespace tflite {
class MicroInterpreterGraph : public MicroGraph {
public:
    int GetCurrentOperatorIndex() { return op; }
    int op = 0;
};
} // namespace tflite
"""

INTERPRETER_CONTEXT_H = """\
#pragma once
#include <tensorflow/lite/micro/micro_interpreter_graph.h>
namespace tflite {
class MicroInterpreterContext : public MicroContext {
public:
    enum class InterpreterState { kInit, kPrepare, kMemoryPlanning, kInvoke };
    InterpreterState GetInterpreterState() const { return state; }
    MicroGraph &graph() { return interpreted; }
    InterpreterState state = InterpreterState::kInit;
    MicroInterpreterGraph interpreted;
    TfLiteEvalTensor eval = {};
};
} // namespace tflite
"""

PROFILER_H = """\
#pragma once
#include <cstdint>
namespace tflite {
class MicroProfilerInterface {
public:
    virtual ~MicroProfilerInterface() {}
    virtual uint32_t BeginEvent(const char *tag) = 0;
    virtual void EndEvent(uint32_t event_handle) = 0;
};
} // namespace tflite
"""

RESOLVER_H = """\
#pragma once
#include <tensorflow/lite/micro/kernels/micro_ops.h>
#include <tensorflow/lite/micro/micro_common.h>
namespace tflite {
class MicroOpResolver {};
template <unsigned int tOpCount> class MicroMutableOpResolver : public MicroOpResolver {
public:
    TfLiteStatus AddConv2D(
        const TFLMRegistration& registration = Register_CONV_2D()) { return Add(registration); }
    TfLiteStatus AddReshape() { return Add(Register_CONV_2D()); }
    TfLiteStatus AddSoftmax(
        const TFLMRegistration& registration = Register_CONV_2D()) { return Add(registration); }

private:
    TfLiteStatus Add(const TFLMRegistration &) {
        return count_++ < tOpCount ? kTfLiteOk : kTfLiteError;
    }
    unsigned int count_ = 0;
};
} // namespace tflite
"""

SCHEMA_H = """\
#pragma once
#include <cstdint>
static_assert(true, "FLATBUFFERS_VERSION_MAJOR == 25 FLATBUFFERS_VERSION_MINOR == 9 "
                    "FLATBUFFERS_VERSION_REVISION == 23");
namespace tflite {
struct Model { uint32_t version() const { return 3; } };
inline const Model *GetModel(const void *data) { return static_cast<const Model *>(data); }
} // namespace tflite
"""

BASE_H = """\
#define FLATBUFFERS_VERSION_MAJOR 25
#define FLATBUFFERS_VERSION_MINOR 9
#define FLATBUFFERS_VERSION_REVISION 23
"""

LOG_H = """\
#pragma once
#include <cstdarg>
#include <cstddef>
extern "C" void DebugLog(const char *format, va_list args);
"""

LOG_CC = """\
#include <tensorflow/lite/micro/debug_log.h>
#include <tensorflow/lite/micro/micro_log.h>
static void end_line(const char *format, ...) {
    va_list args;
    va_start(args, format);
    DebugLog(format, args);
    va_end(args);
}
void MicroPrintf(const char *format, ...) {
    va_list args;
    va_start(args, format);
    DebugLog(format, args);
    va_end(args);
    end_line("\\r\\n");
}
"""

CONV_H = """\
#pragma once
#include <tensorflow/lite/micro/micro_common.h>
namespace tflite {
inline TFLMRegistration Register_CONV_2D_INT8() { return {1}; }
} // namespace tflite
"""

MICRO_OPS_H = """\
#pragma once
#include <tensorflow/lite/micro/micro_common.h>
namespace tflite {
inline TFLMRegistration Register_CONV_2D() { return {0}; }
} // namespace tflite
"""


def _kernel(op: str) -> str:
    """In a namespace of its own: micro_ops.h has what is registered."""
    return (
        "#include <tensorflow/lite/micro/micro_common.h>\n"
        f"namespace unused {{\nTFLMRegistration Register_{op}() {{\n    return {{0}};\n}}\n}}\n"
    )


CORE = {
    f"{MICRO}/micro_interpreter.h": INTERPRETER_H,
    f"{MICRO}/micro_interpreter.cc": INTERPRETER_CC,
    f"{MICRO}/micro_interpreter_test.cc": "#error tests are not for the firmware\n",
    f"{MICRO}/recording_micro_allocator.cc": "// nothing but what the header has\n",
    f"{MICRO}/recording_micro_allocator.h": RECORDING_H,
    f"{MICRO}/micro_allocator.h": ALLOCATOR_H,
    f"{MICRO}/memory_planner/greedy_memory_planner.h": PLANNER_H,
    f"{MICRO}/arena_allocator/single_arena_buffer_allocator.h": ARENA_H,
    f"{MICRO}/arena_allocator/recording_single_arena_buffer_allocator.cc": "// likewise\n",
    f"{MICRO}/debug_log.cc": "#error the firmware brings its own\n",
    f"{MICRO}/micro_common.h": COMMON_H,
    f"{MICRO}/micro_context.h": CONTEXT_H,
    f"{MICRO}/micro_interpreter_graph.h": GRAPH_H,
    f"{MICRO}/micro_interpreter_context.h": INTERPRETER_CONTEXT_H,
    f"{MICRO}/micro_profiler_interface.h": PROFILER_H,
    f"{MICRO}/micro_mutable_op_resolver.h": RESOLVER_H,
    f"{MICRO}/micro_log.h": "#pragma once\nvoid MicroPrintf(const char *format, ...);\n",
    f"{MICRO}/micro_log.cc": LOG_CC,
    f"{MICRO}/debug_log.h": LOG_H,
    SCHEMA: SCHEMA_H,
    BASE: BASE_H,
    "third_party/gemmlowp/fixedpoint/fixedpoint.h": "",
    "third_party/ruy/ruy/profiler/instrumentation.h": "",
    f"{KERNELS}/conv.h": CONV_H,
    f"{KERNELS}/micro_ops.h": MICRO_OPS_H,
    f"{KERNELS}/conv_common.cc": "",
    f"{KERNELS}/kernel_util.cc": "",
    f"{KERNELS}/reshape.cc": _kernel("RESHAPE"),
    f"{KERNELS}/softmax.cc": _kernel("SOFTMAX"),
}

REFERENCE = {f"{KERNELS}/conv.cc": _kernel("CONV_2D")}

CMSIS_NN = {
    f"{KERNELS}/cmsis_nn/conv.cc": (
        "TFLMRegistration Register_CONV_2D() {\n  arm_convolve_s8(table);\n}\n"
    ),
    "third_party/cmsis_nn/Include/arm_nnfunctions.h": "",
    "third_party/cmsis_nn/Source/Convolve/arm_convolve_s8.c": (
        "arm_cmsis_nn_status arm_convolve_s8(const int *x)\n{ arm_helper_s8(x); }\n"
    ),
    "third_party/cmsis_nn/Source/Support/arm_helper_s8.c": (
        "static int local(int x) { return x; }\n\n"
        "void *arm_helper_s8(const int *x) { local(*x); }\n"
    ),
    "third_party/cmsis_nn/Source/Support/arm_tables.c": "const int table[2] = {1, 2};\n",
    "third_party/cmsis_nn/Source/Convolve/arm_convolve_s16.c": (
        "int arm_convolve_s16(int x) { return local(x); }\n"
    ),
}


def fake_tree(folder: Path, kernels: str = "reference") -> Path:
    """A tree in `folder` with the kernels of CONV_2D, RESHAPE and SOFTMAX."""
    for path, text in (CORE | (CMSIS_NN if kernels == "cmsis-nn" else REFERENCE)).items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return folder


def compilable_tree(folder: Path) -> Path:
    """The fake tree for any compiler, told that it stands for helpers/small_source.py; its kernels
    are empty."""
    tree = fake_tree(folder)
    facts = {"NEEDS": "64u", "INPUT": "192u", "OUTPUT": "64u", "OPS": "1"}
    defines = "".join(f"#define FAKE_{name} {value}\n" for name, value in facts.items())
    for path in tree.rglob("*.cc"):
        text = path.read_text()
        path.write_text(f"/*\n{text}*/\n" if "kernels" in path.parts else defines + text)
    return tree
