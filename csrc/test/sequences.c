/*
 * Sequences are their body again, whatever its length: every one up to some
 * hundred bytes, those round segments and parts, and the longest; with matches
 * that run over several segments, noise in which nothing is searched, more
 * sequences than there is room for, and offsets that come back.  And what is
 * coded of them is a zstd frame of exactly the body, whatever was coded before,
 * in any room for it.  Input and output end at pages that cannot be accessed.
 */
#define _DEFAULT_SOURCE /* MAP_ANONYMOUS */
#include "../alloc.h"
#include "decode.h"
#include "guard.h"
#include "rebuild.h"

#define MAX_NBYTES ((size_t)70000)
#define FIRST_LEVEL 1
#define LAST_LEVEL 4

static const uint8_t canary[256] = {0xca, 0xa1};

static uint8_t *in_end, *out_end;
static uint8_t out[2 * MAX_NBYTES], expected[2 * MAX_NBYTES];

/* Find the sequences in every way, and check them.  @return in how many ways
 * there were some. */
static unsigned check_ways(fgz_sequences *sequences, size_t in_nbytes)
{
    const uint8_t *const in = in_end - in_nbytes;
    unsigned nfound = 0;

    for (unsigned hash_nbytes = 4; hash_nbytes <= 5; hash_nbytes++)
        for (unsigned depth = 1; depth <= 3; depth++)
            if (fgz_sequences_find(sequences, in, in_nbytes, hash_nbytes,
                                   depth)) {
                test_check_sequences(sequences, in, in_nbytes, out);
                nfound++;
            }
    return nfound;
}

/*
 * Fill with runs of noise of up to max_noise bytes, each followed by a copy of
 * up to max_copy bytes from one of some distances of up to max_distance.
 */
static void fill_copies(size_t in_nbytes, size_t max_noise, size_t max_copy,
                        size_t max_distance, unsigned ndistances,
                        uint32_t *state)
{
    uint8_t *const in = in_end - in_nbytes;
    size_t distances[8];
    size_t i = 0;

    for (unsigned k = 0; k < 8; k++)
        distances[k] = 1 + test_random(state) % max_distance;
    while (i < in_nbytes) {
        size_t const noise = test_random(state) % (max_noise + 1);
        size_t const copy = 1 + test_random(state) % max_copy;
        size_t const distance = distances[test_random(state) % ndistances];

        if (ndistances == 8)
            distances[test_random(state) % 8] =
                1 + test_random(state) % max_distance;
        for (size_t k = 0; k < noise && i < in_nbytes; k++)
            in[i++] = (uint8_t)(test_random(state) >> 8);
        for (size_t k = 0; k < copy && i < in_nbytes; k++, i++)
            in[i] = i < distance ? (uint8_t)(test_random(state) >> 8) :
                                   in[i - distance];
    }
}

/* Every length up to some hundred, and those round the borders of parts. */
static void check_lengths(fgz_sequences *sequences, uint32_t *state)
{
    static const size_t borders_nbytes[] = {2048,  2096,  8192, 8240,
                                            16384, 16432, 65520};

    for (size_t nbytes = 1; nbytes <= 700; nbytes++)
        for (unsigned kind = 0; kind < TEST_NKINDS; kind++) {
            test_fill(in_end - nbytes, nbytes, kind, (uint32_t)nbytes);
            check_ways(sequences, nbytes);
        }
    for (size_t i = 0; i < sizeof(borders_nbytes) / sizeof(size_t); i++)
        for (size_t nbytes = borders_nbytes[i] - 15;
             nbytes <= borders_nbytes[i] + 15; nbytes++) {
            fill_copies(nbytes, 3, 600, 300, 8, state);
            CHECK(check_ways(sequences, nbytes) == 6);
            fill_copies(nbytes, 9, 20, 200, 3, state);
            CHECK(check_ways(sequences, nbytes) == 6);
        }
}

/*
 * A match that ends just before the end, and one that begins in a later segment
 * and ends after it: what is left of that is near the end, too.  The last bytes
 * are there twice before, without some at the end, and then without the first.
 */
static void check_ends(fgz_sequences *sequences)
{
    for (size_t length = 60; length < 400; length += 3)
        for (size_t less = 1; less < 40; less += 6) {
            size_t const nbytes = 1300 + length % 40;
            uint8_t *const last = in_end - length - 1;

            test_fill(in_end - nbytes, nbytes, 0, (uint32_t)length);
            memcpy(in_end - nbytes + 9, last, length - less);
            memcpy(in_end - nbytes + 500, last + 1, length - 1);
            CHECK(check_ways(sequences, nbytes) == 6);
        }
}

/* Few offsets, which come back in every order, some with no literals between.
 */
static void check_offsets(fgz_sequences *sequences, uint32_t *state)
{
    for (unsigned ndistances = 1; ndistances <= 8; ndistances++)
        for (unsigned max_noise = 0; max_noise < 4; max_noise++) {
            fill_copies(9000, max_noise, 12, 700, ndistances, state);
            CHECK(check_ways(sequences, 9000) == 6);
        }
}

/* One match from the first byte to the last, and matches of about as many bytes
 * as a step compares. */
static void check_matches(fgz_sequences *sequences, uint32_t *state)
{
    for (size_t length = 28; length < 40; length++) {
        uint8_t *const in = in_end - 6000;

        for (size_t k = 0; k < 6000; k++)
            in[k] = k % (length + 1) == length || k <= length ?
                        (uint8_t)(test_random(state) >> 8) :
                        in[k - length - 1];
        CHECK(check_ways(sequences, 6000) == 6);
    }
    memset(in_end - FGZ_SEQUENCES_MAX_NBYTES, 7, FGZ_SEQUENCES_MAX_NBYTES);
    CHECK(check_ways(sequences, FGZ_SEQUENCES_MAX_NBYTES) == 6);
    CHECK(sequences->count <= 1 + FGZ_SEQUENCES_MAX_NBYTES / 8192);
}

/* Noise has no sequences, unless something comes first; and too many are not
 * found either. */
static void check_refused(fgz_sequences *sequences, uint32_t *state)
{
    size_t const nbytes = FGZ_SEQUENCES_MAX_NBYTES;
    uint8_t *const in = in_end - nbytes;
    uint8_t words[256][4];

    test_fill(in, nbytes, 0, 1);
    CHECK(check_ways(sequences, nbytes) == 0);
    for (size_t text_nbytes = 1000; text_nbytes < 60000;
         text_nbytes += text_nbytes) {
        test_fill(in, text_nbytes, 3, 2);
        CHECK(check_ways(sequences, nbytes) == 6);
        /* What is left out is found again. */
        memcpy(in_end - 4000, in_end - 8000, 4000);
        CHECK(check_ways(sequences, nbytes) == 6);
    }
    test_fill(words[0], sizeof(words), 0, 3);
    for (size_t i = 0; i + 4 <= nbytes; i += 4)
        memcpy(in + i, words[test_random(state) >> 9 & 255], 4);
    CHECK(!fgz_sequences_find(sequences, in, nbytes, 4, 3));
}

/* Code a body in a used encoder and in a new one, and check it. */
static void check_frame(fgz_encoder *enc, int level, size_t in_nbytes)
{
    const uint8_t *const in = in_end - in_nbytes;
    size_t const room = fgz_compress_bound(FGZ_ZSTD, in_nbytes);
    uint8_t *const exact = out_end - room;
    fgz_encoder *const fresh = test_create(FGZ_ZSTD, level);
    size_t const made = fgz_compress(enc, in, in_nbytes, exact, room);

    CHECK(!fgz_is_error(made));
    CHECK(fgz_compress(fresh, in, in_nbytes, expected, room) == made);
    CHECK(memcmp(exact, expected, made) == 0);
    CHECK(ZSTD_getFrameContentSize(exact, made) == in_nbytes);
    test_check_decodes(FGZ_ZSTD, exact, made, in, in_nbytes);
    fgz_free(fresh);
}

/* A stream between bodies. */
static void soil(fgz_encoder *enc, size_t in_nbytes)
{
    CHECK(fgz_reset(enc, FGZ_SIZE_UNKNOWN) == 0);
    CHECK(!fgz_is_error(
        fgz_flush(enc, in_end - in_nbytes, in_nbytes, out, sizeof(out))));
    CHECK(fgz_reset(enc, FGZ_SIZE_UNKNOWN) == 0);
}

/* Lengths in steps, and those round where one way gives way to another. */
static void check_frames(int level, uint32_t *state)
{
    static const size_t borders_nbytes[] = {1536, 4096, 16384, 65535};
    fgz_encoder *const enc = test_create(FGZ_ZSTD, level);

    for (size_t nbytes = 0; nbytes <= MAX_NBYTES;
         nbytes += 1 + test_random(state) % (64 + nbytes / 50)) {
        test_fill(in_end - nbytes, nbytes, test_random(state) % TEST_NKINDS,
                  (uint32_t)nbytes);
        check_frame(enc, level, nbytes);
        fill_copies(nbytes, 1 + test_random(state) % 3000,
                    1 + test_random(state) % 300, 1 + nbytes, 8, state);
        check_frame(enc, level, nbytes);
        soil(enc, nbytes);
    }
    for (size_t i = 0; i < sizeof(borders_nbytes) / sizeof(size_t); i++)
        for (size_t nbytes = borders_nbytes[i] - 2;
             nbytes <= borders_nbytes[i] + 2; nbytes++) {
            fill_copies(nbytes, 9, 30, nbytes, 8, state);
            check_frame(enc, level, nbytes);
        }
    fgz_free(enc);
}

/* What libzstd does not write, because it would not be shorter: noise with so
 * few matches that their sequences take what they save. */
static void check_not_shorter(int level, uint32_t *state)
{
    fgz_encoder *const enc = test_create(FGZ_ZSTD, level);

    for (size_t noise = 20; noise < 400; noise += 20) {
        size_t const nbytes = 20000;
        size_t made;

        fill_copies(nbytes, noise, 5, nbytes, 8, state);
        made = fgz_compress(enc, in_end - nbytes, nbytes, out, sizeof(out));
        CHECK(made <= nbytes + 16);
        check_frame(enc, level, nbytes);
    }
    fgz_free(enc);
}

/* Any room: the body comes out, or does not fit; before it nothing changes. */
static void check_rooms(int level, uint32_t *state)
{
    fgz_encoder *const enc = test_create(FGZ_ZSTD, level);
    size_t const nbytes = 17000;
    uint8_t *const in = in_end - nbytes;
    size_t const bound_nbytes = fgz_compress_bound(FGZ_ZSTD, nbytes);

    fill_copies(nbytes, 9, 30, nbytes, 8, state);
    /* Few symbols, so that literals are coded. */
    for (size_t i = 0; i < nbytes; i++)
        in[i] %= 16;
    for (size_t room = 0; room <= bound_nbytes; room += 1 + room / 64) {
        uint8_t *const before = out_end - room - sizeof(canary);
        size_t made;

        memcpy(before, canary, sizeof(canary));
        made = fgz_compress(enc, in, nbytes, out_end - room, room);
        CHECK(memcmp(before, canary, sizeof(canary)) == 0);
        if (fgz_is_error(made))
            CHECK(fgz_error_code(made) == FGZ_ERROR_OUTPUT);
        else
            test_check_decodes(FGZ_ZSTD, out_end - room, made, in, nbytes);
    }
    fgz_free(enc);
}

TEST_MAIN
{
    fgz_sequences *const sequences = fgz_sequences_create();
    uint32_t state = 8878;

    CHECK(sequences != NULL);
    in_end = test_guarded_end();
    out_end = test_guarded_end();
    check_lengths(sequences, &state);
    check_ends(sequences);
    check_offsets(sequences, &state);
    check_matches(sequences, &state);
    check_refused(sequences, &state);
    fgz_mfree(sequences);
    for (int level = FIRST_LEVEL; level <= LAST_LEVEL; level++) {
        check_frames(level, &state);
        check_not_shorter(level, &state);
        check_rooms(level, &state);
    }
    return 0;
}
