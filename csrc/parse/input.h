/*
 * input.h - what all that searches in input shares: where it may look, what a
 * position is, how bytes are hashed and compared
 *
 * POSITIONS are kept modulo 2^16, half the size of anything that could hold
 * them all, and are never adjusted.  An entry may therefore be stale, or stand
 * for no position at all; both are harmless.  A distance is only believed if
 * it is 1 to max_distance and does not reach before the input; and then the
 * bytes are compared, so a wrong entry can only be useless.
 *
 * A position's distance need not be compared with where the input begins:
 * either the input begins with its stream, and no entry is before that, or it
 * begins max_distance before what is parsed, or earlier.
 */
#ifndef FGZ_INPUT_H
#define FGZ_INPUT_H

#include "../common.h"

/*
 * A test defines FGZ_TEST_WORK and provides fgz_test_work, which counts what a
 * search does for each position, each candidate and each word compared.
 */
#ifdef FGZ_TEST_WORK
extern uint64_t fgz_test_work;
#  define FGZ_COUNT_WORK(count) (fgz_test_work += (count))
#else
#  define FGZ_COUNT_WORK(count) ((void)0)
#endif

/* Where a parser may look. */
typedef struct fgz_input {
    const uint8_t *begin;    /* the first byte that a match may refer to */
    const uint8_t *end;      /* nothing is read from here on */
    uint32_t begin_position; /* the position of begin in its stream */
} fgz_input;

/*
 * The length of the match between two places in the input, of which at least
 * known bytes match already, not longer than max_nbytes from next.
 */
FGZ_INLINE uint32_t fgz_match_length(const uint8_t *next,
                                     const uint8_t *candidate, uint32_t known,
                                     uint32_t max_nbytes)
{
    uint32_t length = known;

    while (length + 8 <= max_nbytes) {
        uint64_t const difference =
            fgz_load_le64(next + length) ^ fgz_load_le64(candidate + length);

        FGZ_COUNT_WORK(1);
        if (difference != 0)
            return length + (fgz_lowest_bit64(difference) >> 3);
        length += 8;
    }
    while (length < max_nbytes && next[length] == candidate[length])
        length++;
    return length;
}

/* What makes the low bits of an address its position: their difference. */
FGZ_INLINE uint32_t fgz_position_bias(const fgz_input *input)
{
    return input->begin_position - (uint32_t)(uintptr_t)input->begin;
}

/* Its low 16 bits are the position. */
FGZ_INLINE uint32_t fgz_position(const uint8_t *next, uint32_t bias)
{
    return (uint32_t)(uintptr_t)next + bias;
}

/*
 * Multiplicative hashing (Knuth, volume 3, section 6.4): the top bits of the
 * product with an odd constant near 2^w / golden ratio.  The 64-bit constant
 * serves any number of bytes, because those left out are shifted out.
 */
#define FGZ_HASH_FACTOR 0x9e3779b97f4a7c15u

FGZ_INLINE size_t fgz_hash(uint64_t bytes, unsigned nbytes, unsigned nbits)
{
    return (size_t)((bytes * (FGZ_HASH_FACTOR << (64 - 8 * nbytes))) >>
                    (64 - nbits));
}

#endif /* FGZ_INPUT_H */
