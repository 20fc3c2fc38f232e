/*
 * Finds the matches of every position, longer ones with larger distances.
 *
 * Two passes, one a few thousand positions ahead of the other.  The first
 * enters each position into four tables of heads, and notes how far back the
 * previous ones with the same 3, 4, 6 and 8 bytes are.  It has no branches, and
 * the tables are not needed again: all later look-ups go to these notes, which
 * lie in the order of the input.
 *
 * The second searches.  The previous places with the same 3, 4 and 6 bytes are
 * compared without branches, and are usually all that matters.  A match that is
 * longer than L at a position p, and than 7, has the 8 bytes at p + L - 7 in
 * it: so the chain that is followed is that of those bytes, whose members agree
 * with the *end* of what is wanted.  It is exact, gives the nearest first, and
 * is mostly empty, which proves at once that nothing is longer.
 */
#include "matches.h"

#include "parse.h"

/* The tables of heads, as powers of 2, for little and for much input.  More
 * entries mix up fewer strings, and take longer to clear. */
#define HASH_MIN_NBITS 9
#define HASH_MAX_NBITS 15
/* The table of 3 bytes has more by this, as far as the largest. */
#define HASH3_MORE_NBITS 2

/* The most positions whose steps are kept: as many as a step can span. */
#define STEPS_MAX_COUNT 65536

/*
 * Heads hold positions modulo 2^16, and the first is this, so that an empty
 * head, 0, is too far back for any of the first 32767 positions, and stands
 * for no more than one that may be compared for all others.
 */
#define FIRST_POSITION (FGZ_MAX_DISTANCE + 1)

/* How far the first pass is ahead of the second, at least where it is resumed,
 * and after that.  A match's end is looked up this far ahead. */
#define MIN_AHEAD_NBYTES (FGZ_MAX_MATCH + 2)
#define ENTER_AHEAD_NBYTES 4096

/* ---- Memory ---- */

static unsigned hash_nbits_for(size_t in_nbytes)
{
    unsigned nbits = HASH_MIN_NBITS;

    while (nbits < HASH_MAX_NBITS && (size_t)1 << (nbits - 1) < in_nbytes)
        nbits++;
    return nbits;
}

static unsigned hash3_nbits_for(size_t in_nbytes)
{
    return (unsigned)fgz_min_size(hash_nbits_for(in_nbytes) + HASH3_MORE_NBITS,
                                  HASH_MAX_NBITS);
}

static size_t steps_count_for(size_t in_nbytes)
{
    size_t count = 1;

    while (count < in_nbytes && count < STEPS_MAX_COUNT)
        count *= 2;
    return count;
}

size_t fgz_matches_tables_nbytes(size_t in_nbytes)
{
    return sizeof(uint64_t) * steps_count_for(in_nbytes) +
           sizeof(uint16_t) * (((size_t)1 << hash3_nbits_for(in_nbytes)) +
                               ((size_t)3 << hash_nbits_for(in_nbytes)));
}

void fgz_matches_lay_out(fgz_matches *matches, uint8_t *memory,
                         size_t in_nbytes)
{
    size_t const steps_count = steps_count_for(in_nbytes);

    matches->hash_nbits = hash_nbits_for(in_nbytes);
    matches->hash3_nbits = hash3_nbits_for(in_nbytes);
    matches->steps_mask = steps_count - 1;
    matches->steps = (uint64_t *)(void *)memory;
    matches->heads3 = (uint16_t *)(void *)(matches->steps + steps_count);
    matches->heads4 = matches->heads3 + ((size_t)1 << matches->hash3_nbits);
    matches->heads6 = matches->heads4 + ((size_t)1 << matches->hash_nbits);
    matches->heads8 = matches->heads6 + ((size_t)1 << matches->hash_nbits);
}

/* ---- The first pass ---- */

/* Enter the positions from next to end, which are counted from begin. */
static void enter(fgz_matches *matches, const uint8_t *begin, size_t next,
                  size_t end)
{
    uint16_t *const heads3 = matches->heads3;
    uint16_t *const heads4 = matches->heads4;
    uint16_t *const heads6 = matches->heads6;
    uint16_t *const heads8 = matches->heads8;
    uint64_t *const steps = matches->steps;
    size_t const mask = matches->steps_mask;
    unsigned const nbits3 = matches->hash3_nbits;
    unsigned const nbits = matches->hash_nbits;

    for (; next < end; next++) {
        uint64_t const bytes = fgz_load_le64(begin + next);
        uint32_t const position = (uint32_t)next + FIRST_POSITION;
        uint16_t *const head3 = &heads3[fgz_hash(bytes, 3, nbits3)];
        uint16_t *const head4 = &heads4[fgz_hash(bytes, 4, nbits)];
        uint16_t *const head6 = &heads6[fgz_hash(bytes, 6, nbits)];
        uint16_t *const head8 = &heads8[fgz_hash(bytes, 8, nbits)];

        steps[next & mask] = (uint64_t)(uint16_t)(position - *head3) |
                             (uint64_t)(uint16_t)(position - *head4) << 16 |
                             (uint64_t)(uint16_t)(position - *head6) << 32 |
                             (uint64_t)(uint16_t)(position - *head8) << 48;
        *head3 = (uint16_t)position;
        *head4 = (uint16_t)position;
        *head6 = (uint16_t)position;
        *head8 = (uint16_t)position;
    }
    FGZ_COUNT_WORK(end - next);
}

#define STEP3(steps) ((uint32_t)(uint16_t)(steps))
#define STEP4(steps) ((uint32_t)(uint16_t)((steps) >> 16))
#define STEP6(steps) ((uint32_t)(uint16_t)((steps) >> 32))
#define STEP8(steps) ((uint32_t)((steps) >> 48))

/* ---- The second pass ---- */

/* What is known at a position while it is searched. */
typedef struct seeker {
    uint32_t *next; /* where the next match goes */
    const uint8_t *at;
    uint64_t bytes;        /* at[0 .. 8) */
    uint32_t length;       /* of the longest match so far; 2: none */
    uint32_t distance;     /* of it */
    uint32_t max_nbytes;   /* of any match */
    uint32_t position;     /* counted from begin */
    uint32_t max_distance; /* that does not reach before begin */
    uint32_t old_length;   /* of the longest match of the position before, */
    uint32_t old_distance; /* less its first byte; 0: none */
    uint32_t old_age;      /* positions since it was found */
    int64_t steps_left;    /* of what the chunk may take for chains */
} seeker;

FGZ_INLINE uint32_t match_of(uint32_t length, uint32_t distance)
{
    return length | (distance - 1) << 9;
}

/*
 * Compare 8 bytes with what is so far back, and have a match if they agree in
 * more than the longest so far.  Without branches, for distances that were
 * noted for this position: at most twice FGZ_MAX_DISTANCE, and not before
 * begin if they are no more than that.
 */
FGZ_INLINE void try_noted(seeker *seek, uint32_t distance)
{
    bool const is_near = distance - 1 < FGZ_MAX_DISTANCE;
    uint64_t const difference =
        fgz_load_le64(seek->at - (is_near ? distance : 0)) ^ seek->bytes;
    uint32_t const agreeing =
        difference == 0 ? 8 : fgz_lowest_bit64(difference) >> 3;
    uint32_t const length = is_near ? agreeing : 0;
    bool const is_longer = length > seek->length;

    FGZ_COUNT_WORK(1);
    *seek->next = match_of(length, distance);
    seek->next += is_longer;
    seek->length = is_longer ? length : seek->length;
    seek->distance = is_longer ? distance : seek->distance;
}

/* The same, where 8 bytes agree: see how many more. */
FGZ_INLINE void lengthen(seeker *seek)
{
    if (seek->length == 8) {
        seek->length = fgz_match_length(seek->at, seek->at - seek->distance, 8,
                                        seek->max_nbytes);
        seek->next[-1] = match_of(seek->length, seek->distance);
    }
}

/* Follow the chain of the same 4 bytes for matches of 5 bytes and more. */
FGZ_INLINE void follow_short(seeker *seek, const fgz_matches *matches,
                             uint32_t distance, unsigned depth)
{
    for (; depth > 0 && seek->length < 8; depth--) {
        uint32_t const step = STEP4(
            matches->steps[(seek->position - distance) & matches->steps_mask]);

        distance += step;
        if (step == 0 || distance > seek->max_distance)
            break;
        try_noted(seek, distance);
    }
}

/*
 * Follow chains of the same 8 bytes, at the end of what would be longer than
 * the longest match so far; each one that is found makes that longer, and its
 * end another.
 */
FGZ_INLINE void follow_ends(seeker *seek, const fgz_matches *matches,
                            const fgz_search *search, unsigned depth)
{
    const uint64_t *const steps = matches->steps;
    size_t const mask = matches->steps_mask;
    const uint8_t *const at = seek->at;
    bool is_old_put = seek->old_length <= seek->length;
    uint32_t longest = seek->length < 7 ? 7 : seek->length;
    uint32_t offset, distance;
    uint64_t end_bytes;

    if (longest < seek->old_length)
        longest = seek->old_length;
    if (longest >= seek->max_nbytes || longest >= search->nice_nbytes)
        return;
    offset = longest - 7;
    end_bytes = fgz_load_le64(at + offset);
    distance = STEP8(steps[(seek->position + offset) & mask]);
    while (distance - 1 < seek->max_distance) {
        const uint8_t *const candidate = at - distance;
        uint32_t step;

        seek->steps_left--;
        FGZ_COUNT_WORK(1);
        if (((fgz_load_le64(candidate + offset) ^ end_bytes) |
             (fgz_load_le64(candidate) ^ seek->bytes)) == 0) {
            uint32_t const length =
                fgz_match_length(at, candidate, 8, seek->max_nbytes);

            seek->steps_left -= length / 8;
            if (length > longest) {
                if (!is_old_put && seek->old_distance < distance) {
                    *seek->next++ =
                        match_of(seek->old_length, seek->old_distance);
                    is_old_put = true;
                }
                *seek->next++ = match_of(length, distance);
                seek->length = longest = length;
                seek->distance = distance;
                if (length >= search->nice_nbytes || --depth == 0 ||
                    length == seek->max_nbytes)
                    break;
                offset = longest - 7;
                end_bytes = fgz_load_le64(at + offset);
                distance = STEP8(steps[(seek->position + offset) & mask]);
                continue;
            }
        }
        step = STEP8(steps[(seek->position + offset - distance) & mask]);
        if (step == 0 || --depth == 0)
            break;
        distance += step;
    }
}

/* Where fewer than 8 bytes are left: what heads of 3 and 4 bytes know. */
static void search_tail(seeker *seek, const fgz_matches *matches)
{
    uint32_t const position = seek->position + FIRST_POSITION;
    uint8_t padded[8] = {0};
    uint64_t bytes;
    uint16_t heads[2];

    memcpy(padded, seek->at, seek->max_nbytes);
    bytes = fgz_load_le64(padded);
    heads[0] = matches->heads3[fgz_hash(bytes, 3, matches->hash3_nbits)];
    heads[1] = matches->heads4[fgz_hash(bytes, 4, matches->hash_nbits)];
    for (unsigned i = 0; i < 2; i++) {
        uint32_t const distance = (uint16_t)(position - heads[i]);
        uint32_t length;

        if (distance - 1 >= seek->max_distance)
            continue;
        length = fgz_match_length(seek->at, seek->at - distance, 0,
                                  seek->max_nbytes);
        if (length > seek->length) {
            *seek->next++ = match_of(length, distance);
            seek->length = length;
            seek->distance = distance;
        }
    }
}

/* The match of the position before goes on, if nothing longer was found. */
FGZ_INLINE void inherit(seeker *seek)
{
    if (seek->length < FGZ_MIN_MATCH || seek->length < seek->old_length) {
        if (seek->old_length >= FGZ_MIN_MATCH)
            *seek->next++ = match_of(seek->old_length, seek->old_distance);
        return;
    }
    if (seek->length > seek->old_length || seek->distance != seek->old_distance)
        seek->old_age = 0;
    seek->old_length = seek->length;
    seek->old_distance = seek->distance;
}

static void clear_heads(uint16_t *heads, unsigned nbits)
{
    memset(heads, 0, sizeof(*heads) << nbits);
}

size_t fgz_matches_find(fgz_matches *matches, const fgz_search *search,
                        const uint8_t *begin, const uint8_t *next,
                        const uint8_t *end)
{
    size_t const first = (size_t)(next - begin);
    size_t const count = (size_t)(end - next);
    size_t const in_nbytes = first + count;
    /* From here on too few bytes are left to enter a position. */
    size_t const tail = in_nbytes < 8 ? 0 : in_nbytes - 7;
    uint32_t *const list_end =
        matches->list + matches->max_count - (FGZ_MAX_MATCH + 2);
    size_t entered = 0;
    seeker seek = {.next = matches->list,
                   .steps_left = (int64_t)count * search->max_steps_per_byte};

    clear_heads(matches->heads3, matches->hash3_nbits);
    clear_heads(matches->heads4, matches->hash_nbits);
    clear_heads(matches->heads6, matches->hash_nbits);
    clear_heads(matches->heads8, matches->hash_nbits);
    for (size_t i = 0; i < count; i++) {
        size_t const position = first + i;
        uint32_t *const before = seek.next;

        if (before > list_end)
            return i;
        seek.at = next + i;
        seek.position = (uint32_t)position;
        seek.length = FGZ_MIN_MATCH - 1;
        seek.distance = 0;
        seek.max_nbytes = (uint32_t)fgz_min_size(count - i, FGZ_MAX_MATCH);
        seek.max_distance = (uint32_t)fgz_min_size(position, FGZ_MAX_DISTANCE);
        seek.old_length -= seek.old_length > 0;
        seek.old_age++;
        if (entered < tail && entered < position + MIN_AHEAD_NBYTES) {
            size_t const enter_end =
                fgz_min_size(position + ENTER_AHEAD_NBYTES, tail);

            enter(matches, begin, entered, enter_end);
            entered = enter_end;
        }
        if (seek.old_length >= search->inherited_nbytes &&
            seek.old_age >= search->min_age) {
            *seek.next++ = match_of(seek.old_length, seek.old_distance);
        } else {
            if (position < tail) {
                uint64_t const steps =
                    matches->steps[position & matches->steps_mask];
                bool const has_steps = seek.steps_left > 0;

                seek.bytes = fgz_load_le64(seek.at);
                try_noted(&seek, STEP3(steps));
                try_noted(&seek, STEP4(steps));
                if (search->max_short_depth > 0 &&
                    STEP4(steps) - 1 < seek.max_distance)
                    follow_short(&seek, matches, STEP4(steps),
                                 search->max_short_depth);
                try_noted(&seek, STEP6(steps));
                lengthen(&seek);
                follow_ends(&seek, matches, search,
                            has_steps ? search->max_depth :
                                        (search->max_depth + 15u) / 16);
            } else if (seek.max_nbytes >= FGZ_MIN_MATCH) {
                search_tail(&seek, matches);
            }
            inherit(&seek);
        }
        matches->counts[i] = (uint16_t)(seek.next - before);
    }
    return count;
}
