/*
 * gzip.h - frames round DEFLATE: gzip (RFC 1952), zlib (RFC 1950), or none
 */
#ifndef FGZ_GZIP_H
#define FGZ_GZIP_H

#include "deflate/deflate.h"

typedef struct fgz_gzip fgz_gzip;

/* The functions are those of deflate.h, with a frame round the blocks.  coding
 * is FGZ_GZIP, FGZ_ZLIB or FGZ_RAW. */

fgz_gzip *fgz_gzip_create(fgz_coding coding, int level, bool is_small);
void fgz_gzip_free(fgz_gzip *gzip);
void fgz_gzip_reset(fgz_gzip *gzip, uint64_t total_nbytes);
size_t fgz_gzip_bound(fgz_coding coding, size_t in_nbytes);
size_t fgz_gzip_stream_bound(fgz_coding coding, size_t in_nbytes);
size_t fgz_gzip_compress(fgz_gzip *gzip, const uint8_t *in, size_t in_nbytes,
                         uint8_t *out, size_t out_nbytes_avail);
size_t fgz_gzip_stream(fgz_gzip *gzip, const uint8_t *in, size_t in_nbytes,
                       fgz_directive directive, uint8_t *out,
                       size_t out_nbytes_avail);
size_t fgz_gzip_memory_nbytes(const fgz_gzip *gzip);

#endif /* FGZ_GZIP_H */
