/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
#include "upload/slot/mz_sha256.h"

#define BLOCK_BYTES 64u
#define LENGTH_BYTES 8u

/* FIPS 180-4, 4.2.2: fractions of the cube roots of the first 64 primes. */
static const uint32_t round_constants[64] = {
    0x428a2f98u, 0x71374491u, 0xb5c0fbcfu, 0xe9b5dba5u, 0x3956c25bu, 0x59f111f1u, 0x923f82a4u,
    0xab1c5ed5u, 0xd807aa98u, 0x12835b01u, 0x243185beu, 0x550c7dc3u, 0x72be5d74u, 0x80deb1feu,
    0x9bdc06a7u, 0xc19bf174u, 0xe49b69c1u, 0xefbe4786u, 0x0fc19dc6u, 0x240ca1ccu, 0x2de92c6fu,
    0x4a7484aau, 0x5cb0a9dcu, 0x76f988dau, 0x983e5152u, 0xa831c66du, 0xb00327c8u, 0xbf597fc7u,
    0xc6e00bf3u, 0xd5a79147u, 0x06ca6351u, 0x14292967u, 0x27b70a85u, 0x2e1b2138u, 0x4d2c6dfcu,
    0x53380d13u, 0x650a7354u, 0x766a0abbu, 0x81c2c92eu, 0x92722c85u, 0xa2bfe8a1u, 0xa81a664bu,
    0xc24b8b70u, 0xc76c51a3u, 0xd192e819u, 0xd6990624u, 0xf40e3585u, 0x106aa070u, 0x19a4c116u,
    0x1e376c08u, 0x2748774cu, 0x34b0bcb5u, 0x391c0cb3u, 0x4ed8aa4au, 0x5b9cca4fu, 0x682e6ff3u,
    0x748f82eeu, 0x78a5636fu, 0x84c87814u, 0x8cc70208u, 0x90befffau, 0xa4506cebu, 0xbef9a3f7u,
    0xc67178f2u,
};

static uint32_t rotate(uint32_t word, unsigned bits) {
    return word >> bits | word << (32u - bits);
}

static uint32_t big_endian(const uint8_t *bytes) {
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

/* FIPS 180-4, 6.2.2, with the message schedule kept in a ring of 16 words. */
static void compress(uint32_t *state, const uint8_t *block) {
    uint32_t w[16];
    uint32_t v[8];
    for (unsigned i = 0u; i < 8u; i++) {
        v[i] = state[i];
    }
    for (unsigned t = 0u; t < 64u; t++) {
        if (t < 16u) {
            w[t] = big_endian(block + 4u * t);
        } else {
            const uint32_t two = w[(t + 14u) % 16u];
            const uint32_t fifteen = w[(t + 1u) % 16u];
            w[t % 16u] += w[(t + 9u) % 16u] + (rotate(two, 17u) ^ rotate(two, 19u) ^ two >> 10) +
                          (rotate(fifteen, 7u) ^ rotate(fifteen, 18u) ^ fifteen >> 3);
        }
        const uint32_t first = v[7] + (rotate(v[4], 6u) ^ rotate(v[4], 11u) ^ rotate(v[4], 25u)) +
                               ((v[4] & v[5]) ^ (~v[4] & v[6])) + round_constants[t] + w[t % 16u];
        const uint32_t second = (rotate(v[0], 2u) ^ rotate(v[0], 13u) ^ rotate(v[0], 22u)) +
                                ((v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]));
        for (unsigned i = 7u; i > 0u; i--) {
            v[i] = v[i - 1u];
        }
        v[4] += first;
        v[0] = first + second;
    }
    for (unsigned i = 0u; i < 8u; i++) {
        state[i] += v[i];
    }
}

void mz_sha256(const uint8_t *bytes, uint32_t count, uint8_t *digest) {
    /* 5.3.3: fractions of the square roots of the first eight primes. */
    uint32_t state[8] = {
        0x6a09e667u, 0xbb67ae85u, 0x3c6ef372u, 0xa54ff53au,
        0x510e527fu, 0x9b05688cu, 0x1f83d9abu, 0x5be0cd19u,
    };
    const uint32_t whole = count / BLOCK_BYTES * BLOCK_BYTES;
    for (uint32_t at = 0u; at < whole; at += BLOCK_BYTES) {
        compress(state, bytes + at);
    }
    /* 5.1.1: a one, zeros, and the length in bits at the end of a block. */
    uint8_t tail[2u * BLOCK_BYTES] = {0};
    const uint32_t rest = count - whole;
    for (uint32_t i = 0u; i < rest; i++) {
        tail[i] = bytes[whole + i];
    }
    tail[rest] = 0x80u;
    const uint32_t padded = rest < BLOCK_BYTES - LENGTH_BYTES ? BLOCK_BYTES : 2u * BLOCK_BYTES;
    const uint32_t bits = count * 8u;
    for (uint32_t i = 0u; i < 4u; i++) {
        tail[padded - 1u - i] = (uint8_t)(bits >> 8u * i);
    }
    compress(state, tail);
    if (padded > BLOCK_BYTES) {
        compress(state, tail + BLOCK_BYTES);
    }
    for (uint32_t i = 0u; i < 32u; i++) {
        digest[i] = (uint8_t)(state[i / 4u] >> (24u - 8u * (i % 4u)));
    }
}
