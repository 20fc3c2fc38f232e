/*
 * The fast parser: looks at two positions at a time, asks one or two tables
 * for the latest place with the same bytes, and takes what it finds at once.
 *
 * Two positions at a time, because what limits a parser of this kind is not
 * the count of its instructions but how long each decision waits for memory
 * and for the branch predictor: the look-ups of two positions do not wait for
 * each other, and where neither has a match, one branch settles both.  Taking
 * the second position's match where it is longer comes for nothing.
 *
 * There are two variants.  One table, keyed on 5 bytes, is the fastest.  Two
 * tables, keyed on 4 and on 8 bytes, take a third more time and make the
 * output 3 to 5 % smaller: the one knows short matches nearby, the other
 * keeps long ones from being overwritten by those.
 */
#include "parse.h"

/*
 * The main loop loads words, and enters positions into the tables, with no
 * check this far before the end of the input: a literal, 15 bytes of a match
 * and a word.
 */
#define FAST_MARGIN_NBYTES 24

/*
 * After this many literals without a match, as a power of 2, one more position
 * is stepped over at each search, after twice as many two, and so on.  Smaller
 * gives up on input that does not compress sooner; larger loses less where a
 * text only pauses.
 */
#define FAST_PATIENCE_LOG2 6

/* How many bytes a hash is taken from. */
#define FAST_ONLY_NBYTES 5
#define FAST_SHORT_NBYTES 4
#define FAST_LONG_NBYTES 8

/*
 * How many positions enter the tables after the first and before the end of a
 * match.  With one table a third one would cost 1 % of the time and save 0.1 %
 * of size; with two it saves 0.6 % for 3 %.
 */
#define FAST_ONLY_NENTERED 2
#define FAST_SHORT_NENTERED 3

/* The tables; copies in registers, which no store can change. */
typedef struct fast_tables {
    uint16_t *shorts;
    bool has_longs;
    uint16_t *longs;
    unsigned nbits;
    uint32_t max_distance;
    uint32_t bias; /* what makes an address a position */
} fast_tables;

FGZ_INLINE uint16_t fast_position(const fast_tables *tables,
                                  const uint8_t *next)
{
    return (uint16_t)fgz_position(next, tables->bias);
}

FGZ_INLINE uint16_t *fast_short_head(const fast_tables *tables, uint64_t bytes)
{
    return &tables->shorts[fgz_hash(
        bytes, tables->has_longs ? FAST_SHORT_NBYTES : FAST_ONLY_NBYTES,
        tables->nbits)];
}

FGZ_INLINE uint16_t *fast_long_head(const fast_tables *tables, uint64_t bytes)
{
    return &tables->longs[fgz_hash(bytes, FAST_LONG_NBYTES, tables->nbits)];
}

FGZ_INLINE void fast_enter(const fast_tables *tables, const uint8_t *next)
{
    uint64_t const bytes = fgz_load_le64(next);
    uint16_t const position = fast_position(tables, next);

    FGZ_COUNT_WORK(1);
    *fast_short_head(tables, bytes) = position;
    if (tables->has_longs)
        *fast_long_head(tables, bytes) = position;
}

/*
 * The match that a table promises, of 0 to 7 bytes, where 7 stands for all
 * longer ones.  A position out of reach is replaced by the one before next,
 * where a match, if there is one, is as good as any.  So next is not the first
 * byte of the input.
 */
FGZ_INLINE fgz_match fast_try(const fast_tables *tables, const uint8_t *next,
                              uint64_t bytes, uint16_t position, uint16_t head)
{
    uint32_t const promised = (uint16_t)(position - head);
    uint32_t const distance =
        promised - 1 < tables->max_distance ? promised : 1;
    uint64_t const difference = fgz_load_le64(next - distance) ^ bytes;

    return (fgz_match){fgz_lowest_bit64(difference | (uint64_t)1 << 63) >> 3,
                       distance};
}

/* The longer of the matches that the tables promise, and put next into them. */
FGZ_INLINE fgz_match fast_find(const fast_tables *tables, const uint8_t *next,
                               uint64_t bytes)
{
    uint16_t const position = fast_position(tables, next);
    uint16_t *const short_head = fast_short_head(tables, bytes);
    fgz_match best = fast_try(tables, next, bytes, position, *short_head);

    FGZ_COUNT_WORK(1);
    *short_head = position;
    if (tables->has_longs) {
        uint16_t *const long_head = fast_long_head(tables, bytes);
        fgz_match const other =
            fast_try(tables, next, bytes, position, *long_head);

        *long_head = position;
        best = other.length > best.length ? other : best;
    }
    return best;
}

FGZ_INLINE const uint8_t *fast_parse(fgz_finder *finder, const fgz_input *input,
                                     const uint8_t *next, const uint8_t *stop,
                                     fgz_tokens *shared_tokens, bool has_longs)
{
    const fast_tables tables = {finder->short_heads,  has_longs,
                                finder->long_heads,   finder->hash_nbits,
                                finder->max_distance, fgz_position_bias(input)};
    uint32_t const min_length =
        has_longs ? FAST_SHORT_NBYTES : FAST_ONLY_NBYTES;
    unsigned const nentered =
        has_longs ? FAST_SHORT_NENTERED : FAST_ONLY_NENTERED;
    const uint8_t *const tail = fgz_input_tail(input);
    const uint8_t *loop_end = input->end - input->begin < FAST_MARGIN_NBYTES ?
                                  input->begin :
                                  input->end - FAST_MARGIN_NBYTES;
    const uint8_t *unmatched = next;
    fgz_token_writer tokens = fgz_tokens_begin(shared_tokens);

    for (const uint8_t *p = next - finder->missing; p < next && p < tail; p++)
        fast_enter(&tables, p);
    finder->missing = 0;
    loop_end = stop < loop_end ? stop : loop_end;
    if (next == input->begin && next < loop_end) {
        fast_enter(&tables, next);
        fgz_put_literal(&tokens, *next++);
    }

    while (next < loop_end && fgz_tokens_avail(&tokens) >= 2) {
        uint64_t const bytes = fgz_load_le64(next);
        uint64_t const later_bytes = fgz_load_le64(next + 1);
        fgz_match best = fast_find(&tables, next, bytes);
        fgz_match const later = fast_find(&tables, next + 1, later_bytes);

        if (best.length < min_length && later.length < min_length) {
            size_t nskipped = (size_t)(next - unmatched) >> FAST_PATIENCE_LOG2;

            fgz_put_two_literals(&tokens, (uint8_t)bytes, (uint8_t)later_bytes);
            next += 2;
            if (FGZ_UNLIKELY(nskipped > 0) && next < stop) {
                nskipped = fgz_min_size(nskipped, (size_t)(stop - next));
                nskipped = fgz_min_size(nskipped, fgz_tokens_avail(&tokens));
                for (; nskipped > 0; nskipped--)
                    fgz_put_literal(&tokens, *next++);
            }
            continue;
        }
        if (later.length > best.length) {
            fgz_put_literal(&tokens, *next++);
            best = later;
        }
        if (best.length == 7) {
            uint64_t const difference = fgz_load_le64(next + 7) ^
                                        fgz_load_le64(next + 7 - best.distance);

            best.length = difference != 0 ?
                              7 + (fgz_lowest_bit64(difference) >> 3) :
                              fgz_match_length(next, next - best.distance, 15,
                                               fgz_max_match(next, input));
        }
        fgz_put_match(&tokens, best.length, best.distance);
        for (unsigned i = 1; i <= nentered; i++)
            fast_enter(&tables, next + i);
        next += best.length;
        if (next <= tail)
            for (unsigned i = nentered; i > 0; i--)
                fast_enter(&tables, next - i);
        unmatched = next;
    }

    /* The end of the input, or where two tokens do not fit any more. */
    while (next < stop && tokens.next < tokens.limit) {
        bool const is_tail = next >= tail;
        uint32_t nbytes;

        if (has_longs && !is_tail)
            *fast_long_head(&tables, fgz_load_le64(next)) =
                fast_position(&tables, next);
        nbytes = fgz_put_at_end(&tokens, tables.shorts, tables.nbits,
                                min_length, tables.max_distance, input, next);
        next += nbytes;
        if (is_tail)
            finder->missing += nbytes;
    }
    fgz_tokens_end(shared_tokens, &tokens);
    return next;
}

const uint8_t *fgz_parse_fast(fgz_finder *finder, const fgz_input *input,
                              const uint8_t *next, const uint8_t *stop,
                              const fgz_effort *effort, fgz_tokens *tokens)
{
    (void)effort;
    return finder->long_heads == NULL ?
               fast_parse(finder, input, next, stop, tokens, false) :
               fast_parse(finder, input, next, stop, tokens, true);
}
