/*
 * The adapter to libzstd: turns its results into ours, and sets what web
 * clients and open streams bound.
 *
 * One context of libzstd serves all bodies of an encoder.  Its window, and the
 * tables beside it, are parameters that stay from one frame to the next; whole
 * bodies and streams want different ones, so they are set again whenever an
 * encoder turns from one to the other, and not for each body.  libzstd writes
 * as much as it likes of what it is asked for; fgz_zstd_stream asks until all
 * is written, for which fgz_zstd_stream_bound leaves room.
 */
#ifdef FGZ_TEST_ALLOC
#  define ZSTD_STATIC_LINKING_ONLY /* custom memory */
#endif
#include "libzstd.h"

#include <zstd.h>
#include <zstd_errors.h>

#include "alloc.h"

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
 * What a stream may hold back: one block, the largest there is (RFC 8878,
 * section 3.1.1.2.4), and the most a frame adds: its header (18), the header
 * of each block (3) and a checksum (4).
 */
#define ZSTD_MAX_BLOCK_NBYTES ((size_t)128 << 10)
#define ZSTD_FRAME_EXTRA_NBYTES 64

struct fgz_zstd {
    ZSTD_CCtx *cctx;
    int level;
    bool is_small;
    bool is_for_stream; /* what its parameters are set for */
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

#ifdef FGZ_TEST_ALLOC
static void *zstd_alloc(void *opaque, size_t nbytes)
{
    (void)opaque;
    return fgz_malloc(nbytes);
}

static void zstd_mfree(void *opaque, void *memory)
{
    (void)opaque;
    fgz_mfree(memory);
}
#endif

/* Custom memory is not in libzstd's stable API: it is for our test only. */
static ZSTD_CCtx *create_cctx(void)
{
#ifdef FGZ_TEST_ALLOC
    ZSTD_customMem const memory = {zstd_alloc, zstd_mfree, NULL};
    return ZSTD_createCCtx_advanced(memory);
#else
    return ZSTD_createCCtx();
#endif
}

static size_t set_parameter(fgz_zstd *zstd, ZSTD_cParameter parameter,
                            int value)
{
    return from_zstd(ZSTD_CCtx_setParameter(zstd->cctx, parameter, value));
}

/* Set the window and the tables for streams, or for whole bodies.  No stream
 * is in progress. */
static size_t set_memory(fgz_zstd *zstd, bool is_for_stream)
{
    bool const has_large_window = zstd->level >= ZSTD_FIRST_LARGE_WINDOW_LEVEL;
    bool const has_large_tables =
        zstd->level >= ZSTD_FIRST_LARGE_TABLES_LEVEL ||
        zstd->level == ZSTD_ITS_CHOICE;
    bool const limits_tables = is_for_stream && has_large_tables;
    int const stream_window_log =
        has_large_tables ? ZSTD_STREAM_WINDOW_LOG : ZSTD_FAST_STREAM_WINDOW_LOG;

    FGZ_FORWARD_IF_ERROR(set_parameter(zstd, ZSTD_c_windowLog,
                                       zstd->is_small ? ZSTD_SMALL_WINDOW_LOG :
                                       is_for_stream  ? stream_window_log :
                                       has_large_window ?
                                                       ZSTD_WEB_MAX_WINDOW_LOG :
                                                       ZSTD_ITS_CHOICE));
    FGZ_FORWARD_IF_ERROR(set_parameter(zstd, ZSTD_c_hashLog,
                                       zstd->is_small ? ZSTD_SMALL_HASH_LOG :
                                       limits_tables  ? ZSTD_STREAM_HASH_LOG :
                                                        ZSTD_ITS_CHOICE));
    FGZ_FORWARD_IF_ERROR(set_parameter(zstd, ZSTD_c_chainLog,
                                       zstd->is_small ? ZSTD_SMALL_CHAIN_LOG :
                                       limits_tables  ? ZSTD_STREAM_CHAIN_LOG :
                                                        ZSTD_ITS_CHOICE));
    zstd->is_for_stream = is_for_stream;
    return 0;
}

static size_t start(fgz_zstd *zstd, bool is_for_stream)
{
    FGZ_FORWARD_IF_ERROR(
        from_zstd(ZSTD_CCtx_reset(zstd->cctx, ZSTD_reset_session_only)));
    return is_for_stream == zstd->is_for_stream ?
               0 :
               set_memory(zstd, is_for_stream);
}

static size_t set_parameters(fgz_zstd *zstd, int level, bool is_small)
{
    zstd->level = level;
    zstd->is_small = is_small;
    FGZ_FORWARD_IF_ERROR(set_parameter(zstd, ZSTD_c_compressionLevel, level));
    return set_memory(zstd, true);
}

size_t fgz_zstd_create(fgz_zstd **zstd_ret, int level, bool is_small)
{
    fgz_zstd *const zstd = fgz_malloc(sizeof(*zstd));
    size_t result;

    *zstd_ret = NULL;
    FGZ_RETURN_IF(zstd == NULL, FGZ_ERROR_MEMORY);
    zstd->cctx = create_cctx();
    result = zstd->cctx == NULL ? FGZ_ERROR(FGZ_ERROR_MEMORY) :
                                  set_parameters(zstd, level, is_small);
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
        fgz_mfree(zstd);
    }
}

size_t fgz_zstd_reset(fgz_zstd *zstd, uint64_t total_nbytes)
{
    FGZ_FORWARD_IF_ERROR(start(zstd, true));
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

size_t fgz_zstd_stream_bound(size_t in_nbytes)
{
    FGZ_RETURN_IF(in_nbytes > SIZE_MAX / 2 - ZSTD_MAX_BLOCK_NBYTES,
                  FGZ_ERROR_SIZE);
    return ZSTD_compressBound(in_nbytes + ZSTD_MAX_BLOCK_NBYTES) +
           ZSTD_FRAME_EXTRA_NBYTES;
}

size_t fgz_zstd_compress(fgz_zstd *zstd, const uint8_t *in, size_t in_nbytes,
                         uint8_t *out, size_t out_nbytes_avail)
{
    if (zstd->is_for_stream)
        FGZ_FORWARD_IF_ERROR(start(zstd, false));
    return from_zstd(
        ZSTD_compress2(zstd->cctx, out, out_nbytes_avail, in, in_nbytes));
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
    return sizeof(*zstd) + ZSTD_sizeof_CCtx(zstd->cctx);
}
