/*
 * The share of a body's phrases that a dictionary has: whole where the body is
 * out of it, next to nothing where it is not, in proportion between, and of
 * what repeats itself only once; for every length, and wherever body and
 * dictionary lie.  Both end where a page begins that cannot be touched.
 */
#define _DEFAULT_SOURCE /* MAP_ANONYMOUS */
#include "../phrases.h"
#include "guard.h"

#define BODY_MAX_NBYTES 2000

static uint8_t *dictionary_end, *body_end;

static fgz_phrases *create(size_t nbytes)
{
    fgz_phrases *const phrases =
        fgz_phrases_create(dictionary_end - nbytes, nbytes);

    CHECK(phrases != NULL);
    /* 8 bits for each phrase at least, and 16 at most. */
    CHECK(fgz_phrases_memory_nbytes(phrases) >= nbytes);
    CHECK(fgz_phrases_memory_nbytes(phrases) <= 2 * nbytes + 200);
    return phrases;
}

static unsigned share(const fgz_phrases *phrases, size_t nbytes)
{
    return fgz_phrases_share(phrases, body_end - nbytes, nbytes);
}

/* Noise has no phrase twice, so that the share is known.  An eighth is allowed
 * for what two sets cannot tell apart. */
static void check_noise(size_t dictionary_nbytes)
{
    uint8_t *const bytes = dictionary_end - dictionary_nbytes;
    unsigned const eighth = FGZ_PHRASES_WHOLE / 8;
    fgz_phrases *phrases;

    test_fill(bytes, dictionary_nbytes, 0, (uint32_t)dictionary_nbytes);
    phrases = create(dictionary_nbytes);
    for (size_t nbytes = 0; nbytes <= BODY_MAX_NBYTES; nbytes++) {
        uint8_t *const body = body_end - nbytes;
        size_t const out_of_it = nbytes / 2;

        test_fill(body, nbytes, 0, 12345);
        if (nbytes < 12)
            CHECK(share(phrases, nbytes) == 0);
        else if (nbytes > 100)
            CHECK(share(phrases, nbytes) <= eighth);
        if (nbytes > dictionary_nbytes)
            continue;
        memcpy(body, bytes + (dictionary_nbytes - nbytes) / 2, nbytes);
        if (nbytes < 12)
            CHECK(share(phrases, nbytes) == 0);
        else
            CHECK(share(phrases, nbytes) >= FGZ_PHRASES_WHOLE - eighth);
        CHECK(share(phrases, nbytes) <= FGZ_PHRASES_WHOLE);
        test_fill(body + out_of_it, nbytes - out_of_it, 0, 54321);
        if (nbytes > 200) {
            unsigned const half = FGZ_PHRASES_WHOLE / 2;

            CHECK(share(phrases, nbytes) >= half - eighth);
            CHECK(share(phrases, nbytes) <= half + eighth);
        }
    }
    fgz_phrases_free(phrases);
}

/* A phrase is found wherever it is, the first and the last, too. */
static void check_every_place(void)
{
    size_t const nbytes = 3000;
    fgz_phrases *phrases;

    test_fill(dictionary_end - nbytes, nbytes, 3, 4);
    phrases = create(nbytes);
    for (size_t at = 0; at + 12 <= nbytes; at++) {
        memcpy(body_end - 12, dictionary_end - nbytes + at, 12);
        CHECK(share(phrases, 12) == FGZ_PHRASES_WHOLE);
    }
    fgz_phrases_free(phrases);
}

/* What a body repeats counts once. */
static void check_repeats(void)
{
    size_t const period_nbytes = 16, nbytes = 128 * period_nbytes + 11;
    fgz_phrases *phrases;

    test_fill(dictionary_end - nbytes, nbytes, 0, 5);
    phrases = create(nbytes);
    for (size_t i = 0; i < nbytes; i++)
        body_end[-1 - (ptrdiff_t)i] =
            dictionary_end[-1 - (ptrdiff_t)(i % period_nbytes)];
    CHECK(share(phrases, nbytes) <=
          FGZ_PHRASES_WHOLE * (period_nbytes + 1) / 128);
    memset(body_end - nbytes, 'a', nbytes);
    memset(dictionary_end - 12, 'a', 12);
    fgz_phrases_free(phrases);
    phrases = create(nbytes);
    CHECK(share(phrases, nbytes) == FGZ_PHRASES_WHOLE / 128);
    fgz_phrases_free(phrases);
}

/* Where the bytes lie in memory does not matter. */
static void check_alignments(void)
{
    static uint8_t elsewhere[BODY_MAX_NBYTES + 8];
    fgz_phrases *phrases;

    test_fill(dictionary_end - 5000, 5000, 3, 6);
    test_fill(body_end - BODY_MAX_NBYTES, BODY_MAX_NBYTES, 5, 6);
    phrases = create(5000);
    for (size_t shift = 0; shift < 8; shift++) {
        memcpy(elsewhere + shift, body_end - BODY_MAX_NBYTES, BODY_MAX_NBYTES);
        CHECK(fgz_phrases_share(phrases, elsewhere + shift, BODY_MAX_NBYTES) ==
              share(phrases, BODY_MAX_NBYTES));
    }
    fgz_phrases_free(phrases);
}

TEST_MAIN
{
    static const size_t lengths[] = {1,    11,   12,    13,     64,    100,
                                     1000, 4096, 65536, 100000, 262144};

    dictionary_end = test_guarded_end();
    body_end = test_guarded_end();
    for (size_t i = 0; i < sizeof(lengths) / sizeof(*lengths); i++)
        check_noise(lengths[i]);
    for (size_t nbytes = 0; nbytes < 300; nbytes++)
        fgz_phrases_free(create(nbytes));
    check_every_place();
    check_repeats();
    check_alignments();
    fgz_phrases_free(NULL);
    CHECK(fgz_phrases_memory_nbytes(NULL) == 0);
    return 0;
}
