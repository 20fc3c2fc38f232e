/*
 * Whole bodies and streams: puts together what a level (levels.h), a window
 * (window.h) and the driver of blocks (blocks.h) are.
 *
 * A whole body is coded from where it lies, a stream from its window.  An
 * encoder is one allocation, cut up once: this struct, the list of tokens, the
 * tables of the finder; the first stream allocates the window.
 */
#include "deflate.h"

#include "../alloc.h"
#include "blocks.h"
#include "levels.h"
#include "window.h"

struct fgz_deflate {
    const fgz_level *level;
    const fgz_optimal_level *optimal;         /* or NULL, see levels.h */
    const fgz_optimal_effort *optimal_effort; /* if so */
    const fgz_memory *memory;
    size_t memory_nbytes; /* without the window's */

    /* Where a stream stands. */
    fgz_window window;
    bool needs_flush; /* input was taken since the last flush */
    uint64_t bits;    /* of the last byte, not yet complete */
    unsigned nbits;

    fgz_blocks blocks;
};

/* ---- Life ---- */

typedef struct level_kind {
    const fgz_level *level;
    const fgz_optimal_level *optimal;
    const fgz_memory *memory;
} level_kind;

/* The most entries of a table of heads, as a power of 2, that both the level
 * and the memory allow. */
static unsigned heads_max_nbits(const fgz_level *level,
                                const fgz_memory *memory, fgz_extent extent)
{
    return level->shape.heads_max_nbits < memory->heads_max_nbits[extent] ?
               level->shape.heads_max_nbits :
               memory->heads_max_nbits[extent];
}

/* The tables that both the level and the memory allow. */
static fgz_finder_shape find_shape(const fgz_level *level,
                                   const fgz_memory *memory)
{
    fgz_finder_shape shape = level->shape;

    shape.heads_max_nbits = heads_max_nbits(level, memory, FGZ_LONG);
    return shape;
}

/* What a level is for an encoder of this kind: a row of one of two tables. */
static level_kind find_kind(int level, bool is_small)
{
    if (level < 0)
        level = FGZ_DEFLATE_DEFAULT_LEVEL;
    if (is_small && level > 0 && level < FGZ_SMALL_MIN_LEVEL)
        level = FGZ_SMALL_MIN_LEVEL;
    if (level < FGZ_OPTIMAL_MIN_LEVEL)
        return (level_kind){&fgz_levels[level], NULL,
                            is_small ? &fgz_small_memory : &fgz_normal_memory};
    if (is_small)
        return (level_kind){&fgz_levels[FGZ_OPTIMAL_MIN_LEVEL - 1], NULL,
                            &fgz_small_memory};
    /* Of the level that stores, for there are no tables to keep. */
    return (level_kind){&fgz_levels[0],
                        &fgz_optimal_levels[level - FGZ_OPTIMAL_MIN_LEVEL],
                        &fgz_optimal_memory};
}

fgz_deflate *fgz_deflate_create(int level_number, bool is_small)
{
    level_kind const kind = find_kind(level_number, is_small);
    const fgz_level *const level = kind.level;
    const fgz_memory *const memory = kind.memory;
    fgz_finder_shape const shape = find_shape(level, memory);
    size_t const list_count = memory->block_max_ntokens + 1;
    fgz_finder finder = {0};
    size_t const nbytes =
        sizeof(fgz_deflate) + sizeof(uint32_t) * list_count +
        sizeof(uint16_t) *
            fgz_finder_lay_out(&finder, NULL, &shape, memory->history_nbytes);
    fgz_deflate *const deflate = fgz_calloc(nbytes);
    fgz_blocks *blocks;

    if (deflate == NULL)
        return NULL;
    deflate->level = level;
    deflate->optimal = kind.optimal;
    deflate->memory = memory;
    deflate->memory_nbytes = nbytes;
    deflate->window.nbytes = memory->window_nbytes;
    deflate->window.history_nbytes = memory->history_nbytes;
    blocks = &deflate->blocks;
    blocks->tokens.max_count = memory->block_max_ntokens;
    blocks->tokens.list = (uint32_t *)(void *)(deflate + 1);
    fgz_finder_lay_out(&blocks->finder,
                       (uint16_t *)(void *)(blocks->tokens.list + list_count),
                       &shape, memory->history_nbytes);
    fgz_deflate_reset(deflate, FGZ_SIZE_UNKNOWN);
    return deflate;
}

void fgz_deflate_free(fgz_deflate *deflate)
{
    if (deflate != NULL) {
        fgz_window_free(&deflate->window);
        fgz_mfree(deflate);
    }
}

size_t fgz_deflate_memory_nbytes(const fgz_deflate *deflate)
{
    return deflate->memory_nbytes + fgz_window_memory_nbytes(&deflate->window);
}

void fgz_deflate_reset(fgz_deflate *deflate, uint64_t total_nbytes)
{
    fgz_blocks *const blocks = &deflate->blocks;
    unsigned extent = 0;

    while (total_nbytes > fgz_extent_max_nbytes[extent])
        extent++;
    blocks->effort = &deflate->level->efforts[extent];
    blocks->tokens.literal_nbits = blocks->effort->first_literal_nbits;
    if (deflate->optimal != NULL) {
        deflate->optimal_effort = total_nbytes <= FGZ_OPTIMAL_SHORT_NBYTES ?
                                      &deflate->optimal->short_effort :
                                      &deflate->optimal->effort;
        blocks->memory.codes_effort = deflate->optimal_effort->codes_effort;
    }
    fgz_finder_clear(
        &blocks->finder,
        heads_max_nbits(deflate->level, deflate->memory, (fgz_extent)extent),
        total_nbytes);
    fgz_window_clear(&deflate->window);
    deflate->needs_flush = false;
    deflate->bits = 0;
    deflate->nbits = 0;
}

/* Code input from *next_ptr on, until stop or thereabouts if more will come. */
static size_t write_blocks(fgz_deflate *deflate, fgz_bitwriter *out,
                           const fgz_input *input, const uint8_t **next_ptr,
                           const uint8_t *stop, fgz_directive directive)
{
    if (deflate->optimal != NULL)
        return fgz_optimal_write(deflate->optimal_effort,
                                 &deflate->blocks.memory, out, input, next_ptr,
                                 stop, directive);
    return fgz_blocks_write(&deflate->blocks, out, input, next_ptr, stop,
                            directive == FGZ_FINISH);
}

/* ---- Whole bodies ---- */

size_t fgz_deflate_bound(size_t in_nbytes)
{
    size_t const nblocks = in_nbytes / FGZ_BLOCK_MIN_NBYTES + 1;

    FGZ_RETURN_IF(in_nbytes > SIZE_MAX / 2, FGZ_ERROR_SIZE);
    return in_nbytes + 5 * nblocks;
}

size_t fgz_deflate_compress(fgz_deflate *deflate, const uint8_t *in,
                            size_t in_nbytes, uint8_t *out,
                            size_t out_nbytes_avail)
{
    fgz_input const input = {in, in + in_nbytes, 0};
    fgz_bitwriter writer = {0, 0, out, out + out_nbytes_avail};
    const uint8_t *next = in;

    fgz_deflate_reset(deflate, in_nbytes);
    FGZ_FORWARD_IF_ERROR(
        write_blocks(deflate, &writer, &input, &next, input.end, FGZ_FINISH));
    fgz_bits_align(&writer);
    return (size_t)(writer.next - out);
}

/* ---- Streams ---- */

/* What may wait in the window, and be cut into one block more by the end of
 * the window; then what ends a flush, which is longer than an empty block. */
size_t fgz_deflate_stream_bound(size_t held_nbytes, size_t in_nbytes)
{
    size_t bound_nbytes;

    FGZ_RETURN_IF(in_nbytes > SIZE_MAX / 4, FGZ_ERROR_SIZE);
    bound_nbytes = fgz_deflate_bound(
        in_nbytes +
        fgz_min_size(held_nbytes, fgz_optimal_memory.window_nbytes));
    /* Each full window ends a block early; the smallest is full again after
     * as much as it forgets. */
    bound_nbytes += 5 * (in_nbytes / (fgz_small_memory.window_nbytes -
                                      fgz_small_memory.history_nbytes) +
                         2);
    return bound_nbytes + FGZ_SYNC_MAX_NBYTES;
}

/* Code what waits in the window, up to its first stop_nbytes. */
static size_t drain_window(fgz_deflate *deflate, fgz_bitwriter *out,
                           size_t stop_nbytes, fgz_directive directive)
{
    fgz_window *const window = &deflate->window;
    fgz_input const input = fgz_window_input(window);
    const uint8_t *next = window->bytes + window->coded_end;

    FGZ_FORWARD_IF_ERROR(write_blocks(deflate, out, &input, &next,
                                      window->bytes + stop_nbytes, directive));
    window->coded_end = (size_t)(next - window->bytes);
    return 0;
}

/* Take all input into the window, and code it as often as it is full. */
static size_t take_input(fgz_deflate *deflate, fgz_bitwriter *out,
                         const uint8_t *in, size_t in_nbytes)
{
    fgz_window *const window = &deflate->window;
    size_t const stop_nbytes = window->nbytes - FGZ_LOOKAHEAD_NBYTES;

    while (in_nbytes > 0) {
        size_t const taken_nbytes = fgz_window_take(window, in, in_nbytes);

        in += taken_nbytes;
        in_nbytes -= taken_nbytes;
        deflate->needs_flush = true;
        if (fgz_window_is_full(window)) {
            /* A flush may have coded beyond this already. */
            if (window->coded_end < stop_nbytes)
                FGZ_FORWARD_IF_ERROR(
                    drain_window(deflate, out, stop_nbytes, FGZ_CONTINUE));
            fgz_window_slide(window);
        }
    }
    return 0;
}

size_t fgz_deflate_stream(fgz_deflate *deflate, const uint8_t *in,
                          size_t in_nbytes, fgz_directive directive,
                          uint8_t *out, size_t out_nbytes_avail)
{
    fgz_window *const window = &deflate->window;
    fgz_bitwriter writer = {deflate->bits, deflate->nbits, out,
                            out + out_nbytes_avail};

    FGZ_FORWARD_IF_ERROR(fgz_window_open(window));
    FGZ_FORWARD_IF_ERROR(take_input(deflate, &writer, in, in_nbytes));
    if (directive == FGZ_FINISH) {
        FGZ_FORWARD_IF_ERROR(
            drain_window(deflate, &writer, window->known_end, FGZ_FINISH));
        fgz_bits_align(&writer);
    } else if (directive == FGZ_FLUSH && deflate->needs_flush) {
        FGZ_FORWARD_IF_ERROR(
            drain_window(deflate, &writer, window->known_end, FGZ_FLUSH));
        FGZ_FORWARD_IF_ERROR(fgz_block_write_sync(&writer));
        deflate->needs_flush = false;
    }
    deflate->bits = writer.bits;
    deflate->nbits = writer.nbits;
    return (size_t)(writer.next - out);
}
