/*
 * Finds the matches of every position, longer ones with larger distances.
 *
 * Two passes, one a few thousand positions ahead of the other.  The first
 * enters each position into five tables of heads, and notes how far back the
 * previous ones with the same 3, 4, 5, 6 and 8 bytes are.  It has no branches,
 * and the tables are not needed again: all later look-ups go to these notes,
 * which lie in the order of the input.
 *
 * The second searches.  The previous places with the same 3 to 6 bytes are
 * compared first, and are usually all that matters.  A match that is longer
 * than L at a position p, and than 7, has the 8 bytes at p + L - 7 in it: so
 * the chain that is followed is that of those bytes, whose members agree with
 * the *end* of what is wanted.  It is exact, gives the nearest first, and is
 * mostly empty, which proves at once that nothing is longer.
 *
 * The match of one position is the next one's too, less a byte, and ends where
 * it did.  So its chain was followed already, and all that has to be known of
 * it is at which position the first of its members begins to agree.
 */
#include "matches.h"

#include "parse.h"

/* The tables of heads, as powers of 2, for little and for much input.  More
 * entries mix up fewer strings, and take longer to clear. */
#define HASH_MIN_NBITS 9
#define HASH_MAX_NBITS 15
/* The table of 3 bytes has more by this, as far as the largest. */
#define HASH3_MORE_NBITS 2
/* That of 8 bytes, whose chains are followed and hold what shares a hash, has
 * so many where the others have the most: 2 more bits take 2 to 4 % off the
 * time of level 10 above 16 KB. */
#define HASH8_MAX_NBITS 17

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

static unsigned hash8_nbits_for(size_t in_nbytes)
{
    unsigned const nbits = hash_nbits_for(in_nbytes);

    return nbits < HASH_MAX_NBITS ? nbits : HASH8_MAX_NBITS;
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
    return (sizeof(uint64_t) + sizeof(uint16_t)) * steps_count_for(in_nbytes) +
           sizeof(uint16_t) * (((size_t)1 << hash3_nbits_for(in_nbytes)) +
                               ((size_t)3 << hash_nbits_for(in_nbytes)) +
                               ((size_t)1 << hash8_nbits_for(in_nbytes)));
}

void fgz_matches_lay_out(fgz_matches *matches, uint8_t *memory,
                         size_t in_nbytes)
{
    size_t const steps_count = steps_count_for(in_nbytes);

    matches->hash_nbits = hash_nbits_for(in_nbytes);
    matches->hash3_nbits = hash3_nbits_for(in_nbytes);
    matches->hash8_nbits = hash8_nbits_for(in_nbytes);
    matches->steps_mask = steps_count - 1;
    matches->steps = (uint64_t *)(void *)memory;
    matches->heads3 = (uint16_t *)(void *)(matches->steps + steps_count);
    matches->heads4 = matches->heads3 + ((size_t)1 << matches->hash3_nbits);
    matches->heads5 = matches->heads4 + ((size_t)1 << matches->hash_nbits);
    matches->heads6 = matches->heads5 + ((size_t)1 << matches->hash_nbits);
    matches->heads8 = matches->heads6 + ((size_t)1 << matches->hash_nbits);
    matches->steps8 = matches->heads8 + ((size_t)1 << matches->hash8_nbits);
}

/* ---- The first pass ---- */

/* Enter the positions from next to end, which are counted from begin. */
static void enter(fgz_matches *matches, const uint8_t *begin, size_t next,
                  size_t end)
{
    uint16_t *const heads3 = matches->heads3;
    uint16_t *const heads4 = matches->heads4;
    uint16_t *const heads5 = matches->heads5;
    uint16_t *const heads6 = matches->heads6;
    uint16_t *const heads8 = matches->heads8;
    uint64_t *const steps = matches->steps;
    uint16_t *const steps8 = matches->steps8;
    size_t const mask = matches->steps_mask;
    unsigned const nbits3 = matches->hash3_nbits;
    unsigned const nbits = matches->hash_nbits;
    unsigned const nbits8 = matches->hash8_nbits;

    FGZ_COUNT_WORK(end - next);
    for (; next < end; next++) {
        uint64_t const bytes = fgz_load_le64(begin + next);
        uint32_t const position = (uint32_t)next + FIRST_POSITION;
        uint16_t *const head3 = &heads3[fgz_hash(bytes, 3, nbits3)];
        uint16_t *const head4 = &heads4[fgz_hash(bytes, 4, nbits)];
        uint16_t *const head5 = &heads5[fgz_hash(bytes, 5, nbits)];
        uint16_t *const head6 = &heads6[fgz_hash(bytes, 6, nbits)];
        uint16_t *const head8 = &heads8[fgz_hash(bytes, 8, nbits8)];

        steps[next & mask] = (uint64_t)(uint16_t)(position - *head3) |
                             (uint64_t)(uint16_t)(position - *head4) << 16 |
                             (uint64_t)(uint16_t)(position - *head5) << 32 |
                             (uint64_t)(uint16_t)(position - *head6) << 48;
        steps8[next & mask] = (uint16_t)(position - *head8);
        *head3 = (uint16_t)position;
        *head4 = (uint16_t)position;
        *head5 = (uint16_t)position;
        *head6 = (uint16_t)position;
        *head8 = (uint16_t)position;
    }
}

#define STEP3(steps) ((uint32_t)(uint16_t)(steps))
#define STEP4(steps) ((uint32_t)(uint16_t)((steps) >> 16))
#define STEP5(steps) ((uint32_t)(uint16_t)((steps) >> 32))
#define STEP6(steps) ((uint32_t)((steps) >> 48))

/* ---- The second pass ---- */

/* What is known of a position and of those before it. */
typedef struct seeker {
    const uint8_t *at;
    uint32_t position;     /* counted from begin */
    uint32_t max_nbytes;   /* of any match */
    uint32_t max_distance; /* that does not reach before begin */
    uint32_t length;       /* of the longest match; below 3: none */
    uint32_t distance;     /* of it */
    uint32_t walked_end;   /* the last end whose chain was followed, */
    uint32_t wakes;        /* and from which position on that finds more */
    int64_t steps_left;    /* of what the chunk may take for chains */
} seeker;

FGZ_INLINE uint32_t match_of(uint32_t length, uint32_t distance)
{
    return length | (distance - 1) << 9;
}

/* The matches that are found at a position: where the next goes, and the length
 * of the last, which is the longest. */
typedef struct finds {
    uint32_t *next;
    uint32_t length;
} finds;

/*
 * Compare 8 bytes with what is so far back, and have a match if they agree in
 * more than the longest so far.  For distances that were noted for this
 * position: at most twice FGZ_MAX_DISTANCE, and not before begin if they are no
 * more than that.
 *
 * Whether there is a match has no pattern, so there is no branch, other than
 * one for 8 bytes that agree; a conditional expression would become one.
 */
FGZ_INLINE void try_noted(finds *found, const uint8_t *at, uint64_t bytes,
                          uint32_t distance, uint32_t max_distance)
{
    uint32_t const is_near = 0u - (uint32_t)(distance - 1 < max_distance);
    uint64_t const difference =
        fgz_load_le64(at - (distance & is_near)) ^ bytes;
    uint32_t const length =
        (difference == 0 ? 8 : fgz_lowest_bit64(difference) >> 3) & is_near;
    bool const is_longer = length > found->length;

    FGZ_COUNT_WORK(1);
    *found->next = match_of(length, distance);
    found->next += is_longer;
    found->length = is_longer ? length : found->length;
}

/* Follow the chain of the same 4 bytes for matches of 5 bytes and more. */
FGZ_INLINE void follow_short(finds *found, const fgz_matches *matches,
                             const seeker *seek, uint32_t distance,
                             unsigned depth)
{
    uint64_t const bytes = fgz_load_le64(seek->at);

    for (; depth > 0 && found->length < 8; depth--) {
        uint32_t const step = STEP4(
            matches->steps[(seek->position - distance) & matches->steps_mask]);

        distance += step;
        if (step == 0 || distance > seek->max_distance)
            break;
        try_noted(found, seek->at, bytes, distance, FGZ_MAX_DISTANCE);
    }
}

/*
 * From where on a candidate agrees, of which the 8 bytes from offset on do: the
 * least start so that all bytes in [start, offset) are the same.
 */
FGZ_INLINE uint32_t find_start(const uint8_t *at, const uint8_t *candidate,
                               uint32_t offset)
{
    uint64_t difference;

    for (; offset >= 8; offset -= 8) {
        difference = fgz_load_le64(at + offset - 8) ^
                     fgz_load_le64(candidate + offset - 8);
        FGZ_COUNT_WORK(1);
        if (difference != 0)
            return offset - 7 + (fgz_highest_bit64(difference) >> 3);
    }
    difference = (fgz_load_le64(at) ^ fgz_load_le64(candidate)) &
                 (((uint64_t)1 << 8 * offset) - 1);
    return difference == 0 ? 0 : (fgz_highest_bit64(difference) >> 3) + 1;
}

/*
 * Follow chains of the same 8 bytes, at the end of what would be longer than
 * the longest match so far; each one that is found makes that longer, and its
 * end another.  next is where matches go, and distance the first step of the
 * chain.  Notes what was followed, and from where on that finds more.
 *
 * @return where the next match goes.
 */
static FGZ_NOINLINE uint32_t *follow_ends(seeker *seek, uint32_t *next,
                                          const fgz_matches *matches,
                                          const fgz_search *search,
                                          uint32_t distance)
{
    const uint16_t *const steps8 = matches->steps8;
    size_t const mask = matches->steps_mask;
    const uint8_t *const at = seek->at;
    uint32_t const position = seek->position;
    uint32_t const max_distance = seek->max_distance;
    unsigned const max_depth = seek->steps_left > 0 ?
                                   search->max_depth :
                                   (search->max_depth + 15u) / 16;
    unsigned depth = max_depth;
    uint32_t longest = seek->length < 7 ? 7 : seek->length;
    uint32_t offset = longest - 7;
    uint64_t end_bytes = fgz_load_le64(at + offset);
    uint32_t wakes = UINT32_MAX;

    while (distance - 1 < max_distance) {
        const uint8_t *const candidate = at - distance;
        uint32_t const step = steps8[(position + offset - distance) & mask];

        seek->steps_left--;
        FGZ_COUNT_WORK(1);
        if (fgz_load_le64(candidate + offset) == end_bytes) {
            uint32_t const start = find_start(at, candidate, offset);

            seek->steps_left -= (offset - start) / 8;
            if (start == 0) {
                uint32_t const length = fgz_match_length(
                    at, candidate, longest + 1, seek->max_nbytes);

                seek->steps_left -= (length - longest) / 8;
                /* What is shorter and further away is of no use. */
                if (seek->length >= FGZ_MIN_MATCH && distance < seek->distance)
                    next--;
                *next++ = match_of(length, distance);
                seek->length = longest = length;
                seek->distance = distance;
                if (length == seek->max_nbytes)
                    return next;
                wakes = UINT32_MAX;
                depth = max_depth;
                offset = longest - 7;
                end_bytes = fgz_load_le64(at + offset);
                distance = steps8[(position + offset) & mask];
                continue;
            }
            wakes = start < wakes ? start : wakes;
        }
        if (step == 0 || --depth == 0)
            break;
        distance += step;
    }
    /* What would reach before begin does not from its distance on. */
    if (distance - 1 < FGZ_MAX_DISTANCE && distance > position &&
        distance - position < wakes)
        wakes = distance - position;
    seek->walked_end = position + longest;
    seek->wakes = wakes == UINT32_MAX ? UINT32_MAX : position + wakes;
    return next;
}

/* The match of the position before goes on, if nothing longer was found.
 * @return where the next match goes. */
FGZ_INLINE uint32_t *inherit(seeker *seek, finds found)
{
    if (found.length < seek->length) {
        if (seek->length >= FGZ_MIN_MATCH)
            *found.next++ = match_of(seek->length, seek->distance);
    } else if (found.length >= FGZ_MIN_MATCH) {
        seek->length = found.length;
        seek->distance = FGZ_MATCH_DISTANCE(found.next[-1]);
    }
    return found.next;
}

/* Where fewer than 8 bytes are left: what heads of 3 and 4 bytes know. */
static uint32_t *search_tail(seeker *seek, uint32_t *next,
                             const fgz_matches *matches)
{
    uint32_t const position = seek->position + FIRST_POSITION;
    finds found = {next, FGZ_MIN_MATCH - 1};
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
        if (length > found.length) {
            *found.next++ = match_of(length, distance);
            found.length = length;
        }
    }
    return inherit(seek, found);
}

/* Search a position that has 8 bytes.  @return where the next match goes. */
FGZ_INLINE uint32_t *search_position(seeker *seek, uint32_t *next,
                                     const fgz_matches *matches,
                                     const fgz_search *search)
{
    size_t const mask = matches->steps_mask;
    uint64_t const steps = matches->steps[seek->position & mask];
    const uint8_t *const at = seek->at;
    uint64_t const bytes = fgz_load_le64(at);
    finds found = {next, FGZ_MIN_MATCH - 1};
    uint32_t longest, distance;

    if (seek->length >= 7 && STEP6(steps) == seek->distance) {
        /* What goes on is the nearest with 6 bytes: others are shorter. */
        try_noted(&found, at, bytes, STEP3(steps), seek->distance - 1);
        try_noted(&found, at, bytes, STEP4(steps), seek->distance - 1);
        try_noted(&found, at, bytes, STEP5(steps), seek->distance - 1);
        next = found.next;
        *next++ = match_of(seek->length, seek->distance);
    } else if (STEP3(steps) - 1 >= FGZ_MAX_DISTANCE) {
        /* What has no 3 bytes in reach has no more. */
        return next;
    } else {
        try_noted(&found, at, bytes, STEP3(steps), FGZ_MAX_DISTANCE);
        if (STEP4(steps) - 1 >= FGZ_MAX_DISTANCE)
            return inherit(seek, found);
        try_noted(&found, at, bytes, STEP4(steps), FGZ_MAX_DISTANCE);
        try_noted(&found, at, bytes, STEP5(steps), FGZ_MAX_DISTANCE);
        follow_short(&found, matches, seek, STEP4(steps),
                     search->max_short_depth);
        try_noted(&found, at, bytes, STEP6(steps), FGZ_MAX_DISTANCE);
        if (found.length == 8) {
            distance = FGZ_MATCH_DISTANCE(found.next[-1]);
            found.length =
                fgz_match_length(at, at - distance, 8, seek->max_nbytes);
            found.next[-1] = match_of(found.length, distance);
        }
        next = inherit(seek, found);
    }
    longest = seek->length < 7 ? 7 : seek->length;
    if ((seek->position + longest == seek->walked_end &&
         seek->position < seek->wakes) ||
        longest >= seek->max_nbytes)
        return next;
    distance = matches->steps8[(seek->position + longest - 7) & mask];
    return distance - 1 < seek->max_distance ?
               follow_ends(seek, next, matches, search, distance) :
               next;
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
    uint32_t *match = matches->list;
    uint32_t *const list_end =
        matches->list + matches->max_count - (FGZ_MAX_MATCH + 2);
    size_t entered = 0;
    seeker seek = {.steps_left = (int64_t)count * search->max_steps_per_byte};

    clear_heads(matches->heads3, matches->hash3_nbits);
    clear_heads(matches->heads4, matches->hash_nbits);
    clear_heads(matches->heads5, matches->hash_nbits);
    clear_heads(matches->heads6, matches->hash_nbits);
    clear_heads(matches->heads8, matches->hash8_nbits);
    for (size_t i = 0; i < count; i++) {
        size_t const position = first + i;
        uint32_t *const before = match;

        if (before > list_end)
            return i;
        seek.at = next + i;
        seek.position = (uint32_t)position;
        seek.max_nbytes = (uint32_t)fgz_min_size(count - i, FGZ_MAX_MATCH);
        seek.max_distance = (uint32_t)fgz_min_size(position, FGZ_MAX_DISTANCE);
        seek.length -= seek.length > 0;
        /* The format cut it; it may go on. */
        if (FGZ_UNLIKELY(seek.length == FGZ_MAX_MATCH - 1))
            seek.length = fgz_match_length(seek.at, seek.at - seek.distance,
                                           seek.length, seek.max_nbytes);
        if (entered < tail && entered < position + MIN_AHEAD_NBYTES) {
            size_t const enter_end =
                fgz_min_size(position + ENTER_AHEAD_NBYTES, tail);

            enter(matches, begin, entered, enter_end);
            entered = enter_end;
        }
        if (FGZ_LIKELY(position < tail))
            match = search_position(&seek, match, matches, search);
        else
            match = search_tail(&seek, match, matches);
        matches->counts[i] = (uint16_t)(match - before);
    }
    return count;
}
