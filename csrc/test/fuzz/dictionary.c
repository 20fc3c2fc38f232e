/*
 * Fuzz target: dictionaries.  A body, whole and as a stream of flushed pieces,
 * decodes with the dictionary that it refers to, and comes out the same from an
 * encoder that referred to another one before.
 *
 * Input: level and size, piece size (u16); the dictionary: whether it may be
 * large, the length of its steps (u16), the steps; the body.
 */
#include "fuzz.h"

/* Code in one call, or in pieces if these are of any length.
 * @return the bytes that came out; the caller frees *coded. */
static size_t code(fgz_encoder *enc, const uint8_t *body, size_t body_nbytes,
                   size_t piece_nbytes, uint8_t **coded)
{
    size_t const npieces =
        piece_nbytes == 0 ? 0 : body_nbytes / piece_nbytes + 1;
    size_t const room =
        (npieces + 1) * fgz_stream_bound(FGZ_DCZ, piece_nbytes) +
        fgz_compress_bound(FGZ_DCZ, body_nbytes);
    size_t made = 0;

    *coded = fuzz_alloc(room);
    if (piece_nbytes == 0) {
        made = fgz_compress(enc, body, body_nbytes, *coded, room);
        CHECK(!fgz_is_error(made));
        return made;
    }
    CHECK(fgz_reset(enc, FGZ_SIZE_UNKNOWN) == 0);
    for (size_t done = 0; done < body_nbytes; done += piece_nbytes) {
        size_t const left = body_nbytes - done;
        size_t const nbytes = piece_nbytes < left ? piece_nbytes : left;
        size_t const result = fgz_flush(enc, body + done, nbytes, *coded + made,
                                        fgz_next_bound(enc, nbytes));

        CHECK(!fgz_is_error(result));
        made += result;
    }
    made += fgz_finish(enc, NULL, 0, *coded + made, room - made);
    CHECK(made <= room);
    return made;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_nbytes)
{
    fuzz_input input = {data, data + data_nbytes};
    unsigned const choice = fuzz_take_u8(&input);
    unsigned const is_small = choice >= 128;
    int const level = (int)(choice % 16) - 5;
    size_t pieces_nbytes[2] = {0, 1 + fuzz_take_u16(&input)};
    unsigned const is_short = fuzz_take_u8(&input);
    size_t const steps_nbytes = fuzz_take_u16(&input);
    size_t const left = (size_t)(input.end - input.next);
    uint8_t steps[1 + UINT16_MAX] = {(uint8_t)is_short};
    fuzz_input of_dictionary = {steps, steps + 1};
    fgz_encoder *const dirty = test_create_of_size(FGZ_DCZ, level, is_small);
    fgz_encoder *const fresh = test_create_of_size(FGZ_DCZ, level, is_small);
    fgz_dictionary *dictionary;
    size_t known_nbytes, body_nbytes;
    uint8_t *known, *body;

    of_dictionary.end += steps_nbytes < left ? steps_nbytes : left;
    if (of_dictionary.end > steps + 1)
        memcpy(steps + 1, input.next, (size_t)(of_dictionary.end - steps - 1));
    input.next += of_dictionary.end - steps - 1;
    known = fuzz_take_exact_body(&of_dictionary, &known_nbytes);
    body = fuzz_take_exact_body(&input, &body_nbytes);
    if (known_nbytes == 0) {
        known = realloc(known, 1);
        CHECK(known != NULL);
        known[known_nbytes++] = 'x';
    }
    dictionary = test_dictionary_create(known, known_nbytes, level, is_small);
    /* No more than some hundred calls. */
    if (pieces_nbytes[1] < body_nbytes / 200)
        pieces_nbytes[1] = body_nbytes / 200;

    CHECK(fgz_refer(fresh, dictionary) == 0);
    for (unsigned i = 0; i < 2; i++) {
        uint8_t *expected, *actual;
        size_t const nbytes =
            code(fresh, body, body_nbytes, pieces_nbytes[i], &expected);

        CHECK(fgz_refer(dirty, test_dictionary(level, is_small)) == 0);
        code(dirty, body, body_nbytes, pieces_nbytes[i], &actual);
        free(actual);
        CHECK(fgz_refer(dirty, dictionary) == 0);
        CHECK(code(dirty, body, body_nbytes, pieces_nbytes[i], &actual) ==
              nbytes);
        CHECK(memcmp(expected, actual, nbytes) == 0);
        test_check_decodes_with(FGZ_DCZ, actual, nbytes, body, body_nbytes,
                                known, known_nbytes);
        free(expected);
        free(actual);
    }
    fgz_free(dirty);
    fgz_free(fresh);
    fgz_dictionary_free(dictionary);
    free(known);
    free(body);
    return 0;
}
