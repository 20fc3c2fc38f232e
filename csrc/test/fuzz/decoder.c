/*
 * Fuzz target: the decoder of zstd.  Whatever a body is, it decodes or is
 * refused in the same way however input and room are cut, in no more calls than
 * its bytes, and what an encoder made decodes to what was coded, if it was not
 * damaged.
 *
 * Input: 0 for a body as it is, or a level; two cuts, of input and room (u16);
 * the rest of the input is the body, or else says where it is damaged (u16; 0
 * for not at all) and what is coded.
 */
#include "../pieces.h"
#include "fuzz.h"

/* What is decoded at most: frames of a few bytes can hold megabytes. */
#define MAX_DECODED_NBYTES ((size_t)4 << 20)

static uint8_t out[MAX_DECODED_NBYTES], again[MAX_DECODED_NBYTES];

/* Decode as far as there is room, all at once or in pieces. */
static test_decoded decode(const uint8_t *in, size_t in_nbytes, test_cuts cuts,
                           uint8_t *decoded_bytes)
{
    test_decoded const decoded = test_decode_pieces(
        in, in_nbytes, cuts, decoded_bytes, MAX_DECODED_NBYTES);

    /* Each call that has input takes some, or fills the room. */
    CHECK(decoded.ncalls <=
          in_nbytes + decoded.out_nbytes / cuts.room_nbytes + 1);
    return decoded;
}

/* Code a body, and damage one byte. */
static size_t code(fuzz_input *input, int level, uint8_t **coded,
                   uint8_t **body, size_t *body_nbytes)
{
    size_t const damage = fuzz_take_u16(input);
    fgz_encoder *const enc = test_create(FGZ_ZSTD, level);
    size_t room, made;

    *body = fuzz_take_exact_body(input, body_nbytes);
    room = fgz_compress_bound(FGZ_ZSTD, *body_nbytes);
    *coded = fuzz_alloc(room);
    made = fgz_compress(enc, *body, *body_nbytes, *coded, room);
    CHECK(!fgz_is_error(made) && made > 0);
    fgz_free(enc);
    if (damage > 0) {
        (*coded)[damage % made] ^= (uint8_t)(1 + damage % 255);
        free(*body);
        *body = NULL;
    }
    return made;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_nbytes)
{
    fuzz_input input = {data, data + data_nbytes};
    int const level = (int)(fuzz_take_u8(&input) % 10);
    test_cuts const whole = {SIZE_MAX, 128 << 10};
    test_cuts cuts = {1 + fuzz_take_u16(&input), 1 + fuzz_take_u16(&input)};
    size_t body_nbytes = 0, coded_nbytes;
    uint8_t *body = NULL, *coded;
    test_decoded at_once, in_pieces;

    if (level > 0) {
        coded_nbytes = code(&input, level, &coded, &body, &body_nbytes);
    } else {
        coded_nbytes = (size_t)(input.end - input.next);
        coded = fuzz_alloc(coded_nbytes);
        if (coded_nbytes > 0)
            memcpy(coded, input.next, coded_nbytes);
    }
    at_once = decode(coded, coded_nbytes, whole, out);
    /* No more than some thousand calls. */
    if (cuts.room_nbytes < at_once.out_nbytes / 2000)
        cuts.room_nbytes = at_once.out_nbytes / 2000;
    if (cuts.in_nbytes < coded_nbytes / 2000)
        cuts.in_nbytes = coded_nbytes / 2000;
    in_pieces = decode(coded, coded_nbytes, cuts, again);

    if (!at_once.is_over && !in_pieces.is_over) {
        CHECK(in_pieces.error == at_once.error);
        CHECK(at_once.error != FGZ_OK ||
              (in_pieces.out_nbytes == at_once.out_nbytes &&
               in_pieces.nframes == at_once.nframes &&
               in_pieces.is_whole == at_once.is_whole));
    }
    CHECK(memcmp(out, again,
                 in_pieces.out_nbytes < at_once.out_nbytes ?
                     in_pieces.out_nbytes :
                     at_once.out_nbytes) == 0);
    if (body != NULL) {
        CHECK(at_once.error == FGZ_OK && at_once.is_whole);
        CHECK(at_once.out_nbytes == body_nbytes);
        CHECK(memcmp(out, body, body_nbytes) == 0);
    }
    free(body);
    free(coded);
    return 0;
}
