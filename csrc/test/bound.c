/*
 * With exactly as much room as a bound says, every call succeeds, and neither
 * the output nor the input is touched beyond its end: both lie against pages
 * that cannot be accessed.  Less room is enough as long as the output fits.
 */
#define _DEFAULT_SOURCE /* MAP_ANONYMOUS */
#include "guard.h"
#include "test.h"

static uint8_t *in_end, *out_end;

static void check_body(fgz_encoder *enc, fgz_coding coding, size_t in_nbytes)
{
    const uint8_t *const in = in_end - in_nbytes;
    size_t const room = fgz_compress_bound(coding, in_nbytes);
    size_t const made = fgz_compress(enc, in, in_nbytes, out_end - room, room);

    CHECK(!fgz_is_error(made) && made <= room);
    /* Exactly what it takes is enough, at least in the DEFLATE family. */
    if (!test_is_zstd(coding))
        CHECK(fgz_compress(enc, in, in_nbytes, out_end - made, made) == made);
    if (in_nbytes <= 700)
        for (size_t less = 0; less < made; less++) {
            size_t const result =
                fgz_compress(enc, in, in_nbytes, out_end - less, less);
            /* What does not fit in the way of zstd/ may in libzstd's. */
            CHECK(fgz_error_code(result) == FGZ_ERROR_OUTPUT ||
                  (test_is_zstd(coding) && result <= less));
        }
    if (in_nbytes <= 200 && !test_is_zstd(coding))
        for (size_t more = made; more < room; more++)
            CHECK(fgz_compress(enc, in, in_nbytes, out_end - more, more) ==
                  made);
    CHECK(fgz_compress(enc, in, in_nbytes, out_end - room, room) == made);
}

typedef size_t verb(fgz_encoder *enc, const void *in, size_t in_nbytes,
                    void *out, size_t out_nbytes_avail);

static void check_call(fgz_encoder *enc, fgz_coding coding, verb *function,
                       const uint8_t *in, size_t in_nbytes)
{
    size_t const room = fgz_next_bound(enc, in_nbytes);

    CHECK(room <= fgz_stream_bound(coding, in_nbytes));
    CHECK(fgz_error_code(function(enc, in, in_nbytes, out_end - (room - 1),
                                  room - 1)) == FGZ_ERROR_OUTPUT);
    CHECK(function(enc, in, in_nbytes, out_end - room, room) <= room);
}

static void check_stream(fgz_encoder *enc, fgz_coding coding, size_t in_nbytes,
                         uint32_t *state)
{
    const uint8_t *in = in_end - in_nbytes;

    CHECK(fgz_reset(enc, test_random(state) % 2 != 0 ? in_nbytes :
                                                       FGZ_SIZE_UNKNOWN) == 0);
    while (in < in_end) {
        size_t piece_nbytes =
            1 + test_random(state) % (1u << test_random(state) % 20);

        if (piece_nbytes > (size_t)(in_end - in))
            piece_nbytes = (size_t)(in_end - in);
        check_call(enc, coding,
                   test_random(state) % 3 != 0 ? fgz_write : fgz_flush, in,
                   piece_nbytes);
        in += piece_nbytes;
    }
    check_call(enc, coding, fgz_finish, in_end, 0);
}

TEST_MAIN
{
    uint32_t state = 11;

    in_end = test_guarded_end();
    out_end = test_guarded_end();
    CHECK(fgz_is_error(fgz_compress_bound((fgz_coding)99, 1)));
    CHECK(fgz_error_code(fgz_compress_bound(FGZ_GZIP, SIZE_MAX)) ==
          FGZ_ERROR_SIZE);
    CHECK(fgz_error_code(fgz_stream_bound(FGZ_GZIP, SIZE_MAX)) ==
          FGZ_ERROR_SIZE);
    CHECK(fgz_error_code(fgz_stream_bound(FGZ_ZSTD, SIZE_MAX)) ==
          FGZ_ERROR_SIZE);

    for (unsigned c = 0; c < TEST_NCODINGS; c++)
        for (unsigned index = 0; index < 2 * test_nlevels(test_codings[c]);
             index++) {
            fgz_coding const coding = test_codings[c];
            int const level = test_level(coding, index / 2);
            fgz_encoder *const enc = index % 2 == 0 ?
                                         test_create(coding, level) :
                                         test_create_small(coding, level);

            for (unsigned round = 0; round < 24; round++) {
                unsigned const kind = round % TEST_NKINDS;
                size_t in_nbytes =
                    round < 12 ? test_random(&state) % 700 :
                                 test_random(&state) % (1u << (10 + round % 9));

                /* The slow levels of zstd see only small input. */
                if (test_is_zstd(coding) && index / 2 > 6)
                    in_nbytes %= 5000;
                test_fill(in_end - in_nbytes, in_nbytes, kind, round);
                check_body(enc, coding, in_nbytes);
                check_stream(enc, coding, in_nbytes, &state);
            }
            fgz_free(enc);
        }
    return 0;
}
