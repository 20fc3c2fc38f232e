/*
 * checksum.h - the checksums of gzip (CRC-32, RFC 1952 section 8) and zlib
 * (Adler-32, RFC 1950 section 8.2)
 *
 * Both are incremental: start with the initial value, pass each result on to
 * the next call.
 */
#ifndef FGZ_CHECKSUM_H
#define FGZ_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>

#define FGZ_CRC32_INITIAL 0u
#define FGZ_ADLER32_INITIAL 1u

typedef uint32_t fgz_checksum(uint32_t checksum, const uint8_t *in,
                              size_t in_nbytes);

fgz_checksum fgz_crc32;
fgz_checksum fgz_adler32;

/*
 * The portable implementations.  They are what the others are tested against,
 * and what these use for the few bytes that do not fill a register.
 */
fgz_checksum fgz_crc32_portable;
fgz_checksum fgz_adler32_portable;

/*
 * The best implementation for the features that fgz_cpu_features() gives now.
 * fgz_crc32 and fgz_adler32 ask once and stay with the answer; tests ask again
 * after each feature that they disable.
 */
fgz_checksum *fgz_crc32_best(void);
fgz_checksum *fgz_adler32_best(void);

#endif /* FGZ_CHECKSUM_H */
