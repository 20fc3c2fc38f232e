/*
 * The fingerprint of a body: 64 bits that equal bodies have in common and
 * others hardly ever, read once at some 40 GB/s.
 *
 * A CRC-32 takes two and a half times as long, as a part of what zstd takes for
 * a page that shows.  The means is the folded product: the 128 bits of a
 * product of two words, one half exclusive-or the other, so that each bit of
 * either word moves some of all.  Four lanes take 16 bytes each in turn, so
 * that no product waits for the one before.  Whoever wants to can make two
 * bodies with the same fingerprint: it finds what is then compared byte by
 * byte.
 */
#include "common.h"

#define NLANES 4
#define GROUP_NBYTES (16 * NLANES)

/* Odd, and half of its bits set: the fraction of the golden ratio. */
#define KEY 0x9e3779b97f4a7c15ull

/* The two halves of the product of two words, one exclusive-or the other. */
FGZ_INLINE uint64_t folded_product(uint64_t a, uint64_t b)
{
#if FGZ_HAS_BUILTINS && defined(__SIZEOF_INT128__)
    unsigned __int128 const product = (unsigned __int128)a * b;

    return (uint64_t)product ^ (uint64_t)(product >> 64);
#elif defined(_MSC_VER) && defined(_M_X64)
    uint64_t high;
    uint64_t const low = _umul128(a, b, &high);

    return low ^ high;
#else
    uint64_t const low_low = (a & 0xffffffff) * (b & 0xffffffff);
    uint64_t const low_high = (a & 0xffffffff) * (b >> 32);
    uint64_t const high_low = (a >> 32) * (b & 0xffffffff);
    uint64_t const high_high = (a >> 32) * (b >> 32);
    uint64_t const middle =
        (low_low >> 32) + (low_high & 0xffffffff) + high_low;
    uint64_t const high = high_high + (low_high >> 32) + (middle >> 32);

    return (a * b) ^ high;
#endif
}

FGZ_INLINE void take_group(uint64_t *lanes, const uint8_t *group)
{
    for (unsigned lane = 0; lane < NLANES; lane++, group += 16)
        lanes[lane] =
            folded_product(fgz_load_le64(group) ^ lanes[lane],
                           fgz_load_le64(group + 8) ^ KEY * (2 * lane + 1));
}

uint64_t fgz_fingerprint(const void *in, size_t in_nbytes)
{
    const uint8_t *next = in;
    size_t left_nbytes = in_nbytes;
    uint64_t lanes[NLANES] = {KEY, KEY * 3, KEY * 5, KEY * 7};
    uint8_t last[GROUP_NBYTES] = {0};

    for (; left_nbytes >= GROUP_NBYTES; left_nbytes -= GROUP_NBYTES) {
        take_group(lanes, next);
        next += GROUP_NBYTES;
    }
    if (left_nbytes > 0)
        memcpy(last, next, left_nbytes);
    take_group(lanes, last);
    return folded_product(folded_product(lanes[0] ^ in_nbytes, lanes[1] ^ KEY),
                          folded_product(lanes[2], lanes[3] ^ KEY));
}
