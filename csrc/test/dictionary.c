/*
 * What refers to a dictionary decodes with it and with no other, whatever its
 * length and beginning and however long the body, in streams beyond their
 * window too; dictionaries leave no trace in what is coded with another; and
 * what cannot be used is refused.  What a dictionary saves is as it is told.  A
 * dictionary ends where a page begins that cannot be touched.
 */
#define _DEFAULT_SOURCE /* MAP_ANONYMOUS */
#include "decode.h"
#include "guard.h"

#define ROOM_NBYTES ((size_t)3 << 20)

/* Below and above what is prepared. */
#define SHORT_NBYTES ((size_t)100000)
#define LONG_NBYTES ((size_t)400000)

/* The first level at which what is prepared has tables that are large enough:
 * libzstd's own are not at the lowest ones. */
#ifdef FGZ_ZSTD_COMPILED_IN
#  define TABLES_LEVEL (-5)
#else
#  define TABLES_LEVEL 3
#endif

static uint8_t body[2000000], out[ROOM_NBYTES], again[ROOM_NBYTES];
static uint8_t *dictionary_end;

static void check_error(size_t result, fgz_error error)
{
    CHECK(fgz_error_code(result) == error);
}

/* What is no dictionary, or none for an encoder. */
static void check_refused(void)
{
    const uint8_t *const bytes = test_dictionary_bytes();
    fgz_options const options = {sizeof(options), 2};
    fgz_encoder *const enc = test_create(FGZ_DCZ, 3);
    fgz_encoder *const zstd = test_create(FGZ_ZSTD, 3);
    const fgz_dictionary *const fits = test_dictionary(3, 0);
    uint8_t *const long_bytes = calloc(1, FGZ_DICTIONARY_MAX_NBYTES + 1);
    fgz_dictionary *made;
    size_t nbytes;

    CHECK(long_bytes != NULL);
    check_error(fgz_dictionary_create(&made, bytes, 0, bytes, 3, NULL),
                FGZ_ERROR_DICTIONARY);
    CHECK(made == NULL);
    check_error(fgz_dictionary_create(&made, long_bytes,
                                      FGZ_DICTIONARY_MAX_NBYTES + 1, bytes, 3,
                                      NULL),
                FGZ_ERROR_DICTIONARY);
    check_error(fgz_dictionary_create(&made, bytes, 9, bytes, 99, NULL),
                FGZ_ERROR_LEVEL);
    check_error(fgz_dictionary_create(&made, bytes, 9, bytes, 3, &options),
                FGZ_ERROR_OPTIONS);
    CHECK(fgz_dictionary_create(&made, long_bytes, FGZ_DICTIONARY_MAX_NBYTES,
                                bytes, 3, NULL) == 0);
    CHECK(fgz_dictionary_memory_nbytes(made) < 1000);
    fgz_dictionary_free(made);
    fgz_dictionary_free(NULL);
    free(long_bytes);

    check_error(fgz_refer(zstd, fits), FGZ_ERROR_DICTIONARY);
    check_error(fgz_refer(enc, test_dictionary(4, 0)), FGZ_ERROR_DICTIONARY);
    check_error(fgz_refer(enc, test_dictionary(3, 1)), FGZ_ERROR_DICTIONARY);

    /* None of that changed anything; without one nothing is coded. */
    nbytes = fgz_compress(enc, bytes, 9000, out, ROOM_NBYTES);
    CHECK(nbytes < 100);
    CHECK(fgz_refer(enc, NULL) == 0);
    check_error(fgz_compress(enc, bytes, 9, out, ROOM_NBYTES),
                FGZ_ERROR_DICTIONARY);
    check_error(fgz_write(enc, bytes, 9, out, ROOM_NBYTES),
                FGZ_ERROR_DICTIONARY);
    check_error(fgz_finish(enc, bytes, 9, out, ROOM_NBYTES),
                FGZ_ERROR_DICTIONARY);
    CHECK(fgz_reset(enc, FGZ_SIZE_UNKNOWN) == 0);
    check_error(fgz_flush(enc, bytes, 9, out, ROOM_NBYTES),
                FGZ_ERROR_DICTIONARY);
    CHECK(fgz_refer(enc, fits) == 0);
    CHECK(fgz_compress(enc, bytes, 9000, again, ROOM_NBYTES) == nbytes);
    CHECK(memcmp(out, again, nbytes) == 0);
    fgz_free(enc);
    fgz_free(zstd);
}

/* Code a body in one call, or else as a stream in pieces that are flushed. */
static size_t code(fgz_encoder *enc, size_t nbytes, size_t piece_nbytes,
                   uint8_t *to)
{
    size_t made = 0;

    if (piece_nbytes == 0) {
        made = fgz_compress(enc, body, nbytes, to,
                            fgz_compress_bound(FGZ_DCZ, nbytes));
        CHECK(!fgz_is_error(made));
        return made;
    }
    CHECK(fgz_reset(enc, FGZ_SIZE_UNKNOWN) == 0);
    for (size_t done = 0; done < nbytes; done += piece_nbytes) {
        size_t const left = nbytes - done;
        size_t const result = fgz_flush(
            enc, body + done, piece_nbytes < left ? piece_nbytes : left,
            to + made, ROOM_NBYTES - made);

        CHECK(!fgz_is_error(result));
        made += result;
    }
    made += fgz_finish(enc, NULL, 0, to + made, ROOM_NBYTES - made);
    CHECK(made <= ROOM_NBYTES);
    return made;
}

/* Whether a decoder returns the body with a dictionary; it never returns
 * another one. */
static bool decodes(const uint8_t *coded, size_t coded_nbytes, size_t nbytes,
                    const uint8_t *dictionary, size_t dictionary_nbytes)
{
    ZSTD_DCtx *const dctx = ZSTD_createDCtx();
    uint8_t *const decoded = malloc(nbytes + 1);
    size_t const skipped_nbytes = 8 + TEST_DIGEST_NBYTES;
    bool is_body;

    CHECK(dctx != NULL && decoded != NULL);
    CHECK(!ZSTD_isError(
        ZSTD_DCtx_refPrefix(dctx, dictionary, dictionary_nbytes)));
    is_body = ZSTD_decompressDCtx(dctx, decoded, nbytes, coded + skipped_nbytes,
                                  coded_nbytes - skipped_nbytes) == nbytes;
    if (is_body)
        CHECK(memcmp(decoded, body, nbytes) == 0);
    ZSTD_freeDCtx(dctx);
    free(decoded);
    return is_body;
}

/* Dictionaries of any length, with bodies that begin as they do, changed here
 * and there. */
static void check_lengths(int level, uint32_t is_small)
{
    static const size_t lengths[] = {
        1,      4,      7,          8, 9, 64, 1000, 20000, SHORT_NBYTES,
        262144, 262145, LONG_NBYTES};
    fgz_encoder *const dirty = test_create_of_size(FGZ_DCZ, level, is_small);

    for (size_t i = 0; i < sizeof(lengths) / sizeof(*lengths); i++) {
        size_t const nbytes = level > 12 ? lengths[i] % 100000 : lengths[i];
        uint8_t *const bytes = dictionary_end - nbytes;
        fgz_dictionary *dictionary;
        fgz_encoder *fresh;

        if (nbytes == 0)
            continue;
        test_fill(bytes, nbytes, i % 2 == 0 ? 3 : 0, (uint32_t)i);
        dictionary = test_dictionary_create(bytes, nbytes, level, is_small);
        CHECK(fgz_refer(dirty, dictionary) == 0);
        for (size_t k = 0; k < 4; k++) {
            size_t const piece_nbytes = k == 0 ? 0 : k == 1 ? 100000 : 3000;
            size_t const body_nbytes = k < 2 ? nbytes + i * 10 : 60000 / k;
            size_t made;

            memcpy(body, bytes, nbytes);
            test_fill(body + nbytes, sizeof(body) - nbytes, 4, 3);
            for (size_t at = 500; at < body_nbytes; at += 5000)
                body[at] ^= 1;
            fresh = test_create_of_size(FGZ_DCZ, level, is_small);
            CHECK(fgz_refer(fresh, dictionary) == 0);
            made = code(fresh, body_nbytes, piece_nbytes, out);
            CHECK(code(dirty, body_nbytes, piece_nbytes, again) == made);
            CHECK(memcmp(out, again, made) == 0);
            fgz_free(fresh);
            test_check_decodes_with(FGZ_DCZ, out, made, body, body_nbytes,
                                    bytes, nbytes);
            if (k == 0 && !is_small && nbytes >= 20000 && level >= TABLES_LEVEL)
                CHECK(made < 60 + body_nbytes / 25);
        }
        CHECK(fgz_refer(dirty, NULL) == 0);
        fgz_dictionary_free(dictionary);
    }
    fgz_free(dirty);
}

/* What begins as the dictionaries that zstd trains, and is no such. */
static void check_trained(int level)
{
    static const uint8_t magic_number[] = {0x37, 0xa4, 0x30, 0xec};
    uint8_t *const bytes = dictionary_end - SHORT_NBYTES;
    fgz_dictionary *dictionary;
    fgz_encoder *const enc = test_create(FGZ_DCZ, level);
    size_t made;

    test_fill(bytes, SHORT_NBYTES, 0, 5);
    memcpy(bytes, magic_number, sizeof(magic_number));
    memcpy(body, bytes, SHORT_NBYTES);
    dictionary = test_dictionary_create(bytes, SHORT_NBYTES, level, 0);
    CHECK(fgz_refer(enc, dictionary) == 0);
    made = code(enc, SHORT_NBYTES, 0, out);
    CHECK(made < 200);
    test_check_decodes_with(FGZ_DCZ, out, made, body, SHORT_NBYTES, bytes,
                            SHORT_NBYTES);
    fgz_free(enc);
    fgz_dictionary_free(dictionary);
}

/* Another dictionary of the same length does not decode to another body. */
static void check_wrong(size_t nbytes, size_t piece_nbytes)
{
    uint8_t *const bytes = dictionary_end - nbytes;
    fgz_dictionary *dictionary;
    fgz_encoder *const enc = test_create(FGZ_DCZ, 3);
    size_t made;

    test_fill(bytes, nbytes, 0, 6);
    memcpy(body, bytes, nbytes);
    dictionary = test_dictionary_create(bytes, nbytes, 3, 0);
    CHECK(fgz_refer(enc, dictionary) == 0);
    made = code(enc, nbytes, piece_nbytes, out);
    CHECK(decodes(out, made, nbytes, bytes, nbytes));
    bytes[nbytes / 2] ^= 1;
    CHECK(!decodes(out, made, nbytes, bytes, nbytes));
    bytes[nbytes / 2] ^= 1;
    CHECK(decodes(out, made, nbytes, bytes, nbytes));
    CHECK(!decodes(out, made, nbytes, NULL, 0));
    fgz_free(enc);
    fgz_dictionary_free(dictionary);
}

/* A body that is much longer than the dictionary, and than a stream's window.
 */
static void check_long_body(int level)
{
    uint8_t *const bytes = dictionary_end - SHORT_NBYTES;
    fgz_dictionary *dictionary;
    fgz_encoder *const enc = test_create(FGZ_DCZ, level);

    test_fill(bytes, SHORT_NBYTES, 0, 7);
    for (size_t at = 0; at < sizeof(body); at += SHORT_NBYTES)
        memcpy(body + at, bytes, SHORT_NBYTES);
    dictionary = test_dictionary_create(bytes, SHORT_NBYTES, level, 0);
    CHECK(fgz_refer(enc, dictionary) == 0);
    for (size_t piece_nbytes = 0; piece_nbytes < 3; piece_nbytes++) {
        size_t const made = code(enc, sizeof(body), piece_nbytes * 70000, out);

        test_check_decodes_with(FGZ_DCZ, out, made, body, sizeof(body), bytes,
                                SHORT_NBYTES);
    }
    fgz_free(enc);
    fgz_dictionary_free(dictionary);
}

/* What a dictionary saves, as it is told, of a body that is out of it as far as
 * so many hundredths and noise of its own else. */
static fgz_saving saving(const fgz_dictionary *dictionary, const uint8_t *bytes,
                         size_t body_nbytes, size_t percent)
{
    size_t const shared_nbytes = body_nbytes * percent / 100;

    memcpy(body, bytes, shared_nbytes);
    test_fill(body + shared_nbytes, body_nbytes - shared_nbytes, 0, 8);
    return fgz_dictionary_saving(dictionary, body, body_nbytes);
}

/* What is told of a body's length and share, and that it is true. */
static void check_saving(size_t nbytes, uint32_t is_small)
{
    static const size_t lengths[] = {100, 400, 1499, 1500, 10000, 60000};
    uint8_t *const bytes = dictionary_end - nbytes;
    fgz_encoder *const enc = test_create_of_size(FGZ_DCZ, 3, is_small);
    fgz_encoder *const zstd = test_create_of_size(FGZ_ZSTD, 3, is_small);
    fgz_dictionary *dictionary;

    test_fill(bytes, nbytes, 0, 9);
    dictionary = test_dictionary_create(bytes, nbytes, 3, is_small);
    CHECK(fgz_refer(enc, dictionary) == 0);
    for (size_t i = 0; i < sizeof(lengths) / sizeof(*lengths); i++)
        for (size_t percent = 0; percent <= 100; percent += 25) {
            size_t const body_nbytes = lengths[i];
            size_t const shared_nbytes = body_nbytes * percent / 100;
            fgz_saving const told =
                saving(dictionary, bytes, body_nbytes, percent);
            size_t const coded = code(enc, body_nbytes, 0, out);
            size_t const alone =
                fgz_compress(zstd, body, body_nbytes, again, sizeof(again));

            CHECK(!fgz_is_error(alone));
            test_check_decodes_with(FGZ_DCZ, out, coded, body, body_nbytes,
                                    bytes, nbytes);
            if (nbytes > 262144) {
                CHECK(told == FGZ_MAY_SAVE);
                continue;
            }
            CHECK(told == (shared_nbytes < 40 ? FGZ_SAVES_NOTHING :
                           body_nbytes < 1500 ? FGZ_MAY_SAVE :
                                                FGZ_SAVES));
            /* Between them it may be either. */
            if (told != FGZ_MAY_SAVE)
                CHECK((coded < alone) == (told == FGZ_SAVES));
        }
    /* What is shorter than the bytes that name a dictionary saves none. */
    for (size_t body_nbytes = 0; body_nbytes <= 25; body_nbytes++)
        CHECK(fgz_dictionary_saving(dictionary, dictionary_end - body_nbytes,
                                    body_nbytes) ==
              (nbytes > 262144 ? FGZ_MAY_SAVE : FGZ_SAVES_NOTHING));
    CHECK(fgz_refer(enc, NULL) == 0);
    fgz_dictionary_free(dictionary);
    fgz_free(enc);
    fgz_free(zstd);
}

/* A body that is unlike the dictionary is coded as without one, where zstd/
 * codes it; and whatever was coded before, to the same. */
static void check_unlike(int level)
{
    uint8_t *const bytes = dictionary_end - SHORT_NBYTES;
    fgz_encoder *const dirty = test_create(FGZ_DCZ, level);
    fgz_encoder *const zstd = test_create(FGZ_ZSTD, level);
    fgz_dictionary *dictionary;

    test_fill(bytes, SHORT_NBYTES, 0, 10);
    dictionary = test_dictionary_create(bytes, SHORT_NBYTES, level, 0);
    for (unsigned kind = 0; kind < TEST_NKINDS; kind++) {
        size_t const nbytes = 9000;
        size_t const header_nbytes = 8 + TEST_DIGEST_NBYTES;
        fgz_encoder *const fresh = test_create(FGZ_DCZ, level);
        size_t made, alone;

        memcpy(body, bytes, nbytes);
        CHECK(fgz_refer(dirty, dictionary) == 0);
        CHECK(code(dirty, nbytes, 0, out) < 100);
        test_fill(body, nbytes, kind, 11);
        CHECK(fgz_refer(fresh, dictionary) == 0);
        made = code(fresh, nbytes, 0, out);
        CHECK(code(dirty, nbytes, 0, again) == made);
        CHECK(memcmp(out, again, made) == 0);
        test_check_decodes_with(FGZ_DCZ, out, made, body, nbytes, bytes,
                                SHORT_NBYTES);
        alone = fgz_compress(zstd, body, nbytes, again, sizeof(again));
        if (level < 1 || level > 3) {
            fgz_free(fresh);
            continue;
        }
        if (kind == 3)
            CHECK(made == header_nbytes + alone &&
                  memcmp(out + header_nbytes, again, alone) == 0);
        else
            /* libzstd adds a checksum. */
            CHECK(made <= header_nbytes + alone + 4);
        fgz_free(fresh);
    }
    CHECK(fgz_refer(dirty, NULL) == 0);
    fgz_dictionary_free(dictionary);
    fgz_free(dirty);
    fgz_free(zstd);
}

TEST_MAIN
{
    dictionary_end = test_guarded_end();
    check_refused();
    for (uint32_t is_small = 0; is_small < 2; is_small++) {
        check_saving(65536, is_small);
        check_saving(SHORT_NBYTES, is_small);
        check_saving(LONG_NBYTES, is_small);
    }
    for (unsigned index = 0; index < test_nlevels(FGZ_DCZ); index++) {
        int const level = test_level(FGZ_DCZ, index);

        check_lengths(level, 0);
        check_lengths(level, 1);
        check_trained(level);
        check_unlike(level);
        if (level < 9)
            check_long_body(level);
    }
    for (size_t piece_nbytes = 0; piece_nbytes <= 7000; piece_nbytes += 7000) {
        check_wrong(10000, piece_nbytes);
        check_wrong(SHORT_NBYTES, piece_nbytes);
        check_wrong(LONG_NBYTES, piece_nbytes);
    }
    return 0;
}
