/*
 * The portable checksums equal their definitions, and every implementation
 * that this processor can run equals the portable one: at every length and
 * alignment, in any division into calls, and where the sums are at their
 * largest.
 */
#include "test.h"

#include "../checksum/checksum.h"
#include "../cpu.h"
#include "definition.h"

/* Longer than three times what Adler-32 sums before it reduces. */
#define BUFFER_NBYTES 70000

/* Longer than two rounds of any loop, with every possible rest. */
#define SHORT_NBYTES 600

#define NALIGNMENTS 64

/* Both sums of Adler-32 at 65520. */
#define ADLER32_LARGEST 0xfff0fff0u

/* A value that the checksum before some input may have. */
static uint32_t random_start(fgz_checksum *oracle, uint32_t *state)
{
    uint8_t const bytes[3] = {(uint8_t)test_random(state),
                              (uint8_t)test_random(state),
                              (uint8_t)test_random(state)};

    return oracle(test_random(state) % 65521, bytes, sizeof(bytes));
}

/* The buffer is all the memory there is: the sanitizer watches its ends. */
static void check_lengths(fgz_checksum *tested, fgz_checksum *oracle,
                          const uint8_t *buffer, size_t nalignments)
{
    uint32_t state = 7;

    for (size_t nbytes = 0; nbytes <= SHORT_NBYTES; nbytes++) {
        const uint8_t *const last = buffer + BUFFER_NBYTES - nbytes;

        for (size_t alignment = 0; alignment < nalignments; alignment++) {
            const uint8_t *const in = buffer + alignment;
            uint32_t const start = random_start(oracle, &state);
            size_t const split = test_random(&state) % (nbytes + 1);
            uint32_t const expected = oracle(start, in, nbytes);

            CHECK(tested(start, in, nbytes) == expected);
            CHECK(tested(tested(start, in, split), in + split,
                         nbytes - split) == expected);
        }
        CHECK(tested(0, last, nbytes) == oracle(0, last, nbytes));
    }
    for (unsigned i = 0; i < 100; i++) {
        uint32_t const start = random_start(oracle, &state);
        const uint8_t *const in = buffer + test_random(&state) % NALIGNMENTS;
        size_t const nbytes =
            test_random(&state) % (BUFFER_NBYTES - NALIGNMENTS);

        CHECK(tested(start, in, nbytes) == oracle(start, in, nbytes));
    }
}

/* Bytes 0xff, and lengths round those where Adler-32 reduces its sums. */
static void check_largest(fgz_checksum *tested, fgz_checksum *oracle,
                          const uint8_t *ones)
{
    for (size_t nbytes = 5552 - 100; nbytes <= 5552 + 100; nbytes++)
        for (size_t times = 1; times <= 3; times++)
            CHECK(tested(ADLER32_LARGEST, ones, times * nbytes) ==
                  oracle(ADLER32_LARGEST, ones, times * nbytes));
    CHECK(tested(ADLER32_LARGEST, ones, BUFFER_NBYTES) ==
          oracle(ADLER32_LARGEST, ones, BUFFER_NBYTES));
}

/* The latest comparison, because most features leave a checksum as it was. */
typedef struct comparison {
    fgz_checksum *tested;
    fgz_checksum *oracle;
} comparison;

static void check_path(comparison *latest, fgz_checksum *tested,
                       fgz_checksum *oracle, const uint8_t *noise,
                       const uint8_t *ones, size_t nalignments)
{
    if (latest->tested == tested && latest->oracle == oracle)
        return;
    latest->tested = tested;
    latest->oracle = oracle;
    check_lengths(tested, oracle, noise, nalignments);
    check_largest(tested, oracle, ones);
}

TEST_MAIN
{
    /* In the order in which they are preferred. */
    static const unsigned features[] = {FGZ_CPU_PCLMUL, FGZ_CPU_PMULL,
                                        FGZ_CPU_CRC32, FGZ_CPU_AVX2,
                                        FGZ_CPU_SSSE3};
    static uint8_t noise[BUFFER_NBYTES], ones[BUFFER_NBYTES];
    comparison crc = {NULL, NULL}, adler = {NULL, NULL};

    CHECK(fgz_crc32(FGZ_CRC32_INITIAL, (const uint8_t *)"123456789", 9) ==
          0xcbf43926);
    CHECK(fgz_adler32(FGZ_ADLER32_INITIAL, (const uint8_t *)"Wikipedia", 9) ==
          0x11e60398);

    test_fill(noise, sizeof(noise), 0, 1);
    memset(ones, 0xff, sizeof(ones));
    check_path(&crc, fgz_crc32_portable, test_crc32_by_definition, noise, ones,
               8);
    check_path(&adler, fgz_adler32_portable, test_adler32_by_definition, noise,
               ones, 8);

    /* What is used, then what is left without each feature. */
    CHECK(fgz_cpu_features() & FGZ_CPU_KNOWN);
    check_path(&crc, fgz_crc32, fgz_crc32_portable, noise, ones, NALIGNMENTS);
    check_path(&adler, fgz_adler32, fgz_adler32_portable, noise, ones,
               NALIGNMENTS);
    for (size_t i = 0; i < sizeof(features) / sizeof(features[0]); i++) {
        fgz_cpu_disable(features[i]);
        CHECK((fgz_cpu_features() & features[i]) == 0);
        check_path(&crc, fgz_crc32_best(), fgz_crc32_portable, noise, ones,
                   NALIGNMENTS);
        check_path(&adler, fgz_adler32_best(), fgz_adler32_portable, noise,
                   ones, NALIGNMENTS);
    }
    CHECK(fgz_crc32_best() == fgz_crc32_portable);
    return 0;
}
