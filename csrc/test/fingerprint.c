/*
 * The fingerprint of a body: what it is, by a definition of its own; that it
 * depends on the bytes and their number alone; and that it tells bodies apart.
 */
#include "test.h"

#define MAX_NBYTES 700

/* The folded product by long multiplication, a bit at a time. */
static uint64_t folded(uint64_t a, uint64_t b)
{
    uint64_t low = 0, high = 0;

    for (unsigned bit = 64; bit-- > 0;) {
        high = high << 1 | low >> 63;
        low <<= 1;
        if ((b >> bit & 1) != 0) {
            low += a;
            high += low < a;
        }
    }
    return low ^ high;
}

static uint64_t word(const uint8_t *in, size_t in_nbytes, size_t at)
{
    uint64_t value = 0;

    for (size_t i = 0; i < 8; i++)
        if (at + i < in_nbytes)
            value |= (uint64_t)in[at + i] << 8 * i;
    return value;
}

static uint64_t by_definition(const uint8_t *in, size_t in_nbytes)
{
    uint64_t const key = 0x9e3779b97f4a7c15;
    uint64_t lanes[4] = {key, key * 3, key * 5, key * 7};

    /* There is always a last group that is not full. */
    for (size_t at = 0; at <= in_nbytes / 64 * 64 + 48; at += 16) {
        size_t const lane = at / 16 % 4;

        lanes[lane] =
            folded(word(in, in_nbytes, at) ^ lanes[lane],
                   word(in, in_nbytes, at + 8) ^ key * (2 * lane + 1));
    }
    return folded(folded(lanes[0] ^ in_nbytes, lanes[1] ^ key),
                  folded(lanes[2], lanes[3] ^ key));
}

TEST_MAIN
{
    static uint8_t body[MAX_NBYTES], elsewhere[MAX_NBYTES + 16];

    CHECK(fgz_fingerprint(NULL, 0) == by_definition(body, 0));
    for (unsigned kind = 0; kind < 3; kind++) {
        test_fill(body, sizeof(body), kind, 1);
        for (size_t nbytes = 0; nbytes <= MAX_NBYTES; nbytes++) {
            uint64_t const fingerprint = fgz_fingerprint(body, nbytes);

            CHECK(fingerprint == by_definition(body, nbytes));
            memcpy(elsewhere + nbytes % 16, body, nbytes);
            CHECK(fgz_fingerprint(elsewhere + nbytes % 16, nbytes) ==
                  fingerprint);
            /* Zeros at the end are bytes as well. */
            elsewhere[nbytes % 16 + nbytes] = 0;
            CHECK(nbytes == MAX_NBYTES ||
                  fgz_fingerprint(elsewhere + nbytes % 16, nbytes + 1) !=
                      fingerprint);
        }
        for (size_t i = 0; i < 8 * MAX_NBYTES; i++) {
            uint64_t const before = fgz_fingerprint(body, MAX_NBYTES);

            body[i / 8] ^= (uint8_t)(1u << i % 8);
            CHECK(fgz_fingerprint(body, MAX_NBYTES) != before);
            body[i / 8] ^= (uint8_t)(1u << i % 8);
        }
    }
    return 0;
}
