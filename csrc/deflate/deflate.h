/*
 * deflate.h - the DEFLATE encoder, RFC 1951: whole bodies and streams of raw
 * blocks, with no frame round them
 *
 * Every call is all or nothing: with the room that a bound asks for it takes
 * all its input and writes all that this asks for.
 */
#ifndef FGZ_DEFLATE_H
#define FGZ_DEFLATE_H

#include "../common.h"

#define FGZ_DEFLATE_MIN_LEVEL (-1)
#define FGZ_DEFLATE_MAX_LEVEL 12
#define FGZ_DEFLATE_DEFAULT_LEVEL 6

typedef struct fgz_deflate fgz_deflate;

/*
 * Make an encoder for a level from FGZ_DEFLATE_MIN_LEVEL, which means the
 * default, to FGZ_DEFLATE_MAX_LEVEL.  It is ready for a stream of unknown
 * size.  A small one takes at most 64 KB, and looks back 8 KB instead of 32.
 *
 * @return NULL if there is no memory.
 */
fgz_deflate *fgz_deflate_create(int level, bool is_small);

void fgz_deflate_free(fgz_deflate *deflate);

/* Forget any stream, and make ready for one of total_nbytes or
 * FGZ_SIZE_UNKNOWN; the total only sizes the tables. */
void fgz_deflate_reset(fgz_deflate *deflate, uint64_t total_nbytes);

/*
 * The room that fgz_deflate_compress needs in the worst case, and that
 * fgz_deflate_stream needs for in_nbytes of new input after held_nbytes that
 * were not flushed.
 *
 * @return bytes, or FGZ_ERROR_SIZE when they would not fit in a size_t.
 */
size_t fgz_deflate_bound(size_t in_nbytes);
size_t fgz_deflate_stream_bound(size_t held_nbytes, size_t in_nbytes);

/*
 * Compress one whole body.  Ends any stream.
 *
 * @return bytes written, or FGZ_ERROR_OUTPUT.
 */
size_t fgz_deflate_compress(fgz_deflate *deflate, const uint8_t *in,
                            size_t in_nbytes, uint8_t *out,
                            size_t out_nbytes_avail);

/*
 * Take input into the stream, then do as directed.  out_nbytes_avail is at
 * least what fgz_deflate_stream_bound says.
 *
 * @return bytes written, or FGZ_ERROR_MEMORY: the first call after create
 * allocates the window.
 */
size_t fgz_deflate_stream(fgz_deflate *deflate, const uint8_t *in,
                          size_t in_nbytes, fgz_directive directive,
                          uint8_t *out, size_t out_nbytes_avail);

/* The memory that the encoder holds, in bytes. */
size_t fgz_deflate_memory_nbytes(const fgz_deflate *deflate);

#endif /* FGZ_DEFLATE_H */
