/*
 * The memory of the tables: one array, cut up once, of which each stream uses
 * and clears no more than its length asks for.
 *
 * For a body of 1 KB that is 4 KB instead of 64.
 *
 * LINKS ARE NEVER CLEARED, because no link is used that was not written in the
 * same stream, however stale the head is that leads there.  Positions are
 * entered in order, and all of them, from the first of the stream on.  A link
 * is found by the position modulo max_distance, and asked for only at positions
 * that were entered, from the begin of the input on: it is that position's, or
 * where that is too long ago a later one's.  The same goes for what is recent,
 * and for places; parse_lazy.c says why it goes for heads of 3 bytes.
 */
#include "finder.h"

/* The smallest table of heads, as a power of 2. */
#define HEADS_MIN_NBITS 9

/* Take count entries from *next_ptr, which is NULL while they are counted. */
static uint16_t *take_table(uint16_t **next_ptr, size_t *total, size_t count)
{
    uint16_t *const table = *next_ptr;

    *total += count;
    if (table != NULL)
        *next_ptr += count;
    return table;
}

size_t fgz_finder_lay_out(fgz_finder *finder, uint16_t *tables,
                          const fgz_finder_shape *shape, uint32_t max_distance)
{
    size_t total = 0;

    finder->max_distance = max_distance;
    if (shape->heads_max_nbits > 0)
        finder->heads =
            take_table(&tables, &total, (size_t)1 << shape->heads_max_nbits);
    if (shape->steps_count > 0) {
        finder->places = take_table(&tables, &total, FGZ_PLACES_COUNT);
        finder->steps = take_table(&tables, &total, shape->steps_count);
        finder->counts = take_table(&tables, &total, shape->counts_count);
    }
    if (shape->has_chains) {
        finder->links = take_table(&tables, &total, max_distance);
        finder->recent3 =
            (uint8_t *)take_table(&tables, &total, FGZ_RECENT_COUNT / 2);
        finder->heads3 =
            take_table(&tables, &total, (size_t)1 << FGZ_HASH3_NBITS);
    }
    return total;
}

void fgz_finder_clear(fgz_finder *finder, unsigned heads_max_nbits,
                      uint64_t total_nbytes)
{
    unsigned nbits = HEADS_MIN_NBITS;

    while (nbits < heads_max_nbits && (uint64_t)1 << (nbits - 1) < total_nbytes)
        nbits++;
    if (finder->heads != NULL)
        memset(finder->heads, 0, sizeof(*finder->heads) << nbits);
    finder->hash_nbits = nbits;
    finder->nentered_ahead = 0;
    finder->has_heads3 = false;
    finder->frame_begin = 0;
    finder->is_barren = false;
}
