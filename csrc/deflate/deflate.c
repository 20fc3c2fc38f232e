#include "deflate.h"

#include "../alloc.h"
#include "block.h"
#include "parse.h"
#include "split.h"

/* ---- Levels ---- */

typedef struct fgz_level {
    fgz_parser *parse; /* NULL: store */
    /*
     * The most entries of a table of heads, as a power of 2.  More find more
     * in long input, and take longer to clear and more of the caches: the fast
     * parser is at its best where its one table is half of a first-level
     * cache.
     */
    unsigned hash_max_nbits;
    /*
     * After how many tokens it is asked whether a block should end.  Fewer:
     * blocks fit the input better, more time; the fast parser has no time for
     * that.
     */
    size_t part_ntokens;
    fgz_effort effort;
} fgz_level;

#define WHOLE SIZE_MAX
/* The least of them. */
#define PART_MIN_NTOKENS 512

/* A longer half than any match has. */
#define ALL FGZ_MAX_MATCH

static const fgz_level levels[FGZ_DEFLATE_MAX_LEVEL + 1] = {
    /*                           depth nice lazy per_end two_ahead match3 mid */
    {NULL, 0, WHOLE, {0, 0, 0, 0, false, 0, false}},
    {fgz_parse_fast, 13, WHOLE, {1, 0, 0, 0, false, 0, false}},
    {fgz_parse_fast, 14, WHOLE, {2, 0, 0, 0, false, 0, false}},
    {fgz_parse_lazy, 15, 1024, {2, 32, 8, 8, false, 7, false}},
    {fgz_parse_lazy, 15, 1024, {3, 32, 12, 12, false, 7, false}},
    {fgz_parse_lazy, 15, 1024, {6, 64, 24, ALL, false, 7, false}},
    {fgz_parse_lazy, 15, 1024, {8, 128, 64, ALL, false, 7, false}},
    {fgz_parse_lazy, 15, 512, {32, 258, 258, ALL, true, 7, false}},
    {fgz_parse_lazy, 15, 512, {32, 258, 258, ALL, true, 6, true}},
    {fgz_parse_lazy, 15, 512, {250, 258, 258, ALL, true, 6, true}},
};

/*
 * Level 6 for input that is longer than this, or whose length is not known.
 * zlib's level 6 is 4 times as deep as this one's; long lists of like records
 * are where that shows, at 1 % of size, and where the time for it is there,
 * because zlib takes three times as much.  Events that are flushed one by one
 * are such a list: a little deeper still takes 2 % off them for 2 % of the
 * time, and makes them no larger than zlib's.
 */
#define LONG_NBYTES ((uint64_t)128 * 1024)
static const fgz_level long_level_6 = {
    fgz_parse_lazy, 15, 512, {14, 160, 64, ALL, true, 7, false}};
static const fgz_level stream_level_6 = {
    fgz_parse_lazy, 15, 512, {20, 160, 64, ALL, true, 7, false}};

static const fgz_level *find_level(int level, uint64_t total_nbytes)
{
    return level != 6                       ? &levels[level] :
           total_nbytes == FGZ_SIZE_UNKNOWN ? &stream_level_6 :
           total_nbytes > LONG_NBYTES       ? &long_level_6 :
                                              &levels[6];
}

/* Positions are 16 bits wide. */
#define POSITIONS_WRAP_NBYTES 65536

/* ---- Memory ---- */

/* How much an encoder takes. */
typedef struct fgz_memory {
    /* How far back matches may reach, a power of 2. */
    uint32_t history_nbytes;
    /*
     * A stream gathers its input in one contiguous buffer: up to
     * history_nbytes that were coded and may still be referred to, and then
     * what waits.  When it is full, all but the last LOOKAHEAD_NBYTES are
     * coded, and the rest moves down.  Larger: fewer and larger moves.
     */
    size_t window_nbytes;
    /* The most entries of a table of heads, as a power of 2, whatever the
     * level allows: in all, and in a stream whose length is not known. */
    unsigned heads_max_nbits;
    unsigned stream_heads_max_nbits;
    /* The most tokens in a block.  More: fewer dynamic headers, of 50 to 90
     * bytes each, and less that fits the caches beside the tables. */
    size_t block_max_ntokens;
} fgz_memory;

/* 310 KB, at the highest levels 375, of which a stream of unknown length
 * touches at most 246, or 278; and small, for streams of which there may be
 * thousands: 64 KB. */
static const fgz_memory normal_memory = {32768, 65536, 15, 14, 8192};
static const fgz_memory small_memory = {8192, 12288, 12, 12, 1024};

/* Coding stops this far before the end of what is known, so that no match is
 * cut short there: a longest match, and the looking ahead before it. */
#define LOOKAHEAD_NBYTES (FGZ_MAX_MATCH + 2 * FGZ_HASH_LOAD_NBYTES)

/*
 * The least input in a block that is not the last before a flush or the end: a
 * part has at least a byte for each token, less those that a parser may leave
 * room for; a block that ends where a full window does has all that was coded
 * then.
 */
#define BLOCK_MIN_NBYTES (PART_MIN_NTOKENS - FGZ_PARSE_MIN_NTOKENS)

/*
 * In the first part of a small body matches of 3 bytes save 0.2 %, at the
 * levels that take the time for them: distances are short there, and literals
 * not yet cheap.
 */
#define SMALL_NBYTES 16384
#define SMALL_LITERAL_NBITS 6

/* What most literals take in the static code, RFC 1951 section 3.2.6. */
#define STATIC_LITERAL_NBITS 8

struct fgz_deflate {
    int level_number;
    const fgz_level *level; /* what that means for this body */
    const fgz_memory *memory;
    size_t memory_nbytes;
    /* How many steps, from the first on, earlier bodies may have left. */
    size_t stale_nsteps;

    /* Where a stream stands.  History is window[0 .. coded_end), and
     * window[coded_end .. known_end) waits. */
    uint8_t *window;
    size_t coded_end;
    size_t known_end;
    uint32_t window_position; /* of window[0] in the stream, modulo 2^32 */
    bool needs_flush;         /* input was taken since the last flush */
    uint64_t bits;            /* of the last byte, not yet complete */
    unsigned nbits;

    fgz_finder finder;
    fgz_dynamic_codes codes;
    /* Of the parts of a block before the one that is being parsed. */
    fgz_histogram former_freqs;
    fgz_entropy former_entropy;
    fgz_tokens tokens;
};

/* The most entries of a table of heads, as a power of 2, that both the level
 * and the memory, of which limit_nbits is one of the limits, allow. */
static unsigned heads_nbits(const fgz_level *level, unsigned limit_nbits)
{
    return level->hash_max_nbits < limit_nbits ? level->hash_max_nbits :
                                                 limit_nbits;
}

/* Take count entries from *next_ptr, which is NULL while they are counted. */
static uint16_t *take_table(uint16_t **next_ptr, size_t *total, size_t count)
{
    uint16_t *const table = *next_ptr;

    *total += count;
    if (table != NULL)
        *next_ptr += count;
    return table;
}

/*
 * Lay the finder's tables out from tables on; if that is NULL only count.
 *
 * @return how many entries they have, all told.
 */
static size_t lay_out_tables(fgz_finder *finder, uint16_t *tables,
                             const fgz_level *level, const fgz_memory *memory)
{
    size_t const heads_count = (size_t)1
                               << heads_nbits(level, memory->heads_max_nbits);
    size_t total = 0;

    if (level->parse == NULL)
        return 0;
    finder->max_distance = memory->history_nbytes;
    finder->short_heads = take_table(&tables, &total, heads_count);
    if (level->effort.max_depth > 1)
        finder->long_heads = take_table(&tables, &total, heads_count);
    if (level->parse == fgz_parse_lazy) {
        finder->steps = take_table(&tables, &total, memory->history_nbytes);
        finder->heads3 =
            take_table(&tables, &total, (size_t)1 << FGZ_HASH3_NBITS);
    }
    /* A small encoder has no room for them. */
    if (level->effort.has_mid_heads && memory == &normal_memory)
        finder->mid_heads = take_table(&tables, &total, heads_count);
    return total;
}

fgz_deflate *fgz_deflate_create(int level, bool is_small)
{
    int const level_number = level < 0 ? FGZ_DEFLATE_DEFAULT_LEVEL : level;
    const fgz_level *const meaning = &levels[level_number];
    const fgz_memory *const memory = is_small ? &small_memory : &normal_memory;
    size_t const list_count = memory->block_max_ntokens + 1;
    fgz_finder finder = {0};
    size_t const nbytes =
        sizeof(fgz_deflate) + sizeof(uint32_t) * list_count +
        sizeof(uint16_t) * lay_out_tables(&finder, NULL, meaning, memory);
    fgz_deflate *const deflate = fgz_calloc(nbytes);

    if (deflate == NULL)
        return NULL;
    deflate->level_number = level_number;
    deflate->memory = memory;
    deflate->memory_nbytes = nbytes;
    deflate->tokens.max_count = memory->block_max_ntokens;
    deflate->tokens.list = (uint32_t *)(void *)(deflate + 1);
    lay_out_tables(&deflate->finder,
                   (uint16_t *)(void *)(deflate->tokens.list + list_count),
                   meaning, memory);
    fgz_deflate_reset(deflate, FGZ_SIZE_UNKNOWN);
    return deflate;
}

void fgz_deflate_free(fgz_deflate *deflate)
{
    if (deflate != NULL) {
        fgz_mfree(deflate->window);
        fgz_mfree(deflate);
    }
}

size_t fgz_deflate_memory_nbytes(const fgz_deflate *deflate)
{
    return deflate->memory_nbytes;
}

/* From here on steps may be there for this many bytes of input. */
static void note_steps(fgz_deflate *deflate, size_t in_nbytes)
{
    size_t const nsteps =
        fgz_min_size(in_nbytes, deflate->memory->history_nbytes);

    if (deflate->stale_nsteps < nsteps)
        deflate->stale_nsteps = nsteps;
}

/*
 * Clear the tables, and only as much of them as total_nbytes of input can use:
 * for a body of 1 KB that is 8 KB instead of 128.
 */
void fgz_deflate_reset(fgz_deflate *deflate, uint64_t total_nbytes)
{
    fgz_finder *const finder = &deflate->finder;
    unsigned nbits = FGZ_HASH_MIN_NBITS;
    unsigned max_nbits;
    size_t heads_nbytes;

    deflate->level = find_level(deflate->level_number, total_nbytes);
    max_nbits = heads_nbits(deflate->level,
                            total_nbytes == FGZ_SIZE_UNKNOWN ?
                                deflate->memory->stream_heads_max_nbits :
                                deflate->memory->heads_max_nbits);
    while (nbits < max_nbits && (uint64_t)1 << (nbits - 1) < total_nbytes)
        nbits++;
    heads_nbytes = sizeof(*finder->short_heads) << nbits;
    finder->hash_nbits = nbits;
    finder->missing = 0;
    finder->has_heads3 = false;
    if (finder->short_heads != NULL)
        memset(finder->short_heads, 0, heads_nbytes);
    if (finder->mid_heads != NULL)
        memset(finder->mid_heads, 0, heads_nbytes);
    if (finder->long_heads != NULL)
        memset(finder->long_heads, 0, heads_nbytes);
    /* Heads are only stale once positions have wrapped round; before that a
     * chain never leads to a step that was not written in this stream. */
    note_steps(deflate, deflate->coded_end);
    if (finder->steps != NULL && total_nbytes > POSITIONS_WRAP_NBYTES) {
        memset(finder->steps, 0,
               sizeof(*finder->steps) * deflate->stale_nsteps);
        deflate->stale_nsteps = 0;
    }
    deflate->tokens.literal_nbits =
        total_nbytes <= SMALL_NBYTES ? SMALL_LITERAL_NBITS : 0;
    deflate->coded_end = 0;
    deflate->known_end = 0;
    deflate->window_position = 0;
    deflate->needs_flush = false;
    deflate->bits = 0;
    deflate->nbits = 0;
}

/* ---- Coding ---- */

/* The tokens of a block that were there before its last part joined them, and
 * the input that they stand for. */
typedef struct former_parts {
    size_t ntokens;
    const uint8_t *begin;
    const uint8_t *end;
} former_parts;

/* Write the first ntokens tokens as a block. */
static size_t write_block(fgz_deflate *deflate, fgz_bitwriter *out,
                          const fgz_histogram *freqs, size_t ntokens,
                          const uint8_t *begin, const uint8_t *end,
                          bool is_final)
{
    fgz_tokens *const tokens = &deflate->tokens;
    size_t const result =
        fgz_block_write(out, &deflate->codes, freqs, tokens->list, ntokens,
                        begin, (size_t)(end - begin), is_final);

    FGZ_FORWARD_IF_ERROR(result);
    if (result != FGZ_BLOCK_DYNAMIC)
        tokens->literal_nbits =
            result == FGZ_BLOCK_STATIC ? STATIC_LITERAL_NBITS : 0;
    return 0;
}

/*
 * The block has one part more, which ends at next: decide whether it should
 * have ended before, and if so, write the former parts.  Then count the new
 * one among them.
 */
static size_t join_part(fgz_deflate *deflate, fgz_bitwriter *out,
                        former_parts *former, const uint8_t *next)
{
    fgz_tokens *const tokens = &deflate->tokens;
    size_t const ntokens = tokens->count - former->ntokens;
    fgz_entropy all = fgz_split_entropy(&tokens->freqs);
    fgz_entropy latter = all;

    if (former->ntokens > 0) {
        fgz_histogram latter_freqs = tokens->freqs;

        fgz_split_subtract(&latter_freqs, &deflate->former_freqs);
        latter = fgz_split_entropy(&latter_freqs);
        if (fgz_split_is_gain(&all, &deflate->former_entropy, &latter)) {
            FGZ_FORWARD_IF_ERROR(write_block(
                deflate, out, &deflate->former_freqs, former->ntokens,
                former->begin, former->end, false));
            memmove(tokens->list, tokens->list + former->ntokens,
                    ntokens * sizeof(*tokens->list));
            tokens->count = ntokens;
            tokens->freqs = latter_freqs;
            former->begin = former->end;
            all = latter;
        }
    }
    deflate->former_freqs = tokens->freqs;
    deflate->former_entropy = all;
    tokens->literal_nbits = latter.literal_nbits;
    former->ntokens = tokens->count;
    former->end = next;
    return 0;
}

/*
 * Code input from *next_ptr on as blocks, until at least stop; if is_final, the
 * last block ends the stream, and stop is the end of the input.  Moves
 * *next_ptr to the end of what was coded.
 */
static size_t write_blocks(fgz_deflate *deflate, fgz_bitwriter *out,
                           const fgz_input *input, const uint8_t **next_ptr,
                           const uint8_t *stop, bool is_final)
{
    const fgz_level *const level = deflate->level;
    fgz_tokens *const tokens = &deflate->tokens;
    const uint8_t *next = *next_ptr;

    if (next == stop && is_final)
        return fgz_block_write_end(out);
    if (level->parse == NULL) {
        *next_ptr = stop;
        return fgz_block_write_stored(out, next, (size_t)(stop - next),
                                      is_final);
    }
    while (next < stop) {
        former_parts former = {0, next, next};
        bool is_last_part;

        fgz_tokens_clear(tokens);
        do {
            tokens->limit =
                tokens->count + fgz_min_size(level->part_ntokens,
                                             tokens->max_count - tokens->count);
            next = level->parse(&deflate->finder, input, next, stop,
                                &level->effort, tokens);
            is_last_part =
                next >= stop ||
                tokens->count > tokens->max_count - FGZ_PARSE_MIN_NTOKENS;
            if (former.ntokens > 0 || !is_last_part)
                FGZ_FORWARD_IF_ERROR(join_part(deflate, out, &former, next));
        } while (!is_last_part);
        FGZ_FORWARD_IF_ERROR(write_block(deflate, out, &tokens->freqs,
                                         tokens->count, former.begin, next,
                                         is_final && next == stop));
    }
    *next_ptr = next;
    return 0;
}

size_t fgz_deflate_bound(size_t in_nbytes)
{
    size_t const nblocks = in_nbytes / BLOCK_MIN_NBYTES + 1;

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
    note_steps(deflate, in_nbytes);
    FGZ_FORWARD_IF_ERROR(
        write_blocks(deflate, &writer, &input, &next, input.end, true));
    fgz_bits_align(&writer);
    return (size_t)(writer.next - out);
}

/* What may wait in the window, and be cut into one block more by the end of
 * the window; then what ends a flush, which is longer than an empty block. */
size_t fgz_deflate_stream_bound(size_t in_nbytes)
{
    size_t bound_nbytes;

    FGZ_RETURN_IF(in_nbytes > SIZE_MAX / 4, FGZ_ERROR_SIZE);
    bound_nbytes = fgz_deflate_bound(in_nbytes + normal_memory.window_nbytes);
    /* Each full window ends a block early; the smallest is full again after
     * as much as it forgets. */
    bound_nbytes += 5 * (in_nbytes / (small_memory.window_nbytes -
                                      small_memory.history_nbytes) +
                         2);
    return bound_nbytes + FGZ_SYNC_MAX_NBYTES;
}

/* Code what waits in the window, up to window[stop]. */
static size_t drain_window(fgz_deflate *deflate, fgz_bitwriter *out,
                           size_t stop, bool is_final)
{
    fgz_input const input = {deflate->window,
                             deflate->window + deflate->known_end,
                             deflate->window_position};
    const uint8_t *next = deflate->window + deflate->coded_end;

    FGZ_FORWARD_IF_ERROR(write_blocks(deflate, out, &input, &next,
                                      deflate->window + stop, is_final));
    deflate->coded_end = (size_t)(next - deflate->window);
    return 0;
}

/* Forget the history that no match can reach any more. */
static void slide_window(fgz_deflate *deflate)
{
    size_t const history_nbytes = deflate->memory->history_nbytes;

    note_steps(deflate, deflate->coded_end);
    if (deflate->coded_end > history_nbytes) {
        size_t const forget_nbytes = deflate->coded_end - history_nbytes;

        memmove(deflate->window, deflate->window + forget_nbytes,
                deflate->known_end - forget_nbytes);
        deflate->coded_end -= forget_nbytes;
        deflate->known_end -= forget_nbytes;
        deflate->window_position += (uint32_t)forget_nbytes;
    }
}

size_t fgz_deflate_stream(fgz_deflate *deflate, const uint8_t *in,
                          size_t in_nbytes, fgz_directive directive,
                          uint8_t *out, size_t out_nbytes_avail)
{
    fgz_bitwriter writer = {deflate->bits, deflate->nbits, out,
                            out + out_nbytes_avail};

    size_t const window_nbytes = deflate->memory->window_nbytes;

    if (deflate->window == NULL) {
        deflate->window = fgz_malloc(window_nbytes);
        FGZ_RETURN_IF(deflate->window == NULL, FGZ_ERROR_MEMORY);
        deflate->memory_nbytes += window_nbytes;
    }
    /* The window is drained when it is full, not when it would overflow, so
     * that the blocks do not depend on how the input was cut into calls. */
    while (in_nbytes > 0) {
        size_t const taken_nbytes =
            fgz_min_size(in_nbytes, window_nbytes - deflate->known_end);

        memcpy(deflate->window + deflate->known_end, in, taken_nbytes);
        deflate->known_end += taken_nbytes;
        in += taken_nbytes;
        in_nbytes -= taken_nbytes;
        deflate->needs_flush = true;
        if (deflate->known_end == window_nbytes) {
            /* A flush may have coded beyond this already. */
            if (deflate->coded_end < window_nbytes - LOOKAHEAD_NBYTES)
                FGZ_FORWARD_IF_ERROR(drain_window(
                    deflate, &writer, window_nbytes - LOOKAHEAD_NBYTES, false));
            slide_window(deflate);
        }
    }

    if (directive == FGZ_FINISH) {
        FGZ_FORWARD_IF_ERROR(
            drain_window(deflate, &writer, deflate->known_end, true));
        fgz_bits_align(&writer);
    } else if (directive == FGZ_FLUSH && deflate->needs_flush) {
        FGZ_FORWARD_IF_ERROR(
            drain_window(deflate, &writer, deflate->known_end, false));
        FGZ_FORWARD_IF_ERROR(fgz_block_write_sync(&writer));
        deflate->needs_flush = false;
    }
    deflate->bits = writer.bits;
    deflate->nbits = writer.nbits;
    return (size_t)(writer.next - out);
}
