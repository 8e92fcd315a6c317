/* Requests, and bytes between them, into the whole application on the host's port, with the runtime
 * of the upload tests. The input is a list of records: type u8, length u16, content.
 *   0x00...0xEF  a frame of this type with the content as payload
 *   0xFD         an image that begins with the content, sent as the protocol says, and run
 *   0xFE         the content as a model, uploaded as the protocol says
 *   else         the content as it is on the line */
// sources: firmware/link/*.c firmware/app/mz_*.c firmware/port/*.c firmware/upload/slot/*.c
// sources: firmware/image/whole/*.c firmware/port/posix/*.c firmware/port/host/mz_port_host.c
// sources: tests/firmware_host/slot_runtime.c
// flags: -include tests/fuzz/app_io.h -Ifirmware/port/host -Wno-comment
#undef read
#undef write
#undef poll
#undef _exit
#undef fprintf
#undef fputs

#include <setjmp.h>
#include <string.h>

#include "app/mz_app.h"
#include "link/mz_crc32.h"
#include "link/mz_frame.h"
#include "port/mz_port.h"
#include "upload/slot/mz_sha256.h"

#define LINE_BYTES (1u << 20)
#define TENSOR_BYTES 1500u
#define LARGEST_MODEL 20000u
#define IDLE_POLLS 8u

static uint8_t line[LINE_BYTES];
static uint32_t line_count;
static uint32_t line_next;
static jmp_buf reset;
static uint32_t idle; /* how often in a row the port has found nothing to read */

/* What the host's port calls instead of the system (app_io.h). */

ssize_t fuzz_read(int file, void *bytes, size_t count) {
    (void)file;
    const uint32_t left = line_count - line_next;
    const uint32_t taken = count < left ? (uint32_t)count : left;
    memcpy(bytes, line + line_next, taken);
    line_next += taken;
    return (ssize_t)taken;
}

ssize_t fuzz_write(int file, const void *bytes, size_t count) {
    (void)file;
    /* Every byte is looked at, so that the sanitizer sees what was never written. */
    volatile uint8_t sum = 0u;
    for (size_t i = 0u; i < count; i++) {
        sum = (uint8_t)(sum + ((const uint8_t *)bytes)[i]);
    }
    return (ssize_t)count;
}

int fuzz_poll(struct pollfd *ends, nfds_t count, int timeout_ms) {
    (void)timeout_ms;
    int ready = 0;
    for (nfds_t i = 0u; i < count; i++) {
        const bool in = (ends[i].events & POLLIN) != 0 && line_next != line_count;
        ends[i].revents = (short)((in ? POLLIN : 0) | (ends[i].events & POLLOUT));
        ready += ends[i].revents != 0;
    }
    idle = ready != 0 ? 0u : idle + 1u;
    return ready;
}

void fuzz_exit(int status) {
    (void)status;
    longjmp(reset, 1);
}

/* What the input becomes on the line. */

static void put(const uint8_t *bytes, uint32_t count) {
    const uint32_t left = LINE_BYTES - line_count;
    const uint32_t taken = count < left ? count : left;
    memcpy(line + line_count, bytes, taken);
    line_count += taken;
}

static uint8_t payload[MZ_MAX_PAYLOAD_BYTES];
static uint32_t payload_count;

static void begin(void) {
    payload_count = 0u;
}

static void field(uint32_t value) {
    for (uint32_t i = 0u; i < 4u; i++) {
        payload[payload_count++] = (uint8_t)(value >> 8u * i);
    }
}

static void content(const uint8_t *bytes, uint32_t count) {
    memcpy(payload + payload_count, bytes, count);
    payload_count += count;
}

static void send(uint8_t type) {
    const mz_frame frame = {type, 0u, 7u, {payload, payload_count}};
    mz_frame_encode(&frame, put);
}

static void send_pieces(uint8_t type, uint32_t id, const uint8_t *bytes, uint32_t count) {
    for (uint32_t offset = 0u; offset < count; offset += MZ_MAX_CHUNK_BYTES) {
        const uint32_t left = count - offset;
        begin();
        field(id);
        field(offset);
        content(bytes + offset, left < MZ_MAX_CHUNK_BYTES ? left : MZ_MAX_CHUNK_BYTES);
        send(type);
    }
}

static void send_image(const uint8_t *bytes, uint32_t count) {
    static uint8_t image[TENSOR_BYTES];
    memset(image, (int)count, sizeof image);
    memcpy(image, bytes, count < TENSOR_BYTES ? count : TENSOR_BYTES);
    const uint32_t crc = mz_crc32(image, TENSOR_BYTES);
    begin();
    field(1u);
    field(TENSOR_BYTES);
    field(crc);
    send(MZ_MSG_INPUT_BEGIN);
    send_pieces(MZ_MSG_INPUT_DATA, 1u, image, TENSOR_BYTES);
    begin();
    field(1u);
    field(crc);
    send(MZ_MSG_INVOKE);
}

static void send_model(const uint8_t *bytes, uint32_t count) {
    const uint32_t size = count < LARGEST_MODEL ? count : LARGEST_MODEL;
    uint8_t digest[MZ_SHA256_BYTES];
    mz_sha256(bytes, size, digest);
    begin();
    field(2u);
    field(size);
    content(digest, sizeof digest);
    send(MZ_MSG_MODEL_BEGIN);
    send_pieces(MZ_MSG_MODEL_DATA, 2u, bytes, size);
    begin();
    field(2u);
    send(MZ_MSG_MODEL_COMMIT);
}

static void send_record(uint8_t type, const uint8_t *bytes, uint32_t count) {
    if (type == 0xfdu) {
        send_image(bytes, count);
    } else if (type == 0xfeu) {
        send_model(bytes, count);
    } else if (type >= 0xf0u) {
        put(bytes, count);
    } else {
        begin();
        content(bytes, count < MZ_MAX_PAYLOAD_BYTES ? count : MZ_MAX_PAYLOAD_BYTES);
        send(type);
    }
}

static void send_all(const uint8_t *data, size_t size) {
    line_count = line_next = 0u;
    /* What the input before this one left in the decoder. */
    const uint8_t delimiter = 0u;
    put(&delimiter, 1u);
    while (size >= 3u) {
        const uint32_t said = (uint32_t)data[1] | (uint32_t)data[2] << 8;
        const uint32_t count = said < size - 3u ? said : (uint32_t)(size - 3u);
        send_record(data[0], data + 3, count);
        data += 3u + count;
        size -= 3u + count;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    send_all(data, size);
    (void)setjmp(reset);
    idle = 0u;
    mz_port_init();
    mz_app_init();
    while (idle < IDLE_POLLS) {
        mz_app_poll();
    }
    return 0;
}
