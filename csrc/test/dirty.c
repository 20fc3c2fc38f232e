/*
 * An encoder that has done other work, whole bodies and streams broken off at
 * any point, gives the same bytes as a new one; and the cuts of the input into
 * calls do not show.
 */
#include "test.h"

#define MAX_NBYTES 300000
#define ROOM_NBYTES (2 * MAX_NBYTES + 1000000)

static uint8_t in[MAX_NBYTES];
static uint8_t expected[ROOM_NBYTES], actual[ROOM_NBYTES];

/* Code in[0 .. in_nbytes) as a stream in pieces of piece_nbytes, flushed after
 * every flush_nbytes. */
static size_t code_stream(fgz_encoder *enc, size_t in_nbytes,
                          size_t piece_nbytes, size_t flush_nbytes,
                          uint8_t *out)
{
    size_t made = 0;
    size_t done = 0;

    CHECK(fgz_reset(enc, FGZ_SIZE_UNKNOWN) == 0);
    while (done < in_nbytes) {
        size_t const until_flush = flush_nbytes - done % flush_nbytes;
        size_t nbytes = piece_nbytes;
        size_t result;

        nbytes = nbytes < until_flush ? nbytes : until_flush;
        nbytes = nbytes < in_nbytes - done ? nbytes : in_nbytes - done;
        result = nbytes == until_flush ?
                     fgz_flush(enc, in + done, nbytes, out + made,
                               ROOM_NBYTES - made) :
                     fgz_write(enc, in + done, nbytes, out + made,
                               ROOM_NBYTES - made);
        CHECK(!fgz_is_error(result));
        made += result;
        done += nbytes;
    }
    made += fgz_finish(enc, NULL, 0, out + made, ROOM_NBYTES - made);
    CHECK(made <= ROOM_NBYTES);
    return made;
}

/* Leave the encoder in the middle of something else. */
static void soil(fgz_encoder *enc, size_t max_nbytes, uint32_t *state)
{
    size_t const nbytes = test_random(state) % max_nbytes;

    test_fill(in, nbytes, test_random(state) % TEST_NKINDS, test_random(state));
    CHECK(fgz_reset(enc, FGZ_SIZE_UNKNOWN) == 0);
    CHECK(!fgz_is_error(fgz_compress(enc, in, nbytes, actual, ROOM_NBYTES)));
    CHECK(fgz_reset(enc, FGZ_SIZE_UNKNOWN) == 0);
    CHECK(!fgz_is_error(fgz_flush(enc, in, nbytes / 2, actual, ROOM_NBYTES)));
    CHECK(!fgz_is_error(fgz_write(enc, in, nbytes / 3, actual, ROOM_NBYTES)));
}

static void check_dirty(fgz_encoder *(*create)(fgz_coding, int),
                        fgz_coding coding, unsigned index, uint32_t *state)
{
    int const level = test_level(coding, index);
    /* Levels that are libzstd's alone. */
    bool const is_slow_zstd = test_is_zstd(coding) && index > 6;
    size_t const max_nbytes = is_slow_zstd ? 30000 :
                              index > 9    ? 100000 :
                                             MAX_NBYTES;
    fgz_encoder *const dirty = create(coding, level);

    for (unsigned round = 0; round < 8; round++) {
        fgz_encoder *const fresh = create(coding, level);
        size_t in_nbytes = test_random(state) % max_nbytes;
        size_t const flush_nbytes =
            1 + test_random(state) % (1u << (6 + round * 2));
        size_t const piece_nbytes =
            1 + test_random(state) % (1u << (6 + round * 2));
        size_t nbytes;

        if (round % 2 == 0 || is_slow_zstd)
            in_nbytes %= 10000;
        soil(dirty, max_nbytes, state);
        CHECK(fgz_reset(dirty, 0) == 0);
        test_fill(in, in_nbytes, round % TEST_NKINDS, round);

        nbytes = fgz_compress(fresh, in, in_nbytes, expected, ROOM_NBYTES);
        CHECK(!fgz_is_error(nbytes));
        CHECK(fgz_compress(dirty, in, in_nbytes, actual, ROOM_NBYTES) ==
              nbytes);
        CHECK(memcmp(expected, actual, nbytes) == 0);

        nbytes =
            code_stream(fresh, in_nbytes, piece_nbytes, flush_nbytes, expected);
        CHECK(code_stream(dirty, in_nbytes,
                          test_is_zstd(coding) ? piece_nbytes :
                                                 1 + piece_nbytes / 3,
                          flush_nbytes, actual) == nbytes);
        CHECK(memcmp(expected, actual, nbytes) == 0);
        fgz_free(fresh);
    }
    fgz_free(dirty);
}

/*
 * Fill in with a beginning of one kind, and then twice the same 20000 bytes,
 * in which three bytes that occurred before alternate with one of noise.
 */
static size_t fill_twin(unsigned kind_of_beginning)
{
    static uint8_t threes[3 * 256];
    size_t const beginning_nbytes = 12000;
    size_t const half_nbytes = 20000;
    uint8_t *const half = in + beginning_nbytes;
    uint32_t state = 17;

    test_fill(in, beginning_nbytes, kind_of_beginning, 1);
    test_fill(threes, sizeof(threes), 0, 2);
    for (size_t i = 0; i < half_nbytes; i += 4) {
        memcpy(half + i, threes + 3 * (test_random(&state) >> 8 & 255), 3);
        half[i + 3] = (uint8_t)(test_random(&state) >> 8);
    }
    memcpy(half + half_nbytes, half, half_nbytes);
    return beginning_nbytes + 2 * half_nbytes;
}

/*
 * What an earlier body left in the tables is most likely to be believed when
 * it is true: when that body was the same from somewhere on, at the same
 * positions, but began otherwise, so that it was searched elsewhere; and when
 * it ended not far ahead, because the tables know what came last.
 */
static void check_twins(fgz_encoder *(*create)(fgz_coding, int), int level)
{
    fgz_encoder *const fresh = create(FGZ_RAW, level);
    fgz_encoder *const dirty = create(FGZ_RAW, level);
    /* The levels from 10 on, which take many times as long, free what they
     * have found before a call returns. */
    size_t const step_nbytes = level < 10 ? 1000 : 6000;

    for (unsigned kind = 0; kind < 2; kind++) {
        size_t const in_nbytes = fill_twin(kind);
        size_t const nbytes =
            fgz_compress(fresh, in, in_nbytes, expected, ROOM_NBYTES);

        CHECK(!fgz_is_error(nbytes));
        for (size_t cut = 14000; cut < in_nbytes; cut += step_nbytes) {
            fill_twin(1 - kind);
            CHECK(!fgz_is_error(
                fgz_compress(dirty, in, cut, actual, ROOM_NBYTES)));
            fill_twin(kind);
            CHECK(fgz_compress(dirty, in, in_nbytes, actual, ROOM_NBYTES) ==
                  nbytes);
            CHECK(memcmp(expected, actual, nbytes) == 0);
        }
    }
    fgz_free(fresh);
    fgz_free(dirty);
}

TEST_MAIN
{
    uint32_t state = 5;

    for (unsigned c = 0; c < TEST_NCODINGS; c++)
        for (unsigned index = 0; index < test_nlevels(test_codings[c]);
             index++) {
            check_dirty(test_create, test_codings[c], index, &state);
            check_dirty(test_create_small, test_codings[c], index, &state);
        }
    for (int level = 0; level < TEST_NLEVELS; level++) {
        check_twins(test_create, level);
        check_twins(test_create_small, level);
    }
    return 0;
}
