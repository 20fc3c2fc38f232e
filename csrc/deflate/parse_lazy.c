/*
 * The lazy parser: follows chains of positions with the same hash, and puts a
 * match off when the next position has a better one.
 *
 * The latest position with the same 4 bytes is asked first, because where that
 * has no match there is rarely another, and most positions are settled so.
 * Where it has one, a chain of positions with the same 8 bytes may have a
 * longer one, and so may the chain of the 8 bytes at which a longer match would
 * end: the one that leads further back is followed.  Chains are made of steps,
 * each the distance from one position to the one before it in the chain.
 *
 * What differs between levels and encoders and does not change within a call,
 * such as which tables there are, is a constant in a variant of its own.
 */
#include "parse.h"

/*
 * What the chains are keyed on.  Fewer bytes fill them with positions that
 * agree in as many and no more, in HTML above all: 8 instead of 6 bytes take
 * 8 % less time and make the output up to 1.2 % smaller.  A match of 4 to 7
 * bytes is found where it occurred last.
 */
#define LAZY_CHAIN_NBYTES 8

/*
 * The highest levels also ask for the latest position with the same 6 bytes,
 * since that with the same 4 seldom has as many: 0.3 % smaller, above 1 MB
 * 1.2 %, for 13 % of the time, which below them is better spent on depth.
 */
#define LAZY_MID_NBYTES 6

/*
 * A match of 3 bytes further away takes more bits than its literals.  Where
 * literals are expensive, matches of 3 bytes pay: in fonts they save up to
 * 10 % of the output, in minified scripts 0.5 to 1 %; in text, where a literal
 * takes 4 to 5 bits, they cost 1 to 4 %, and everywhere the search for them
 * takes a tenth of the time.  So each level sets the mean cost of a literal
 * from which on they are used.
 */
#define LAZY_MATCH3_MAX_DISTANCE 256

/*
 * How much better a later match has to be, see lazy_gain; more for two
 * positions ahead, because a literal more is spent.
 */
#define LAZY_MIN_GAIN_ONE_AHEAD 2
#define LAZY_MIN_GAIN_TWO_AHEAD 6

/*
 * What following chains may take: so many steps for each byte, a step being a
 * candidate or a word of it that is compared, and some in advance in each
 * call.  Where that is spent, chains are followed a fraction as far.
 *
 * The input decides how long chains are.  Web bodies take 1.5 steps a byte at
 * level 9, and at most 4; 4 instead of 6 would cost 0.003 % of size.  What
 * somebody makes up for it took 20, and 5 times as long as a web page.
 *
 * Counting takes 4 % of the time.  Where no chain is followed further than
 * this, the depth itself is bound enough.
 */
#define LAZY_NSTEPS_PER_BYTE 6
#define LAZY_NSTEPS_IN_ADVANCE 4096
#define LAZY_SPENT_DIVISOR 16
#define LAZY_UNBOUNDED_MAX_DEPTH 32

/* The tables; copies in registers, which no store can change. */
typedef struct lazy_tables {
    bool has_heads3;
    bool has_mid_heads;
    bool is_bounded; /* whether steps are counted, see LAZY_NSTEPS_PER_BYTE */
    uint16_t *heads3;
    uint16_t *short_heads;
    uint16_t *mid_heads;
    uint16_t *long_heads;
    uint16_t *steps;
    unsigned hash_nbits;
    uint32_t max_distance;
    uint32_t bias; /* what makes an address a position */
} lazy_tables;

FGZ_INLINE uint16_t *lazy_short_head(const lazy_tables *tables, uint64_t bytes)
{
    return &tables->short_heads[fgz_hash(bytes, 4, tables->hash_nbits)];
}

FGZ_INLINE uint16_t *lazy_mid_head(const lazy_tables *tables, uint64_t bytes)
{
    return &tables->mid_heads[fgz_hash(bytes, LAZY_MID_NBYTES,
                                       tables->hash_nbits)];
}

FGZ_INLINE uint16_t *lazy_long_head(const lazy_tables *tables, uint64_t bytes)
{
    return &tables->long_heads[fgz_hash(bytes, LAZY_CHAIN_NBYTES,
                                        tables->hash_nbits)];
}

FGZ_INLINE uint16_t *lazy_head3(const lazy_tables *tables, uint64_t bytes)
{
    return &tables->heads3[fgz_hash(bytes, 3, FGZ_HASH3_NBITS)];
}

FGZ_INLINE uint16_t *lazy_step(const lazy_tables *tables, uint32_t position)
{
    return &tables->steps[position & (tables->max_distance - 1)];
}

/* How far before a position the chain of the LAZY_CHAIN_NBYTES there begins. */
FGZ_INLINE uint32_t lazy_chain_begin(const lazy_tables *tables,
                                     uint32_t position, uint64_t bytes)
{
    return (uint16_t)(position - *lazy_long_head(tables, bytes));
}

/* Put one position into the tables.  8 bytes from next on are known. */
FGZ_INLINE void lazy_enter(const lazy_tables *tables, const uint8_t *next)
{
    uint64_t const bytes = fgz_load_le64(next);
    uint32_t const position = fgz_position(next, tables->bias);
    uint16_t *const long_head = lazy_long_head(tables, bytes);

    FGZ_COUNT_WORK(1);
    *lazy_step(tables, position) = (uint16_t)(position - *long_head);
    *long_head = (uint16_t)position;
    *lazy_short_head(tables, bytes) = (uint16_t)position;
    if (tables->has_mid_heads)
        *lazy_mid_head(tables, bytes) = (uint16_t)position;
    if (tables->has_heads3)
        *lazy_head3(tables, bytes) = (uint16_t)position;
}

/*
 * Make the match at this distance the best if it is longer than to_beat, which
 * is less than max_nbytes.
 *
 * @return whether it is.
 */
FGZ_INLINE bool lazy_try(const uint8_t *next, uint32_t distance,
                         uint32_t max_nbytes, uint32_t *to_beat,
                         fgz_match *best)
{
    const uint8_t *const candidate = next - distance;
    uint32_t length;

    /* To be longer it must agree in the 4 bytes up to its new end; most do
     * not. */
    if (*to_beat >= 4 && fgz_load_le32(candidate + *to_beat - 3) !=
                             fgz_load_le32(next + *to_beat - 3))
        return false;
    length = fgz_match_length(next, candidate, 0, max_nbytes);
    if (length <= *to_beat)
        return false;
    best->length = length;
    best->distance = distance;
    *to_beat = length;
    return true;
}

/*
 * Follow chains to the longest match, of those that are longer than to_beat,
 * which is at least LAZY_CHAIN_NBYTES - 1 and less than the input allows; or
 * return best.
 *
 * Whatever is longer is in two chains: in that of the LAZY_CHAIN_NBYTES at
 * next, and in that of those which end one byte after to_beat.  Both lead from
 * near to far, and nothing is there that one of them has passed over, so the
 * one that is further away is followed; which is asked again when a longer
 * match is found, whose end is another one.  In a list that repeats itself but
 * for its numbers the one chain has every record, and the other often nothing.
 * At equal depth the output is 0.5 to 1 % smaller than with the first chain
 * alone, in long lists 3 to 4 %, for 2 to 10 % more time; level 9 takes a
 * quarter less, because it tries less.
 *
 * distance is where the first chain begins, or any place in it before which
 * there is nothing longer.
 */
FGZ_INLINE fgz_match lazy_follow(const lazy_tables *tables,
                                 const fgz_input *input, const uint8_t *next,
                                 uint32_t distance, uint32_t max_depth,
                                 uint32_t nice_nbytes, uint32_t to_beat,
                                 uint32_t *nsteps, fgz_match best)
{
    uint32_t const max_nbytes = fgz_max_match(next, input);
    uint32_t const first_bytes = fgz_load_le32(next);
    uint32_t const position = fgz_position(next, tables->bias);
    /* The end of a match may lie within the input and its begin before. */
    uint32_t const max_distance = (uint32_t)fgz_min_size(
        (size_t)(next - input->begin), tables->max_distance);
    uint32_t ahead = 0; /* of the bytes whose chain is followed */
    uint32_t end = to_beat - (LAZY_CHAIN_NBYTES - 1);
    uint32_t end_distance;
    uint64_t end_bytes;

    /* One comparison rules out 0 as well: it wraps round. */
    if (distance - 1 >= max_distance || max_depth == 0)
        return best;
    end_bytes = fgz_load_le64(next + end);
    end_distance = lazy_chain_begin(tables, position + end, end_bytes);
    if (end_distance > distance) {
        ahead = end;
        distance = end_distance;
    }
    /* One comparison rules out 0 as well: it wraps round. */
    for (; max_depth > 0 && distance - 1 < max_distance; max_depth--) {
        const uint8_t *const candidate = next - distance;
        uint32_t const step = *lazy_step(tables, position + ahead - distance);

        FGZ_COUNT_WORK(1);
        if (tables->is_bounded)
            ++*nsteps;
        if (fgz_load_le64(candidate + end) == end_bytes &&
            fgz_load_le32(candidate) == first_bytes) {
            uint32_t const length =
                fgz_match_length(next, candidate, 4, max_nbytes);

            if (tables->is_bounded)
                *nsteps += length >> 3;
            if (length > to_beat) {
                best.length = length;
                best.distance = distance;
                if (length >= nice_nbytes || length >= max_nbytes)
                    break;
                to_beat = length;
                end = to_beat - (LAZY_CHAIN_NBYTES - 1);
                end_bytes = fgz_load_le64(next + end);
                end_distance =
                    lazy_chain_begin(tables, position + end, end_bytes);
                if (end_distance > distance + step) {
                    ahead = end;
                    distance = end_distance;
                    continue;
                }
            }
        }
        if (step == 0)
            break;
        distance += step;
    }
    return best;
}

/*
 * The best match at next that is at least min_length long, and put next into
 * the tables.  min_length is 3 or more; 8 bytes from next on are known.
 *
 * First the latest position with the same 4 bytes.  Where those do not agree,
 * there is rarely a longer match either, and most positions that have no match
 * are settled by that one comparison.  Where they do, a chain of positions
 * with the same 8 bytes may have a longer one.
 */
FGZ_INLINE fgz_match lazy_find(const lazy_tables *tables,
                               const fgz_input *input, const uint8_t *next,
                               uint32_t min_length, uint32_t max_depth,
                               uint32_t nice_nbytes, uint32_t *nsteps)
{
    uint64_t const bytes = fgz_load_le64(next);
    uint32_t const position = fgz_position(next, tables->bias);
    uint16_t *const short_head = lazy_short_head(tables, bytes);
    uint16_t *const long_head = lazy_long_head(tables, bytes);
    uint32_t const short_distance = (uint16_t)(position - *short_head);
    uint32_t const max_nbytes = fgz_max_match(next, input);
    uint32_t const step = (uint16_t)(position - *long_head);
    uint32_t distance;
    uint32_t next_step;
    uint32_t distance3 = 0;
    uint32_t mid_distance = 0;
    uint32_t to_beat = min_length - 1;
    fgz_match best = {0, 0};

    FGZ_COUNT_WORK(1);
    *lazy_step(tables, position) = (uint16_t)step;
    *long_head = (uint16_t)position;
    *short_head = (uint16_t)position;
    if (tables->has_mid_heads) {
        uint16_t *const mid_head = lazy_mid_head(tables, bytes);

        mid_distance = (uint16_t)(position - *mid_head);
        *mid_head = (uint16_t)position;
    }
    if (tables->has_heads3) {
        uint16_t *const head3 = lazy_head3(tables, bytes);

        distance3 = (uint16_t)(position - *head3);
        *head3 = (uint16_t)position;
    }

    /* One comparison rules out 0 as well: it wraps round. */
    if (short_distance - 1 >= tables->max_distance ||
        fgz_load_le32(next - short_distance) != (uint32_t)bytes) {
        if (tables->has_heads3 && min_length <= 3 &&
            distance3 - 1 < LAZY_MATCH3_MAX_DISTANCE &&
            ((fgz_load_le32(next - distance3) ^ bytes) & 0xffffff) == 0) {
            best.length = 3;
            best.distance = distance3;
        }
        return best;
    }
    if (to_beat >= max_nbytes)
        return best;
    if (lazy_try(next, short_distance, max_nbytes, &to_beat, &best) &&
        best.length >= nice_nbytes)
        return best;
    if (tables->has_mid_heads && mid_distance != short_distance &&
        mid_distance - 1 < tables->max_distance) {
        if (to_beat < LAZY_MID_NBYTES - 1)
            to_beat = LAZY_MID_NBYTES - 1;
        if (to_beat < max_nbytes &&
            lazy_try(next, mid_distance, max_nbytes, &to_beat, &best) &&
            best.length >= nice_nbytes)
            return best;
    }

    if (to_beat < LAZY_CHAIN_NBYTES - 1)
        to_beat = LAZY_CHAIN_NBYTES - 1;
    if (to_beat >= max_nbytes)
        return best;
    /* The chain mostly begins with what was just tried; whether it does is hard
     * to predict, so there is no branch. */
    next_step = *lazy_step(tables, position - step);
    distance =
        step == short_distance && next_step != 0 ? step + next_step : step;
    return lazy_follow(tables, input, next, distance, max_depth, nice_nbytes,
                       to_beat, nsteps, best);
}

/*
 * What a later match saves over an earlier one, in quarters of a byte: a byte
 * of length is worth about 4 bits of code, a bit of distance is a bit.
 */
FGZ_INLINE int lazy_gain(fgz_match later, fgz_match earlier)
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
FGZ_INLINE const uint8_t *lazy_enter_match(const lazy_tables *tables,
                                           const uint8_t *entered,
                                           const uint8_t *next,
                                           const uint8_t *tail,
                                           const fgz_effort *effort)
{
    const uint8_t *const end = next < tail ? next : tail;

    if (end - entered > 4 * effort->entered_per_end) {
        for (unsigned i = 0; i < effort->entered_per_end; i++)
            lazy_enter(tables, entered++);
        entered = end - effort->entered_per_end;
    }
    for (; entered < end; entered++)
        lazy_enter(tables, entered);
    return entered;
}

FGZ_INLINE const uint8_t *lazy_parse(
    fgz_finder *finder, const fgz_input *shared_input, const uint8_t *next,
    const uint8_t *stop, const fgz_effort *effort, fgz_tokens *shared_tokens,
    uint32_t max_distance, bool has_heads3, bool has_mid_heads, bool is_bounded)
{
    /* Copies, which no store of a token can change, stay in registers: 3 % of
     * the time. */
    lazy_tables const local_tables = {has_heads3,
                                      has_mid_heads,
                                      is_bounded,
                                      finder->heads3,
                                      finder->short_heads,
                                      finder->mid_heads,
                                      finder->long_heads,
                                      finder->steps,
                                      finder->hash_nbits,
                                      max_distance,
                                      fgz_position_bias(shared_input)};
    fgz_input const local_input = *shared_input;
    const lazy_tables *const tables = &local_tables;
    const fgz_input *const input = &local_input;
    const uint8_t *const tail = fgz_input_tail(input);
    const uint8_t *entered = next - finder->missing;
    const uint8_t *const begin = next;
    uint32_t nsteps = 0; /* spent in this call, see LAZY_NSTEPS_PER_BYTE */
    fgz_token_writer tokens = fgz_tokens_begin(shared_tokens);

    for (; entered < next && entered < tail; entered++)
        lazy_enter(tables, entered);

    /* Up to two literals can precede a match: leave room for all three. */
    while (next < stop && next < tail &&
           fgz_tokens_avail(&tokens) >= FGZ_PARSE_MIN_NTOKENS) {
        uint32_t const nsteps_allowed =
            LAZY_NSTEPS_IN_ADVANCE +
            LAZY_NSTEPS_PER_BYTE * (uint32_t)(next - begin);
        uint32_t const max_depth = !is_bounded || nsteps <= nsteps_allowed ?
                                       effort->max_depth :
                                       effort->max_depth / LAZY_SPENT_DIVISOR;
        fgz_match accepted = lazy_find(tables, input, next, FGZ_MIN_MATCH,
                                       max_depth, effort->nice_nbytes, &nsteps);

        entered = next + 1;
        if (accepted.length == 0) {
            fgz_put_literal(&tokens, *next++);
            continue;
        }
        while (accepted.length < effort->lazy_nbytes && next + 2 < tail &&
               fgz_tokens_avail(&tokens) >= FGZ_PARSE_MIN_NTOKENS) {
            fgz_match later =
                lazy_find(tables, input, next + 1, accepted.length,
                          max_depth / 4, effort->nice_nbytes, &nsteps);

            entered = next + 2;
            if (later.length != 0 &&
                lazy_gain(later, accepted) > LAZY_MIN_GAIN_ONE_AHEAD) {
                fgz_put_literal(&tokens, *next++);
                accepted = later;
                continue;
            }
            if (!effort->looks_two_ahead)
                break;
            later = lazy_find(tables, input, next + 2, accepted.length,
                              max_depth / 4, effort->nice_nbytes, &nsteps);
            entered = next + 3;
            if (later.length == 0 ||
                lazy_gain(later, accepted) <= LAZY_MIN_GAIN_TWO_AHEAD)
                break;
            fgz_put_literal(&tokens, *next++);
            fgz_put_literal(&tokens, *next++);
            accepted = later;
        }
        fgz_put_match(&tokens, accepted.length, accepted.distance);
        next += accepted.length;
        entered = lazy_enter_match(tables, entered, next, tail, effort);
    }

    /* Too near the end for a chain: the last place with the same 4 bytes. */
    while (next >= tail && next < stop && tokens.next < tokens.limit)
        next += fgz_put_at_end(&tokens, tables->short_heads, tables->hash_nbits,
                               4, tables->max_distance, input, next);
    finder->missing = (size_t)(next - entered);
    fgz_tokens_end(shared_tokens, &tokens);
    return next;
}

/* The parser for each case, with what does not change in it as a constant. */
#define LAZY_VARIANT(name, max_distance, has_heads3, has_mid_heads, \
                     is_bounded) \
    static FGZ_NOINLINE const uint8_t *name( \
        fgz_finder *finder, const fgz_input *input, const uint8_t *next, \
        const uint8_t *stop, const fgz_effort *effort, fgz_tokens *tokens) \
    { \
        return lazy_parse(finder, input, next, stop, effort, tokens, \
                          max_distance, has_heads3, has_mid_heads, \
                          is_bounded); \
    }

LAZY_VARIANT(lazy_parse_plain, FGZ_MAX_DISTANCE, false, false, false)
LAZY_VARIANT(lazy_parse_plain3, FGZ_MAX_DISTANCE, true, false, false)
LAZY_VARIANT(lazy_parse_mid, FGZ_MAX_DISTANCE, false, true, false)
LAZY_VARIANT(lazy_parse_mid3, FGZ_MAX_DISTANCE, true, true, false)
LAZY_VARIANT(lazy_parse_deep, FGZ_MAX_DISTANCE, false, true, true)
LAZY_VARIANT(lazy_parse_deep3, FGZ_MAX_DISTANCE, true, true, true)
LAZY_VARIANT(lazy_parse_small, finder->max_distance, false, false, true)
LAZY_VARIANT(lazy_parse_small3, finder->max_distance, true, false, true)

const uint8_t *fgz_parse_lazy(fgz_finder *finder, const fgz_input *input,
                              const uint8_t *next, const uint8_t *stop,
                              const fgz_effort *effort, fgz_tokens *tokens)
{
    bool const uses_match3 =
        tokens->literal_nbits >= effort->match3_literal_nbits;
    fgz_parser *parse = uses_match3 ? lazy_parse_plain3 : lazy_parse_plain;

    if (finder->max_distance != FGZ_MAX_DISTANCE)
        parse = uses_match3 ? lazy_parse_small3 : lazy_parse_small;
    else if (effort->max_depth > LAZY_UNBOUNDED_MAX_DEPTH)
        parse = uses_match3 ? lazy_parse_deep3 : lazy_parse_deep;
    else if (finder->mid_heads != NULL)
        parse = uses_match3 ? lazy_parse_mid3 : lazy_parse_mid;
    if (uses_match3 && !finder->has_heads3)
        memset(finder->heads3, 0, sizeof(*finder->heads3) << FGZ_HASH3_NBITS);
    finder->has_heads3 = uses_match3;
    return parse(finder, input, next, stop, effort, tokens);
}
