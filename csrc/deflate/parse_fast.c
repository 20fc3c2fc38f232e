/*
 * The fast parser: takes the longer of the two latest places where the same 4
 * bytes were seen, at once.
 */
#include "parse.h"

/*
 * After this many literals without a match, twice as many, and so on, one more
 * position is stepped over at each search.  Smaller gives up on input that
 * does not compress sooner; larger loses less where a text only pauses.
 */
#define FAST_PATIENCE_LOG2 6

FGZ_INLINE void fast_enter(fgz_finder *finder, const fgz_input *input,
                           const uint8_t *next)
{
    uint32_t *const pair = &finder->pairs[fgz_hash(
        fgz_load_le32(next), 4, finder->hash_nbits)];

    *pair = *pair << 16 | fgz_position(next, input);
}

const uint8_t *fgz_parse_fast(fgz_finder *finder, const fgz_input *input,
                              const uint8_t *next, const uint8_t *stop,
                              const fgz_effort *effort, fgz_tokens *tokens)
{
    const uint8_t *const tail = fgz_input_tail(input);
    const uint8_t *unmatched = next;

    for (const uint8_t *p = next - finder->missing; p < next && p < tail; p++)
        fast_enter(finder, input, p);
    finder->missing = 0;

    while (next < stop && next < tail &&
           tokens->count < FGZ_BLOCK_MAX_NTOKENS) {
        uint32_t const bytes = fgz_load_le32(next);
        uint32_t *const pair =
            &finder->pairs[fgz_hash(bytes, 4, finder->hash_nbits)];
        uint32_t const positions = *pair;
        uint16_t const position = fgz_position(next, input);
        uint32_t const max_distance = fgz_max_distance(next, input);
        uint32_t const max_nbytes = fgz_max_match(next, input);
        uint32_t const latest = (uint16_t)(position - positions);
        uint32_t const earlier = (uint16_t)(position - (positions >> 16));
        uint32_t length = 0;
        uint32_t distance = 0;

        *pair = positions << 16 | position;
        /* One comparison: 0 wraps round to a very large distance. */
        if (latest - 1 < max_distance &&
            fgz_load_le32(next - latest) == bytes) {
            length = fgz_match_length(next, next - latest, 4, max_nbytes);
            distance = latest;
        }
        if (earlier - 1 < max_distance && length < effort->nice_nbytes &&
            fgz_load_le32(next - earlier) == bytes) {
            uint32_t const earlier_length =
                fgz_match_length(next, next - earlier, 4, max_nbytes);

            /* A longer distance takes more bits, so one byte is no gain. */
            if (earlier_length > length + 1) {
                length = earlier_length;
                distance = earlier;
            }
        }

        if (length == 0) {
            size_t nliterals =
                1 + ((size_t)(next - unmatched) >> FAST_PATIENCE_LOG2);

            nliterals = fgz_min_size(nliterals, (size_t)(stop - next));
            nliterals = fgz_min_size(
                nliterals, FGZ_BLOCK_MAX_NTOKENS - tokens->count);
            for (; nliterals > 0; nliterals--)
                fgz_tokens_add_literal(tokens, *next++);
            continue;
        }

        fgz_tokens_add_match(tokens, length, distance);
        /* Here the far end is left out: it is where the next match looks. */
        for (uint32_t i = 1; i < length && i < 2 * effort->entered_per_end &&
                             next + i < tail; i++)
            fast_enter(finder, input, next + i);
        next += length;
        unmatched = next;
    }

    while (next < stop && tokens->count < FGZ_BLOCK_MAX_NTOKENS) {
        fgz_tokens_add_literal(tokens, *next++);
        finder->missing++;
    }
    return next;
}
