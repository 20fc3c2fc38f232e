/*
 * Fuzz target: bounds.  Input and output end where a page begins that cannot
 * be accessed.  With as much room as the bound says every call succeeds; with
 * less a body is refused or correct, and a stream's call is refused and leaves
 * no trace.
 *
 * Input: coding, level and size, two rooms (u16 each), piece size (u16), verbs;
 * the body.
 */
#define _DEFAULT_SOURCE /* MAP_ANONYMOUS */
#include "fuzz.h"

#include "../guard.h"

/* Up to this much output every smaller room is tried. */
#define ALL_ROOMS_MAX_NBYTES 48

static uint8_t *in_end, *out_end;

typedef size_t verb(fgz_encoder *enc, const void *in, size_t in_nbytes,
                    void *out, size_t out_nbytes_avail);

static void check_body(fgz_encoder *enc, fgz_coding coding, const uint8_t *body,
                       size_t body_nbytes, const size_t *rooms)
{
    const uint8_t *const in = in_end - body_nbytes;
    size_t const bound_nbytes = fgz_compress_bound(coding, body_nbytes);
    uint8_t *const expected = fuzz_alloc(bound_nbytes);
    size_t const made = fgz_compress(enc, in, body_nbytes,
                                     out_end - bound_nbytes, bound_nbytes);
    size_t const nrooms =
        bound_nbytes <= ALL_ROOMS_MAX_NBYTES ? bound_nbytes + 1 : 4;

    CHECK(!fgz_is_error(made) && made <= bound_nbytes);
    memcpy(expected, out_end - bound_nbytes, made);
    test_check_decodes(coding, expected, made, body, body_nbytes);
    for (size_t i = 0; i < nrooms; i++) {
        size_t const room = nrooms > 4 ? i :
                            i == 0     ? made :
                            i == 1     ? made - 1 :
                                         rooms[i - 2] % bound_nbytes;
        uint8_t *const out = out_end - room;

        fuzz_check_with_room(coding, room, out,
                             fgz_compress(enc, in, body_nbytes, out, room),
                             expected, made, body, body_nbytes);
    }
    free(expected);
}

static void check_stream(fgz_encoder *enc, fgz_coding coding,
                         const uint8_t *body, size_t body_nbytes,
                         size_t piece_nbytes, unsigned verbs)
{
    uint8_t *coded = NULL;
    size_t coded_nbytes = 0;
    const uint8_t *in = in_end - body_nbytes;
    bool is_finished = false;

    CHECK(fgz_reset(enc, (verbs & 1) != 0 ? body_nbytes : FGZ_SIZE_UNKNOWN) ==
          0);
    for (unsigned ncalls = 0; !is_finished; ncalls++) {
        size_t const left = (size_t)(in_end - in);
        size_t const in_nbytes = piece_nbytes < left ? piece_nbytes : left;
        size_t const room = fgz_next_bound(enc, in_nbytes);
        bool const flushes = (verbs >> ncalls % 7 & 2) != 0;
        verb *const function = in_nbytes == left ? fgz_finish :
                               flushes           ? fgz_flush :
                                                   fgz_write;
        size_t made;

        CHECK(fgz_error_code(function(enc, in, in_nbytes, out_end - (room - 1),
                                      room - 1)) == FGZ_ERROR_OUTPUT);
        made = function(enc, in, in_nbytes, out_end - room, room);
        CHECK(!fgz_is_error(made) && made <= room);
        coded = realloc(coded, coded_nbytes + made + 1);
        CHECK(coded != NULL);
        memcpy(coded + coded_nbytes, out_end - room, made);
        coded_nbytes += made;
        in += in_nbytes;
        is_finished = function == fgz_finish;
    }
    test_check_decodes(coding, coded, coded_nbytes, body, body_nbytes);
    free(coded);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_nbytes)
{
    fuzz_input input = {data, data + data_nbytes};
    fgz_coding const coding = fuzz_take_coding(&input);
    unsigned const choice = fuzz_take_u8(&input);
    size_t const first_room = fuzz_take_u16(&input);
    size_t const rooms[2] = {first_room, fuzz_take_u16(&input)};
    size_t piece_nbytes = 1 + fuzz_take_u16(&input);
    unsigned const verbs = fuzz_take_u8(&input);
    size_t body_nbytes;
    uint8_t *const body = fuzz_take_exact_body(&input, &body_nbytes);
    fgz_encoder *const enc = fuzz_create(coding, choice);

    if (in_end == NULL) {
        in_end = test_guarded_end();
        out_end = test_guarded_end();
    }
    if (body_nbytes > 0)
        memcpy(in_end - body_nbytes, body, body_nbytes);
    check_body(enc, coding, body, body_nbytes, rooms);
    /* No more than some hundred calls. */
    if (piece_nbytes < body_nbytes / 200)
        piece_nbytes = body_nbytes / 200;
    check_stream(enc, coding, body, body_nbytes, piece_nbytes, verbs);
    fgz_free(enc);
    free(body);
    return 0;
}
