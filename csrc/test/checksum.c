/*
 * The checksums equal their definitions at every length and alignment, in any
 * division into calls, with and without each instruction set.
 */
#include "test.h"

#include "../checksum/checksum.h"
#include "../cpu.h"

/* RFC 1952, section 8, one bit at a time. */
static uint32_t crc32_by_definition(const uint8_t *in, size_t in_nbytes)
{
    uint32_t crc = 0xffffffff;

    for (size_t i = 0; i < in_nbytes; i++) {
        crc ^= in[i];
        for (unsigned bit = 0; bit < 8; bit++)
            crc = (crc & 1) != 0 ? crc >> 1 ^ 0xedb88320 : crc >> 1;
    }
    return ~crc;
}

/* RFC 1950, section 8.2, one byte at a time. */
static uint32_t adler32_by_definition(const uint8_t *in, size_t in_nbytes)
{
    uint32_t s1 = 1;
    uint32_t s2 = 0;

    for (size_t i = 0; i < in_nbytes; i++) {
        s1 = (s1 + in[i]) % 65521;
        s2 = (s2 + s1) % 65521;
    }
    return s2 << 16 | s1;
}

static void check_one(const uint8_t *in, size_t in_nbytes, size_t split)
{
    uint32_t const crc = crc32_by_definition(in, in_nbytes);
    uint32_t const adler = adler32_by_definition(in, in_nbytes);

    CHECK(fgz_crc32(FGZ_CRC32_INITIAL, in, in_nbytes) == crc);
    CHECK(fgz_crc32_portable(FGZ_CRC32_INITIAL, in, in_nbytes) == crc);
    CHECK(fgz_crc32(fgz_crc32(FGZ_CRC32_INITIAL, in, split), in + split,
                    in_nbytes - split) == crc);
    CHECK(fgz_adler32(FGZ_ADLER32_INITIAL, in, in_nbytes) == adler);
    CHECK(fgz_adler32(fgz_adler32(FGZ_ADLER32_INITIAL, in, split), in + split,
                      in_nbytes - split) == adler);
}

TEST_MAIN
{
    static uint8_t buffer[70000];
    uint32_t state = 7;

    CHECK(fgz_crc32(FGZ_CRC32_INITIAL, (const uint8_t *)"123456789", 9) ==
          0xcbf43926);
    CHECK(fgz_adler32(FGZ_ADLER32_INITIAL, (const uint8_t *)"Wikipedia", 9) ==
          0x11e60398);

    test_fill(buffer, sizeof(buffer), 0, 1);
    for (size_t alignment = 0; alignment < 16; alignment++)
        for (size_t nbytes = 0; nbytes < 300; nbytes++)
            check_one(buffer + alignment, nbytes,
                      nbytes == 0 ? 0 : test_random(&state) % nbytes);
    for (size_t nbytes = 300; nbytes < sizeof(buffer); nbytes += 6007)
        check_one(buffer, nbytes, test_random(&state) % nbytes);

    /* The sums of Adler-32 at their largest. */
    memset(buffer, 0xff, sizeof(buffer));
    check_one(buffer, sizeof(buffer), 5552);
    CHECK(fgz_adler32(0xfff0fff0, buffer, 5552) ==
          fgz_adler32(fgz_adler32(0xfff0fff0, buffer, 1), buffer + 1, 5551));

    CHECK(fgz_cpu_features() & FGZ_CPU_KNOWN);
    fgz_cpu_disable(FGZ_CPU_PCLMUL);
    CHECK((fgz_cpu_features() & FGZ_CPU_PCLMUL) == 0);
    return 0;
}
