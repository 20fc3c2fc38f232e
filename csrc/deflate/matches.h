/*
 * matches.h - the matches at each position of a chunk of input, found once, to
 * be weighed against each other as often as it takes
 *
 * For parse_optimal.c alone.
 */
#ifndef FGZ_MATCHES_H
#define FGZ_MATCHES_H

#include "../common.h"
#include "tables.h"

/* A match is one word: its length, and its distance less 1 from bit 9. */
#define FGZ_MATCH_LENGTH(match) ((match) & 511)
#define FGZ_MATCH_DISTANCE(match) (((match) >> 9) + 1)

/* How much a level searches. */
typedef struct fgz_search {
    /*
     * How many positions of a chain of strings of 8 bytes are tried, and how
     * many of one of 4 bytes, where the nearest matches of 5 to 7 bytes are.
     * Time is nearly proportional to the first in repetitive input.
     */
    uint16_t max_depth;
    uint16_t max_short_depth;
    /*
     * What all searches of a chunk may take for chains, in steps a byte: tried
     * positions, and words compared there.  Whoever chooses the input chooses
     * how long chains are.  Where that is spent, chains are followed a
     * sixteenth as far.
     */
    uint16_t max_steps_per_byte;
} fgz_search;

typedef struct fgz_matches {
    /* The latest position of the strings of 3, 4, 5, 6 and 8 bytes with a hash.
     */
    uint16_t *heads3;
    uint16_t *heads4;
    uint16_t *heads5;
    uint16_t *heads6;
    uint16_t *heads8;
    unsigned hash3_nbits;
    unsigned hash_nbits; /* of 4, 5 and 6 */
    unsigned hash8_nbits;
    /* For each position modulo a power of 2, how far back the one before it
     * with the same hash is: 16 bits each for 3, 4, 5 and 6 bytes, and apart
     * from them, because chains are followed there, for 8. */
    uint64_t *steps;
    uint16_t *steps8;
    size_t steps_mask;
    /* The matches of all positions, one after the other, and of each position
     * how many there are. */
    uint32_t *list;
    size_t max_count; /* of the list */
    uint16_t *counts;
} fgz_matches;

/* What the tables above take, but for the list and the counts, for
 * in_nbytes of chunk and history; a multiple of 8. */
size_t fgz_matches_tables_nbytes(size_t in_nbytes);

/* Lay the tables out, from memory on, whose address divides by 8. */
void fgz_matches_lay_out(fgz_matches *matches, uint8_t *memory,
                         size_t in_nbytes);

/* The least that a list may hold: those of the first position, and of the
 * next that might not fit any more. */
#define FGZ_MATCHES_MIN_COUNT (2 * (FGZ_MAX_MATCH + 2))

/*
 * Find the matches of the positions in [next, end), which may refer back as far
 * as begin, at most FGZ_MAX_DISTANCE before next.  Reads nothing from end on.
 *
 * Each position has its matches in the order of their lengths, of which each
 * has one at most, and the longest last.  They are those with the latest
 * positions that have the same 3 to 6 bytes, longer ones as far as chains
 * are followed, and the one that the position before had.  Each is the nearest
 * of its length that was looked at, not always that there is.
 *
 * @return how many positions were searched: fewer than there are where the
 * list is full.
 */
size_t fgz_matches_find(fgz_matches *matches, const fgz_search *search,
                        const uint8_t *begin, const uint8_t *next,
                        const uint8_t *end);

#endif /* FGZ_MATCHES_H */
