/*
 * finder.h - the tables in which parsers find matches: which there are, how
 * large they are, and when they are cleared
 *
 * Heads are cleared before each stream, as far as it can use them.  Without
 * that, the choice between equal matches would depend on what an earlier body
 * left behind.
 */
#ifndef FGZ_FINDER_H
#define FGZ_FINDER_H

#include "../common.h"

/* Matches of 3 bytes are only good nearby, where a small table knows them. */
#define FGZ_HASH3_NBITS 11

/* How many positions are remembered by what was recent when they were entered:
 * more than are ever entered ahead, a power of 2. */
#define FGZ_RECENT_COUNT 4096

/* How many places a frame of the staged parser has. */
#define FGZ_PLACES_COUNT 65536

/* How many of them are kept when it moves on: the largest distance of the
 * streams for which it does. */
#define FGZ_PLACES_HISTORY_COUNT 32768

/* Which tables there are, and the most that they hold. */
typedef struct fgz_finder_shape {
    /*
     * The most heads, as a power of 2; 0: nothing is searched.  More find more
     * in long input, and take longer to clear and more of the caches.
     */
    unsigned heads_max_nbits;
    /* Lazy: whether there are chains of links, and heads of 3 bytes. */
    bool has_chains;
    /* Staged: how much there is to note steps in, in 16 bits, 0 if there are no
     * places either; and how much for whoever takes the steps. */
    size_t steps_count;
    size_t counts_count;
} fgz_finder_shape;

typedef struct fgz_finder {
    /* Each is the latest position for a hash of 4 bytes. */
    uint16_t *heads;
    /* The largest distance to use, a power of 2. */
    uint32_t max_distance;
    unsigned hash_nbits; /* of heads */
    /* How many positions from the next one on are in the tables already; less
     * than 0 where too few bytes were known to enter those before it. */
    ptrdiff_t nentered_ahead;

    /* Lazy: for each position modulo max_distance, how far back the one before
     * it with the same hash is, so that these form chains; and for what lies
     * just ahead of the parse, modulo FGZ_RECENT_COUNT, the same of 3 bytes,
     * which is kept up only sometimes. */
    uint16_t *links;
    uint8_t *recent3;
    uint16_t *heads3;
    bool has_heads3;

    /* Staged: see staged.c. */
    uint16_t *places;
    uint16_t *steps;
    uint16_t *counts;     /* for whoever takes the steps */
    uint32_t frame_begin; /* the position of the first of places */
    bool is_barren;       /* the last part had hardly any match */
} fgz_finder;

/*
 * Lay the tables out from tables on, which is as good as cleared; if that is
 * NULL, only count.
 *
 * @return how many entries they have, all told.
 */
size_t fgz_finder_lay_out(fgz_finder *finder, uint16_t *tables,
                          const fgz_finder_shape *shape, uint32_t max_distance);

/*
 * Make ready for a stream of total_nbytes or FGZ_SIZE_UNKNOWN, with tables of
 * heads of at most 2 to the power of heads_max_nbits entries.
 */
void fgz_finder_clear(fgz_finder *finder, unsigned heads_max_nbits,
                      uint64_t total_nbytes);

#endif /* FGZ_FINDER_H */
