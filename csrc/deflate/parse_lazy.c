/*
 * The lazy parser: follows chains of positions with the same hash, and puts a
 * match off when the next position has a better one.
 */
#include "parse.h"

/* Below this length a match is found by the hash of 3 or 4 bytes. */
#define LAZY_CHAIN_MIN_MATCH 6

/* A match of 3 bytes further away takes more bits than its literals. */
#define LAZY_MATCH3_MAX_DISTANCE 4096

/*
 * How much better a later match has to be, see lazy_gain; more for two
 * positions ahead, because a literal more is spent.
 */
#define LAZY_MIN_GAIN_ONE_AHEAD 2
#define LAZY_MIN_GAIN_TWO_AHEAD 6

typedef struct match {
    uint32_t length; /* 0: none */
    uint32_t distance;
} match;

/* Put one position into the tables.  8 bytes from next on are known. */
FGZ_INLINE void lazy_enter(fgz_finder *finder, const fgz_input *input,
                           const uint8_t *next)
{
    uint64_t const bytes = fgz_load_le64(next);
    uint16_t const position = fgz_position(next, input);
    uint16_t *const head6 =
        &finder->heads6[fgz_hash(bytes, 6, finder->hash_nbits)];

    finder->previous[position % FGZ_MAX_DISTANCE] = *head6;
    *head6 = position;
    finder->heads4[fgz_hash(bytes, 4, finder->hash_nbits)] = position;
    finder->heads3[fgz_hash(bytes, 3, finder->hash3_nbits)] = position;
}

/*
 * The best match at next that is at least min_length long, and put next into
 * the tables.  min_length is 3 or more; 8 bytes from next on are known.
 *
 * Three searches, the longest first.  The chain holds all positions with the
 * same 6 bytes.  Only where it has nothing, the one latest position with the
 * same 4 and then 3 bytes is tried: it is the nearest, and a short match is
 * only good when it is near.
 */
FGZ_INLINE match lazy_find(fgz_finder *finder, const fgz_input *input,
                           const uint8_t *next, uint32_t min_length,
                           uint32_t max_depth, uint32_t nice_nbytes)
{
    uint64_t const bytes = fgz_load_le64(next);
    uint16_t const position = fgz_position(next, input);
    uint16_t *const head3 =
        &finder->heads3[fgz_hash(bytes, 3, finder->hash3_nbits)];
    uint16_t *const head4 =
        &finder->heads4[fgz_hash(bytes, 4, finder->hash_nbits)];
    uint16_t *const head6 =
        &finder->heads6[fgz_hash(bytes, 6, finder->hash_nbits)];
    uint32_t const distance3 = (uint16_t)(position - *head3);
    uint32_t const distance4 = (uint16_t)(position - *head4);
    uint32_t distance = (uint16_t)(position - *head6);
    uint32_t const max_distance = fgz_max_distance(next, input);
    uint32_t const max_nbytes = fgz_max_match(next, input);
    uint32_t nearer = 0;
    match best = {0, 0};
    uint32_t to_beat = min_length - 1;

    finder->previous[position % FGZ_MAX_DISTANCE] = *head6;
    *head6 = position;
    *head4 = position;
    *head3 = position;

    if (to_beat < LAZY_CHAIN_MIN_MATCH - 1)
        to_beat = LAZY_CHAIN_MIN_MATCH - 1;
    /* Distances grow along a chain.  Where they do not, an entry is stale. */
    for (; max_depth > 0 && distance > nearer && distance <= max_distance &&
           to_beat < max_nbytes; max_depth--) {
        const uint8_t *const candidate = next - distance;

        /* To be longer it must agree in the 4 bytes up to its new end. */
        if (fgz_load_le32(candidate + to_beat - 3) ==
                fgz_load_le32(next + to_beat - 3) &&
            fgz_load_le32(candidate) == (uint32_t)bytes) {
            uint32_t const length =
                fgz_match_length(next, candidate, 4, max_nbytes);

            if (length > to_beat) {
                best.length = length;
                best.distance = distance;
                to_beat = length;
                if (length >= nice_nbytes)
                    return best;
            }
        }
        nearer = distance;
        distance = (uint16_t)(
            position -
            finder->previous[(uint16_t)(position - distance) %
                             FGZ_MAX_DISTANCE]);
    }
    if (best.length != 0)
        return best;

    if (distance4 - 1 < max_distance &&
        fgz_load_le32(next - distance4) == (uint32_t)bytes) {
        uint32_t const length =
            fgz_match_length(next, next - distance4, 4, max_nbytes);

        if (length >= min_length) {
            best.length = length;
            best.distance = distance4;
            return best;
        }
    }
    if (min_length <= 3 && distance3 - 1 < max_distance &&
        distance3 <= LAZY_MATCH3_MAX_DISTANCE &&
        ((fgz_load_le32(next - distance3) ^ (uint32_t)bytes) & 0xffffff) == 0) {
        best.length = 3;
        best.distance = distance3;
    }
    return best;
}

/*
 * What a later match saves over an earlier one, in quarters of a byte: a byte
 * of length is worth about 4 bits of code, a bit of distance is a bit.
 */
FGZ_INLINE int lazy_gain(match later, match earlier)
{
    return 4 * ((int)later.length - (int)earlier.length) +
           (int)fgz_highest_bit32(earlier.distance) -
           (int)fgz_highest_bit32(later.distance);
}

const uint8_t *fgz_parse_lazy(fgz_finder *finder, const fgz_input *input,
                              const uint8_t *next, const uint8_t *stop,
                              const fgz_effort *effort, fgz_tokens *tokens)
{
    /* From here on nothing enters the tables, and nothing is searched. */
    const uint8_t *const tail =
        input->end - input->begin < FGZ_HASH_LOAD_NBYTES ?
        input->begin : input->end - (FGZ_HASH_LOAD_NBYTES - 1);
    const uint8_t *entered = next - finder->missing;

    for (; entered < next && entered < tail; entered++)
        lazy_enter(finder, input, entered);

    /* Up to two literals can precede a match: leave room for all three. */
    while (next < stop && next < tail &&
           tokens->count + 3 <= FGZ_BLOCK_MAX_NTOKENS) {
        match accepted =
            lazy_find(finder, input, next, FGZ_MIN_MATCH, effort->max_depth,
                      effort->nice_nbytes);

        entered = next + 1;
        if (accepted.length == 0) {
            fgz_tokens_add_literal(tokens, *next++);
            continue;
        }
        while (accepted.length < effort->lazy_nbytes && next + 2 < tail &&
               tokens->count + 3 <= FGZ_BLOCK_MAX_NTOKENS) {
            match later =
                lazy_find(finder, input, next + 1, accepted.length,
                          effort->max_depth / 2, effort->nice_nbytes);

            entered = next + 2;
            if (later.length != 0 &&
                lazy_gain(later, accepted) > LAZY_MIN_GAIN_ONE_AHEAD) {
                fgz_tokens_add_literal(tokens, *next++);
                accepted = later;
                continue;
            }
            if (!effort->looks_two_ahead)
                break;
            later = lazy_find(finder, input, next + 2, accepted.length,
                              effort->max_depth / 4, effort->nice_nbytes);
            entered = next + 3;
            if (later.length == 0 ||
                lazy_gain(later, accepted) <= LAZY_MIN_GAIN_TWO_AHEAD)
                break;
            fgz_tokens_add_literal(tokens, *next++);
            fgz_tokens_add_literal(tokens, *next++);
            accepted = later;
        }
        fgz_tokens_add_match(tokens, accepted.length, accepted.distance);
        next += accepted.length;
        for (; entered < next && entered < tail; entered++)
            lazy_enter(finder, input, entered);
    }

    while (next >= tail && next < stop &&
           tokens->count < FGZ_BLOCK_MAX_NTOKENS)
        fgz_tokens_add_literal(tokens, *next++);
    finder->missing = (size_t)(next - entered);
    return next;
}
