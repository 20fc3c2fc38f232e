/*
 * What the levels that parse by stages (staged.c) do at the borders of
 * segments and parts: matches that run over several segments, that agree in
 * just as many bytes as are compared at a time, that are cut; noise of which
 * some positions are left out, between what compresses; bodies that are longer
 * than a frame of places; and all of it in pieces that are flushed.  Input ends
 * at a page that cannot be accessed.
 */
#define _DEFAULT_SOURCE /* MAP_ANONYMOUS */
#include "decode.h"
#include "guard.h"

#define MAX_NBYTES ((size_t)300000)
#define ROOM_NBYTES (4 * MAX_NBYTES)

static uint8_t *in_end; /* a page that cannot be accessed */
static uint8_t out[ROOM_NBYTES];

/* Code a whole body, and check it. */
static void check_body(fgz_encoder *enc, size_t in_nbytes)
{
    const uint8_t *const in = in_end - in_nbytes;
    size_t const made = fgz_compress(enc, in, in_nbytes, out, ROOM_NBYTES);

    CHECK(!fgz_is_error(made));
    test_check_decodes(FGZ_RAW, out, made, in, in_nbytes);
}

/* Code it as a stream of pieces of up to max_nbytes, some of which are flushed,
 * and check it. */
static void check_stream(fgz_encoder *enc, size_t in_nbytes, size_t max_nbytes,
                         uint32_t *state)
{
    const uint8_t *const in = in_end - in_nbytes;
    size_t made = 0;

    CHECK(fgz_reset(enc, FGZ_SIZE_UNKNOWN) == 0);
    for (size_t done = 0; done < in_nbytes;) {
        size_t const nbytes = 1 + test_random(state) % max_nbytes;
        size_t const rest = in_nbytes - done;
        size_t const piece = nbytes < rest ? nbytes : rest;
        size_t const result =
            (test_random(state) % 4 == 0 ? fgz_write : fgz_flush)(
                enc, in + done, piece, out + made, ROOM_NBYTES - made);

        CHECK(!fgz_is_error(result));
        made += result;
        done += piece;
    }
    made += fgz_finish(enc, NULL, 0, out + made, ROOM_NBYTES - made);
    CHECK(made <= ROOM_NBYTES);
    test_check_decodes(FGZ_RAW, out, made, in, in_nbytes);
}

/*
 * Fill with runs of noise of up to max_noise bytes, each followed by a copy of
 * up to max_copy bytes from up to max_distance back.
 */
static void fill_copies(size_t in_nbytes, size_t max_noise, size_t max_copy,
                        size_t max_distance, uint32_t *state)
{
    uint8_t *const in = in_end - in_nbytes;
    size_t i = 0;

    while (i < in_nbytes) {
        size_t const noise = 1 + test_random(state) % max_noise;
        size_t const copy = test_random(state) % (max_copy + 1);
        size_t const reach =
            i + noise < max_distance ? i + noise : max_distance;
        size_t const distance = 1 + test_random(state) % reach;

        for (size_t k = 0; k < noise && i < in_nbytes; k++)
            in[i++] = (uint8_t)(test_random(state) >> 8);
        for (size_t k = 0; k < copy && i < in_nbytes && i >= distance; k++, i++)
            in[i] = in[i - distance];
    }
}

/* Every size round those at which four parses, rounds and parts begin. */
static void check_sizes(fgz_encoder *enc, uint32_t *state)
{
    static const size_t sizes_nbytes[] = {512,  560,  2048,  2096,
                                          8192, 8240, 16384, 16432};

    for (size_t i = 0; i < sizeof(sizes_nbytes) / sizeof(*sizes_nbytes); i++)
        for (size_t nbytes = sizes_nbytes[i] - 12;
             nbytes < sizes_nbytes[i] + 12; nbytes++) {
            fill_copies(nbytes, 9, 20, 5000, state);
            check_body(enc, nbytes);
            fill_copies(nbytes, 3, 600, 300, state);
            check_body(enc, nbytes);
            check_stream(enc, nbytes, 900, state);
        }
}

/* Matches of just about as many bytes as a step compares, and the longest. */
static void check_lengths(fgz_encoder *enc, uint32_t *state)
{
    for (size_t length = 28; length < 300; length += length < 36 ? 1 : 37)
        for (unsigned i = 0; i < 4; i++) {
            uint8_t *const in = in_end - 6000;

            for (size_t k = 0; k < 6000; k++)
                in[k] = k % (length + 1) == length || k <= length ?
                            (uint8_t)(test_random(state) >> 8) :
                            in[k - length - 1];
            check_body(enc, 6000 - i);
        }
}

/* Noise and copies in turns, of as many bytes as decide whether noise is
 * searched. */
static void check_noise(fgz_encoder *enc, uint32_t *state)
{
    for (unsigned i = 0; i < 12; i++) {
        size_t const in_nbytes = MAX_NBYTES / 3 - i;

        fill_copies(in_nbytes, 30000, 20000, 32768, state);
        check_body(enc, in_nbytes);
        fill_copies(in_nbytes, 3000, 40, 32768, state);
        check_stream(enc, in_nbytes, 20000, state);
    }
}

/* Bodies longer than several frames. */
static void check_frames(fgz_encoder *enc, uint32_t *state)
{
    for (unsigned i = 0; i < 4; i++) {
        fill_copies(MAX_NBYTES - i, 12, 40, 40000, state);
        check_body(enc, MAX_NBYTES - i);
        check_stream(enc, MAX_NBYTES - i, i % 2 == 0 ? 700 : 70000, state);
    }
}

TEST_MAIN
{
    in_end = test_guarded_end();
    for (int level = 1; level <= 2; level++) {
        fgz_encoder *const enc = test_create(FGZ_RAW, level);
        uint32_t state = 7;

        check_sizes(enc, &state);
        check_lengths(enc, &state);
        check_noise(enc, &state);
        check_frames(enc, &state);
        fgz_free(enc);
    }
    return 0;
}
