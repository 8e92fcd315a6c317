/* Put before each source of app.c: the host's port reads and writes memory, a reset comes back to
 * the fuzzer, and the runtime of the tests is quiet. */
#define _POSIX_C_SOURCE 200809L
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/types.h>
#include <unistd.h>

ssize_t fuzz_read(int file, void *bytes, size_t count);
ssize_t fuzz_write(int file, const void *bytes, size_t count);
int fuzz_poll(struct pollfd *ends, nfds_t count, int timeout_ms);
_Noreturn void fuzz_exit(int status);

#define read fuzz_read
#define write fuzz_write
#define poll fuzz_poll
#define _exit fuzz_exit
#define fprintf(...) ((void)0)
#define fputs(text, file) ((void)0)
