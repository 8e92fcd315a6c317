/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* TFLM's recording allocator, for a firmware that measures its arena. C++. */
#ifndef MZ_TFLM_RECORDING_H
#define MZ_TFLM_RECORDING_H

#include <cstdint>

#include <tensorflow/lite/micro/recording_micro_allocator.h>

extern "C" {
#include "runtime/mz_runtime.h"
}

/* Writes the figures of `recorder` to `use`; does nothing if recorder is null. */
inline void mz_tflm_recorded(const tflite::RecordingMicroAllocator *recorder, mz_arena_use *use) {
    using Type = tflite::RecordedAllocationType;
    static constexpr Type kTypes[MZ_ARENA_PARTS] = {
        Type::kTfLiteEvalTensorData,
        Type::kPersistentTfLiteTensorData,
        Type::kPersistentTfLiteTensorQuantizationData,
        Type::kPersistentBufferData,
        Type::kTfLiteTensorVariableBufferData,
        Type::kNodeAndRegistrationArray,
        Type::kOpData,
    };
    if (recorder == nullptr) {
        return;
    }
    use->recorded = true;
    for (uint32_t i = 0u; i < MZ_ARENA_PARTS; ++i) {
        const tflite::RecordedAllocation part = recorder->GetRecordedAllocation(kTypes[i]);
        use->parts[i] = {static_cast<uint32_t>(part.requested_bytes),
                         static_cast<uint32_t>(part.used_bytes), static_cast<uint32_t>(part.count)};
    }
}

#endif
