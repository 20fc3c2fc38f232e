/*
 * levels.h - what the levels mean: every level a row, every length of input a
 * column; and how much memory an encoder takes
 *
 * For deflate.c alone, which has no other figures of levels.
 */
#ifndef FGZ_LEVELS_H
#define FGZ_LEVELS_H

#include "blocks.h"
#include "deflate.h"
#include "parse_optimal.h"
#include "window.h"

/* ---- Columns: how long the input is ---- */

typedef enum fgz_extent {
    FGZ_SHORT,  /* up to 16 KB */
    FGZ_MEDIUM, /* up to 128 KB */
    FGZ_LONG,
    FGZ_STREAM, /* of unknown length, and then mostly flushed now and then */
    FGZ_NEXTENTS
} fgz_extent;

static const uint64_t fgz_extent_max_nbytes[FGZ_NEXTENTS] = {
    (uint64_t)16 << 10, (uint64_t)128 << 10, FGZ_SIZE_UNKNOWN - 1,
    FGZ_SIZE_UNKNOWN};

/* ---- Rows ---- */

/* See fgz_optimal_levels. */
#define FGZ_OPTIMAL_MIN_LEVEL 10

typedef struct fgz_level {
    /* Strategy: NULL stores. */
    fgz_parser *parse;
    /* Memory. */
    fgz_finder_shape shape;
    /* Effort, by the length of the input. */
    fgz_effort efforts[FGZ_NEXTENTS];
} fgz_level;

/* A block is one part: the fast parser has no time for more. */
#define WHOLE UINT16_MAX

/* A longer half than any match has. */
#define ALL FGZ_MAX_MATCH

/*
 * Efforts, the first figure of which is what a literal is taken to cost before
 * any were coded: in the first part of a short body matches of 3 bytes save
 * 0.2 %, at the levels that take the time for them, since distances are short
 * there, and literals not yet cheap.
 */
#define SHORT(...) {6, __VA_ARGS__}
#define OTHER(...) {0, __VA_ARGS__}
#define ALIKE(...) \
    SHORT(__VA_ARGS__), OTHER(__VA_ARGS__), OTHER(__VA_ARGS__), \
        OTHER(__VA_ARGS__)

/*
 * Level 6 is deeper for long input.  zlib's is 4 times as deep as this one's;
 * long lists of like records are where that shows, at 1 % of size, and where
 * the time for it is there, because zlib takes three times as much.  Events
 * that are flushed one by one are such a list: a little deeper still takes 2 %
 * off them for 2 % of the time, and makes them no larger than zlib's.
 */
static const fgz_level fgz_levels[FGZ_OPTIMAL_MIN_LEVEL] = {
    /*
     * parse, {nheads, heads_max_nbits, has_chains}, and for short, medium,
     * long input and streams
     *     part_ntokens, max_depth, nice, lazy, per_end, two_ahead, match3
     */
    {NULL, {0, 0, false}, {ALIKE(WHOLE, 0, 0, 0, 0, false, 0)}},
    {fgz_parse_fast, {1, 13, false}, {ALIKE(WHOLE, 0, 0, 0, 0, false, 0)}},
    {fgz_parse_fast, {2, 14, false}, {ALIKE(WHOLE, 0, 0, 0, 0, false, 0)}},
    {fgz_parse_lazy, {2, 15, true}, {ALIKE(1024, 2, 32, 8, 8, false, 7)}},
    {fgz_parse_lazy, {2, 15, true}, {ALIKE(1024, 3, 32, 12, 12, false, 7)}},
    {fgz_parse_lazy, {2, 15, true}, {ALIKE(1024, 6, 64, 24, ALL, false, 7)}},
    {fgz_parse_lazy,
     {2, 15, true},
     {SHORT(1024, 8, 128, 64, ALL, false, 7),
      OTHER(1024, 8, 128, 64, ALL, false, 7),
      OTHER(512, 14, 160, 64, ALL, true, 7),
      OTHER(512, 20, 160, 64, ALL, true, 7)}},
    {fgz_parse_lazy, {2, 15, true}, {ALIKE(512, 32, 258, 258, ALL, true, 7)}},
    {fgz_parse_lazy, {3, 15, true}, {ALIKE(512, 32, 258, 258, ALL, true, 6)}},
    {fgz_parse_lazy, {3, 15, true}, {ALIKE(512, 250, 258, 258, ALL, true, 6)}},
};

#undef WHOLE
#undef ALL
#undef SHORT
#undef OTHER
#undef ALIKE

/*
 * The levels from here on weigh all ways through the input, whatever its
 * length; but a small encoder has no memory for that, and codes as at the level
 * below them.
 */
static const fgz_optimal_effort
    fgz_optimal_levels[FGZ_DEFLATE_MAX_LEVEL - FGZ_OPTIMAL_MIN_LEVEL + 1] = {
        /* {max_depth, short_depth, nice, inherited, min_age, steps_per_byte},
         * npasses, nlengths, part_ntokens, codes_effort */
        {{24, 0, 128, 24, 3, 32}, 2, 4, 128, 1},
        {{64, 4, 258, 258, 9, 64}, 3, 8, 64, 3},
        {{400, 16, 258, 258, 9, 256}, 8, 16, 64, 5},
};

/* ---- Memory ---- */

/* How much an encoder takes. */
typedef struct fgz_memory {
    /* How far back matches may reach, a power of 2. */
    uint32_t history_nbytes;
    /* See window.h. */
    size_t window_nbytes;
    /* The most tables of heads, and the most entries of one as a power of 2,
     * whatever the level allows.  No column has more than FGZ_LONG. */
    unsigned max_nheads;
    unsigned heads_max_nbits[FGZ_NEXTENTS];
    /* The most tokens in a block.  More: fewer dynamic headers, of 50 to 90
     * bytes each, and less that fits the caches beside the tables. */
    size_t block_max_ntokens;
} fgz_memory;

/* 310 KB, at the highest levels 375, of which a stream of unknown length
 * touches at most 246, or 278; and small, for streams of which there may be
 * thousands: 64 KB. */
static const fgz_memory fgz_normal_memory = {
    32768, 65536, 3, {15, 15, 15, 14}, 8192};
static const fgz_memory fgz_small_memory = {
    8192, 12288, 2, {12, 12, 12, 12}, 1024};

/* For the optimal levels, which allocate what they need for a chunk while they
 * code it: history, a chunk, and what comes before it is coded. */
static const fgz_memory fgz_optimal_memory = {
    FGZ_MAX_DISTANCE,
    FGZ_MAX_DISTANCE + FGZ_OPTIMAL_CHUNK_NBYTES + FGZ_LOOKAHEAD_NBYTES,
    0,
    {0, 0, 0, 0},
    0};

#endif /* FGZ_LEVELS_H */
