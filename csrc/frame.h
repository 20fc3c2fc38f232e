/*
 * frame.h - what stands round what deflate or libzstd writes: gzip (RFC 1952),
 * zlib (RFC 1950), dcz (RFC 9842), or, for FGZ_RAW and FGZ_ZSTD, nothing
 *
 * A frame is a value: it keeps what the trailer will say, and owns nothing.
 */
#ifndef FGZ_FRAME_H
#define FGZ_FRAME_H

#include "common.h"

typedef struct fgz_frame {
    fgz_coding coding;
    int level;                /* of which some headers give a hint */
    const uint8_t *digest;    /* of the dictionary, which dcz's header names */
    bool has_header;          /* it is written */
    uint32_t checksum;        /* of the input so far */
    uint32_t in_nbytes_mod32; /* its length modulo 2^32, for ISIZE */
} fgz_frame;

/* The room that headers and trailers take: exactly what the two functions that
 * put them write. */
size_t fgz_frame_header_nbytes(fgz_coding coding);
size_t fgz_frame_trailer_nbytes(fgz_coding coding);

/* A frame of which nothing is written, for the level as the coding has it; a
 * coding without dictionaries takes NULL for a digest. */
fgz_frame fgz_frame_start(fgz_coding coding, int level, const uint8_t *digest);

/* Write the header, unless this frame has it.  @return bytes written. */
size_t fgz_frame_put_header(fgz_frame *frame, uint8_t *out);

/* Count input among what the trailer tells of. */
void fgz_frame_add(fgz_frame *frame, const uint8_t *in, size_t in_nbytes);

/* Write the trailer of all input that was added.  @return bytes written. */
size_t fgz_frame_put_trailer(const fgz_frame *frame, uint8_t *out);

#endif /* FGZ_FRAME_H */
