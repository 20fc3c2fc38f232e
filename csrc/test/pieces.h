/*
 * pieces.h - gives a decoder of the core a body in pieces, and gathers what
 * comes out
 *
 * Input and room lie at the end of memory of their own, so that a sanitizer
 * sees any step beyond.
 */
#ifndef FGZ_TEST_PIECES_H
#define FGZ_TEST_PIECES_H

#include "test.h"

typedef struct test_decoded {
    fgz_error error;
    size_t out_nbytes;
    size_t nframes; /* that ended */
    bool is_whole;  /* the body ends where a frame does */
    bool is_over;   /* more comes out than there is room for */
    size_t ncalls;
} test_decoded;

/* Where the pieces are cut: input and room, in bytes. */
typedef struct test_cuts {
    size_t in_nbytes, room_nbytes;
} test_cuts;

/* One call, with a copy of the input and a room at the ends of their memory. */
static inline size_t decode_piece(fgz_decoder *decoder, const uint8_t *in,
                                  size_t in_nbytes, size_t *taken_nbytes,
                                  uint8_t *out, size_t room_nbytes)
{
    uint8_t *const piece = malloc(in_nbytes + 1);
    uint8_t *const room = malloc(room_nbytes + 1);
    size_t made;

    CHECK(piece != NULL && room != NULL);
    if (in_nbytes > 0)
        memcpy(piece + 1, in, in_nbytes);
    made = fgz_decode(decoder, piece + 1, in_nbytes, taken_nbytes, room + 1,
                      room_nbytes);
    if (!fgz_is_error(made)) {
        CHECK(made <= room_nbytes && *taken_nbytes <= in_nbytes);
        if (made > 0)
            memcpy(out, room + 1, made);
    }
    free(piece);
    free(room);
    return made;
}

/* Decode a body, until it ends or is refused, or there may be no room. */
static inline test_decoded test_decode_pieces(const uint8_t *in,
                                              size_t in_nbytes, test_cuts cuts,
                                              uint8_t *out,
                                              size_t out_nbytes_avail)
{
    test_decoded decoded = {FGZ_OK, 0, 0, true, false, 0};
    fgz_decoder *decoder;
    size_t done = 0, taken_nbytes, made;
    bool was_full = false;

    CHECK(fgz_decoder_create(&decoder) == 0 && decoder != NULL);
    CHECK(fgz_decoder_is_between_frames(decoder));
    while (done < in_nbytes || was_full) {
        size_t const left = in_nbytes - done;
        size_t const now = left < cuts.in_nbytes ? left : cuts.in_nbytes;
        size_t const avail = out_nbytes_avail - decoded.out_nbytes;

        decoded.is_over = avail < cuts.room_nbytes;
        if (decoded.is_over)
            break;
        made = decode_piece(decoder, in + done, now, &taken_nbytes,
                            out + decoded.out_nbytes, cuts.room_nbytes);
        decoded.ncalls++;
        if (fgz_is_error(made)) {
            decoded.error = fgz_error_code(made);
            CHECK(taken_nbytes == 0);
            /* It stays refused. */
            CHECK(fgz_error_code(fgz_decode(decoder, in, in_nbytes,
                                            &taken_nbytes, out, 1)) ==
                  FGZ_ERROR_STATE);
            break;
        }
        CHECK(made + taken_nbytes > 0 || now == 0);
        done += taken_nbytes;
        decoded.out_nbytes += made;
        decoded.nframes +=
            taken_nbytes > 0 && fgz_decoder_is_between_frames(decoder);
        was_full = made == cuts.room_nbytes;
    }
    decoded.is_whole = fgz_decoder_is_between_frames(decoder) != 0;
    fgz_decoder_free(decoder);
    return decoded;
}

#endif /* FGZ_TEST_PIECES_H */
