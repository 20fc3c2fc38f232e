/*
 * test.h - what the test programs share
 *
 * Each program checks one property and exits 0, or names the check that failed
 * and exits 1.  main is weak, so that all files of csrc/ can also be compiled
 * together in one line.
 */
#ifndef FGZ_TEST_H
#define FGZ_TEST_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fastgz.h"

#define TEST_MAIN __attribute__((weak)) int main(void)

#define CHECK(condition) \
    do { \
        if (!(condition)) { \
            fprintf(stderr, "%s:%d: failed: %s\n", __FILE__, __LINE__, \
                    #condition); \
            exit(1); \
        } \
    } while (0)

static const fgz_coding test_codings[] = {FGZ_GZIP, FGZ_ZLIB, FGZ_RAW, FGZ_ZSTD,
                                          FGZ_DCZ};
#define TEST_NCODINGS (sizeof(test_codings) / sizeof(test_codings[0]))

/* Whether libzstd writes it, whose output depends on more, and which promises
 * less. */
static inline bool test_is_zstd(fgz_coding coding)
{
    return coding == FGZ_ZSTD || coding == FGZ_DCZ;
}

/* How many levels there are to test of a coding. */
#define TEST_NLEVELS 13

/* The levels of zstd that take a different path or window; 0 to 12 otherwise.
 */
static inline int test_level(fgz_coding coding, unsigned index)
{
    static const int zstd_levels[10] = {-5, 1, 2, 3, 5, 7, 9, 13, 19, 22};

    return test_is_zstd(coding) ? zstd_levels[index % 10] :
                                  (int)(index % TEST_NLEVELS);
}

/*
 * How many of them to test of a coding.  The levels from 10 on take many times
 * as long as the others and are the same behind any header: they are tested of
 * raw DEFLATE.
 */
static inline unsigned test_nlevels(fgz_coding coding)
{
    return coding == FGZ_RAW ? TEST_NLEVELS : 10;
}

/* Marsaglia's xorshift: the same numbers in every run. */
static inline uint32_t test_random(uint32_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state;
}

#define TEST_NKINDS 6

/*
 * Fill a buffer with input of one kind: noise, one byte, two symbols, text of
 * few words, copies from near and far, or noise and text in turns.
 */
static inline void test_fill(uint8_t *buffer, size_t nbytes, unsigned kind,
                             uint32_t seed)
{
    static const char *const words[] = {
        "<div class=\"", "</div>", "item ", "price",  "\": ",     "1234",
        "the ",          "of ",    "and ",  "\n    ", "href=\"/", "&amp;",
        "0.5",           "true",   ",",     "x"};
    uint32_t state = seed * 2654435761u + 1;
    size_t done = 0;

    while (done < nbytes) {
        uint32_t const random = test_random(&state);
        unsigned const now = kind == 5 ? (done / 5000) % 2 * 3 : kind;

        if (now == 0) {
            buffer[done++] = (uint8_t)(random >> 8);
        } else if (now == 1) {
            buffer[done++] = (uint8_t)seed;
        } else if (now == 2) {
            buffer[done++] = "ab"[random >> 9 & 1];
        } else if (now == 3 || done < 4 || random % 4 == 0) {
            const char *word = words[random >> 7 & 15];
            for (; *word != '\0' && done < nbytes; word++)
                buffer[done++] = (uint8_t)*word;
        } else {
            size_t const distance = 1 + (random >> 3) % done;
            size_t length = 3 + (random >> 13) % 300;
            for (; length > 0 && done < nbytes; length--, done++)
                buffer[done] = buffer[done - distance];
        }
    }
}

/* The dictionary of all that is tested with one, noise and text in turns: its
 * bytes, in memory of exactly their size, and what stands for their hash. */
#define TEST_DICTIONARY_NBYTES ((size_t)30000)
#define TEST_DIGEST_NBYTES 32

static inline const uint8_t *test_dictionary_bytes(void)
{
    static uint8_t *bytes;

    if (bytes == NULL) {
        bytes = malloc(TEST_DICTIONARY_NBYTES);
        CHECK(bytes != NULL);
        test_fill(bytes, TEST_DICTIONARY_NBYTES, 5, 77);
    }
    return bytes;
}

static inline const uint8_t *test_digest_bytes(void)
{
    static uint8_t digest[TEST_DIGEST_NBYTES];

    test_fill(digest, sizeof(digest), 0, 78);
    return digest;
}

static inline fgz_dictionary *test_dictionary_create(const uint8_t *bytes,
                                                     size_t nbytes, int level,
                                                     uint32_t is_small)
{
    fgz_options const options = {sizeof(options), is_small};
    fgz_dictionary *dictionary;

    CHECK(fgz_dictionary_create(&dictionary, bytes, nbytes, test_digest_bytes(),
                                level, &options) == 0);
    CHECK(dictionary != NULL);
    return dictionary;
}

/* That dictionary for encoders of a level and size, made once. */
static inline const fgz_dictionary *test_dictionary(int level,
                                                    uint32_t is_small)
{
    static fgz_dictionary *made[2][32];
    fgz_dictionary **const slot = &made[is_small][level + 5];

    CHECK(level >= -5 && level < 27);
    if (*slot == NULL)
        *slot = test_dictionary_create(test_dictionary_bytes(),
                                       TEST_DICTIONARY_NBYTES, level, is_small);
    return *slot;
}

/* An encoder that refers to that dictionary if its coding has one. */
static inline fgz_encoder *test_create_of_size(fgz_coding coding, int level,
                                               uint32_t is_small)
{
    fgz_options const options = {sizeof(options), is_small};
    fgz_encoder *enc;

    CHECK(fgz_create(&enc, coding, level, &options) == 0);
    CHECK(enc != NULL);
    if (coding == FGZ_DCZ)
        CHECK(fgz_refer(enc, test_dictionary(level, is_small)) == 0);
    return enc;
}

static inline fgz_encoder *test_create(fgz_coding coding, int level)
{
    return test_create_of_size(coding, level, 0);
}

static inline fgz_encoder *test_create_small(fgz_coding coding, int level)
{
    return test_create_of_size(coding, level, 1);
}

#endif /* FGZ_TEST_H */
