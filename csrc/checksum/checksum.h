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

uint32_t fgz_crc32(uint32_t crc, const uint8_t *in, size_t in_nbytes);
uint32_t fgz_adler32(uint32_t adler, const uint8_t *in, size_t in_nbytes);

/*
 * The portable implementation of fgz_crc32.  It is what the others are tested
 * against, and what they use for the few bytes that do not fill a register.
 */
uint32_t fgz_crc32_portable(uint32_t crc, const uint8_t *in, size_t in_nbytes);

#endif /* FGZ_CHECKSUM_H */
