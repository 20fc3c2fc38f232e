/*
 * The levels that allocate for a call take no more than they may.  And when any
 * one allocation fails the call says so, nothing leaks, and the
 * encoder can be reset and used once there is memory again.
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

static uint8_t in[200000], out[1000000];

/* Code a stream, from a reset, and two bodies, of which the shorter may be
 * coded in another way. */
static size_t code(fgz_encoder *enc)
{
    size_t result = fgz_reset(enc, FGZ_SIZE_UNKNOWN);

    if (!fgz_is_error(result))
        result = fgz_flush(enc, in, sizeof(in), out, sizeof(out));
    if (!fgz_is_error(result))
        result = fgz_finish(enc, NULL, 0, out, sizeof(out));
    if (!fgz_is_error(result))
        result = fgz_compress(enc, in, sizeof(in), out, sizeof(out));
    if (fgz_is_error(result))
        return result;
    return fgz_compress(enc, in, sizeof(in) / 10, out, sizeof(out));
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

TEST_MAIN
{
    for (int level = 10; level < TEST_NLEVELS; level++)
        check_largest(level);
    test_fill(in, sizeof(in), 3, 1);
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
                    result = code(enc);
                    if (nallocs >= failing) {
                        unsigned const which = failing;

                        CHECK(fgz_error_code(result) == FGZ_ERROR_MEMORY);
                        failing = 0;
                        CHECK(!fgz_is_error(code(enc)));
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
