/*
 * A small encoder of the DEFLATE family takes at most 64 KB, whatever it was
 * given to do, and codes a stream of events that are alike into little more
 * than another one.
 */
#include "test.h"

#define SMALL_MAX_NBYTES ((size_t)64 * 1024)

static uint8_t in[300000], out[1000000];

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

TEST_MAIN
{
    for (unsigned c = 0; c < TEST_NCODINGS; c++) {
        fgz_coding const coding = test_codings[c];

        if (coding == FGZ_ZSTD)
            continue;
        for (int level = 0; level <= 9; level++) {
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
