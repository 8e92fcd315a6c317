/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* mz_runtime.h for TFLite-Micro. TFLM's headers are included with <>, since they come from the
 * user's tree, not from this folder. Objects are placed into static storage when they are needed:
 * so no constructor runs before main, and no destructor is registered. */
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>

#include <tensorflow/lite/micro/arena_allocator/single_arena_buffer_allocator.h>
#include <tensorflow/lite/micro/memory_planner/greedy_memory_planner.h>
#include <tensorflow/lite/micro/micro_allocator.h>
#include <tensorflow/lite/micro/micro_interpreter.h>
#include <tensorflow/lite/micro/micro_profiler_interface.h>
#include <tensorflow/lite/schema/schema_generated.h>

/* TFLM since September 2023. */
#if __has_include(<tensorflow/lite/micro/micro_interpreter_context.h>)
#define MZ_TFLM_HAS_GRAPH 1
#include <tensorflow/lite/micro/micro_interpreter_context.h>
#include <tensorflow/lite/micro/micro_interpreter_graph.h>
#else
#define MZ_TFLM_HAS_GRAPH 0
#endif

extern "C" {
#include "mz_model.h"
#include "runtime/mz_runtime.h"
#include "runtime/tflm/mz_tflm_log.h"
#include "runtime/tflm/mz_tflm_source.h"
}
#include "mz_resolver.h"
#if MZ_TFLM_RECORDING
#include "runtime/tflm/mz_tflm_recording.h"
#endif

namespace {

/* TFLM tells its profiler when each operator ends, in the order of the model. */
class OpWatch : public tflite::MicroProfilerInterface {
public:
    void begin(mz_op_hook hook, void *context) {
        hook_ = hook;
        context_ = context;
        next_ = 0u;
    }

    uint32_t BeginEvent(const char *tag) override {
        (void)tag;
        return 0u;
    }

    void EndEvent(uint32_t event) override;

    /* The running operator; only if TFLM reports its operators to a profiler. */
    uint32_t running() const {
        return next_;
    }

private:
    mz_op_hook hook_ = nullptr;
    void *context_ = nullptr;
    uint32_t next_ = 0u;
};

/* TFLM since June 2024 knows which operator it is setting up. */
template <typename Graph>
auto current_op(Graph *graph, int) -> decltype(graph->GetCurrentOperatorIndex()) {
    return graph->GetCurrentOperatorIndex();
}

template <typename Graph> int current_op(Graph *graph, long) {
    (void)graph;
    return -1;
}

/* TFLM's own GetTensor works only in interpreters whose tensors do not share memory. */
class Interpreter : public tflite::MicroInterpreter {
public:
    using MicroInterpreter::MicroInterpreter;

    const TfLiteEvalTensor *eval_tensor(int index) const {
        return context().GetEvalTensor(&context(), index);
    }

    /* -1 if there is none, or if this TFLM does not say. */
    int op_being_set_up() const {
#if MZ_TFLM_HAS_GRAPH
        auto *const known =
            static_cast<tflite::MicroInterpreterContext *>(tflite::GetMicroContext(&context()));
        const auto state = known->GetInterpreterState();
        if (state == tflite::MicroInterpreterContext::InterpreterState::kInit ||
            state == tflite::MicroInterpreterContext::InterpreterState::kPrepare) {
            return current_op(static_cast<tflite::MicroInterpreterGraph *>(&known->graph()), 0);
        }
#endif
        return -1;
    }
};

alignas(OpWatch) uint8_t watch_room[sizeof(OpWatch)];
alignas(MzResolver) uint8_t resolver_room[sizeof(MzResolver)];
alignas(Interpreter) uint8_t interpreter_room[sizeof(Interpreter)];

OpWatch *watch;
Interpreter *interpreter;
/* The arena's allocators, null until the set-up. `recorder`, if there is one, records
 * allocations. */
const tflite::SingleArenaBufferAllocator *memory;
#if MZ_TFLM_RECORDING
const tflite::RecordingMicroAllocator *recorder;
#endif
mz_model_info info;
bool failed;
mz_tflm_stage stage;

/* TFLM writes its own first structures without a check of the arena's size. */
constexpr uint32_t kLeastArenaBytes = 512u;

void OpWatch::EndEvent(uint32_t event) {
    (void)event;
    mz_tflm_op op;
    if (!mz_tflm_model_op(next_++, &op) || hook_ == nullptr) {
        return;
    }
    const TfLiteEvalTensor *output = interpreter->eval_tensor(op.output);
    hook_(op.index, op.index, output->data.int8, op.output_bytes, context_);
}

/* `otherwise` is the message if TFLM gave none. */
mz_status fail(mz_status status, const char *otherwise) {
    if (mz_tflm_log_text()[0] == '\0') {
        mz_tflm_log_add("%s", otherwise);
    }
    failed = true;
    return status;
}

/* Does the same as MicroAllocator::Create for an arena, but keeps a pointer to the inner
 * allocator. */
tflite::MicroAllocator *allocate_in(uint8_t *arena, uint32_t bytes) {
    tflite::SingleArenaBufferAllocator *const whole =
        tflite::SingleArenaBufferAllocator::Create(arena, bytes);
    memory = whole;
    uint8_t *const room = whole->AllocatePersistentBuffer(sizeof(tflite::GreedyMemoryPlanner),
                                                          alignof(tflite::GreedyMemoryPlanner));
    return tflite::MicroAllocator::Create(whole, new (room) tflite::GreedyMemoryPlanner());
}

tflite::MicroAllocator *allocator_over(uint32_t arena_bytes, bool recorded) {
    uint8_t *const arena = reinterpret_cast<uint8_t *>(mz_arena);
#if MZ_TFLM_RECORDING
    recorder = nullptr;
    if (recorded) {
        tflite::RecordingMicroAllocator *const recording =
            tflite::RecordingMicroAllocator::Create(arena, arena_bytes);
        recorder = recording;
        memory = recording->GetSimpleMemoryAllocator();
        return recording;
    }
#else
    (void)recorded;
#endif
    return allocate_in(arena, arena_bytes);
}

TfLiteStatus allocate_tensors() {
    stage = MZ_TFLM_SETS_UP;
    const TfLiteStatus status = interpreter->AllocateTensors();
    stage = MZ_TFLM_IDLE;
    return status;
}

/* True if TFLM's tensor is int8, has the size of the file's, and lies in the arena, not in the
 * file. */
bool is_end(const TfLiteTensor *tensor, const mz_tensor_spec &spec) {
    return tensor != nullptr && tensor->type == kTfLiteInt8 && tensor->bytes == spec.bytes &&
           tensor->data.int8 >= mz_arena &&
           tensor->data.int8 <= mz_arena + MZ_ARENA_BYTES - spec.bytes;
}

} // namespace

extern "C" {

mz_status mz_runtime_init(void) {
    return mz_runtime_init_within(MZ_ARENA_BYTES, false);
}

mz_status mz_runtime_init_within(uint32_t arena_bytes, bool recorded) {
    mz_tflm_log_clear();
    failed = false;
    memory = nullptr;
    info = {};
    if (mz_tflm_model() == nullptr) {
        return fail(MZ_NO_MODEL, mz_tflm_no_model());
    }
    if (recorded && !MZ_TFLM_RECORDING) {
        return fail(MZ_ERROR_INIT, "this firmware was not exported for recording");
    }
    if (arena_bytes < kLeastArenaBytes) {
        return fail(MZ_ERROR_INIT, "the arena is too small for TFLM's own structures");
    }
    const tflite::Model *model = tflite::GetModel(mz_tflm_model());
    if (model->version() != TFLITE_SCHEMA_VERSION) {
        mz_tflm_log_add("model of schema %u, TFLM reads %u",
                        static_cast<unsigned>(model->version()),
                        static_cast<unsigned>(TFLITE_SCHEMA_VERSION));
        return fail(MZ_ERROR_INIT, "");
    }
    MzResolver *resolver = new (resolver_room) MzResolver;
    if (mz_add_ops(*resolver) != kTfLiteOk) {
        return fail(MZ_ERROR_INIT, "an operator could not be registered");
    }
    watch = new (watch_room) OpWatch;
    interpreter = new (interpreter_room)
        Interpreter(model, *resolver, allocator_over(arena_bytes, recorded), nullptr, watch);
    if (interpreter->initialization_status() != kTfLiteOk || allocate_tensors() != kTfLiteOk) {
        return fail(MZ_ERROR_INIT, "AllocateTensors failed");
    }
    if (!is_end(interpreter->input(0), mz_tflm_model_info()->input) ||
        !is_end(interpreter->output(0), mz_tflm_model_info()->output)) {
        return fail(MZ_ERROR_INIT, "the model's ends are not what its file says");
    }
    info = *mz_tflm_model_info();
    info.arena_used = static_cast<uint32_t>(interpreter->arena_used_bytes());
    return MZ_OK;
}

mz_arena_use mz_runtime_arena_use(void) {
    mz_arena_use use = {};
    if (memory == nullptr || failed) {
        return use;
    }
    use.head_bytes = static_cast<uint32_t>(memory->GetNonPersistentUsedBytes());
    use.tail_bytes = static_cast<uint32_t>(memory->GetPersistentUsedBytes());
    use.used_bytes = use.head_bytes + use.tail_bytes;
#if MZ_TFLM_RECORDING
    mz_tflm_recorded(recorder, &use);
#endif
    return use;
}

const mz_model_info *mz_runtime_info(void) {
    return info.runtime != nullptr ? &info : mz_tflm_model_info();
}

int8_t *mz_runtime_input(void) {
    return interpreter->input(0)->data.int8;
}

const int8_t *mz_runtime_output(void) {
    return interpreter->output(0)->data.int8;
}

mz_status mz_runtime_invoke(mz_op_hook hook, void *context) {
    mz_tflm_log_clear();
    failed = false;
    watch->begin(hook, context);
    stage = MZ_TFLM_RUNS;
    const TfLiteStatus status = interpreter->Invoke();
    stage = MZ_TFLM_IDLE;
    if (status != kTfLiteOk) {
        return fail(MZ_ERROR_INVOKE, "Invoke failed");
    }
    return MZ_OK;
}

mz_tflm_stage mz_tflm_doing(uint32_t *op) {
    const int known = stage == MZ_TFLM_SETS_UP ? interpreter->op_being_set_up() : -1;
    *op = stage == MZ_TFLM_RUNS ? watch->running()
          : known >= 0          ? static_cast<uint32_t>(known)
                                : MZ_TFLM_NO_OP;
    return stage;
}

const char *mz_runtime_error(void) {
    return failed ? mz_tflm_log_text() : "";
}

/* TFLM and C++ call these if they cannot continue. The fault handler reports where it happened. */
void abort(void) {
    __builtin_trap();
}

void __cxa_pure_virtual(void);

void __cxa_pure_virtual(void) {
    __builtin_trap();
}

} // extern "C"

/* The compiler needs these for virtual destructors; there is no heap, and nothing is deleted. */
void operator delete(void *object) noexcept {
    (void)object;
    abort();
}

void operator delete(void *object, size_t bytes) noexcept {
    (void)object;
    (void)bytes;
    abort();
}
