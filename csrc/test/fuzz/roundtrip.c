/*
 * Fuzz target: a body coded in one call decodes to itself, and with any room
 * for the output it either comes out the same or is refused.
 *
 * Input: coding, level and size, kind of room, room (u16); the body.
 */
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_nbytes)
{
    fuzz_input input = {data, data + data_nbytes};
    fgz_coding const coding = fuzz_take_coding(&input);
    unsigned const choice = fuzz_take_u8(&input);
    unsigned const kind_of_room = fuzz_take_u8(&input) % 3;
    size_t room_nbytes = fuzz_take_u16(&input);
    size_t body_nbytes;
    uint8_t *const body = fuzz_take_exact_body(&input, &body_nbytes);
    size_t const bound_nbytes = fgz_compress_bound(coding, body_nbytes);
    fgz_encoder *const enc = fuzz_create(coding, choice);
    uint8_t *const expected = fuzz_alloc(bound_nbytes);
    uint8_t *out;
    size_t made, result;

    made = fgz_compress(enc, body, body_nbytes, expected, bound_nbytes);
    CHECK(!fgz_is_error(made) && made <= bound_nbytes);
    test_check_decodes(coding, expected, made, body, body_nbytes);

    /* Around what it takes, or anywhere. */
    room_nbytes = kind_of_room == 0 ? made :
                  kind_of_room == 1 ? made - 1 - room_nbytes % 16 % made :
                                      room_nbytes % (bound_nbytes + 1);
    out = fuzz_alloc(room_nbytes);
    result = fgz_compress(enc, body, body_nbytes, out, room_nbytes);
    fuzz_check_with_room(coding, room_nbytes, out, result, expected, made, body,
                         body_nbytes);

    /* A refusal does not show afterwards. */
    CHECK(fgz_compress(enc, body, body_nbytes, expected, bound_nbytes) == made);
    test_check_decodes(coding, expected, made, body, body_nbytes);

    fgz_free(enc);
    free(out);
    free(expected);
    free(body);
    return 0;
}
