/*
 * The levels that allocate for a call take no more than they may.  And when any
 * one allocation fails the call says so, nothing leaks, and the
 * encoder can be reset and used once there is memory again.  A decoder can be
 * freed.
 */
#include "test.h"

#ifdef FGZ_TEST_ALLOC

#  include "../alloc.h"
#  include "../deflate/parse_optimal.h"

static unsigned nallocs; /* so far */
static unsigned failing; /* the one to refuse, from 1; 0: none */
static unsigned noutstanding;
static size_t largest_nbytes; /* of all so far */

void *fgz_test_malloc(size_t nbytes)
{
    void *memory;

    if (++nallocs == failing)
        return NULL;
    memory = malloc(nbytes);
    CHECK(memory != NULL);
    noutstanding++;
    largest_nbytes = nbytes > largest_nbytes ? nbytes : largest_nbytes;
    return memory;
}

void fgz_test_free(void *memory)
{
    if (memory != NULL)
        noutstanding--;
    free(memory);
}

static uint8_t in[200000], out[1000000], long_dictionary[300000];
static uint8_t noise[3000];

/* Code a stream, from a reset, and two bodies, of which the shorter may be
 * coded in another way. */
static size_t code_all(fgz_encoder *enc, size_t in_nbytes)
{
    size_t result = fgz_reset(enc, FGZ_SIZE_UNKNOWN);

    if (!fgz_is_error(result))
        result = fgz_flush(enc, in, in_nbytes, out, sizeof(out));
    if (!fgz_is_error(result))
        result = fgz_finish(enc, NULL, 0, out, sizeof(out));
    if (!fgz_is_error(result))
        result = fgz_compress(enc, in, in_nbytes, out, sizeof(out));
    if (fgz_is_error(result))
        return result;
    return fgz_compress(enc, in, in_nbytes / 10, out, sizeof(out));
}

/* Make a dictionary, of which nothing is left if that fails, and code with it.
 */
static size_t code_with(fgz_encoder *enc, const uint8_t *bytes, size_t nbytes,
                        int level)
{
    fgz_dictionary *dictionary;
    size_t result = fgz_dictionary_create(&dictionary, bytes, nbytes,
                                          test_digest_bytes(), level, NULL);

    CHECK((dictionary == NULL) == (fgz_is_error(result) != 0));
    if (dictionary == NULL)
        return result;
    CHECK(fgz_refer(enc, dictionary) == 0);
    result = code_all(enc, sizeof(in) / 10);
    CHECK(fgz_refer(enc, NULL) == 0);
    fgz_dictionary_free(dictionary);
    return result;
}

/* Code, with a dictionary that is prepared, one that is not, and one that is of
 * no use, if the coding has any. */
static size_t code(fgz_encoder *enc, fgz_coding coding, int level)
{
    size_t result;

    if (coding != FGZ_DCZ)
        return code_all(enc, sizeof(in));
    result = code_with(enc, in + 100000, 20000, level);
    if (!fgz_is_error(result))
        result =
            code_with(enc, long_dictionary, sizeof(long_dictionary), level);
    return fgz_is_error(result) ? result :
                                  code_with(enc, noise, sizeof(noise), level);
}

/* A body of several chunks: what is allocated for one is allocated at once. */
static void check_largest(int level)
{
    static uint8_t body[3 * FGZ_OPTIMAL_CHUNK_NBYTES];
    fgz_encoder *const enc = test_create(FGZ_RAW, level);

    test_fill(body, sizeof(body), 3, 1);
    largest_nbytes = 0;
    CHECK(
        !fgz_is_error(fgz_compress(enc, body, sizeof(body), out, sizeof(out))));
    CHECK(largest_nbytes > FGZ_OPTIMAL_CHUNK_NBYTES);
    CHECK(largest_nbytes <= FGZ_OPTIMAL_MEMORY_NBYTES);
    fgz_free(enc);
    CHECK(noutstanding == 0);
}

/* A frame of whose window libzstd allocates, with a decoder made for it. */
static size_t decode(const uint8_t *coded, size_t coded_nbytes)
{
    fgz_decoder *decoder;
    size_t result = fgz_decoder_create(&decoder);
    size_t taken_nbytes;

    CHECK((decoder == NULL) == (fgz_is_error(result) != 0));
    if (decoder == NULL)
        return result;
    result = fgz_decode(decoder, coded, coded_nbytes, &taken_nbytes, out,
                        sizeof(out));
    if (fgz_is_error(result))
        CHECK(fgz_error_code(fgz_decode(decoder, coded, coded_nbytes,
                                        &taken_nbytes, out, sizeof(out))) ==
              FGZ_ERROR_STATE);
    fgz_decoder_free(decoder);
    return result;
}

static void check_decoder(void)
{
    static uint8_t coded[1000];
    fgz_encoder *const enc = test_create(FGZ_ZSTD, 3);
    size_t const coded_nbytes = fgz_finish(enc, in, 500, coded, sizeof(coded));
    size_t result;

    CHECK(!fgz_is_error(coded_nbytes));
    fgz_free(enc);
    CHECK(noutstanding == 0);
    for (failing = 1;; failing++) {
        nallocs = 0;
        result = decode(coded, coded_nbytes);
        CHECK(noutstanding == 0);
        if (nallocs < failing)
            break;
        CHECK(fgz_error_code(result) == FGZ_ERROR_MEMORY);
    }
    CHECK(result == 500 && failing > 3);
    failing = 0;
}

TEST_MAIN
{
    for (int level = 10; level < TEST_NLEVELS; level++)
        check_largest(level);
    test_fill(in, sizeof(in), 3, 1);
    test_fill(long_dictionary, sizeof(long_dictionary), 4, 2);
    test_fill(noise, sizeof(noise), 0, 3);
    check_decoder();
    for (unsigned c = 0; c < TEST_NCODINGS; c++)
        for (unsigned index = 0; index < test_nlevels(test_codings[c]);
             index++) {
            fgz_coding const coding = test_codings[c];
            int const level = test_level(coding, index);

            for (failing = 1;; failing++) {
                fgz_encoder *enc;
                size_t result;

                nallocs = 0;
                result = fgz_create(&enc, coding, level, NULL);
                CHECK((enc == NULL) == (fgz_is_error(result) != 0));
                if (enc != NULL) {
                    result = code(enc, coding, level);
                    if (nallocs >= failing) {
                        unsigned const which = failing;

                        CHECK(fgz_error_code(result) == FGZ_ERROR_MEMORY);
                        failing = 0;
                        CHECK(!fgz_is_error(code(enc, coding, level)));
                        failing = which;
                    }
                }
                CHECK(fgz_error_code(result) ==
                          (nallocs < failing ? FGZ_OK : FGZ_ERROR_MEMORY) ||
                      enc != NULL);
                fgz_free(enc);
                CHECK(noutstanding == 0);
                if (nallocs < failing)
                    break;
            }
            CHECK(failing > 2);
        }
    return 0;
}

#else

TEST_MAIN
{
    fprintf(stderr, "needs the whole library built with FGZ_TEST_ALLOC\n");
    return 1;
}

#endif
