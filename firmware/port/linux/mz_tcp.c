/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
#define _GNU_SOURCE /* accept4 */

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "port/linux/mz_linux.h"

#define LARGEST_PORT 65535
#define PATIENCE_MS 10000

static int listener = -1;
static int client = -1;

typedef union {
    struct sockaddr any;
    struct sockaddr_in ip4;
    struct sockaddr_in6 ip6;
} mz_address;

static bool is_loopback(const mz_address *address) {
    if (address->any.sa_family == AF_INET) {
        return ntohl(address->ip4.sin_addr.s_addr) >> 24 == 127u;
    }
    return IN6_IS_ADDR_LOOPBACK(&address->ip6.sin6_addr);
}

static char name[INET6_ADDRSTRLEN + 2] = "127.0.0.1"; /* without brackets */

/* The size of the address, or 0 if the text is none. */
static socklen_t parse(const char *text, mz_address *address) {
    const char *const colon = strrchr(text, ':');
    if (colon != NULL) {
        const bool bracketed = text[0] == '[' && colon - text > 1 && colon[-1] == ']';
        const size_t length = (size_t)(colon - text) - (bracketed ? 2u : 0u);
        if (length >= sizeof(name)) {
            return 0u;
        }
        memcpy(name, text + (bracketed ? 1 : 0), length);
        name[length] = '\0';
    }
    const int32_t port = mz_number(colon == NULL ? text : colon + 1, LARGEST_PORT);
    memset(address, 0, sizeof(*address));
    if (port < 0) {
        return 0u;
    }
    if (inet_pton(AF_INET, name, &address->ip4.sin_addr) == 1) {
        address->ip4.sin_family = AF_INET;
        address->ip4.sin_port = htons((uint16_t)port);
        return sizeof(address->ip4);
    }
    if (text[0] == '[' && inet_pton(AF_INET6, name, &address->ip6.sin6_addr) == 1) {
        address->ip6.sin6_family = AF_INET6;
        address->ip6.sin6_port = htons((uint16_t)port);
        return sizeof(address->ip6);
    }
    return 0u;
}

static bool adopt(const char *text) {
    const char *const comma = strchr(text, ',');
    char first[12];
    if (comma == NULL || (size_t)(comma - text) >= sizeof(first)) {
        return false;
    }
    memcpy(first, text, (size_t)(comma - text));
    first[comma - text] = '\0';
    listener = mz_number(first, INT16_MAX);
    client = mz_number(comma + 1, INT16_MAX); /* "-": none */
    return listener >= 0;
}

static void tell_where(const mz_address *asked) {
    mz_address bound;
    socklen_t bytes = sizeof(bound);
    memset(&bound, 0, sizeof(bound));
    (void)getsockname(listener, &bound.any, &bytes);
    const bool ip4 = bound.any.sa_family == AF_INET;
    const uint16_t port = ntohs(ip4 ? bound.ip4.sin_port : bound.ip6.sin6_port);
    mz_say("listening at ", ip4 ? "" : "[", name, ip4 ? ":" : "]:", mz_number_text(port));
    if (!is_loopback(asked)) {
        mz_say("whoever reaches this address can use the agent, it asks for no password");
    }
}

bool mz_tcp_start(const char *text, const char *adopted) {
    mz_address address;
    const socklen_t bytes = parse(text, &address);
    const int on = 1;
    if (adopted != NULL) {
        return adopt(adopted);
    }
    if (bytes == 0u) {
        mz_say(text, " is no PORT, ADDRESS:PORT or [ADDRESS]:PORT");
        return false;
    }
    listener = socket(address.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (listener < 0 || setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0 ||
        bind(listener, &address.any, bytes) != 0 || listen(listener, 1) != 0) {
        mz_say("cannot listen at ", text, ": ", strerror(errno));
        return false;
    }
    tell_where(&address);
    return true;
}

mz_ends mz_tcp_ends(void) {
    return (mz_ends){client, client, PATIENCE_MS, 1000};
}

void mz_tcp_lost(void) {
    close(client);
    client = -1;
}

int mz_tcp_door(void) {
    return listener;
}

/* A host that was switched off is noticed within a minute, so that the next one finds the agent
 * free. */
static void watch_over(int socket) {
    const int on = 1, idle_s = 30, every_s = 10, tries = 3;
    (void)setsockopt(socket, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
    (void)setsockopt(socket, IPPROTO_TCP, TCP_KEEPIDLE, &idle_s, sizeof(idle_s));
    (void)setsockopt(socket, IPPROTO_TCP, TCP_KEEPINTVL, &every_s, sizeof(every_s));
    (void)setsockopt(socket, IPPROTO_TCP, TCP_KEEPCNT, &tries, sizeof(tries));
    (void)setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

/* Who comes while another is there is sent away, which it notices at once. */
void mz_tcp_open_door(void) {
    const int caller = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
    if (caller < 0) {
        return;
    }
    if (client >= 0) {
        close(caller);
        return;
    }
    watch_over(caller);
    client = caller;
}

const char *mz_tcp_leave_open(void) {
    static char text[24];
    strcpy(text, mz_number_text(listener));
    strcat(text, ",");
    strcat(text, client >= 0 ? mz_number_text(client) : "-");
    return text;
}
