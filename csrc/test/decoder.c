/*
 * What is coded in zstd decodes to the same, however input and room are cut,
 * and so does a body of many frames, of which some are skipped.  What is cut
 * short is not whole, but comes out as far as it goes; what is damaged, of
 * another format, or needs more window than the web's is refused, however it is
 * cut.  A call stops after each frame.
 */
#include "pieces.h"

#define BODY_NBYTES ((size_t)300000)
#define ROOM_NBYTES ((size_t)2000000)

static uint8_t body[BODY_NBYTES], coded[ROOM_NBYTES], out[ROOM_NBYTES];

static const test_cuts all_cuts[] = {
    {SIZE_MAX, 1 << 20}, {SIZE_MAX, 1}, {1, 1 << 16},  {1, 1},
    {3, 1000},           {4, 65536},    {4096, 65536}, {100000, 8191},
};
#define NCUTS (sizeof(all_cuts) / sizeof(all_cuts[0]))

/* Cuts that take too many calls for a long body. */
static bool is_fine(test_cuts cuts)
{
    return cuts.in_nbytes < 1000 || cuts.room_nbytes < 1000;
}

/* Of the descriptor of a frame (RFC 8878, section 3.1.1.1.1). */
#define LENGTH_IN_4_BYTES 0x80
#define SINGLE_SEGMENT 0x20

/* Magic number, descriptor and window. */
#define RUN_HEADER_NBYTES 6

/* A skipped frame of so many bytes. */
static size_t put_skipped(uint8_t *at, unsigned which, size_t nbytes)
{
    uint8_t const header[8] = {(uint8_t)(0x50 + which), 0x2a, 0x4d, 0x18,
                               (uint8_t)nbytes,         0,    0,    0};

    memcpy(at, header, sizeof(header));
    memset(at + sizeof(header), 0xfd, nbytes);
    return sizeof(header) + nbytes;
}

/* A frame of one run of a byte, with its window as the format tells it (RFC
 * 8878, section 3.1.1.1.2); nbytes is below 2^21, as a block's is. */
static size_t put_run(uint8_t *at, unsigned window, size_t nbytes)
{
    uint32_t const block = 1u | 1u << 1 | (uint32_t)nbytes << 3;
    uint8_t const frame[] = {0x28,
                             0xb5,
                             0x2f,
                             0xfd,
                             0x00,
                             (uint8_t)window,
                             (uint8_t)block,
                             (uint8_t)(block >> 8),
                             (uint8_t)(block >> 16),
                             'r'};

    memcpy(at, frame, sizeof(frame));
    return sizeof(frame);
}

/* The same with its length: beside the window, or as the window. */
static size_t put_known_run(uint8_t *at, uint8_t descriptor, unsigned window,
                            uint32_t nbytes, size_t run_nbytes)
{
    uint8_t run[16];
    size_t const run_end = put_run(run, 0, run_nbytes);
    size_t done = 4;

    memcpy(at, run, done);
    at[done++] = descriptor;
    if ((descriptor & SINGLE_SEGMENT) == 0)
        at[done++] = (uint8_t)window;
    for (unsigned i = 0; i < 4; i++)
        at[done++] = (uint8_t)(nbytes >> 8 * i);
    memcpy(at + done, run + RUN_HEADER_NBYTES, run_end - RUN_HEADER_NBYTES);
    return done + run_end - RUN_HEADER_NBYTES;
}

static size_t put_single(uint8_t *at, uint32_t nbytes, size_t run_nbytes)
{
    return put_known_run(at, LENGTH_IN_4_BYTES | SINGLE_SEGMENT, 0, nbytes,
                         run_nbytes);
}

/* Decode what was coded, in every way to cut it that is not too fine. */
static void check_all_cuts(size_t coded_nbytes, size_t body_nbytes,
                           size_t nframes)
{
    for (size_t i = 0; i < NCUTS; i++) {
        test_decoded decoded;

        if (is_fine(all_cuts[i]) && body_nbytes > 20000)
            continue;
        decoded = test_decode_pieces(coded, coded_nbytes, all_cuts[i], out,
                                     sizeof(out));
        CHECK(decoded.error == FGZ_OK && decoded.is_whole && !decoded.is_over);
        CHECK(decoded.out_nbytes == body_nbytes);
        CHECK(memcmp(out, body, body_nbytes) == 0);
        CHECK(decoded.nframes == nframes);
    }
}

/* Refuse what was coded, in every way to cut it. */
static void check_refused(size_t coded_nbytes, fgz_error error)
{
    for (size_t i = 0; i < NCUTS; i++)
        CHECK(test_decode_pieces(coded, coded_nbytes, all_cuts[i], out,
                                 sizeof(out))
                  .error == error);
}

static void check_coded(fgz_encoder *enc)
{
    static const size_t lengths[] = {0, 1, 500, 20000, 140000, BODY_NBYTES};

    for (unsigned kind = 0; kind < TEST_NKINDS; kind++)
        for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
            size_t made;

            test_fill(body, lengths[i], kind, 3);
            made = fgz_compress(enc, body, lengths[i], coded, sizeof(coded));
            CHECK(!fgz_is_error(made));
            check_all_cuts(made, lengths[i], 1);
        }
    fgz_free(enc);
}

/* Frames of all kinds, one after the other. */
static void check_many(void)
{
    fgz_encoder *const enc = test_create(FGZ_ZSTD, 1);
    size_t coded_nbytes = 0, body_nbytes = 0, nframes = 0;

    for (unsigned n = 0; n < 40; n++) {
        size_t const nbytes = n % 3 == 0 ? 0 : n * 20;
        size_t made;

        test_fill(body + body_nbytes, nbytes, n % TEST_NKINDS, n);
        made = fgz_compress(enc, body + body_nbytes, nbytes,
                            coded + coded_nbytes, sizeof(coded) - coded_nbytes);
        CHECK(!fgz_is_error(made));
        coded_nbytes += made;
        coded_nbytes += put_skipped(coded + coded_nbytes, n % 16, n % 5);
        body_nbytes += nbytes;
        nframes += 2;
    }
    check_all_cuts(coded_nbytes, body_nbytes, nframes);
    fgz_free(enc);
}

/* A call for each frame, and no more than a few. */
static void check_calls(void)
{
    size_t coded_nbytes = 0;
    test_decoded decoded;

    for (unsigned n = 0; n < 1000; n++)
        coded_nbytes += n % 2 == 0 ? put_skipped(coded + coded_nbytes, 0, 0) :
                                     put_run(coded + coded_nbytes, 0, 0);
    decoded =
        test_decode_pieces(coded, coded_nbytes, all_cuts[0], out, sizeof(out));
    CHECK(decoded.error == FGZ_OK && decoded.is_whole);
    CHECK(decoded.nframes == 1000 && decoded.ncalls == 1000);
    CHECK(decoded.out_nbytes == 0);
}

/* 8 MB is a window that the web allows, one bit of the mantissa more is not. */
static void check_windows(void)
{
    memset(body, 'r', 1000);
    check_all_cuts(put_run(coded, 13 << 3, 1000), 1000, 1);
    check_refused(put_run(coded, 13 << 3 | 1, 1000), FGZ_ERROR_WINDOW);
    check_refused(put_run(coded, 31 << 3 | 7, 1000), FGZ_ERROR_WINDOW);
    /* Also where the whole frame and room for its content are there. */
    check_refused(put_known_run(coded, LENGTH_IN_4_BYTES, 13 << 3 | 1, 9, 9),
                  FGZ_ERROR_WINDOW);
    check_all_cuts(put_known_run(coded, LENGTH_IN_4_BYTES, 13 << 3, 9, 9), 9,
                   1);
    check_all_cuts(put_single(coded, 1000, 1000), 1000, 1);
    check_refused(put_single(coded, (1 << 23) + 1, 1000), FGZ_ERROR_WINDOW);
    /* A frame that says less than it is. */
    check_refused(put_single(coded, 999, 1000), FGZ_ERROR_INPUT);
    check_refused(put_single(coded, 1001, 1000), FGZ_ERROR_INPUT);
}

/* Every beginning of a body is sound, and none but all of it whole. */
static void check_cut_short(void)
{
    fgz_encoder *const enc = test_create(FGZ_ZSTD, 3);
    size_t coded_nbytes;

    test_fill(body, 700, 3, 1);
    coded_nbytes = fgz_compress(enc, body, 700, coded, sizeof(coded));
    CHECK(!fgz_is_error(coded_nbytes));
    for (size_t cut = 0; cut < coded_nbytes; cut++)
        for (size_t i = 0; i < NCUTS; i++) {
            test_decoded const decoded =
                test_decode_pieces(coded, cut, all_cuts[i], out, sizeof(out));

            CHECK(decoded.error == FGZ_OK && decoded.nframes == 0);
            CHECK(decoded.is_whole == (cut == 0));
        }
    /* What follows is no frame. */
    coded[coded_nbytes] = 0;
    check_refused(coded_nbytes + 1, FGZ_ERROR_INPUT);
    fgz_free(enc);
}

/* What was flushed comes out, with nothing behind it, in any room. */
static void check_flushed(void)
{
    fgz_encoder *const enc = test_create(FGZ_ZSTD, 3);
    size_t coded_nbytes;

    test_fill(body, 9000, 3, 2);
    coded_nbytes = fgz_flush(enc, body, 9000, coded, sizeof(coded));
    CHECK(!fgz_is_error(coded_nbytes));
    for (size_t i = 0; i < NCUTS; i++) {
        test_decoded const decoded = test_decode_pieces(
            coded, coded_nbytes, all_cuts[i], out, sizeof(out));

        CHECK(decoded.error == FGZ_OK && !decoded.is_whole);
        CHECK(decoded.out_nbytes == 9000 && memcmp(out, body, 9000) == 0);
    }
    fgz_free(enc);
}

/* Every bit of the head, and of the checksum that a frame of dcz has. */
static void check_damaged(void)
{
    static const uint8_t legacy_magic[][4] = {{0x1e, 0xb5, 0x2f, 0xfd},
                                              {0x22, 0xb5, 0x2f, 0xfd},
                                              {0x27, 0xb5, 0x2f, 0xfd}};
    fgz_encoder *const enc = test_create(FGZ_DCZ, 3);
    size_t const named_nbytes = 40;
    size_t coded_nbytes;

    test_fill(body, 700, 0, 1);
    coded_nbytes = fgz_compress(enc, body, 700, coded, sizeof(coded));
    CHECK(!fgz_is_error(coded_nbytes));
    fgz_free(enc);
    /* It refers to no dictionary, and those 40 bytes are a skipped frame. */
    check_all_cuts(coded_nbytes, 700, 2);
    for (unsigned bit = 0; bit < 32; bit++) {
        size_t const places[] = {bit / 8, named_nbytes + bit / 8,
                                 coded_nbytes - 4 + bit / 8};

        for (size_t i = bit < 4 ? 1 : 0; i < 3; i++) {
            coded[places[i]] ^= (uint8_t)(1 << bit % 8);
            check_refused(coded_nbytes, FGZ_ERROR_INPUT);
            coded[places[i]] ^= (uint8_t)(1 << bit % 8);
        }
    }
    /* The formats before this one. */
    for (size_t i = 0; i < 3; i++) {
        memcpy(coded, legacy_magic[i], 4);
        check_refused(coded_nbytes, FGZ_ERROR_INPUT);
    }
    /* What refers to a dictionary that only trained ones have an id of. */
    memcpy(coded, "\x28\xb5\x2f\xfd\x01\x00\x07\x01\x00\x00", 10);
    check_refused(10, FGZ_ERROR_INPUT);
}

/* Without input or room nothing happens, however often. */
static void check_nothing(void)
{
    fgz_decoder *decoder;
    size_t taken_nbytes;

    CHECK(fgz_decoder_create(&decoder) == 0);
    for (unsigned n = 0; n < 100; n++) {
        CHECK(fgz_decode(decoder, NULL, 0, &taken_nbytes, out, 10) == 0);
        CHECK(taken_nbytes == 0);
        CHECK(fgz_decode(decoder, "\x28", 1, &taken_nbytes, NULL, 0) == 0);
        CHECK(taken_nbytes == 0);
    }
    CHECK(fgz_decode(decoder, "\x28", 1, &taken_nbytes, out, 10) == 0);
    CHECK(taken_nbytes == 1 && !fgz_decoder_is_between_frames(decoder));
    fgz_decoder_free(decoder);
    fgz_decoder_free(NULL);
}

TEST_MAIN
{
    check_nothing();
    check_coded(test_create(FGZ_ZSTD, 1));
    check_coded(test_create(FGZ_ZSTD, 19));
    check_coded(test_create_small(FGZ_ZSTD, 3));
    check_many();
    check_calls();
    check_windows();
    check_cut_short();
    check_flushed();
    check_damaged();
    return 0;
}
