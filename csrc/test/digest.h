/*
 * digest.h - one number for all that an encoder writes, to compare processors
 * and ways through the code with each other
 */
#ifndef FGZ_TEST_DIGEST_H
#define FGZ_TEST_DIGEST_H

#include "../checksum/checksum.h"
#include "test.h"

/* Larger than any window but zstd's, and than 2^16. */
#define DIGEST_MAX_NBYTES 150000

/*
 * The CRC-32 of whole bodies and flushed streams of every kind of test_fill
 * and many sizes, coded one after the other.
 */
static inline uint32_t test_digest(fgz_coding coding, int level)
{
    static const size_t sizes_nbytes[] = {0,   1,    7,     60,
                                          900, 9000, 40000, DIGEST_MAX_NBYTES};
    size_t const room = fgz_stream_bound(coding, DIGEST_MAX_NBYTES);
    uint8_t *const in = malloc(DIGEST_MAX_NBYTES);
    uint8_t *const out = malloc(room);
    fgz_encoder *const enc = test_create(coding, level);
    uint32_t digest = FGZ_CRC32_INITIAL;

    CHECK(in != NULL && out != NULL);
    for (size_t i = 0; i < sizeof(sizes_nbytes) / sizeof(*sizes_nbytes); i++)
        for (unsigned kind = 0; kind < TEST_NKINDS; kind++) {
            size_t in_nbytes = sizes_nbytes[i];
            size_t made;

            /* The slow levels of zstd see only small input. */
            if (test_is_zstd(coding) && level > 9)
                in_nbytes /= 50;
            test_fill(in, in_nbytes, kind, (uint32_t)i + 1);
            made = fgz_compress(enc, in, in_nbytes, out, room);
            CHECK(!fgz_is_error(made));
            digest = fgz_crc32_portable(digest, out, made);

            CHECK(fgz_reset(enc, FGZ_SIZE_UNKNOWN) == 0);
            for (unsigned third = 0; third < 3; third++) {
                made = (third < 2 ? fgz_flush : fgz_finish)(
                    enc, in + third * (in_nbytes / 3), in_nbytes / 3, out,
                    room);
                CHECK(!fgz_is_error(made));
                digest = fgz_crc32_portable(digest, out, made);
            }
        }
    fgz_free(enc);
    free(in);
    free(out);
    return digest;
}

#endif /* FGZ_TEST_DIGEST_H */
