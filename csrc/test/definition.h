/*
 * definition.h - the checksums as the RFCs define them, one bit or one byte at
 * a time: what the fast ones and the frames are tested against
 */
#ifndef FGZ_TEST_DEFINITION_H
#define FGZ_TEST_DEFINITION_H

#include <stddef.h>
#include <stdint.h>

/* RFC 1952, section 8; crc is that of what came before, or 0. */
static inline uint32_t test_crc32_by_definition(uint32_t crc, const uint8_t *in,
                                                size_t in_nbytes)
{
    crc = ~crc;
    for (size_t i = 0; i < in_nbytes; i++) {
        crc ^= in[i];
        for (unsigned bit = 0; bit < 8; bit++)
            crc = (crc & 1) != 0 ? crc >> 1 ^ 0xedb88320 : crc >> 1;
    }
    return ~crc;
}

/* RFC 1950, section 8.2; adler is that of what came before, or 1. */
static inline uint32_t test_adler32_by_definition(uint32_t adler,
                                                  const uint8_t *in,
                                                  size_t in_nbytes)
{
    uint32_t s1 = adler & 0xffff;
    uint32_t s2 = adler >> 16;

    for (size_t i = 0; i < in_nbytes; i++) {
        s1 = (s1 + in[i]) % 65521;
        s2 = (s2 + s1) % 65521;
    }
    return s2 << 16 | s1;
}

#endif /* FGZ_TEST_DEFINITION_H */
