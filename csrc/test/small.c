/*
 * A small encoder of the DEFLATE family takes at most 64 KB, whatever it was
 * given to do, and codes a stream of events that are alike into little more
 * than another one.  One of zstd takes little at any level, and no stream of
 * zstd takes more than a bound, whatever is known of its length.
 */
#include "test.h"

#define SMALL_MAX_NBYTES ((size_t)64 * 1024)
#define ZSTD_SMALL_MAX_NBYTES ((size_t)400 * 1024)
#define ZSTD_STREAM_MAX_NBYTES ((size_t)3 * 1024 * 1024)

static uint8_t in[300000], out[1000000], dictionary_bytes[300000];

static void check_memory(const fgz_encoder *enc)
{
    CHECK(fgz_memory_nbytes(enc) <= SMALL_MAX_NBYTES);
}

/* Bytes written for nevents flushed events. */
static size_t send_events(fgz_encoder *enc, unsigned nevents)
{
    size_t made_nbytes = 0;

    CHECK(fgz_reset(enc, FGZ_SIZE_UNKNOWN) == 0);
    for (unsigned i = 0; i < nevents; i++) {
        char event[200];
        int const nbytes = snprintf(
            event, sizeof(event),
            "event: price\nid: %u\ndata: {\"symbol\": \"F%uZ\", \"bid\": %u."
            "%02u, \"volume\": %u}\n\n",
            i, i % 17, 100 + i * 7 % 31, i * 37 % 100, i * i % 10007);
        size_t const made =
            fgz_flush(enc, event, (size_t)nbytes, out, sizeof(out));

        CHECK(!fgz_is_error(made));
        made_nbytes += made;
    }
    return made_nbytes;
}

static void check_zstd(fgz_encoder *enc, size_t max_nbytes)
{
    static const uint64_t totals[] = {FGZ_SIZE_UNKNOWN, 5 * sizeof(in)};

    for (size_t i = 0; i < sizeof(totals) / sizeof(*totals); i++) {
        CHECK(fgz_reset(enc, totals[i]) == 0);
        for (unsigned n = 0; n < 5; n++) {
            test_fill(in, sizeof(in), n % TEST_NKINDS, n);
            CHECK(!fgz_is_error(
                fgz_flush(enc, in, sizeof(in), out, sizeof(out))));
        }
        CHECK(!fgz_is_error(fgz_finish(enc, NULL, 0, out, sizeof(out))));
        CHECK(fgz_memory_nbytes(enc) <= max_nbytes);
    }
    fgz_free(enc);
}

/* A dictionary of hundreds of kilobytes makes no stream larger.  It is read
 * anew at the levels above those that this is tried of. */
static void check_long_dictionary(int level)
{
    static const size_t nbytes[] = {200000, sizeof(dictionary_bytes)};

    for (size_t i = 0; i < 2; i++)
        for (uint32_t is_small = 0; is_small <= 1; is_small++) {
            fgz_encoder *const enc =
                test_create_of_size(FGZ_DCZ, level, is_small);
            fgz_dictionary *dictionary;

            test_fill(dictionary_bytes, nbytes[i], 3, 1);
            dictionary = test_dictionary_create(dictionary_bytes, nbytes[i],
                                                level, is_small);
            CHECK(fgz_refer(enc, dictionary) == 0);
            check_zstd(enc, is_small == 1 ? ZSTD_SMALL_MAX_NBYTES :
                                            ZSTD_STREAM_MAX_NBYTES);
            fgz_dictionary_free(dictionary);
        }
}

TEST_MAIN
{
    for (unsigned index = 0; index < TEST_NLEVELS; index++) {
        int const level = test_level(FGZ_ZSTD, index);

        check_zstd(test_create_small(FGZ_ZSTD, level), ZSTD_SMALL_MAX_NBYTES);
        check_zstd(test_create(FGZ_ZSTD, level), ZSTD_STREAM_MAX_NBYTES);
        check_zstd(test_create_small(FGZ_DCZ, level), ZSTD_SMALL_MAX_NBYTES);
        check_zstd(test_create(FGZ_DCZ, level), ZSTD_STREAM_MAX_NBYTES);
        if (level <= 13)
            check_long_dictionary(level);
    }
    for (unsigned c = 0; c < TEST_NCODINGS; c++) {
        fgz_coding const coding = test_codings[c];

        if (test_is_zstd(coding))
            continue;
        for (int level = 0; level < (int)test_nlevels(coding); level++) {
            fgz_encoder *const small = test_create_small(coding, level);
            fgz_encoder *const normal = test_create(coding, level);

            check_memory(small);
            CHECK(send_events(small, 2000) <=
                  send_events(normal, 2000) * 115 / 100);
            for (unsigned kind = 0; kind < TEST_NKINDS; kind++) {
                test_fill(in, sizeof(in), kind, 5);
                CHECK(fgz_reset(small, FGZ_SIZE_UNKNOWN) == 0);
                CHECK(!fgz_is_error(
                    fgz_write(small, in, sizeof(in), out, sizeof(out))));
                CHECK(
                    !fgz_is_error(fgz_finish(small, in, 1, out, sizeof(out))));
                CHECK(!fgz_is_error(
                    fgz_compress(small, in, sizeof(in), out, sizeof(out))));
                check_memory(small);
            }
            fgz_free(small);
            fgz_free(normal);
        }
    }
    return 0;
}
