/*
 * fuzz.h - what the fuzz targets share: how an input becomes a case
 *
 * Each target is one file with libFuzzer's entry point.  It can be linked with
 * libFuzzer, which makes inputs up, or with replay.c, which takes them from
 * files.  A target reads its choices from the front of the input, one byte or
 * two at a time, and the body from what is left.  Every input is a case: a
 * choice out of range is taken modulo the range, and what is missing is 0.
 */
#ifndef FGZ_FUZZ_H
#define FGZ_FUZZ_H

#include "../decode.h"
#include "../test.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_nbytes);

typedef struct fuzz_input {
    const uint8_t *next;
    const uint8_t *end;
} fuzz_input;

static inline unsigned fuzz_take_u8(fuzz_input *input)
{
    return input->next < input->end ? *input->next++ : 0;
}

static inline unsigned fuzz_take_u16(fuzz_input *input)
{
    unsigned const low = fuzz_take_u8(input);

    return low | fuzz_take_u8(input) << 8;
}

static inline fgz_coding fuzz_take_coding(fuzz_input *input)
{
    return test_codings[fuzz_take_u8(input) % TEST_NCODINGS];
}

/* An encoder by a choice of 0 to 255: all levels of DEFLATE, those of zstd that
 * do not take long to set up; the upper half of the choices are small ones. */
static inline fgz_encoder *fuzz_create(fgz_coding coding, unsigned choice)
{
    int const which = (int)(choice % 128);
    int const level = test_is_zstd(coding) ? which % 16 - 5 : which % 14 - 1;

    return choice < 128 ? test_create(coding, level) :
                          test_create_small(coding, level);
}

/*
 * The largest bodies: in a large one a stream's window is full and moves down
 * more than once, and positions modulo 2^16 come round twice.  Most are small,
 * because a thousand of them can be tried in the time of some large ones.
 */
#define FUZZ_MAX_BODY_NBYTES ((size_t)200000)
#define FUZZ_MAX_SMALL_BODY_NBYTES ((size_t)6000)

/*
 * Make the body that the rest of the input describes, so that a short input
 * can say a long body.  Its first byte says whether it may be large: if it
 * divides by 4.  Then comes a sequence of steps.  The low two bits of a step's
 * first byte say which, the other six are a number n:
 *
 *     0  the next n + 1 bytes of the input
 *     1  a copy of n * n + 3 bytes, from (u16) back, modulo what there is
 *     2  n * 32 + 1 times the byte that follows
 *     3  test_fill of kind n, (u16) bytes, seeded with the byte that follows
 *
 * body has room for FUZZ_MAX_BODY_NBYTES.
 * @return the bytes that it has.
 */
static inline size_t fuzz_take_body(fuzz_input *input, uint8_t *body)
{
    size_t const max_nbytes = fuzz_take_u8(input) % 4 == 0 ?
                                  FUZZ_MAX_BODY_NBYTES :
                                  FUZZ_MAX_SMALL_BODY_NBYTES;
    size_t done = 0;

    while (input->next < input->end && done < max_nbytes) {
        unsigned const step = fuzz_take_u8(input);
        size_t const n = step >> 2;
        size_t const room = max_nbytes - done;

        if (step % 4 == 0) {
            for (size_t i = 0; i <= n && i < room && input->next < input->end;
                 i++)
                body[done++] = (uint8_t)fuzz_take_u8(input);
        } else if (step % 4 == 1) {
            size_t distance = fuzz_take_u16(input);

            distance = done == 0 ? 0 : 1 + distance % done;
            for (size_t i = 0; i < n * n + 3 && i < room && distance > 0; i++) {
                body[done] = body[done - distance];
                done++;
            }
        } else if (step % 4 == 2) {
            size_t const nbytes = n * 32 + 1 < room ? n * 32 + 1 : room;

            memset(body + done, (int)fuzz_take_u8(input), nbytes);
            done += nbytes;
        } else {
            size_t nbytes = fuzz_take_u16(input);

            nbytes = nbytes < room ? nbytes : room;
            test_fill(body + done, nbytes, (unsigned)n % TEST_NKINDS,
                      fuzz_take_u8(input));
            done += nbytes;
        }
    }
    return done;
}

/* Memory of exactly this size, so that a sanitizer sees any step beyond. */
static inline uint8_t *fuzz_alloc(size_t nbytes)
{
    uint8_t *const memory = malloc(nbytes);

    CHECK(memory != NULL || nbytes == 0);
    return memory;
}

/* A body in memory of exactly its size.  The caller frees it. */
static inline uint8_t *fuzz_take_exact_body(fuzz_input *input,
                                            size_t *body_nbytes)
{
    static uint8_t room[FUZZ_MAX_BODY_NBYTES];
    uint8_t *body;

    *body_nbytes = fuzz_take_body(input, room);
    body = fuzz_alloc(*body_nbytes);
    if (*body_nbytes > 0)
        memcpy(body, room, *body_nbytes);
    return body;
}

/*
 * Check a result of fgz_compress with room_nbytes of room against the result
 * with enough room.  The DEFLATE family fits whenever there is as much room as
 * the output takes, and gives the same bytes; libzstd promises less.
 */
static inline void fuzz_check_with_room(fgz_coding coding, size_t room_nbytes,
                                        const uint8_t *out, size_t result,
                                        const uint8_t *expected,
                                        size_t expected_nbytes,
                                        const uint8_t *body, size_t body_nbytes)
{
    if (fgz_is_error(result)) {
        CHECK(fgz_error_code(result) == FGZ_ERROR_OUTPUT);
        CHECK(test_is_zstd(coding) || room_nbytes < expected_nbytes);
        return;
    }
    CHECK(result <= room_nbytes);
    if (test_is_zstd(coding)) {
        test_check_decodes(coding, out, result, body, body_nbytes);
    } else {
        CHECK(result == expected_nbytes);
        CHECK(memcmp(out, expected, result) == 0);
    }
}

#endif /* FGZ_FUZZ_H */
