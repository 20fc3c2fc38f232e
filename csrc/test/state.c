/*
 * Calls out of order, broken promises and bad arguments give the error that
 * the header names, and change nothing that it does not name.
 */
#include "test.h"

#define ROOM_NBYTES 400000

static uint8_t out[ROOM_NBYTES], again[ROOM_NBYTES];

static void check_create(void)
{
    fgz_encoder *enc;

    CHECK(fgz_error_code(fgz_create(&enc, (fgz_coding)0, 6, NULL)) ==
              FGZ_ERROR_CODING &&
          enc == NULL);
    CHECK(fgz_error_code(fgz_create(&enc, (fgz_coding)6, 6, NULL)) ==
              FGZ_ERROR_CODING &&
          enc == NULL);
    for (unsigned c = 0; c < TEST_NCODINGS; c++) {
        fgz_coding const coding = test_codings[c];

        CHECK(fgz_level_min(coding) < 0 && fgz_level_max(coding) >= 9);
        CHECK(fgz_error_code(fgz_create(&enc, coding, fgz_level_max(coding) + 1,
                                        NULL)) == FGZ_ERROR_LEVEL &&
              enc == NULL);
        CHECK(fgz_error_code(fgz_create(&enc, coding, fgz_level_min(coding) - 1,
                                        NULL)) == FGZ_ERROR_LEVEL &&
              enc == NULL);
        CHECK(fgz_create(&enc, coding, fgz_level_min(coding), NULL) == 0);
        fgz_free(enc);
    }
    CHECK(fgz_level_min((fgz_coding)9) == 0);
    CHECK(fgz_level_max((fgz_coding)9) == 0);
    fgz_free(NULL);
}

/* Create with nbytes of options, and nothing readable behind them: is_small,
 * and then the same byte to the end. */
static fgz_error create_with(fgz_encoder **enc_ret, uint32_t nbytes,
                             uint32_t is_small, uint8_t rest)
{
    size_t const room = nbytes < sizeof(uint32_t) ? sizeof(uint32_t) : nbytes;
    fgz_options const known = {nbytes, is_small};
    uint8_t *const options = malloc(room);
    fgz_error error;

    CHECK(options != NULL);
    memset(options, rest, room);
    memcpy(options, &known, room < sizeof(known) ? room : sizeof(known));
    error = fgz_error_code(
        fgz_create(enc_ret, FGZ_GZIP, 6, (const fgz_options *)(void *)options));
    CHECK((*enc_ret == NULL) == (error != FGZ_OK));
    free(options);
    return error;
}

/* The size in front is what is read, whichever version it is of. */
static void check_options(void)
{
    uint32_t const nbytes = sizeof(fgz_options);
    fgz_encoder *const normal = test_create(FGZ_GZIP, 6);
    size_t const normal_nbytes = fgz_memory_nbytes(normal);
    fgz_encoder *enc;

    for (unsigned more = 0; more <= 64; more++)
        for (uint32_t is_small = 0; is_small <= 1; is_small++) {
            CHECK(create_with(&enc, nbytes + more, is_small, 0) == FGZ_OK);
            CHECK((fgz_memory_nbytes(enc) < normal_nbytes) == (is_small == 1));
            fgz_free(enc);
            CHECK(create_with(&enc, nbytes + more, is_small, 1) ==
                  (more == 0 ? FGZ_OK : FGZ_ERROR_OPTIONS));
            fgz_free(enc);
        }
    for (uint32_t less = 1; less <= nbytes; less++) {
        CHECK(create_with(&enc, nbytes - less, 0, 0) == FGZ_ERROR_OPTIONS);
        CHECK(create_with(&enc, nbytes, 1 + less, 0) == FGZ_ERROR_OPTIONS);
    }
    /* A size that was never set asks for no look at megabytes. */
    CHECK(create_with(&enc, 1000 * nbytes, 0, 0) == FGZ_ERROR_OPTIONS);
    fgz_free(normal);
}

static void check_order(fgz_encoder *enc)
{
    size_t first, second;

    /* Open: no whole body. */
    first = fgz_write(enc, "abc", 3, out, ROOM_NBYTES);
    CHECK(!fgz_is_error(first));
    CHECK(fgz_error_code(fgz_compress(enc, "x", 1, out, ROOM_NBYTES)) ==
          FGZ_ERROR_STATE);
    first += fgz_finish(enc, "def", 3, out + first, ROOM_NBYTES - first);

    /* Finished: nothing more of the stream. */
    CHECK(fgz_error_code(fgz_write(enc, "x", 1, again, ROOM_NBYTES)) ==
          FGZ_ERROR_STATE);
    CHECK(fgz_error_code(fgz_flush(enc, "x", 1, again, ROOM_NBYTES)) ==
          FGZ_ERROR_STATE);
    CHECK(fgz_error_code(fgz_finish(enc, "x", 1, again, ROOM_NBYTES)) ==
          FGZ_ERROR_STATE);

    /* The refused calls in between did not show. */
    CHECK(fgz_reset(enc, FGZ_SIZE_UNKNOWN) == 0);
    second = fgz_write(enc, "abc", 3, again, ROOM_NBYTES);
    CHECK(fgz_error_code(fgz_write(enc, "zzz", 3, again, 3)) ==
          FGZ_ERROR_OUTPUT);
    CHECK(fgz_error_code(fgz_write(enc, "zzz", 3, NULL, ROOM_NBYTES)) ==
          FGZ_ERROR_OUTPUT);
    second += fgz_finish(enc, "def", 3, again + second, ROOM_NBYTES - second);
    CHECK(first == second && memcmp(out, again, first) == 0);

    /* Finished, but a whole body may come. */
    CHECK(!fgz_is_error(fgz_compress(enc, "x", 1, out, ROOM_NBYTES)));
    CHECK(!fgz_is_error(fgz_compress(enc, NULL, 0, out, ROOM_NBYTES)));
    CHECK(fgz_error_code(fgz_write(enc, "x", 1, out, ROOM_NBYTES)) ==
          FGZ_ERROR_STATE);
    CHECK(fgz_error_code(fgz_compress(enc, "x", 1, NULL, ROOM_NBYTES)) ==
          FGZ_ERROR_OUTPUT);
}

static void check_total(fgz_encoder *enc)
{
    /* Kept. */
    CHECK(fgz_reset(enc, 6) == 0);
    CHECK(!fgz_is_error(fgz_write(enc, "abc", 3, out, ROOM_NBYTES)));
    CHECK(!fgz_is_error(fgz_finish(enc, "def", 3, out, ROOM_NBYTES)));
    CHECK(fgz_reset(enc, 0) == 0);
    CHECK(!fgz_is_error(fgz_finish(enc, NULL, 0, out, ROOM_NBYTES)));

    /* Too much, and then failed until the next reset. */
    CHECK(fgz_reset(enc, 2) == 0);
    CHECK(fgz_error_code(fgz_write(enc, "abc", 3, out, ROOM_NBYTES)) ==
          FGZ_ERROR_SIZE);
    CHECK(fgz_error_code(fgz_write(enc, "a", 1, out, ROOM_NBYTES)) ==
          FGZ_ERROR_STATE);
    CHECK(fgz_error_code(fgz_compress(enc, "a", 1, out, ROOM_NBYTES)) ==
          FGZ_ERROR_STATE);

    /* Too little. */
    CHECK(fgz_reset(enc, 4) == 0);
    CHECK(!fgz_is_error(fgz_flush(enc, "abc", 3, out, ROOM_NBYTES)));
    CHECK(fgz_error_code(fgz_finish(enc, NULL, 0, out, ROOM_NBYTES)) ==
          FGZ_ERROR_SIZE);
    CHECK(fgz_reset(enc, FGZ_SIZE_UNKNOWN) == 0);
}

/* A flush before any input writes the frame's header and no more; each later
 * one writes all and ends in an empty stored block; one with nothing new
 * writes nothing. */
static void check_flush(fgz_encoder *enc, fgz_coding coding)
{
    static const uint8_t sync[4] = {0, 0, 0xff, 0xff};
    size_t made = fgz_flush(enc, NULL, 0, out, ROOM_NBYTES);

    CHECK(!fgz_is_error(made));
    if (!test_is_zstd(coding))
        CHECK(made == (coding == FGZ_GZIP ? 10u : coding == FGZ_ZLIB ? 2u : 0));
    for (unsigned nbytes = 1; nbytes < 40; nbytes++) {
        made = fgz_flush(enc, "<p>a a a b ab ab</p><p>a a a b ab ab</p>",
                         nbytes, out, ROOM_NBYTES);
        CHECK(!fgz_is_error(made) && made > 0);
        if (!test_is_zstd(coding)) {
            CHECK(made > sizeof(sync));
            CHECK(memcmp(out + made - sizeof(sync), sync, sizeof(sync)) == 0);
            CHECK(fgz_flush(enc, NULL, 0, out, ROOM_NBYTES) == 0);
        }
    }
    CHECK(!fgz_is_error(fgz_finish(enc, NULL, 0, out, ROOM_NBYTES)));
}

/* Each error has a message of its own. */
static void check_messages(void)
{
    static const fgz_error errors[] = {
        FGZ_OK,           FGZ_ERROR_MEMORY,  FGZ_ERROR_CODING,
        FGZ_ERROR_LEVEL,  FGZ_ERROR_OPTIONS, FGZ_ERROR_STATE,
        FGZ_ERROR_OUTPUT, FGZ_ERROR_SIZE,    FGZ_ERROR_ZSTD,
        FGZ_ERROR_INPUT,  FGZ_ERROR_WINDOW,  (fgz_error)99};

    for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
        for (size_t j = 0; j < i; j++)
            CHECK(strcmp(fgz_error_message((size_t)0 - (size_t)errors[i]),
                         fgz_error_message((size_t)0 - (size_t)errors[j])) !=
                  0);
    CHECK(strcmp(fgz_error_message(5), "no error") == 0);
    CHECK(strcmp(fgz_error_message((size_t)0 - 99), "unknown error") == 0);
}

TEST_MAIN
{
    check_messages();
    CHECK(fgz_error_code(5) == FGZ_OK && !fgz_is_error(5));
    CHECK(fgz_version()[0] != '\0' && fgz_zstd_version() >= 10400);
    check_create();
    check_options();
    for (unsigned c = 0; c < TEST_NCODINGS; c++)
        for (unsigned index = 0; index < test_nlevels(test_codings[c]);
             index++) {
            fgz_coding const coding = test_codings[c];
            fgz_encoder *const enc =
                test_create(coding, test_level(coding, index));

            check_order(enc);
            check_total(enc);
            check_flush(enc, coding);
            CHECK(fgz_memory_nbytes(enc) > 1000);
            fgz_free(enc);
        }
    return 0;
}
