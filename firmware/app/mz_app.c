/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
#include "app/mz_app.h"

#include <stddef.h>

#include "app/mz_arena.h"
#include "app/mz_line.h"
#include "app/mz_profile.h"
#include "image/mz_image.h"
#include "link/mz_link.h"
#include "mz_board.h"
#include "mz_build_id.h"
#include "port/mz_port.h"
#include "runtime/mz_runtime.h"
#include "upload/mz_upload.h"

#ifdef __clang__
#define TOOLCHAIN __VERSION__
#else
#define TOOLCHAIN "gcc " __VERSION__
#endif

/* A Cortex-M does not say what it is: the host reads its CPUID. */
#ifndef MZ_BOARD_AGENT
#define MZ_BOARD_AGENT MZ_AGENT_UNSAID
#define MZ_BOARD_COUNT_UNIT MZ_COUNT_UNSAID
#endif

static bool ready;

static const char *runtime_error(void) {
    return ready ? "" : mz_runtime_error();
}

static void refuse_unknown_image(const mz_frame *request) {
    mz_link_refuse(request, MZ_LINK_NO_SUCH_IMAGE, "the board does not hold this image");
}

static void refuse_damaged(const mz_frame *request) {
    mz_link_refuse(request, MZ_LINK_INPUT_CRC, "the input in memory has another CRC");
}

static bool within(uint32_t offset, uint32_t length, uint32_t total) {
    return offset <= total && length <= total - offset;
}

/* Write value as eight hex digits, the last one before end. */
static void write_hex(char *end, uint32_t value) {
    static const char digits[] = "0123456789abcdef";
    for (uint32_t place = 0u; place < 8u; place++) {
        *--end = digits[value & 0xfu];
        value >>= 4;
    }
}

/* If start-up gave up a wait, the board answers, but perhaps runs at the wrong clock. It tells the
 * host at every HELLO, since perhaps no host listened at the restart. */
static void report_boot_failure(void) {
    static char text[] = "start-up gave up waiting for the register at 0x00000000";
    const uint32_t address = mz_port_boot_failure();
    if (address != 0u) {
        write_hex(text + sizeof text - 1u, address);
        mz_link_log(MZ_LOG_WARNING, text);
    }
}

/* The same for starts that ended in a fault before the link was up. */
static void report_early_faults(void) {
    static char text[] = "0 start(s) ended before the console was up, the last in exception "
                         "0x00000000 at 0x00000000";
    const mz_early_faults early = mz_port_early_faults();
    if (early.starts != 0u) {
        text[0] = (char)('0' + (early.starts < 9u ? early.starts : 9u));
        write_hex(text + sizeof text - sizeof " at 0x00000000", early.kind);
        write_hex(text + sizeof text - 1u, early.pc);
        mz_link_log(MZ_LOG_WARNING, text);
    }
}

static uint16_t features(void) {
    const bool ahead = ready && mz_image_keeps() && mz_port_receive_bytes() != 0u;
    const bool decodes = mz_image_accepts(MZ_ENCODING_CODEC);
    return (uint16_t)((decodes ? MZ_FEATURE_CODEC : 0u) | (ahead ? MZ_FEATURE_AHEAD : 0u) |
                      (mz_line_changes() ? MZ_FEATURE_BAUD : 0u));
}

/* The field is too small for a ring of 64 KB, by one byte. */
static uint16_t receive_bytes(void) {
    const uint32_t bytes = mz_port_receive_bytes();
    return (uint16_t)(bytes < UINT16_MAX ? bytes : UINT16_MAX);
}

static void on_hello(const mz_frame *request) {
    mz_msg_hello hello;
    if (!mz_unpack_hello(request->payload, &hello)) {
        mz_link_refuse_malformed(request);
        return;
    }
    const mz_model_info *info = mz_runtime_info();
    const mz_upload_facts upload = mz_upload_state();
    const mz_msg_hello_reply reply = {
        .protocol_version = MZ_PROTOCOL_VERSION,
        .window = mz_image_window(),
        .max_chunk_bytes = MZ_MAX_CHUNK_BYTES,
        .nonce = hello.nonce,
        .core_clock_hz = MZ_CORE_CLOCK_HZ,
        .cpuid = mz_port_cpuid(),
        .arena_bytes = info->arena_bytes,
        .arena_used_bytes = info->arena_used,
        .op_count = info->op_count,
        .model_sha256 = info->model_sha256,
        .input = &info->input,
        .output = &info->output,
        .build_id = MZ_BUILD_ID,
        .board = MZ_BOARD_ID,
        .runtime = info->runtime,
        .toolchain = TOOLCHAIN,
        .runtime_error = upload.refused[0] != '\0' ? upload.refused : runtime_error(),
        .model_capacity_bytes = upload.capacity_bytes,
        .model_bytes = upload.model_bytes,
        .agent = MZ_BOARD_AGENT,
        .count_unit = MZ_BOARD_COUNT_UNIT,
        .features = features(),
        .receive_bytes = receive_bytes(),
        .delegate = "",
    };
    mz_pack_hello_reply(mz_link_compose(), &reply);
    mz_link_answer(request, MZ_MSG_HELLO_REPLY, 0u);
    report_boot_failure();
    report_early_faults();
    if (!mz_port_stack_guarded()) {
        mz_link_log(MZ_LOG_WARNING, "no MPU region is free: the stack has no guard");
    }
}

static void acknowledge(const mz_frame *request, bool taken) {
    const mz_image *image = mz_image_current();
    const mz_msg_ack ack = {image->image_id, image->next_offset};
    mz_pack_ack(mz_link_compose(), &ack);
    mz_link_answer(request, MZ_MSG_ACK, taken ? 0u : MZ_FLAG_GAP);
}

/* The host sends this image behind the INVOKE of the current one. If the current one is complete
 * and has not run, its INVOKE was lost: run it now, instead of dropping it. */
static void run_before(const mz_msg_input_begin *begin) {
    const mz_image *image = mz_image_current();
    if (image->state == MZ_IMAGE_LOADING && !mz_image_is(begin->image_id) &&
        image->next_offset == image->transfer_bytes) {
        (void)mz_image_run(image->input_crc32);
    }
}

static void on_input_begin(const mz_frame *request) {
    mz_msg_input_begin begin;
    if (!mz_unpack_input_begin(request->payload, &begin)) {
        mz_link_refuse_malformed(request);
    } else if (!ready) {
        mz_link_refuse(request, MZ_LINK_NOT_READY, mz_runtime_error());
    } else if (begin.input_bytes != mz_runtime_info()->input.bytes) {
        mz_link_refuse(request, MZ_LINK_BAD_SIZE, "not the size of the input tensor");
    } else if (!mz_image_accepts(begin.encoding)) {
        mz_link_refuse(request, MZ_LINK_BAD_REQUEST, "unknown encoding");
    } else {
        if ((request->flags & MZ_FLAG_AHEAD) != 0u) {
            run_before(&begin);
        }
        mz_image_begin(&begin);
        acknowledge(request, true);
    }
}

static void on_input_data(const mz_frame *request) {
    mz_msg_input_data piece;
    if (!mz_unpack_input_data(request->payload, &piece)) {
        mz_link_refuse_malformed(request);
    } else if (!mz_image_is(piece.image_id)) {
        refuse_unknown_image(request);
    } else if (!within(piece.offset, piece.data.count, mz_image_current()->transfer_bytes)) {
        mz_link_refuse(request, MZ_LINK_BAD_RANGE, "outside the input tensor");
    } else {
        acknowledge(request, mz_image_take(piece.offset, piece.data));
    }
}

static void send_result(const mz_frame *request, const mz_image *image) {
    const mz_msg_result result = {
        .image_id = image->image_id,
        .input_crc32 = image->input_crc32,
        .cycles = image->cycles,
        .output_bytes = mz_runtime_info()->output.bytes,
        .output_crc32 = image->output_crc32,
    };
    mz_pack_result(mz_link_compose(), &result);
    mz_link_answer(request, MZ_MSG_RESULT, 0u);
}

/* True if the current image is the requested one, has arrived completely and may run or has run. If
 * not, answers the request. */
static bool has_arrived(const mz_frame *request, uint32_t image_id, uint32_t input_crc32) {
    const mz_image *image = mz_image_current();
    if (!mz_image_is(image_id)) {
        refuse_unknown_image(request);
    } else if (image->next_offset != image->transfer_bytes) {
        mz_link_refuse(request, MZ_LINK_INCOMPLETE, "the input has not arrived completely");
    } else if (input_crc32 != image->input_crc32) {
        refuse_damaged(request);
    } else {
        return true;
    }
    return false;
}

static void send_outcome(const mz_frame *request, const mz_image *image) {
    if (image->state == MZ_IMAGE_FAILED) {
        mz_link_refuse(request, MZ_LINK_INVOKE_FAILED, mz_runtime_error());
    } else {
        send_result(request, image);
    }
}

/* If INVOKE is repeated, the image has already run: only the answer is sent again. */
static void on_invoke(const mz_frame *request) {
    mz_msg_invoke invoke;
    if (!mz_unpack_invoke(request->payload, &invoke)) {
        mz_link_refuse_malformed(request);
        return;
    }
    const mz_image *result = mz_image_result(invoke.image_id);
    if (result == NULL) {
        if (!has_arrived(request, invoke.image_id, invoke.input_crc32)) {
            return;
        }
        if (!mz_image_run(invoke.input_crc32)) {
            refuse_damaged(request);
            return;
        }
        result = mz_image_current();
    }
    if (invoke.input_crc32 != result->input_crc32) {
        refuse_damaged(request);
    } else {
        send_outcome(request, result);
    }
}

/* The same; but an image that ran without these records has consumed its input. */
static void on_profile(const mz_frame *request) {
    mz_msg_profile profile;
    if (!mz_unpack_profile(request->payload, &profile)) {
        mz_link_refuse_malformed(request);
        return;
    }
    if (!has_arrived(request, profile.image_id, profile.input_crc32)) {
        return;
    }
    const mz_image *image = mz_image_current();
    if (image->state == MZ_IMAGE_LOADING) {
        if (!mz_image_profile(profile.input_crc32, profile.first_record)) {
            refuse_damaged(request);
            return;
        }
    } else if (!image->profiled || mz_profile_first() != profile.first_record) {
        mz_link_refuse(request, MZ_LINK_NO_SUCH_IMAGE,
                       "the image has run, but not for this profile");
        return;
    }
    send_outcome(request, image);
}

static void on_read_profile(const mz_frame *request) {
    mz_msg_read_profile read;
    const mz_image *image = mz_image_current();
    if (!mz_unpack_read_profile(request->payload, &read)) {
        mz_link_refuse_malformed(request);
    } else if (!mz_image_is(read.image_id) || image->state != MZ_IMAGE_DONE || !image->profiled) {
        refuse_unknown_image(request);
    } else {
        const mz_msg_profile_data data = {read.image_id, mz_profile_count(), mz_profile_first(),
                                          mz_profile_records()};
        mz_pack_profile_data(mz_link_compose(), &data);
        mz_link_answer(request, MZ_MSG_PROFILE_DATA, 0u);
    }
}

static void on_read_output(const mz_frame *request) {
    mz_msg_read_output read;
    if (!mz_unpack_read_output(request->payload, &read)) {
        mz_link_refuse_malformed(request);
        return;
    }
    const mz_image *result = mz_image_result(read.image_id);
    if (result == NULL || result->state != MZ_IMAGE_DONE) {
        refuse_unknown_image(request);
    } else if (read.length > MZ_MAX_CHUNK_BYTES ||
               !within(read.offset, read.length, mz_runtime_info()->output.bytes)) {
        mz_link_refuse(request, MZ_LINK_BAD_RANGE,
                       "outside the output tensor, or too much at once");
    } else {
        const uint8_t *output = (const uint8_t *)result->output;
        const mz_msg_output_data piece = {
            read.image_id, read.offset, {output + read.offset, read.length}};
        mz_pack_output_data(mz_link_compose(), &piece);
        mz_link_answer(request, MZ_MSG_OUTPUT_DATA, 0u);
    }
}

static void on_ping(const mz_frame *request) {
    mz_msg_ping ping;
    if (!mz_unpack_ping(request->payload, &ping)) {
        mz_link_refuse_malformed(request);
        return;
    }
    const mz_link_counts counts = mz_link_counted();
    const mz_stack_use stack = mz_port_stack();
    const mz_msg_pong pong = {
        .nonce = ping.nonce,
        .good_frames = counts.good_frames,
        .bad_frames = counts.bad_frames,
        .lost_bytes = mz_port_overruns(),
        .stack_bytes = stack.bytes,
        .stack_used_bytes = stack.used_bytes,
    };
    mz_pack_pong(mz_link_compose(), &pong);
    mz_link_answer(request, MZ_MSG_PONG, 0u);
}

/* An image belongs to the model that it was sent for. */
static void on_upload(const mz_frame *request) {
    ready = mz_upload_handle(request, ready);
    if (!ready) {
        mz_image_forget();
    }
}

static void on_measure_arena(const mz_frame *request) {
    mz_msg_measure_arena measure;
    if (!mz_unpack_measure_arena(request->payload, &measure)) {
        mz_link_refuse_malformed(request);
    } else if (measure.arena_bytes > mz_runtime_info()->arena_bytes) {
        mz_link_refuse(request, MZ_LINK_BAD_RANGE, "more than the arena that is reserved");
    } else if (measure.arena_bytes == 0u) {
        mz_arena_report(mz_link_compose(), &measure, ready ? MZ_OK : MZ_ERROR_INIT);
        mz_link_answer(request, MZ_MSG_ARENA_REPORT, 0u);
    } else {
        mz_image_forget();
        const mz_status status = mz_arena_try(&measure);
        mz_arena_report(mz_link_compose(), &measure, status);
        ready = mz_runtime_init_within(mz_runtime_info()->arena_bytes, false) == MZ_OK;
        mz_link_answer(request, MZ_MSG_ARENA_REPORT, 0u);
    }
}

static void handle(const mz_frame *request) {
    switch (request->type) {
    case MZ_MSG_HELLO:
        on_hello(request);
        break;
    case MZ_MSG_INPUT_BEGIN:
        on_input_begin(request);
        break;
    case MZ_MSG_INPUT_DATA:
        on_input_data(request);
        break;
    case MZ_MSG_INVOKE:
        on_invoke(request);
        break;
    case MZ_MSG_PROFILE:
        on_profile(request);
        break;
    case MZ_MSG_READ_PROFILE:
        on_read_profile(request);
        break;
    case MZ_MSG_READ_OUTPUT:
        on_read_output(request);
        break;
    case MZ_MSG_PING:
        on_ping(request);
        break;
    case MZ_MSG_MODEL_BEGIN:
    case MZ_MSG_MODEL_DATA:
    case MZ_MSG_MODEL_COMMIT:
        on_upload(request);
        break;
    case MZ_MSG_MEASURE_ARENA:
        on_measure_arena(request);
        break;
    case MZ_MSG_SET_BAUD:
        mz_line_set_baud(request);
        break;
    case MZ_MSG_VERIFY_LINE:
        mz_line_verify(request);
        break;
    case MZ_MSG_RESET:
        mz_port_reset();
        break;
    default:
        mz_link_refuse(request, MZ_LINK_BAD_REQUEST, "unknown message type");
        break;
    }
}

void mz_app_init(void) {
    const mz_msg_boot boot = {MZ_PROTOCOL_VERSION};
    mz_pack_boot(mz_link_compose(), &boot);
    mz_link_announce(MZ_MSG_BOOT);
    const mz_status status = mz_runtime_init();
    ready = status == MZ_OK;
    if (!ready && status != MZ_NO_MODEL) {
        mz_link_log(MZ_LOG_ERROR, mz_runtime_error());
    }
}

void mz_app_poll(void) {
    const mz_frame *request = mz_link_receive();
    if (request != NULL) {
        handle(request);
    } else {
        mz_line_watch();
    }
}

void mz_app_report_fault(const mz_fault *fault) {
    const mz_msg_fault message = {
        .kind = fault->kind,
        .pc = fault->pc,
        .lr = fault->lr,
        .sp = fault->sp,
        .psr = fault->psr,
        .cfsr = fault->cfsr,
        .hfsr = fault->hfsr,
        .mmfar = fault->mmfar,
        .bfar = fault->bfar,
        .stack_bottom = fault->stack_bottom,
        .doing = mz_upload_fault(),
    };
    mz_pack_fault(mz_link_compose(), &message);
    mz_link_announce(MZ_MSG_FAULT);
}
