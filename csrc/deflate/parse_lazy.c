/*
 * The lazy parser: follows chains of positions with the same hash, and puts a
 * match off when the next position has a better one.
 */
#include "parse.h"

/* What the chains are keyed on: fewer bytes fill them, in HTML above all, with
 * positions that agree in 4 or 5 bytes and no more. */
#define LAZY_CHAIN_NBYTES 6

/*
 * Matches of 3 bytes are used where literals are expensive: in fonts they save
 * up to 10 % of the output, in minified scripts 0.5 to 1 %; in text, where a
 * literal takes 4 to 5 bits, they cost 1 to 4 %, and everywhere the search for
 * them takes a sixth of the time.  So the mean cost of a literal in the block
 * before decides, in bits.
 */
#define LAZY_MATCH3_MIN_LITERAL_NBITS 6

/* A match of 3 bytes further away takes more bits than its literals. */
#define LAZY_MATCH3_MAX_DISTANCE 1024

/*
 * Where tokens stand for this many bytes on the average, chains are followed
 * this many times further.  Such input (long lists of like records) has many
 * good candidates for each match, and few matches for each byte: it makes
 * the output 1 to 3 % smaller, at a speed still above that of prose.
 */
#define LAZY_REPETITIVE_TOKEN_NBYTES 6
#define LAZY_REPETITIVE_DEPTH_FACTOR 4

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
FGZ_INLINE void lazy_enter(const fgz_finder *finder, const fgz_input *input,
                           const uint8_t *next, bool uses_match3)
{
    uint64_t const bytes = fgz_load_le64(next);
    uint16_t const position = fgz_position(next, input);
    uint16_t *const head6 = &finder->long_heads[fgz_hash(
        bytes, LAZY_CHAIN_NBYTES, finder->hash_nbits)];

    finder->steps[position % FGZ_MAX_DISTANCE] = (uint16_t)(position - *head6);
    *head6 = position;
    finder->short_heads[fgz_hash(bytes, 4, finder->hash_nbits)] = position;
    if (uses_match3)
        finder->heads3[fgz_hash(bytes, 3, FGZ_HASH3_NBITS)] = position;
}

/*
 * The best match at next that is at least min_length long, and put next into
 * the tables.  min_length is 3 or more; 8 bytes from next on are known.
 *
 * First the latest position with the same 4 bytes.  Where those do not agree,
 * there is rarely a longer match either, and most positions that have no match
 * are settled by that one comparison.  Where they do, the chain of positions
 * with the same 6 bytes may have a longer one.
 */
FGZ_INLINE match lazy_find(const fgz_finder *finder, const fgz_input *input,
                           const uint8_t *next, uint32_t min_length,
                           uint32_t max_depth, uint32_t nice_nbytes,
                           bool uses_match3)
{
    uint64_t const bytes = fgz_load_le64(next);
    uint16_t const position = fgz_position(next, input);
    uint16_t *const head4 =
        &finder->short_heads[fgz_hash(bytes, 4, finder->hash_nbits)];
    uint16_t *const head6 = &finder->long_heads[fgz_hash(
        bytes, LAZY_CHAIN_NBYTES, finder->hash_nbits)];
    uint32_t const distance4 = (uint16_t)(position - *head4);
    uint32_t const max_distance = fgz_max_distance(next, input);
    uint32_t const max_nbytes = fgz_max_match(next, input);
    uint32_t step = (uint16_t)(position - *head6);
    uint32_t distance = 0;
    uint32_t distance3 = 0;
    uint32_t to_beat = min_length - 1;
    uint32_t end_bytes;
    match best = {0, 0};

    finder->steps[position % FGZ_MAX_DISTANCE] = (uint16_t)step;
    *head6 = position;
    *head4 = position;
    if (uses_match3) {
        uint16_t *const head3 =
            &finder->heads3[fgz_hash(bytes, 3, FGZ_HASH3_NBITS)];

        distance3 = (uint16_t)(position - *head3);
        *head3 = position;
    }

    /* One comparison rules out 0 as well: it wraps round. */
    if (distance4 - 1 >= max_distance ||
        fgz_load_le32(next - distance4) != (uint32_t)bytes) {
        if (uses_match3 && min_length <= 3 && distance3 - 1 < max_distance &&
            distance3 <= LAZY_MATCH3_MAX_DISTANCE &&
            ((fgz_load_le32(next - distance3) ^ bytes) & 0xffffff) == 0) {
            best.length = 3;
            best.distance = distance3;
        }
        return best;
    }
    if (to_beat >= max_nbytes)
        return best;
    /* To be longer, a match must agree in the 4 bytes up to its new end; most
     * do not. */
    if (to_beat < 4 || fgz_load_le32(next - distance4 + to_beat - 3) ==
                       fgz_load_le32(next + to_beat - 3)) {
        uint32_t const length =
            fgz_match_length(next, next - distance4, 4, max_nbytes);

        if (length > to_beat) {
            best.length = length;
            best.distance = distance4;
            to_beat = length;
            if (length >= nice_nbytes)
                return best;
        }
    }

    if (step == distance4) {
        distance = distance4;
        step = finder->steps[(position - distance) % FGZ_MAX_DISTANCE];
    }
    if (to_beat < LAZY_CHAIN_NBYTES - 1)
        to_beat = LAZY_CHAIN_NBYTES - 1;
    if (to_beat >= max_nbytes)
        return best;
    end_bytes = fgz_load_le32(next + to_beat - 3);
    /* Again the comparison rules out 0, the end of a chain. */
    for (; max_depth > 0 && step - 1 < max_distance - distance; max_depth--) {
        const uint8_t *candidate;

        distance += step;
        candidate = next - distance;
        step = finder->steps[(position - distance) % FGZ_MAX_DISTANCE];
        if (fgz_load_le32(candidate + to_beat - 3) == end_bytes &&
            fgz_load_le32(candidate) == (uint32_t)bytes) {
            uint32_t const length =
                fgz_match_length(next, candidate, 4, max_nbytes);

            if (length > to_beat) {
                best.length = length;
                best.distance = distance;
                to_beat = length;
                if (length >= nice_nbytes || length >= max_nbytes)
                    return best;
                end_bytes = fgz_load_le32(next + to_beat - 3);
            }
        }
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

/*
 * Put the positions from entered to next, which a match covers, into the
 * tables, or those near the ends.
 *
 * @return next, or tail where that is before it.
 */
FGZ_INLINE const uint8_t *lazy_enter_match(const fgz_finder *finder,
                                           const fgz_input *input,
                                           const uint8_t *entered,
                                           const uint8_t *next,
                                           const uint8_t *tail,
                                           const fgz_effort *effort,
                                           bool uses_match3)
{
    const uint8_t *const end = next < tail ? next : tail;

    if (end - entered > 4 * effort->entered_per_end) {
        for (unsigned i = 0; i < effort->entered_per_end; i++)
            lazy_enter(finder, input, entered++, uses_match3);
        entered = end - effort->entered_per_end;
    }
    for (; entered < end; entered++)
        lazy_enter(finder, input, entered, uses_match3);
    return entered;
}

FGZ_INLINE const uint8_t *lazy_parse(fgz_finder *shared_finder,
                                     const fgz_input *shared_input,
                                     const uint8_t *next, const uint8_t *stop,
                                     const fgz_effort *effort,
                                     fgz_tokens *tokens, bool uses_match3)
{
    /* Copies, which no store of a token can change, stay in registers: 3 % of
     * the time. */
    fgz_finder const local_finder = *shared_finder;
    fgz_input const local_input = *shared_input;
    const fgz_finder *const finder = &local_finder;
    const fgz_input *const input = &local_input;
    const uint8_t *const tail = fgz_input_tail(input);
    const uint8_t *entered = next - finder->missing;
    uint32_t const max_depth =
        tokens->token_nbytes < LAZY_REPETITIVE_TOKEN_NBYTES ?
        effort->max_depth :
        LAZY_REPETITIVE_DEPTH_FACTOR * effort->max_depth;

    for (; entered < next && entered < tail; entered++)
        lazy_enter(finder, input, entered, uses_match3);

    /* Up to two literals can precede a match: leave room for all three. */
    while (next < stop && next < tail &&
           tokens->count + 3 <= FGZ_BLOCK_MAX_NTOKENS) {
        match accepted =
            lazy_find(finder, input, next, FGZ_MIN_MATCH, max_depth,
                      effort->nice_nbytes, uses_match3);

        entered = next + 1;
        if (accepted.length == 0) {
            fgz_tokens_add_literal(tokens, *next++);
            continue;
        }
        while (accepted.length < effort->lazy_nbytes && next + 2 < tail &&
               tokens->count + 3 <= FGZ_BLOCK_MAX_NTOKENS) {
            match later =
                lazy_find(finder, input, next + 1, accepted.length,
                          max_depth / 4, effort->nice_nbytes,
                          uses_match3);

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
                              max_depth / 4, effort->nice_nbytes,
                              uses_match3);
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
        entered = lazy_enter_match(finder, input, entered, next, tail, effort,
                                   uses_match3);
    }

    while (next >= tail && next < stop &&
           tokens->count < FGZ_BLOCK_MAX_NTOKENS)
        fgz_tokens_add_literal(tokens, *next++);
    shared_finder->missing = (size_t)(next - entered);
    return next;
}

const uint8_t *fgz_parse_lazy(fgz_finder *finder, const fgz_input *input,
                              const uint8_t *next, const uint8_t *stop,
                              const fgz_effort *effort, fgz_tokens *tokens)
{
    if (tokens->literal_nbits < LAZY_MATCH3_MIN_LITERAL_NBITS) {
        finder->has_heads3 = false;
        return lazy_parse(finder, input, next, stop, effort, tokens, false);
    }
    if (!finder->has_heads3) {
        memset(finder->heads3, 0, sizeof(*finder->heads3) << FGZ_HASH3_NBITS);
        finder->has_heads3 = true;
    }
    return lazy_parse(finder, input, next, stop, effort, tokens, true);
}
