/*
 * libzstd.h - one zstd frame (RFC 8878) a body, written by libzstd, which may
 * refer to a dictionary
 *
 * The functions mirror those of deflate.h, in what they take and in when they
 * may be called.
 */
#ifndef FGZ_LIBZSTD_H
#define FGZ_LIBZSTD_H

#include "common.h"

typedef struct fgz_zstd fgz_zstd;

/* The levels of the libzstd in use; 0 means its default. */
int fgz_zstd_level_min(void);
int fgz_zstd_level_max(void);

/* @return 0, or FGZ_ERROR_MEMORY or FGZ_ERROR_ZSTD with NULL in *zstd_ret. */
size_t fgz_zstd_create(fgz_zstd **zstd_ret, int level, bool is_small);

void fgz_zstd_free(fgz_zstd *zstd);

/* Refer to a dictionary, or with NULL to none, from the next reset on. */
void fgz_zstd_refer(fgz_zstd *zstd, const fgz_dictionary *dictionary);

size_t fgz_zstd_reset(fgz_zstd *zstd, uint64_t total_nbytes);
size_t fgz_zstd_bound(size_t in_nbytes);
size_t fgz_zstd_stream_bound(size_t held_nbytes, size_t in_nbytes);
size_t fgz_zstd_compress(fgz_zstd *zstd, const uint8_t *in, size_t in_nbytes,
                         uint8_t *out, size_t out_nbytes_avail);
size_t fgz_zstd_stream(fgz_zstd *zstd, const uint8_t *in, size_t in_nbytes,
                       fgz_directive directive, uint8_t *out,
                       size_t out_nbytes_avail);
size_t fgz_zstd_memory_nbytes(const fgz_zstd *zstd);

#endif /* FGZ_LIBZSTD_H */
