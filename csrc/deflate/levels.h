/*
 * levels.h - what the levels mean: every level a row, every length of input a
 * column; and how much memory an encoder takes
 *
 * For deflate.c alone, which has no other figures of levels.
 */
#ifndef FGZ_LEVELS_H
#define FGZ_LEVELS_H

#include "../parse/staged.h"
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
    fgz_finder_shape shape;
    /* By the length of the input. */
    fgz_effort efforts[FGZ_NEXTENTS];
} fgz_level;

#define STORED {.parse = NULL}

/* No limit of that kind. */
#define ANY UINT16_MAX

/*
 * The staged parser.  Without splits a block is as many parts as there is room
 * for, which takes a tenth less time and makes 16 to 128 KB .7 % larger.
 */
#define STAGED(may_split, nbytes, depth) \
    {.parse = fgz_parse_staged, \
     .splits = may_split, \
     .hash_nbytes = nbytes, \
     .part_ntokens = UINT16_MAX, \
     .max_depth = depth}

/*
 * The lazy parser, with what a literal is taken to cost before any were coded:
 * in the first part of a short body matches of 3 bytes save 0.2 %, at the
 * levels that take the time for them, since distances are short there, and
 * literals not yet cheap.
 */
#define SHORT(...) {fgz_parse_lazy, true, 4, 6, __VA_ARGS__}
#define OTHER(...) {fgz_parse_lazy, true, 4, 0, __VA_ARGS__}
#define ALIKE(...) \
    SHORT(__VA_ARGS__), OTHER(__VA_ARGS__), OTHER(__VA_ARGS__), \
        OTHER(__VA_ARGS__)

/* What an encoder has for each of the parsers. */
#define PLACES \
    {15, false, FGZ_STAGED_STEPS_COUNT(FGZ_STAGED_PART_NBYTES), \
     FGZ_STAGED_COUNTS_COUNT}
#define CHAINS {15, true, 0, 0}

/*
 * Level 6 is more thorough for long input and for streams, whose events are
 * flushed one by one: long lists of like records are where that shows most.  It
 * takes 1 % off streams, and makes them no larger than zlib's; of generated
 * records 2.6 %, and of long web files .6 %, for a sixth more of the time.
 */
static const fgz_level fgz_levels[FGZ_OPTIMAL_MIN_LEVEL] = {
    /*
     * shape, and for short, medium, long input and streams, staged
     *     splits, hash_nbytes, max_depth
     * or lazy
     *     part_ntokens, max_depth, depth_per_byte, steps_per_byte, nice, lazy,
     *     two_ahead, thorough, match3
     */
    {{0, false, 0, 0}, {STORED, STORED, STORED, STORED}},
    {PLACES,
     {STAGED(false, 4, 1), STAGED(false, 5, 1), STAGED(false, 5, 1),
      STAGED(false, 5, 1)}},
    {PLACES,
     {STAGED(true, 4, 2), STAGED(true, 5, 3), STAGED(true, 5, 4),
      STAGED(true, 5, 3)}},
    {CHAINS,
     {SHORT(1024, 7, ANY, 1, 48, 24, false, 12, 7),
      OTHER(1024, 7, 2, 1, 48, 24, false, 24, 7),
      OTHER(1024, 7, 2, 1, 48, 24, false, 24, 7),
      OTHER(1024, 7, ANY, 1, 48, 24, false, 12, 7)}},
    {CHAINS, {ALIKE(1024, 12, 3, 1, 64, 32, false, 32, 7)}},
    {CHAINS,
     {SHORT(1024, 14, ANY, 1, 128, 64, false, 12, 7),
      OTHER(1024, 20, 5, 1, 128, 64, false, 64, 7),
      OTHER(1024, 20, 5, 1, 128, 64, false, 64, 7),
      OTHER(1024, 18, ANY, 1, 128, 64, false, 12, 7)}},
    {CHAINS,
     {SHORT(1024, 15, ANY, 2, 128, 64, false, 12, 7),
      OTHER(1024, 24, 7, 2, 128, 64, false, 64, 7),
      OTHER(1024, 36, 4, 3, 128, 64, true, 0, 7),
      OTHER(512, 36, 6, 2, 160, 64, true, 0, 7)}},
    {CHAINS, {ALIKE(512, 72, 7, 5, 258, 128, true, 0, 7)}},
    {CHAINS, {ALIKE(512, 152, 14, 7, 258, 258, true, 0, 6)}},
    {CHAINS,
     {SHORT(512, 250, ANY, 5, 258, 258, true, 0, 6),
      OTHER(512, 600, 16, 6, 258, 258, true, 0, 6),
      OTHER(1024, 1000, 48, 10, 258, 258, true, 0, 6),
      OTHER(512, 250, ANY, 5, 258, 258, true, 0, 6)}},
};

/* A small encoder has no memory for places: at the levels below, except the one
 * that stores, it codes as at this one. */
#define FGZ_SMALL_MIN_LEVEL 3

#undef STORED
#undef ANY
#undef STAGED
#undef SHORT
#undef OTHER
#undef ALIKE
#undef PLACES
#undef CHAINS

/*
 * The levels from here on weigh all ways through the input; but a small encoder
 * has no memory for that, and codes as at the level below them.
 *
 * A body of up to FGZ_OPTIMAL_SHORT_NBYTES has a column of its own: there level
 * 10 has one pass.  A second, and the search for codes that the other levels
 * make, would take half as long again, for 0.4 % below 1.5 KB and 0.15 % below
 * 4 KB (held-back half, AMD EPYC, Zen 4).
 */
#define FGZ_OPTIMAL_SHORT_NBYTES 4096

typedef struct fgz_optimal_level {
    fgz_optimal_effort short_effort;
    fgz_optimal_effort effort;
} fgz_optimal_level;

static const fgz_optimal_level
    fgz_optimal_levels[FGZ_DEFLATE_MAX_LEVEL - FGZ_OPTIMAL_MIN_LEVEL + 1] = {
        /* {max_depth, short_depth, steps_per_byte}, npasses, nlengths,
         * part_ntokens, codes_effort; first for short input */
        {{{24, 0, 32}, 1, 4, 1024, 1}, {{24, 0, 32}, 2, 4, 512, 1}},
        {{{64, 6, 64}, 3, 8, 64, 3}, {{64, 6, 64}, 3, 8, 64, 3}},
        {{{400, 24, 256}, 9, 20, 64, 5}, {{400, 24, 256}, 9, 20, 70, 5}},
};

/* ---- Memory ---- */

/* How much an encoder takes. */
typedef struct fgz_memory {
    /* How far back matches may reach, a power of 2. */
    uint32_t history_nbytes;
    /* See window.h. */
    size_t window_nbytes;
    /* The most entries of a table of heads as a power of 2, whatever the level
     * allows.  No column has more than FGZ_LONG. */
    unsigned heads_max_nbits[FGZ_NEXTENTS];
    /* The most tokens in a block.  More: fewer dynamic headers, of 50 to 90
     * bytes each, and more memory, which only long blocks touch: twice as many
     * are .1 % less at levels 6 to 9 above 128 KB, and 1 % less time at level
     * 1. */
    size_t block_max_ntokens;
} fgz_memory;

/* 279 KB, of which a stream of unknown length touches at most 247, and 95 KB
 * more at the levels that have places; and small, for streams of which there
 * may be thousands: 64 KB. */
static const fgz_memory fgz_normal_memory = {
    32768, 65536, {15, 15, 15, 14}, 16384};
static const fgz_memory fgz_small_memory = {
    8192, 12288, {12, 12, 12, 12}, 1024};

/* For the optimal levels, which allocate what they need for a chunk while they
 * code it: history, a chunk, and what comes before it is coded. */
static const fgz_memory fgz_optimal_memory = {
    FGZ_MAX_DISTANCE,
    FGZ_MAX_DISTANCE + FGZ_OPTIMAL_CHUNK_NBYTES + FGZ_LOOKAHEAD_NBYTES,
    {0, 0, 0, 0},
    0};

#endif /* FGZ_LEVELS_H */
