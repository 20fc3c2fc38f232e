/*
 * Whichever instruction sets the processor lacks, checksums and output are the
 * same.  What a process once chose stays chosen, so each case has a process of
 * its own.
 */
#define _DEFAULT_SOURCE /* fork */
#include <sys/wait.h>
#include <unistd.h>

#include "../cpu.h"
#include "definition.h"
#include "digest.h"

/* As far as the largest run that a checksum takes in one go, and a bit. */
#define MAX_NBYTES 5700

/* How many levels are compared: all parsers, and those of zstd of which some
 * matches are found here. */
#define NLEVELS 5

/* Each feature in use has a name, and after the last there is none. */
static void check_names(void)
{
    unsigned const features = fgz_cpu_features() & ~FGZ_CPU_KNOWN;
    unsigned count = 0;

    for (unsigned bit = 0; bit < 31; bit++)
        count += features >> bit & 1;
    for (unsigned i = 0; i < count; i++)
        CHECK(fgz_cpu_feature_name(i) != NULL);
    CHECK(fgz_cpu_feature_name(count) == NULL);
}

static void check_checksums(void)
{
    static uint8_t buffer[MAX_NBYTES + 16];

    test_fill(buffer, sizeof(buffer), 0, 1);
    for (size_t nbytes = 0; nbytes <= MAX_NBYTES;
         nbytes += nbytes < 300 ? 1 : 173)
        for (size_t alignment = 0; alignment < 16; alignment += 5) {
            const uint8_t *const in = buffer + alignment;

            CHECK(fgz_crc32(FGZ_CRC32_INITIAL, in, nbytes) ==
                  test_crc32_by_definition(FGZ_CRC32_INITIAL, in, nbytes));
            CHECK(fgz_adler32(FGZ_ADLER32_INITIAL, in, nbytes) ==
                  test_adler32_by_definition(FGZ_ADLER32_INITIAL, in, nbytes));
        }
}

/* The digests of some levels without the features in disabled. */
static void run(unsigned disabled, uint32_t *digests)
{
    static const int levels[NLEVELS] = {1, 2, 6, 9, 10};

    fgz_cpu_disable(disabled);
    CHECK((fgz_cpu_features() & disabled) == 0);
    check_names();
    check_checksums();
    for (unsigned i = 0; i < NLEVELS; i++) {
        digests[3 * i] = test_digest(FGZ_GZIP, levels[i]);
        /* Those from 10 on take long, and are the same behind any header. */
        digests[3 * i + 1] =
            levels[i] < 10 ? test_digest(FGZ_ZLIB, levels[i]) : 0;
        digests[3 * i + 2] = test_digest(FGZ_ZSTD, (int)i);
    }
}

/* Run in a process of its own; the digests come through a pipe. */
static void run_apart(unsigned disabled, uint32_t *digests)
{
    size_t const nbytes = 3 * NLEVELS * sizeof(*digests);
    int ends[2];
    int status;
    pid_t child;

    CHECK(pipe(ends) == 0);
    child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        run(disabled, digests);
        CHECK(write(ends[1], digests, nbytes) == (ssize_t)nbytes);
        exit(0);
    }
    CHECK(close(ends[1]) == 0);
    CHECK(read(ends[0], digests, nbytes) == (ssize_t)nbytes);
    CHECK(close(ends[0]) == 0);
    CHECK(waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

TEST_MAIN
{
    unsigned const features = fgz_cpu_features() & ~FGZ_CPU_KNOWN;
    uint32_t expected[3 * NLEVELS], actual[3 * NLEVELS];

    /* Without any: the portable code, against which the rest is held. */
    run_apart(features, expected);
    run_apart(0, actual);
    CHECK(memcmp(actual, expected, sizeof(actual)) == 0);
    for (unsigned bit = 0; bit < 31; bit++) {
        if ((features >> bit & 1) == 0)
            continue;
        run_apart(1u << bit, actual);
        CHECK(memcmp(actual, expected, sizeof(actual)) == 0);
        run_apart(features & ~(1u << bit), actual);
        CHECK(memcmp(actual, expected, sizeof(actual)) == 0);
    }
    return 0;
}
