/*
 * What a search for matches lists is there: each match repeats what its
 * distance says, none reaches before what may be referred to or beyond the
 * end, and those of a position become longer.  Where the list is full the
 * search ends at a position, with the same matches up to there.
 *
 * And bodies of several chunks, whose matches go on from one to the next, are
 * restored and take no more than they should.
 */
#include "decode.h"

#include "../deflate/matches.h"

#define MAX_NBYTES ((size_t)120000)
#define BODY_NBYTES ((size_t)600000)

static uint8_t in[BODY_NBYTES];
static uint8_t out[BODY_NBYTES + 1000];

/* All matches of in[first .. nbytes). */
typedef struct found {
    uint32_t *list;
    uint16_t *counts;
    size_t npositions;
    size_t count;
} found;

static found find(const fgz_search *search, size_t first, size_t nbytes,
                  size_t max_count)
{
    uint8_t *const memory = malloc(fgz_matches_tables_nbytes(nbytes));
    /* Of exactly this size: a sanitizer sees what is beyond. */
    uint8_t *const exact = malloc(nbytes);
    fgz_matches matches;
    found f = {malloc(sizeof(*f.list) * max_count),
               malloc(sizeof(*f.counts) * (nbytes - first)), 0, 0};

    CHECK(memory != NULL && exact != NULL && f.list != NULL &&
          f.counts != NULL);
    /* Nothing may depend on what was there. */
    memset(memory, (int)(max_count & 255), fgz_matches_tables_nbytes(nbytes));
    memcpy(exact, in, nbytes);
    fgz_matches_lay_out(&matches, memory, nbytes);
    matches.list = f.list;
    matches.max_count = max_count;
    matches.counts = f.counts;
    f.npositions = fgz_matches_find(&matches, search, exact, exact + first,
                                    exact + nbytes);
    for (size_t i = 0; i < f.npositions; i++)
        f.count += f.counts[i];
    CHECK(f.count <= max_count);
    free(memory);
    free(exact);
    return f;
}

static void free_found(found *f)
{
    free(f->list);
    free(f->counts);
}

static void check_matches(const found *f, size_t first, size_t nbytes)
{
    const uint32_t *match = f->list;

    for (size_t i = 0; i < f->npositions; i++) {
        size_t const position = first + i;
        uint32_t least = FGZ_MIN_MATCH;

        for (unsigned k = 0; k < f->counts[i]; k++, match++) {
            uint32_t const length = FGZ_MATCH_LENGTH(*match);
            uint32_t const distance = FGZ_MATCH_DISTANCE(*match);

            CHECK(length >= least && length <= FGZ_MAX_MATCH);
            CHECK(length <= nbytes - position);
            CHECK(distance <= FGZ_MAX_DISTANCE && distance <= position);
            for (uint32_t b = 0; b < length; b++)
                CHECK(in[position + b] == in[position + b - distance]);
            least = length + 1;
        }
    }
}

/* Search with room for all, and with less and less. */
static void check_search(const fgz_search *search, size_t first, size_t nbytes)
{
    found all = find(search, first, nbytes,
                     nbytes * (FGZ_MAX_MATCH + 2) / 8 + FGZ_MATCHES_MIN_COUNT);

    CHECK(all.npositions == nbytes - first);
    check_matches(&all, first, nbytes);
    for (size_t room = all.count; room > 8; room /= 3) {
        found f = find(search, first, nbytes, room + FGZ_MATCHES_MIN_COUNT);

        CHECK(f.npositions > 0 && f.npositions <= all.npositions);
        CHECK(f.npositions == all.npositions || f.count >= room);
        CHECK(f.count <= all.count);
        CHECK(memcmp(f.counts, all.counts, f.npositions * sizeof(*f.counts)) ==
              0);
        CHECK(memcmp(f.list, all.list, f.count * sizeof(*f.list)) == 0);
        free_found(&f);
    }
    free_found(&all);
}

/* Noise that repeats after period bytes, over and over. */
static void check_chunks(int level, size_t period)
{
    fgz_encoder *const enc = test_create(FGZ_RAW, level);
    uint32_t state = 5;
    size_t made;

    for (size_t i = 0; i < BODY_NBYTES; i++)
        in[i] =
            i < period ? (uint8_t)(test_random(&state) >> 8) : in[i - period];
    made = fgz_compress(enc, in, BODY_NBYTES, out, sizeof(out));
    CHECK(!fgz_is_error(made));
    test_check_decodes(FGZ_RAW, out, made, in, BODY_NBYTES);
    /* A match of 258 bytes takes two, with the extra bits of its distance. */
    CHECK(made < period + BODY_NBYTES / 258 * 2 + 400);
    fgz_free(enc);
}

TEST_MAIN
{
    static const fgz_search searches[] = {{24, 0, 32}, {400, 24, 256}};
    static const size_t sizes_nbytes[] = {1,  2,   3,    7,     8,
                                          15, 300, 5000, 40000, MAX_NBYTES};

    for (unsigned kind = 0; kind < TEST_NKINDS; kind++)
        for (size_t i = 0; i < sizeof(sizes_nbytes) / sizeof(*sizes_nbytes);
             i++) {
            size_t const nbytes = sizes_nbytes[i];

            test_fill(in, nbytes, kind, (uint32_t)i + 1);
            for (unsigned s = 0; s < 2; s++) {
                check_search(&searches[s], 0, nbytes);
                check_search(&searches[s],
                             nbytes / 2 < FGZ_MAX_DISTANCE ? nbytes / 2 :
                                                             FGZ_MAX_DISTANCE,
                             nbytes);
            }
        }
    for (int level = 10; level <= 12; level++) {
        check_chunks(level, 1);
        check_chunks(level, 1000);
        check_chunks(level, 32768);
    }
    return 0;
}
