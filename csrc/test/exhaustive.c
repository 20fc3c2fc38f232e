/*
 * Every input of up to 9 bytes over 3 symbols decodes to itself, from each
 * parser; and the shorter ones with a flush after any of their bytes.
 */
#include "decode.h"

#define MAX_NBYTES 9
/* Each flush that there can be doubles the number of streams. */
#define MAX_FLUSHED_NBYTES 5
#define ROOM_NBYTES 300000

static uint8_t out[ROOM_NBYTES];

static void check_decodes(test_decoder *decoder, size_t out_nbytes,
                          const uint8_t *in, size_t in_nbytes)
{
    decoder->out_nbytes = 0;
    test_inflate_begin(&decoder->inflater, decoder->out, in_nbytes);
    test_decode(decoder, out, out_nbytes);
    CHECK(decoder->is_done && decoder->out_nbytes == in_nbytes);
    CHECK(memcmp(decoder->out, in, in_nbytes) == 0);
}

static void check_streams(fgz_encoder *enc, test_decoder *decoder,
                          const uint8_t *in, size_t in_nbytes)
{
    for (unsigned flushes = 1; flushes < 1u << in_nbytes; flushes++) {
        size_t made = 0;

        CHECK(fgz_reset(enc, (flushes & 1) != 0 ? in_nbytes :
                                                  FGZ_SIZE_UNKNOWN) == 0);
        for (size_t i = 0; i < in_nbytes; i++)
            made += ((flushes >> i & 1) != 0 ? fgz_flush : fgz_write)(
                enc, in + i, 1, out + made, ROOM_NBYTES - made);
        made += fgz_finish(enc, NULL, 0, out + made, ROOM_NBYTES - made);
        CHECK(made <= ROOM_NBYTES);
        check_decodes(decoder, made, in, in_nbytes);
    }
}

TEST_MAIN
{
    static const uint8_t symbols[3] = {0x00, 'a', 0xff};
    static const int levels[] = {1, 2, 6, 9, 10, 12};
    uint8_t decoded[MAX_NBYTES + 1];
    test_decoder *const decoder =
        test_decoder_create(FGZ_RAW, decoded, MAX_NBYTES);

    for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
        fgz_encoder *const enc = test_create(FGZ_RAW, levels[i]);
        unsigned ninputs = 1;

        for (size_t in_nbytes = 0; in_nbytes <= MAX_NBYTES; in_nbytes++) {
            for (unsigned number = 0; number < ninputs; number++) {
                uint8_t in[MAX_NBYTES + 1];
                unsigned digits = number;
                size_t made;

                for (size_t j = 0; j < in_nbytes; j++, digits /= 3)
                    in[j] = symbols[digits % 3];
                made = fgz_compress(enc, in, in_nbytes, out, ROOM_NBYTES);
                CHECK(!fgz_is_error(made));
                check_decodes(decoder, made, in, in_nbytes);
                if (in_nbytes <= MAX_FLUSHED_NBYTES)
                    check_streams(enc, decoder, in, in_nbytes);
            }
            ninputs *= 3;
        }
        fgz_free(enc);
    }
    test_decoder_free(decoder);
    return 0;
}
