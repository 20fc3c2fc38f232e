/*
 * Codes cases from standard input and writes what they gave to standard
 * output, for decoders that this program knows nothing of.
 *
 * A case is: coding, level and number of calls, each a little-endian int32;
 * then for each call its verb (0 write, 1 flush, 2 finish, 3 whole body) and
 * its number of bytes, int32 each, and the bytes.  Each call's answer is a
 * number of bytes, int32, and the bytes.
 */
#include "test.h"

static int32_t read_int32(void)
{
    uint8_t bytes[4];

    if (fread(bytes, 1, 4, stdin) != 4)
        exit(feof(stdin) != 0 ? 0 : 1);
    return (int32_t)((uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 |
                     (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24);
}

static void answer(const uint8_t *out, size_t out_nbytes)
{
    uint8_t const bytes[4] = {(uint8_t)out_nbytes, (uint8_t)(out_nbytes >> 8),
                              (uint8_t)(out_nbytes >> 16),
                              (uint8_t)(out_nbytes >> 24)};

    CHECK(fwrite(bytes, 1, 4, stdout) == 4);
    CHECK(fwrite(out, 1, out_nbytes, stdout) == out_nbytes);
    CHECK(fflush(stdout) == 0);
}

static void replay_call(fgz_encoder *enc, fgz_coding coding)
{
    int32_t const verb = read_int32();
    size_t const in_nbytes = (size_t)read_int32();
    /* Exactly sized, so that a sanitizer sees every step too far. */
    size_t const room = verb == 3 ? fgz_compress_bound(coding, in_nbytes) :
                                    fgz_stream_bound(coding, in_nbytes);
    uint8_t *const in = malloc(in_nbytes);
    uint8_t *const out = malloc(room);
    size_t made;

    CHECK(out != NULL && (in != NULL || in_nbytes == 0));
    CHECK(in_nbytes == 0 || fread(in, 1, in_nbytes, stdin) == in_nbytes);
    made = verb == 0 ? fgz_write(enc, in, in_nbytes, out, room) :
           verb == 1 ? fgz_flush(enc, in, in_nbytes, out, room) :
           verb == 2 ? fgz_finish(enc, in, in_nbytes, out, room) :
                       fgz_compress(enc, in, in_nbytes, out, room);
    CHECK(!fgz_is_error(made));
    answer(out, made);
    free(in);
    free(out);
}

TEST_MAIN
{
    for (;;) {
        fgz_coding const coding = (fgz_coding)read_int32();
        int const level = read_int32();
        int32_t const ncalls = read_int32();
        fgz_encoder *const enc = test_create(coding, level);

        for (int32_t i = 0; i < ncalls; i++)
            replay_call(enc, coding);
        fgz_free(enc);
    }
}
