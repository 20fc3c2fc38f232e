/*
 * The lazy parser: follows chains of places with the same bytes, and puts a
 * match off when one of the next positions has a better one.
 *
 * FIRST THE TABLES, THEN THE PARSE.  Positions are entered well ahead of the
 * parse, thousands at a time, by a loop without a branch that the input
 * decides; what it leaves for each position is how far back the same bytes
 * occurred last.  The parse reads no table of heads, and where it is does not
 * have to wait for one.
 *
 * THE CHAIN OF A MATCH'S END.  A longer match than one of n bytes has the last
 * bytes of its first n + 1 in common with it.  So it is among the places where
 * those bytes occurred, and *their* chain is followed: it has everything that
 * is longer, nearest first, and one look often shows that nothing is.  Begun a
 * byte or two later, the match that would be better at the next position ends
 * there or later too.  So one walk answers both questions: which is longer
 * here, and what is better at the next one or two.
 *
 * What differs between levels and encoders and does not change within a call,
 * such as which tables there are, is a constant in a variant of its own.
 */
#include <limits.h>

#include "../parse/lanes.h"
#include "parse.h"

/*
 * What chains are keyed on.  Since it is the end's chain that is followed,
 * those of 4 bytes lead to little that is of no use, and one table is all there
 * is: a second one for 8 bytes, with chains of those, found 0.4 % more at 16 to
 * 128 KB, nothing elsewhere, and to enter each position into it took a tenth of
 * the time.
 */
#define LAZY_CHAIN_NBYTES 4

/*
 * How far ahead of the parse positions are entered: at least, and at most.
 * While it decides on a token, the parse asks for places up to a longest match
 * after the last position it may put the match off to, which is why it stops
 * putting off near the end of what was entered.  More: fewer rounds, and more
 * that has left the first-level cache, and in a small encoder the end of
 * history, when the parse gets there.
 */
#define LAZY_LEAD_NBYTES 640
#define LAZY_BATCH_NBYTES 2048
#define LAZY_SMALL_BATCH_NBYTES 512

/* An empty head is 0; the first position of a stream is further from it than
 * any match may be, so that an empty head leads nowhere. */
#define LAZY_FIRST_POSITION (FGZ_MAX_DISTANCE + 1)

/*
 * A match of 3 bytes further away takes more bits than its literals.  Where
 * literals are expensive, matches of 3 bytes pay: in fonts they save up to
 * 10 % of the output, in minified scripts 0.5 to 1 %; in text, where a literal
 * takes 4 to 5 bits, they cost 1 to 4 %, and everywhere the search for them
 * takes a quarter to half of the time.  So each level sets the mean cost of a
 * literal from which on they are used.
 */
#define LAZY_MATCH3_MAX_DISTANCE 255

/*
 * How much better a later match has to be, see lazy_value; more for two
 * positions ahead, because a literal more is spent.
 */
#define LAZY_MIN_GAIN_ONE_AHEAD 1
#define LAZY_MIN_GAIN_TWO_AHEAD 6

/*
 * How much worse a longer match at the same position may be: one byte longer,
 * it may not be more than 32 times further away.  Without a limit output is 0.2
 * to 0.25 % larger from 16 KB to 1 MB; none worse at all: lists of like records
 * are 0.3 % larger.
 */
#define LAZY_MAX_LOSS_LONGER 2

/*
 * What following chains may take, because the input decides how long they are:
 * so many steps for each byte as the level allows, a step being a candidate or
 * 16 bytes of it that are compared, and some in advance in each call.  Where
 * that is spent, chains are followed a fraction as far, and so far at most.
 */
#define LAZY_NSTEPS_IN_ADVANCE 256
#define LAZY_SPENT_DIVISOR 8
#define LAZY_SPENT_MAX_DEPTH 32

/*
 * Which part of its depth a level takes for a first match, where what was last
 * entered with the same hash has other bytes: at one position of six that are
 * asked for at 16 to 128 KB, one of three or four above.  To try one place more
 * instead of none saves 0.2 % above 16 KB, four 0.3 %.  It is done while half
 * of what chains may take is left, because better matches need the rest.
 */
#define LAZY_FIRST_DIVISOR 16

/* What is constant in a variant. */
typedef struct lazy_kind {
    bool has_match3;
    bool is_small; /* history is less than FGZ_MAX_DISTANCE */
    bool looks_two_ahead;
} lazy_kind;

/* Where to search; copies in registers, which no store of a token can change:
 * 3 % of the time. */
typedef struct lazy_search {
    lazy_kind kind;
    const uint16_t *links;
    const uint8_t *recent3;
    uint32_t max_distance;
    uint32_t bias; /* what makes an address a position */
    fgz_input input;
} lazy_search;

/* ---- Tables ---- */

/* As fgz_hash; the shift leaves as many bits as a table has. */
FGZ_INLINE size_t lazy_hash(uint64_t bytes, unsigned shift)
{
    return (size_t)((bytes * FGZ_HASH_FACTOR) >> shift);
}

/* Put a position into a table.  @return how far back the last one was that had
 * the same hash, modulo 2^16. */
FGZ_INLINE uint32_t lazy_swap_head(uint16_t *heads, size_t hash,
                                   uint32_t position)
{
    uint32_t const distance = position - heads[hash];

    heads[hash] = (uint16_t)position;
    return distance;
}

/* Enter one position. */
FGZ_INLINE void lazy_enter(const fgz_finder *finder, const uint8_t *next,
                           uint32_t position)
{
    size_t const hash = lazy_hash(fgz_load_le32(next), 64 - finder->hash_nbits);

    finder->links[position & (finder->max_distance - 1)] =
        (uint16_t)lazy_swap_head(finder->heads, hash, position);
}

/* Enter a multiple of FGZ_LANES_COUNT positions, of which the first is one too,
 * so many at a time. */
FGZ_INLINE void lazy_enter_lanes(const fgz_finder *finder, const uint8_t *next,
                                 uint32_t position, size_t count)
{
    unsigned const shift = 64 - finder->hash_nbits;
    uint32_t const links_mask = finder->max_distance - 1;
    uint16_t *const links = finder->links;
    uint16_t *const heads = finder->heads;
    fgz_lanes positions = fgz_lanes_ramp(position);

    for (size_t i = 0; i < count; i += FGZ_LANES_COUNT) {
        fgz_lanes latest = fgz_lanes_zero();

#define LAZY_LOOK(k) \
    { \
        uint16_t *const head = \
            &heads[lazy_hash(fgz_load_le32(next + i + (k)), shift)]; \
        latest = FGZ_LANES_SET(latest, *head, k); \
        *head = (uint16_t)(position + (k)); \
    }
        LAZY_LOOK(0)
        LAZY_LOOK(1)
        LAZY_LOOK(2)
        LAZY_LOOK(3)
        LAZY_LOOK(4)
        LAZY_LOOK(5)
        LAZY_LOOK(6)
        LAZY_LOOK(7)
#undef LAZY_LOOK
        fgz_lanes_store(&links[position & links_mask],
                        fgz_lanes_subtract(positions, latest));
        positions = fgz_lanes_add(positions, fgz_lanes_of(FGZ_LANES_COUNT));
        position += FGZ_LANES_COUNT;
    }
}

/*
 * Enter positions by their first 3 bytes.
 *
 * All positions in the LAZY_MATCH3_MAX_DISTANCE before next are entered, or
 * there are none before.  So whatever a head says that is as near and has the
 * same bytes is true, and these heads are never cleared.
 */
FGZ_INLINE void lazy_enter3(const fgz_finder *finder, const uint8_t *next,
                            const uint8_t *end, uint32_t bias)
{
    uint16_t *const heads3 = finder->heads3;
    uint8_t *const recent3 = finder->recent3;
    uint32_t position = fgz_position(next, bias);

    FGZ_COUNT_WORK((size_t)(end - next));
    for (; next < end; next++, position++) {
        uint32_t const distance = (uint16_t)lazy_swap_head(
            heads3, fgz_hash(fgz_load_le32(next), 3, FGZ_HASH3_NBITS),
            position);

        recent3[position % FGZ_RECENT_COUNT] =
            (uint8_t)(distance <= LAZY_MATCH3_MAX_DISTANCE ? distance : 0);
    }
}

/* Enter the positions from next to end.  Four bytes from each on are known. */
FGZ_INLINE void lazy_fill(const fgz_finder *finder, bool has_match3,
                          const uint8_t *next, const uint8_t *end,
                          uint32_t bias)
{
    size_t nlanes;

    FGZ_COUNT_WORK((size_t)(end - next));
    if (has_match3)
        lazy_enter3(finder, next, end, bias);
    for (; next < end && fgz_position(next, bias) % FGZ_LANES_COUNT != 0;
         next++)
        lazy_enter(finder, next, fgz_position(next, bias));
    nlanes = (size_t)(end - next) & ~(size_t)(FGZ_LANES_COUNT - 1);
    lazy_enter_lanes(finder, next, fgz_position(next, bias), nlanes);
    for (next += nlanes; next < end; next++)
        lazy_enter(finder, next, fgz_position(next, bias));
}

/* From a position that was entered to the one before it in its chain; 0 or out
 * of reach: none. */
FGZ_INLINE uint32_t lazy_link_at(const lazy_search *search, uint32_t position)
{
    return search->links[position & (search->max_distance - 1)];
}

FGZ_INLINE uint32_t lazy_link(const lazy_search *search, const uint8_t *next)
{
    return lazy_link_at(search, fgz_position(next, search->bias));
}

/*
 * How far back a chain may lead.  What the input begins with has to be asked
 * for: the end of a match may lie behind the begin and the match's begin before
 * it, and a link that is that of a later position leads anywhere.
 */
FGZ_INLINE uint32_t lazy_max_distance(const lazy_search *search,
                                      const uint8_t *next)
{
    return (uint32_t)fgz_min_size((size_t)(next - search->input.begin),
                                  search->max_distance);
}

/* ---- The search ---- */

/* What was decided on a token so far: a match, and where it begins. */
typedef struct lazy_choice {
    const uint8_t *next;
    uint32_t length;
    uint32_t distance;
    uint32_t depth;     /* how many candidates may still be tried */
    uint32_t max_depth; /* how many that were */
    uint32_t nsteps;    /* what was spent beside, see LAZY_NSTEPS_IN_ADVANCE */
} lazy_choice;

/* A match that begins one or two bytes later; if there is none, of no value. */
typedef struct lazy_later {
    int value; /* see lazy_value */
    uint32_t nbytes_later;
    uint32_t length;
    uint32_t distance;
} lazy_later;

/* As fgz_match_length, by two words at a time: 2 % of the time. */
FGZ_INLINE uint32_t lazy_match_length(const uint8_t *next,
                                      const uint8_t *candidate, uint32_t known,
                                      uint32_t max_nbytes)
{
    uint32_t length = known;

    for (; length + 16 <= max_nbytes; length += 16) {
        uint64_t const first =
            fgz_load_le64(next + length) ^ fgz_load_le64(candidate + length);
        uint64_t const second = fgz_load_le64(next + length + 8) ^
                                fgz_load_le64(candidate + length + 8);

        FGZ_COUNT_WORK(1);
        if ((first | second) != 0) {
            uint64_t const difference = first != 0 ? first : second;

            return length + (first != 0 ? 0 : 8) +
                   (fgz_lowest_bit64(difference) >> 3);
        }
    }
    return fgz_match_length(next, candidate, length, max_nbytes);
}

/*
 * What a match saves, in quarters of a byte, and less a constant: a byte of
 * length is worth about 4 bits of code, a bit of distance is a bit.  One that
 * begins later has to be better than one that does not; two bytes later, more
 * so, because a literal more is spent.
 */
FGZ_INLINE int lazy_value(uint32_t length, uint32_t distance,
                          uint32_t nbytes_later)
{
    return 4 * (int)length - (int)fgz_highest_bit32(distance) -
           (nbytes_later == 2 ? LAZY_MIN_GAIN_TWO_AHEAD :
            nbytes_later == 1 ? LAZY_MIN_GAIN_ONE_AHEAD :
                                0);
}

/* The match with the place that was last entered with the same hash.  @return
 * its length, or 0. */
FGZ_INLINE uint32_t lazy_find_last(const lazy_search *search,
                                   const uint8_t *next, uint32_t *distance_ret)
{
    uint32_t const distance = lazy_link(search, next);

    *distance_ret = distance;
    /* One comparison rules out 0 as well: it wraps round. */
    if (distance - 1 >= search->max_distance ||
        fgz_load_le32(next - distance) != fgz_load_le32(next))
        return 0;
    return lazy_match_length(next, next - distance, LAZY_CHAIN_NBYTES,
                             fgz_max_match(next, &search->input));
}

/*
 * Where the place at *distance_ret has the same hash as next and other bytes:
 * the match with the first of up to max_nsteps places before it in the chain
 * that has the same.  Adds what it took to *nsteps.
 *
 * @return its length, or 0.
 */
FGZ_INLINE uint32_t lazy_find_before(const lazy_search *search,
                                     const uint8_t *next, uint32_t max_nsteps,
                                     uint32_t *nsteps, uint32_t *distance_ret)
{
    uint32_t const max_distance = lazy_max_distance(search, next);
    uint32_t distance = *distance_ret;

    /* If that is of no use either, 0 leads to no place. */
    for (uint32_t i = 0; i < max_nsteps && distance - 1 < max_distance; i++) {
        uint32_t const step = lazy_link(search, next - distance);

        FGZ_COUNT_WORK(1);
        ++*nsteps;
        distance = step == 0 ? 0 : distance + step;
        if (distance - 1 < max_distance &&
            fgz_load_le32(next - distance) == fgz_load_le32(next)) {
            *distance_ret = distance;
            return lazy_match_length(next, next - distance, LAZY_CHAIN_NBYTES,
                                     fgz_max_match(next, &search->input));
        }
    }
    return 0;
}

/* The match of 3 bytes nearby.  @return its length, or 0. */
FGZ_INLINE uint32_t lazy_find3(const lazy_search *search, const uint8_t *next,
                               uint32_t *distance_ret)
{
    uint32_t const distance =
        search->recent3[fgz_position(next, search->bias) % FGZ_RECENT_COUNT];

    *distance_ret = distance;
    if (distance - 1 >= (size_t)(next - search->input.begin) ||
        ((fgz_load_le32(next - distance) ^ fgz_load_le32(next)) & 0xffffff) !=
            0)
        return 0;
    return 3;
}

/* Whether a match may be put off, with room for the literals before it. */
FGZ_INLINE bool lazy_may_put_off(const lazy_choice *choice,
                                 const fgz_effort *effort,
                                 const uint8_t *put_off,
                                 const fgz_token_writer *tokens)
{
    return choice->length < effort->lazy_nbytes && choice->next < put_off &&
           fgz_tokens_avail(tokens) >= FGZ_PARSE_MIN_NTOKENS;
}

/* Put the match off: literals go before the one at this distance. */
FGZ_INLINE void lazy_put_off(fgz_token_writer *tokens, lazy_choice *choice,
                             uint32_t nbytes_later, uint32_t length,
                             uint32_t distance)
{
    fgz_put_literal(tokens, *choice->next++);
    if (nbytes_later == 2)
        fgz_put_literal(tokens, *choice->next++);
    choice->length = length;
    choice->distance = distance;
}

/* What begins one byte after a match of 3, for which no chain is followed. */
FGZ_INLINE lazy_later lazy_find_later(const lazy_search *search,
                                      const uint8_t *next,
                                      const uint8_t *put_off)
{
    lazy_later later = {INT_MIN, 1, 0, 0};

    if (next < put_off) {
        later.length = lazy_find_last(search, next + 1, &later.distance);
        if (later.length != 0)
            later.value = lazy_value(later.length, later.distance, 1);
    }
    return later;
}

/* Where a candidate has to agree with the input to be of use, and with what. */
typedef struct lazy_wanted {
    /* Four bytes each: the last of what is one byte longer, and the first that
     * all later matches have in common. */
    const uint8_t *end;
    const uint8_t *from;
    uint32_t end_bytes;
    uint32_t from_bytes;
    /* One of two bytes: where a match would begin earlier than the best later
     * one so far, and where it would go further than that. */
    const uint8_t *earlier;
    const uint8_t *further;
    uint32_t earlier_byte;
    uint32_t further_byte;
} lazy_wanted;

/* The bytes at from and those at the end; and more than the best later match,
 * if there is one, which may go up to the end of the input. */
FGZ_INLINE lazy_wanted lazy_want(const lazy_search *search, const uint8_t *next,
                                 const uint8_t *from, const uint8_t *end,
                                 const lazy_later *later)
{
    const uint8_t *const later_end = next + later->nbytes_later + later->length;
    bool const has_later = later->nbytes_later != 0;
    const uint8_t *const earlier =
        has_later ? next + later->nbytes_later - 1 : from;
    const uint8_t *const further =
        has_later && later_end < search->input.end ? later_end : earlier;

    return (lazy_wanted){
        end,     from,    fgz_load_le32(end), fgz_load_le32(from),
        earlier, further, *earlier,           *further};
}

/*
 * Whether a place so far back is of use.  To ask for more than the best later
 * match leaves out two of three that agree in the rest in documents above 128
 * KB and four of five above 1 MB, none of them of use: 3 to 7 % of the time at
 * the levels that put off for the best.
 */
FGZ_INLINE bool lazy_is_wanted(const lazy_search *search, lazy_wanted wanted,
                               uint32_t distance)
{
    uint32_t differs =
        (fgz_load_le32(wanted.end - distance) ^ wanted.end_bytes) |
        (fgz_load_le32(wanted.from - distance) ^ wanted.from_bytes);

    if (search->kind.looks_two_ahead)
        differs |= (*(wanted.earlier - distance) ^ wanted.earlier_byte) *
                   (*(wanted.further - distance) ^ wanted.further_byte);
    return differs == 0;
}

/* How many candidates are left where the search for something better than the
 * match ends, see depth_per_byte of fgz_effort. */
FGZ_INLINE uint32_t lazy_min_depth(const lazy_choice *choice,
                                   const fgz_effort *effort)
{
    uint32_t const depth =
        effort->depth_per_byte * (choice->length - (FGZ_MIN_MATCH - 1));

    return depth < choice->max_depth ? choice->max_depth - depth : 0;
}

/*
 * Follow a chain from the place at *distance_ptr on to the first that is of
 * use, until min_depth of *depth_ptr candidates are left.  A link is read
 * before it is known whether there is a place, since all else waits for it: 2 %
 * of the time.
 *
 * @return whether there is one: then it is at *distance_ptr, and *step_ret
 * leads from it to the next; 0: to none.
 */
FGZ_INLINE bool lazy_follow(const lazy_search *search, const uint8_t *chain,
                            lazy_wanted wanted, uint32_t max_distance,
                            uint32_t min_depth, uint32_t *depth_ptr,
                            uint32_t *distance_ptr, uint32_t *step_ret)
{
    uint32_t const position = fgz_position(chain, search->bias);
    uint32_t depth = *depth_ptr;
    uint32_t distance = *distance_ptr;
    uint32_t step;
    bool is_found = false;

    for (;;) {
        step = lazy_link_at(search, position - distance);
        if (distance - 1 >= max_distance || depth <= min_depth)
            break;
        FGZ_COUNT_WORK(1);
        depth--;
        if (lazy_is_wanted(search, wanted, distance)) {
            is_found = true;
            break;
        }
        if (step == 0)
            break;
        distance += step;
    }
    *depth_ptr = depth;
    *distance_ptr = distance;
    *step_ret = step;
    return is_found;
}

/*
 * Follow the chain of the match's end to what is longer here, and from there on
 * the chain of that one's end; what is longer by less than its distance costs
 * is passed over.  A match shorter than effort->thorough_nbytes is put off for
 * the first that begins one or two bytes later and is better.  The match has
 * LAZY_CHAIN_NBYTES or more.
 *
 * What is longer is in the chain of each end before: where that of the new end
 * begins nearer than the place reached, the old one is followed on.
 *
 * @return the best that begins later, if the match was not put off for it.
 */
FGZ_INLINE lazy_later lazy_improve(const lazy_search *search,
                                   lazy_choice *choice,
                                   const fgz_effort *effort,
                                   const uint8_t *put_off,
                                   fgz_token_writer *tokens)
{
    lazy_later later = {INT_MIN, 0, 0, 0};
    /* The place of which the chain is followed, and how far back that led. */
    const uint8_t *chain = choice->next;
    uint32_t distance = 0;

    while (choice->length < effort->nice_nbytes &&
           choice->length < fgz_max_match(choice->next, &search->input)) {
        const uint8_t *const next = choice->next;
        uint32_t const max_distance = lazy_max_distance(search, next);
        uint32_t const min_depth = lazy_min_depth(choice, effort);
        const uint8_t *const end =
            next + choice->length - (LAZY_CHAIN_NBYTES - 1);
        uint32_t const end_distance = lazy_link(search, end);
        /* All that is of use has the bytes from there on in common. */
        uint32_t const from =
            search->kind.looks_two_ahead && choice->length > 4 ? 2 : 1;
        uint32_t const max_nbytes = fgz_max_match(next + from, &search->input);
        lazy_wanted wanted = lazy_want(search, next, next + from, end, &later);

        if (end_distance > distance) {
            chain = end;
            distance = end_distance;
        }
        for (;;) {
            const uint8_t *candidate;
            uint32_t nbytes_later = from;
            uint32_t length, step;

            if (!lazy_follow(search, chain, wanted, max_distance, min_depth,
                             &choice->depth, &distance, &step))
                return later;
            candidate = next - distance;
            length = lazy_match_length(next + from, candidate + from,
                                       LAZY_CHAIN_NBYTES, max_nbytes);
            choice->nsteps += length >> 4;
            if (length + from > choice->length) {
                int value, gain;

                /* Back to where it begins. */
                while (nbytes_later > 0 &&
                       next[nbytes_later - 1] == candidate[nbytes_later - 1]) {
                    length += length < FGZ_MAX_MATCH;
                    nbytes_later--;
                }
                value = lazy_value(length, distance, nbytes_later);
                gain = value - lazy_value(choice->length, choice->distance, 0);
                if (nbytes_later == 0) {
                    if (gain > -LAZY_MAX_LOSS_LONGER) {
                        choice->length = length;
                        choice->distance = distance;
                        if (step == 0)
                            return later;
                        distance += step;
                        break;
                    }
                } else if (choice->length >= effort->thorough_nbytes) {
                    if (value > later.value) {
                        later =
                            (lazy_later){value, nbytes_later, length, distance};
                        wanted =
                            lazy_want(search, next, next + from, end, &later);
                    }
                } else if (gain > 0 &&
                           lazy_may_put_off(choice, effort, put_off, tokens)) {
                    lazy_put_off(tokens, choice, nbytes_later, length,
                                 distance);
                    distance = 0;
                    break;
                }
            }
            if (step == 0)
                return later;
            distance += step;
        }
    }
    return later;
}

/* ---- The parse ---- */

/* From here on no match is put off, so that it ends before the end of what was
 * entered. */
FGZ_INLINE const uint8_t *lazy_put_off_end(const uint8_t *entered,
                                           const uint8_t *tail)
{
    return entered == tail ? tail - 2 : entered - FGZ_MAX_MATCH;
}

/* What may have been spent where so many bytes are parsed. */
FGZ_INLINE uint32_t lazy_max_nsteps(const fgz_effort *effort, ptrdiff_t nbytes)
{
    return LAZY_NSTEPS_IN_ADVANCE + effort->nsteps_per_byte * (uint32_t)nbytes;
}

typedef void lazy_filler(const fgz_finder *finder, const uint8_t *next,
                         const uint8_t *end, uint32_t bias);

FGZ_INLINE const uint8_t *lazy_parse(fgz_finder *finder, const fgz_input *input,
                                     const uint8_t *next, const uint8_t *stop,
                                     const fgz_effort *shared_effort,
                                     fgz_tokens *shared_tokens, lazy_kind kind,
                                     lazy_filler *fill)
{
    lazy_search const local_search = {
        kind,
        finder->links,
        finder->recent3,
        kind.is_small ? finder->max_distance : FGZ_MAX_DISTANCE,
        fgz_position_bias(input) + LAZY_FIRST_POSITION,
        *input};
    const lazy_search *const search = &local_search;
    fgz_effort const effort = *shared_effort;
    size_t const ahead_nbytes =
        LAZY_LEAD_NBYTES +
        (kind.is_small ? LAZY_SMALL_BATCH_NBYTES : LAZY_BATCH_NBYTES);
    const uint8_t *const begin = next;
    /* From here on too few bytes are left for a chain. */
    const uint8_t *const tail = input->end - input->begin < LAZY_CHAIN_NBYTES ?
                                    input->begin :
                                    input->end - (LAZY_CHAIN_NBYTES - 1);
    const uint8_t *const chains_end = stop < tail ? stop : tail;
    const uint8_t *entered = next + finder->nentered_ahead;
    const uint8_t *put_off = lazy_put_off_end(entered, tail);
    uint32_t const first_nsteps = effort.max_depth / LAZY_FIRST_DIVISOR;
    uint32_t nsteps = 0; /* spent in this call, see LAZY_NSTEPS_IN_ADVANCE */
    fgz_token_writer tokens = fgz_tokens_begin(shared_tokens);

    /* Up to two literals can precede a match: leave room for all three. */
    while (next < chains_end &&
           fgz_tokens_avail(&tokens) >= FGZ_PARSE_MIN_NTOKENS) {
        lazy_choice choice = {next, 0, 0, effort.max_depth, 0, 0};

        if (FGZ_UNLIKELY(entered - next < LAZY_LEAD_NBYTES) && entered < tail) {
            const uint8_t *const end = (size_t)(tail - next) > ahead_nbytes ?
                                           next + ahead_nbytes :
                                           tail;

            fill(finder, entered, end, search->bias);
            entered = end;
            put_off = lazy_put_off_end(entered, tail);
        }
        choice.length = lazy_find_last(search, next, &choice.distance);
        if (choice.length == 0 && choice.distance != 0 && first_nsteps != 0 &&
            2 * nsteps <= lazy_max_nsteps(&effort, next - begin))
            choice.length = lazy_find_before(search, next, first_nsteps,
                                             &nsteps, &choice.distance);
        if (kind.has_match3 && choice.length == 0)
            choice.length = lazy_find3(search, next, &choice.distance);
        if (choice.length == 0) {
            fgz_put_literal(&tokens, *next++);
            continue;
        }
        if (nsteps > lazy_max_nsteps(&effort, next - begin))
            choice.depth = (uint32_t)fgz_min_size(
                (choice.depth + LAZY_SPENT_DIVISOR - 1) / LAZY_SPENT_DIVISOR,
                LAZY_SPENT_MAX_DEPTH);
        choice.max_depth = choice.depth;
        nsteps += choice.depth;
        for (;;) {
            lazy_later const later =
                kind.has_match3 && choice.length == 3 ?
                    lazy_find_later(search, choice.next, put_off) :
                    lazy_improve(search, &choice, &effort, put_off, &tokens);

            if (later.value <= lazy_value(choice.length, choice.distance, 0) ||
                !lazy_may_put_off(&choice, &effort, put_off, &tokens))
                break;
            lazy_put_off(&tokens, &choice, later.nbytes_later, later.length,
                         later.distance);
        }
        nsteps += choice.nsteps - choice.depth;
        fgz_put_match(&tokens, choice.length, choice.distance);
        next = choice.next + choice.length;
    }
    for (; next >= tail && next < stop && tokens.next < tokens.limit; next++)
        fgz_put_literal(&tokens, *next);
    finder->nentered_ahead = entered - next;
    fgz_tokens_end(shared_tokens, &tokens);
    return next;
}

/* The parser for each case, with what does not change in it, the fields of
 * lazy_kind, as a constant. */
#define LAZY_VARIANT(name, has_match3, ...) \
    static FGZ_NOINLINE void name##_fill(const fgz_finder *finder, \
                                         const uint8_t *next, \
                                         const uint8_t *end, uint32_t bias) \
    { \
        lazy_fill(finder, has_match3, next, end, bias); \
    } \
    static FGZ_NOINLINE const uint8_t *name( \
        fgz_finder *finder, const fgz_input *input, const uint8_t *next, \
        const uint8_t *stop, const fgz_effort *effort, fgz_tokens *tokens) \
    { \
        return lazy_parse(finder, input, next, stop, effort, tokens, \
                          (lazy_kind){has_match3, __VA_ARGS__}, name##_fill); \
    }

LAZY_VARIANT(lazy_one, false, false, false)
LAZY_VARIANT(lazy_one3, true, false, false)
LAZY_VARIANT(lazy_two, false, false, true)
LAZY_VARIANT(lazy_two3, true, false, true)
LAZY_VARIANT(lazy_small, false, true, true)
LAZY_VARIANT(lazy_small3, true, true, true)

static fgz_parser *const lazy_variants[3][2] = {
    {lazy_one, lazy_one3}, {lazy_two, lazy_two3}, {lazy_small, lazy_small3}};

/* Have heads of 3 bytes from now on: enter what is near and was entered
 * otherwise already. */
static void lazy_begin_match3(const fgz_finder *finder, const fgz_input *input,
                              const uint8_t *next)
{
    const uint8_t *const entered = next + finder->nentered_ahead;
    const uint8_t *const begin =
        next - input->begin > LAZY_MATCH3_MAX_DISTANCE ?
            next - LAZY_MATCH3_MAX_DISTANCE :
            input->begin;

    if (entered > begin)
        lazy_enter3(finder, begin, entered,
                    fgz_position_bias(input) + LAZY_FIRST_POSITION);
}

const uint8_t *fgz_parse_lazy(fgz_finder *finder, const fgz_input *input,
                              const uint8_t *next, const uint8_t *stop,
                              const fgz_effort *effort, fgz_tokens *tokens)
{
    bool const uses_match3 =
        tokens->literal_nbits >= effort->match3_literal_nbits;
    unsigned const index = finder->max_distance < FGZ_MAX_DISTANCE ?
                               2 :
                               (unsigned)effort->looks_two_ahead;

    if (uses_match3 && !finder->has_heads3)
        lazy_begin_match3(finder, input, next);
    finder->has_heads3 = uses_match3;
    return lazy_variants[index][uses_match3](finder, input, next, stop, effort,
                                             tokens);
}
