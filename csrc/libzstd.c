/*
 * The adapter to libzstd: turns its results into ours, sets what web clients
 * and open streams bound, and fits tables to bodies.
 *
 * One context of libzstd serves all bodies of an encoder.  Its window, and the
 * tables beside it, are parameters that stay from one frame to the next; bodies
 * of different lengths and streams want different ones, which are set when they
 * change.  libzstd writes as much as it likes of what it is asked for;
 * fgz_zstd_stream asks until all is written, for which fgz_zstd_stream_bound
 * leaves room.
 *
 * For some levels and lengths of bodies it is not asked: what they are made of
 * is found and written by zstd/.  What refers to a dictionary is libzstd's; a
 * body that is unlike its dictionary does not.
 */

/*
 * Custom memory is in no stable API.  It is for the libzstd that is compiled
 * in, whose version is known, and for our test.
 */
#if defined(FGZ_TEST_ALLOC) || defined(FGZ_ZSTD_COMPILED_IN)
#  define ZSTD_STATIC_LINKING_ONLY
#endif
#include "libzstd.h"

#include <zstd.h>
#include <zstd_errors.h>

#include "alloc.h"
#include "dictionary.h"
#include "zstd/writer.h"

/* The first libzstd with the advanced API in its stable part. */
#if ZSTD_VERSION_NUMBER < 10400
#  error "pyfastgz needs libzstd 1.4.0 or later"
#endif

/* RFC 9659, section 3: decoders for the web need not support larger ones. */
#define ZSTD_WEB_MAX_WINDOW_LOG 23

/*
 * From this level on libzstd chooses windows above the web's for bodies that
 * are larger.  Below it the choice is left to libzstd, since a window set by
 * hand would also enlarge the small ones.
 */
#define ZSTD_FIRST_LARGE_WINDOW_LEVEL 20

/*
 * The window and the tables of a stream, as powers of 2 of bytes and of
 * entries.  A client decides how long a stream stays open and how much goes
 * through it, so it must not decide how much memory that takes: at level 3
 * 2.1 MB instead of 3.5, at level 9 2.1 instead of 12.  Over the bodies of
 * bench/ level 3 makes 0.1 % more at 16 to 128 KB, 0.3 % at 128 KB to 1 MB and
 * 1.0 % above.
 *
 * libzstd keeps a window in a buffer that is 128 KB longer, and has a slower
 * way to search it once it has wrapped round.  A quarter of the window takes
 * 0.8 MB less, once a stream carried as much, for 0.7 and 2.3 % more bytes and
 * 5 to 10 % more time from 128 KB on (AMD EPYC, family 26).
 *
 * Below this level libzstd's own tables are no larger, and the quarter is as
 * good: level 1 takes 4 to 9 % less time up to 1 MB, and 3 % more above.
 */
#define ZSTD_STREAM_WINDOW_LOG 20
#define ZSTD_FAST_STREAM_WINDOW_LOG 18
#define ZSTD_STREAM_HASH_LOG 16
#define ZSTD_STREAM_CHAIN_LOG 15
#define ZSTD_FIRST_LARGE_TABLES_LEVEL 3

/* The same for a small encoder.  A window alone does not make libzstd's tables
 * small: at level 9 they took 12 MB. */
#define ZSTD_SMALL_WINDOW_LOG 13
#define ZSTD_SMALL_HASH_LOG 14
#define ZSTD_SMALL_CHAIN_LOG 13

/* What leaves the choice to libzstd; as a level it means 3. */
#define ZSTD_ITS_CHOICE 0

/*
 * The tables of whole bodies, as libzstd's own are often larger than is good
 * for a context that is used again.  A body changes entries all over them.
 * libzstd does not clear them for the next one, it counts on where it was: so
 * they are read at random out of whatever cache is left, where a new context
 * has just been cleared, and is at hand.  A table of fewer entries than the
 * body has bytes fits a nearer cache, and finds hardly less.
 *
 * A row is for some levels and some lengths of bodies, these as powers of 2
 * rounded up: entries are as many as bytes, or half as many.  Where there is no
 * row the choice is libzstd's: level 4 below 16 KB, and the levels above it,
 * take more time with fewer entries, or gain none.
 *
 * Time of libzstd's choice by that of ours, at AMD EPYC, family 25 model 17,
 * over the tune half of bench/corpus, in C, with nothing between the calls and
 * with 16 MB swept; and the bytes that are more:
 *
 *             4-16 KB               16-128 KB
 *   level 1   0.99  1.22  .10 %
 *   level 3   1.01  1.61  .12 %     1.01  1.31  .01 %
 *   level 4                         1.06  1.61  .04 %
 *
 * With eight other contexts at work between the calls it was 1.19 for level 3
 * from 16 KB on, where a new context for each body gave 1.10; below 16 KB such
 * a one took 1.4 to 3 times as long.
 *
 * At level 3 the chain table has no more entries than libzstd gives it up to
 * 128 KB.  With half as many as bytes above 64 KB, 16 to 128 KB took 1.02 times
 * as long, and 1.04 with other encoders at work between the calls, for .03 %
 * less.
 */
static const struct {
    int first_level, last_level;
    int first_body_log, last_body_log;
    int halvings;      /* entries = bytes >> halvings */
    int chain_max_log; /* of the chain table, too, up to this; or its choice */
} table_rules[] = {
    {1, 2, 10, 14, 0, ZSTD_ITS_CHOICE},
    {3, 3, 10, 17, 1, 15},
    {4, 4, 15, 17, 1, 16},
};
#define ZSTD_MIN_BODY_LOG 10 /* of its windows, too */
#define ZSTD_MAX_BODY_LOG 17
#define ZSTD_DEFAULT_LEVEL 3

/*
 * Tables are fetched into the cache before a body is coded, all at once instead
 * of one miss after the other.  With 16 MB swept that makes 4 to 16 KB another
 * 1.16 times as fast at level 3, and 16 to 128 KB 1.33 times; what is in the
 * cache already is asked for in vain, for 1 % of the time at 4 KB, and 3 %
 * below.  So they are fetched for longer bodies, and as long as they fit the
 * second level of the cache.
 *
 * They stand at the beginning of the memory of libzstd's context, behind what
 * entropy coding has there, which is 20 KB.
 */
#define FETCH_MIN_BODY_NBYTES ((size_t)4097)
#define FETCH_MAX_NBYTES ((size_t)512 << 10)
#define FETCH_ENTROPY_NBYTES ((size_t)20 << 10)
#define FETCH_LINE_NBYTES 64

/*
 * The bodies that are coded by zstd/, by level and length, and how they are
 * searched (see fgz_staged_search).  Where there is no row libzstd codes them:
 * from level 5 on, and at level 4 from 1.5 to 16 KB, it finds more, and of
 * bodies below 64 bytes there is hardly anything to find.
 *
 * With one place less to try, level 3 takes 4 % less time from 4 to 16 KB, and
 * makes .2 % more than libzstd; docs/encoder.md has the figures.
 */
typedef struct sequence_rule {
    int first_level, last_level;
    size_t min_nbytes, max_nbytes;
    unsigned hash_nbytes, max_depth;
} sequence_rule;
static const sequence_rule sequence_rules[] = {
    {1, 2, 64, 4096, 4, 1},
    {3, 3, 64, 4096, 4, 2},
    {1, 2, 4097, FGZ_SEQUENCES_MAX_NBYTES, 5, 1},
    {3, 3, 4097, 16384, 5, 3},
    {3, 3, 16385, FGZ_SEQUENCES_MAX_NBYTES, 5, 2},
    {4, 4, 64, 1535, 4, 3},
    {4, 4, 16385, FGZ_SEQUENCES_MAX_NBYTES, 5, 3},
};

/*
 * What a stream may hold back: one block, the largest there is (RFC 8878,
 * section 3.1.1.2.4), and the most a frame adds: its header (18), the header
 * of each block (3) and a checksum (4).
 */
#define ZSTD_MAX_BLOCK_NBYTES ((size_t)128 << 10)
#define ZSTD_FRAME_EXTRA_NBYTES 64

/*
 * How a body is coded with a dictionary.
 *
 * What is prepared of one stands in tables of its own, beside which a body has
 * others that are as small as it is: they are attached to each other.  libzstd
 * by itself rather copies them for bodies above 8 to 32 KB, which never takes
 * less time below the level from which on the choice is left to it, as there
 * attaching takes up to three times as long for a body of 300 KB.
 *
 * Tables fit to a dictionary are too small for a body that is much longer.  So
 * above a length, and where nothing is prepared, the dictionary is read anew,
 * and long matches in it are looked for first: they are what the versions of a
 * file have in common.  Of 10 KB at level 3, with a dictionary of 100 KB, that
 * takes 110 us, copied tables 36, attached ones 16, for 706, 683 and 672 bytes;
 * without a dictionary it is 42, and 3554 bytes.
 */
#define ZSTD_FIRST_NOT_ATTACHED_LEVEL 16
#define ZSTD_PREPARED_MAX_BODY_NBYTES ((size_t)1 << 20)

/* A stream's tables are as large as those that it refers to.  Where these take
 * more memory, and at the levels that weigh costs, which take most beside them,
 * it reads the dictionary into tables of its own. */
#define ZSTD_STREAM_PREPARED_MAX_NBYTES ((size_t)1280 << 10)

/* The window and the tables of a context, as powers of 2 of bytes and of
 * entries, or ZSTD_ITS_CHOICE. */
typedef struct memory_logs {
    int window, hash, chain;
} memory_logs;

struct fgz_zstd {
    ZSTD_CCtx *cctx;
    int level;
    bool is_small;
    memory_logs memory; /* as it is set */
    /* What libzstd allocated last: the memory of its context, once a body was
     * coded.  NULL if there is none, or that is not known. */
    uint8_t *workspace;
    size_t workspace_nbytes;
    fgz_sequences *sequences;         /* NULL until they are found */
    const fgz_dictionary *dictionary; /* NULL without one */
};

int fgz_zstd_level_min(void)
{
    return ZSTD_minCLevel();
}

int fgz_zstd_level_max(void)
{
    return ZSTD_maxCLevel();
}

unsigned fgz_zstd_version(void)
{
    return ZSTD_versionNumber();
}

/* Turn a result of libzstd into one of ours. */
static size_t from_zstd(size_t result)
{
    if (!ZSTD_isError(result))
        return result;
    switch (ZSTD_getErrorCode(result)) {
    case ZSTD_error_memory_allocation:
        return FGZ_ERROR(FGZ_ERROR_MEMORY);
    case ZSTD_error_dstSize_tooSmall:
        return FGZ_ERROR(FGZ_ERROR_OUTPUT);
    case ZSTD_error_srcSize_wrong:
        return FGZ_ERROR(FGZ_ERROR_SIZE);
    default:
        return FGZ_ERROR(FGZ_ERROR_ZSTD);
    }
}

#ifdef ZSTD_STATIC_LINKING_ONLY
static void *zstd_alloc(void *opaque, size_t nbytes)
{
    fgz_zstd *const zstd = opaque;

    zstd->workspace = fgz_malloc(nbytes);
    zstd->workspace_nbytes = nbytes;
    return zstd->workspace;
}

static void zstd_mfree(void *opaque, void *memory)
{
    fgz_zstd *const zstd = opaque;

    if (memory == zstd->workspace)
        zstd->workspace = NULL;
    fgz_mfree(memory);
}
#endif

static ZSTD_CCtx *create_cctx(fgz_zstd *zstd)
{
#ifdef ZSTD_STATIC_LINKING_ONLY
    ZSTD_customMem const memory = {zstd_alloc, zstd_mfree, zstd};
    return ZSTD_createCCtx_advanced(memory);
#else
    (void)zstd;
    return ZSTD_createCCtx();
#endif
}

/* The level, never ZSTD_ITS_CHOICE. */
static int known_level(const fgz_zstd *zstd)
{
    return zstd->level == ZSTD_ITS_CHOICE ? ZSTD_DEFAULT_LEVEL : zstd->level;
}

/* Memory for streams. */
static memory_logs stream_memory(const fgz_zstd *zstd)
{
    static const memory_logs small = {
        ZSTD_SMALL_WINDOW_LOG, ZSTD_SMALL_HASH_LOG, ZSTD_SMALL_CHAIN_LOG};
    static const memory_logs fast = {ZSTD_FAST_STREAM_WINDOW_LOG,
                                     ZSTD_ITS_CHOICE, ZSTD_ITS_CHOICE};
    static const memory_logs limited = {
        ZSTD_STREAM_WINDOW_LOG, ZSTD_STREAM_HASH_LOG, ZSTD_STREAM_CHAIN_LOG};
    bool const has_large_tables =
        known_level(zstd) >= ZSTD_FIRST_LARGE_TABLES_LEVEL;

    return zstd->is_small ? small : has_large_tables ? limited : fast;
}

/* The least power of 2 that is no less than a length, within the bounds. */
static int body_log(size_t in_nbytes)
{
    if (in_nbytes <= (size_t)1 << ZSTD_MIN_BODY_LOG)
        return ZSTD_MIN_BODY_LOG;
    if (in_nbytes > (size_t)1 << ZSTD_MAX_BODY_LOG)
        return ZSTD_MAX_BODY_LOG + 1;
    return (int)fgz_highest_bit32((uint32_t)in_nbytes - 1) + 1;
}

/* Memory for a whole body.  It depends on the level and the length alone, so
 * that the same body gives the same bytes. */
static memory_logs body_memory(const fgz_zstd *zstd, size_t in_nbytes)
{
    int const level = known_level(zstd);
    int const log = body_log(in_nbytes);
    memory_logs memory = {ZSTD_ITS_CHOICE, ZSTD_ITS_CHOICE, ZSTD_ITS_CHOICE};

    if (zstd->is_small)
        return stream_memory(zstd);
    if (level >= ZSTD_FIRST_LARGE_WINDOW_LEVEL)
        memory.window = ZSTD_WEB_MAX_WINDOW_LOG;
    for (size_t i = 0; i < sizeof(table_rules) / sizeof(table_rules[0]); i++)
        if (table_rules[i].first_level <= level &&
            level <= table_rules[i].last_level &&
            table_rules[i].first_body_log <= log &&
            log <= table_rules[i].last_body_log) {
            memory.hash = log - table_rules[i].halvings;
            memory.chain = memory.hash < table_rules[i].chain_max_log ?
                               memory.hash :
                               table_rules[i].chain_max_log;
        }
    return memory;
}

static size_t set_parameter(fgz_zstd *zstd, ZSTD_cParameter parameter,
                            int value)
{
    return from_zstd(ZSTD_CCtx_setParameter(zstd->cctx, parameter, value));
}

/* Have the context take this memory.  What it was in the middle of is lost if
 * that is a change. */
static size_t set_memory(fgz_zstd *zstd, memory_logs memory)
{
    if (memory.window == zstd->memory.window &&
        memory.hash == zstd->memory.hash && memory.chain == zstd->memory.chain)
        return 0;
    FGZ_FORWARD_IF_ERROR(
        from_zstd(ZSTD_CCtx_reset(zstd->cctx, ZSTD_reset_session_only)));
    FGZ_FORWARD_IF_ERROR(set_parameter(zstd, ZSTD_c_windowLog, memory.window));
    FGZ_FORWARD_IF_ERROR(set_parameter(zstd, ZSTD_c_hashLog, memory.hash));
    FGZ_FORWARD_IF_ERROR(set_parameter(zstd, ZSTD_c_chainLog, memory.chain));
    zstd->memory = memory;
    return 0;
}

/* Fetch the tables that are set by a rule into the cache. */
static void fetch_tables(const fgz_zstd *zstd, size_t in_nbytes)
{
    size_t nbytes = FETCH_ENTROPY_NBYTES;

    if (zstd->workspace == NULL || in_nbytes < FETCH_MIN_BODY_NBYTES ||
        zstd->memory.hash == ZSTD_ITS_CHOICE)
        return;
    nbytes += sizeof(uint32_t) << zstd->memory.hash;
    if (zstd->memory.chain != ZSTD_ITS_CHOICE)
        nbytes += sizeof(uint32_t) << zstd->memory.chain;
    if (nbytes > FETCH_MAX_NBYTES)
        return;
    nbytes = fgz_min_size(nbytes, zstd->workspace_nbytes);
    for (size_t at = 0; at < nbytes; at += FETCH_LINE_NBYTES)
        FGZ_PREFETCH(zstd->workspace + at);
}

size_t fgz_zstd_create(fgz_zstd **zstd_ret, int level, bool is_small)
{
    fgz_zstd *const zstd = fgz_malloc(sizeof(*zstd));
    size_t result;

    *zstd_ret = NULL;
    FGZ_RETURN_IF(zstd == NULL, FGZ_ERROR_MEMORY);
    *zstd = (fgz_zstd){.level = level, .is_small = is_small};
    zstd->cctx = create_cctx(zstd);
    result = zstd->cctx == NULL ?
                 FGZ_ERROR(FGZ_ERROR_MEMORY) :
                 set_parameter(zstd, ZSTD_c_compressionLevel, level);
    if (!fgz_is_error(result))
        result = set_memory(zstd, stream_memory(zstd));
    if (fgz_is_error(result)) {
        fgz_zstd_free(zstd);
        return result;
    }
    *zstd_ret = zstd;
    return 0;
}

void fgz_zstd_free(fgz_zstd *zstd)
{
    if (zstd != NULL) {
        ZSTD_freeCCtx(zstd->cctx);
        fgz_mfree(zstd->sequences);
        fgz_mfree(zstd);
    }
}

void fgz_zstd_refer(fgz_zstd *zstd, const fgz_dictionary *dictionary)
{
    zstd->dictionary = dictionary;
}

/* Have the next frame refer to what is prepared of the dictionary, or to its
 * bytes, and end in a checksum: another dictionary would otherwise often decode
 * it, to other bytes.  The context is between two frames. */
static size_t refer(fgz_zstd *zstd, bool to_prepared, bool has_long_matches)
{
    const fgz_dictionary *const dictionary = zstd->dictionary;

    FGZ_FORWARD_IF_ERROR(set_parameter(zstd, ZSTD_c_checksumFlag, 1));
    FGZ_FORWARD_IF_ERROR(set_parameter(zstd, ZSTD_c_enableLongDistanceMatching,
                                       has_long_matches));
#ifdef FGZ_ZSTD_COMPILED_IN
    FGZ_FORWARD_IF_ERROR(
        set_parameter(zstd, ZSTD_c_forceAttachDict,
                      known_level(zstd) < ZSTD_FIRST_NOT_ATTACHED_LEVEL ?
                          ZSTD_dictForceAttach :
                          ZSTD_dictDefaultAttach));
#endif
    return from_zstd(to_prepared ?
                         ZSTD_CCtx_refCDict(zstd->cctx, dictionary->prepared) :
                         ZSTD_CCtx_refPrefix(zstd->cctx, dictionary->bytes,
                                             dictionary->nbytes));
}

/* Have the next frame, a stream's, refer to the dictionary if there is one. The
 * context forgets any that it had before. */
static size_t refer_stream(fgz_zstd *zstd)
{
    const fgz_dictionary *const dictionary = zstd->dictionary;

    if (dictionary == NULL)
        return from_zstd(ZSTD_CCtx_refCDict(zstd->cctx, NULL));
    return refer(zstd,
                 dictionary->prepared != NULL &&
                     known_level(zstd) < ZSTD_FIRST_NOT_ATTACHED_LEVEL &&
                     ZSTD_sizeof_CDict(dictionary->prepared) <=
                         ZSTD_STREAM_PREPARED_MAX_NBYTES,
                 false);
}

size_t fgz_zstd_reset(fgz_zstd *zstd, uint64_t total_nbytes)
{
    FGZ_FORWARD_IF_ERROR(
        from_zstd(ZSTD_CCtx_reset(zstd->cctx, ZSTD_reset_session_only)));
    FGZ_FORWARD_IF_ERROR(set_memory(zstd, stream_memory(zstd)));
    FGZ_FORWARD_IF_ERROR(refer_stream(zstd));
    return from_zstd(ZSTD_CCtx_setPledgedSrcSize(
        zstd->cctx, total_nbytes == FGZ_SIZE_UNKNOWN ?
                        ZSTD_CONTENTSIZE_UNKNOWN :
                        total_nbytes));
}

size_t fgz_zstd_bound(size_t in_nbytes)
{
    FGZ_RETURN_IF(in_nbytes > SIZE_MAX / 2, FGZ_ERROR_SIZE);
    return ZSTD_compressBound(in_nbytes);
}

size_t fgz_zstd_stream_bound(size_t held_nbytes, size_t in_nbytes)
{
    FGZ_RETURN_IF(in_nbytes > SIZE_MAX / 2 - ZSTD_MAX_BLOCK_NBYTES,
                  FGZ_ERROR_SIZE);
    return ZSTD_compressBound(
               in_nbytes + fgz_min_size(held_nbytes, ZSTD_MAX_BLOCK_NBYTES)) +
           ZSTD_FRAME_EXTRA_NBYTES;
}

/* How a body is searched that is coded by zstd/; NULL if none is. */
static const sequence_rule *find_sequence_rule(const fgz_zstd *zstd,
                                               size_t in_nbytes)
{
    int const level = known_level(zstd);

    if (zstd->is_small)
        return NULL;
    for (size_t i = 0; i < sizeof(sequence_rules) / sizeof(sequence_rules[0]);
         i++)
        if (sequence_rules[i].first_level <= level &&
            level <= sequence_rules[i].last_level &&
            sequence_rules[i].min_nbytes <= in_nbytes &&
            in_nbytes <= sequence_rules[i].max_nbytes)
            return &sequence_rules[i];
    return NULL;
}

/*
 * Code a body by zstd/, if there is a rule for that.
 *
 * @return its length; 0 where there is no rule, there are hardly any matches,
 * it would not be shorter, or there may be too little room; or
 * FGZ_ERROR_MEMORY.
 */
static size_t compress_sequences(fgz_zstd *zstd, const uint8_t *in,
                                 size_t in_nbytes, uint8_t *out,
                                 size_t out_nbytes_avail)
{
    const sequence_rule *const rule = find_sequence_rule(zstd, in_nbytes);
    fgz_sequences *sequences = zstd->sequences;

    if (rule == NULL)
        return 0;
    if (sequences == NULL) {
        sequences = zstd->sequences = fgz_sequences_create();
        FGZ_RETURN_IF(sequences == NULL, FGZ_ERROR_MEMORY);
    }
    if (!fgz_sequences_find(sequences, in, in_nbytes, rule->hash_nbytes,
                            rule->max_depth))
        return 0;
    return fgz_sequences_write(sequences, in_nbytes, out, out_nbytes_avail);
}

/* Code a body that refers to nothing before it. */
static size_t compress_alone(fgz_zstd *zstd, const uint8_t *in,
                             size_t in_nbytes, uint8_t *out,
                             size_t out_nbytes_avail)
{
    size_t const made_nbytes =
        compress_sequences(zstd, in, in_nbytes, out, out_nbytes_avail);

    if (made_nbytes > 0)
        return made_nbytes;
    FGZ_FORWARD_IF_ERROR(set_memory(zstd, body_memory(zstd, in_nbytes)));
    fetch_tables(zstd, in_nbytes);
    return from_zstd(
        ZSTD_compress2(zstd->cctx, out, out_nbytes_avail, in, in_nbytes));
}

/*
 * Memory for a whole body that refers to a dictionary.  The window reaches over
 * both, because a match may begin in the dictionary only as long as what comes
 * before it in the body is in the window (RFC 8878, section 5); the frame says
 * no more than the body needs.
 */
static memory_logs referring_memory(const fgz_zstd *zstd, size_t in_nbytes)
{
    memory_logs memory = {ZSTD_MIN_BODY_LOG, ZSTD_ITS_CHOICE, ZSTD_ITS_CHOICE};

    if (zstd->is_small)
        return stream_memory(zstd);
    while (memory.window < ZSTD_WEB_MAX_WINDOW_LOG &&
           (size_t)1 << memory.window < in_nbytes + zstd->dictionary->nbytes)
        memory.window++;
    return memory;
}

/* Have the next frame refer to no dictionary.  Its checksum costs what is
 * little beside the time that libzstd takes. */
static size_t refer_to_none(fgz_zstd *zstd)
{
    FGZ_FORWARD_IF_ERROR(
        from_zstd(ZSTD_CCtx_reset(zstd->cctx, ZSTD_reset_session_only)));
    FGZ_FORWARD_IF_ERROR(set_parameter(zstd, ZSTD_c_checksumFlag, 1));
    FGZ_FORWARD_IF_ERROR(
        set_parameter(zstd, ZSTD_c_enableLongDistanceMatching, 0));
    return from_zstd(ZSTD_CCtx_refCDict(zstd->cctx, NULL));
}

/* Code a body that refers to the dictionary; or alone, where zstd/ may take
 * less time and the dictionary would be of no use. */
static size_t compress_referring(fgz_zstd *zstd, const uint8_t *in,
                                 size_t in_nbytes, uint8_t *out,
                                 size_t out_nbytes_avail)
{
    bool const is_prepared = zstd->dictionary->prepared != NULL &&
                             in_nbytes <= ZSTD_PREPARED_MAX_BODY_NBYTES;

    if (find_sequence_rule(zstd, in_nbytes) != NULL &&
        fgz_dictionary_is_unlike(zstd->dictionary, in, in_nbytes)) {
        FGZ_FORWARD_IF_ERROR(refer_to_none(zstd));
        return compress_alone(zstd, in, in_nbytes, out, out_nbytes_avail);
    }
    FGZ_FORWARD_IF_ERROR(
        from_zstd(ZSTD_CCtx_reset(zstd->cctx, ZSTD_reset_session_only)));
    FGZ_FORWARD_IF_ERROR(set_memory(zstd, referring_memory(zstd, in_nbytes)));
    if (zstd->is_small)
        FGZ_FORWARD_IF_ERROR(refer_stream(zstd));
    else
        FGZ_FORWARD_IF_ERROR(refer(zstd, is_prepared, !is_prepared));
    return from_zstd(
        ZSTD_compress2(zstd->cctx, out, out_nbytes_avail, in, in_nbytes));
}

size_t fgz_zstd_compress(fgz_zstd *zstd, const uint8_t *in, size_t in_nbytes,
                         uint8_t *out, size_t out_nbytes_avail)
{
    return zstd->dictionary != NULL ?
               compress_referring(zstd, in, in_nbytes, out, out_nbytes_avail) :
               compress_alone(zstd, in, in_nbytes, out, out_nbytes_avail);
}

size_t fgz_zstd_stream(fgz_zstd *zstd, const uint8_t *in, size_t in_nbytes,
                       fgz_directive directive, uint8_t *out,
                       size_t out_nbytes_avail)
{
    static const ZSTD_EndDirective directives[] = {[FGZ_CONTINUE] =
                                                       ZSTD_e_continue,
                                                   [FGZ_FLUSH] = ZSTD_e_flush,
                                                   [FGZ_FINISH] = ZSTD_e_end};
    ZSTD_inBuffer input = {in, in_nbytes, 0};
    ZSTD_outBuffer output = {out, out_nbytes_avail, 0};
    size_t held_back_nbytes;

    do {
        held_back_nbytes = from_zstd(ZSTD_compressStream2(
            zstd->cctx, &output, &input, directives[directive]));
        FGZ_FORWARD_IF_ERROR(held_back_nbytes);
        /* The bound leaves room for all; never spin should it not. */
        FGZ_RETURN_IF(output.pos == output.size && held_back_nbytes > 0,
                      FGZ_ERROR_ZSTD);
    } while (directive == FGZ_CONTINUE ? input.pos < input.size :
                                         held_back_nbytes > 0);
    return output.pos;
}

size_t fgz_zstd_memory_nbytes(const fgz_zstd *zstd)
{
    return sizeof(*zstd) + ZSTD_sizeof_CCtx(zstd->cctx) +
           (zstd->sequences != NULL ? zstd->sequences->memory_nbytes : 0);
}
