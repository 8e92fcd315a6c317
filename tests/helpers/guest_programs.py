"""Guest programs that several tests use."""

from __future__ import annotations

ECHO = """
void guest(void) {
    for (const char *text = "ready\\n"; *text; ++text) {
        put((uint32_t)*text);
    }
    for (;;) {
        put(get());
    }
}
"""
