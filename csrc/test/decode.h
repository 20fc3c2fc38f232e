/*
 * decode.h - decoders for the tests, of every coding, fed as the output comes
 *
 * The frames of gzip and zlib are taken apart here, and nothing optional is
 * allowed in them; their blocks go through inflate.h; zstd through libzstd,
 * with the window that the web allows, and behind the header of dcz with the
 * dictionary of test.h, or another.
 */
#ifndef FGZ_TEST_DECODE_H
#define FGZ_TEST_DECODE_H

#include <zstd.h>

#include "../checksum/checksum.h"
#include "definition.h"
#include "inflate.h"
#include "test.h"

#define DECODE_ZSTD_MAX_WINDOW_LOG 23

typedef struct test_decoder {
    fgz_coding coding;
    bool is_done;
    size_t out_nbytes; /* so far */
    uint8_t *out;
    size_t out_nbytes_avail;
    test_inflater inflater;
    ZSTD_DCtx *dctx;
    size_t zstd_in_nbytes; /* decoded so far */
    const uint8_t *dictionary;
    size_t dictionary_nbytes;
} test_decoder;

/* Make a decoder for one body of at most out_nbytes_avail bytes. */
static inline test_decoder *test_decoder_create(fgz_coding coding, uint8_t *out,
                                                size_t out_nbytes_avail)
{
    test_decoder *const decoder = malloc(sizeof(*decoder));

    CHECK(decoder != NULL);
    decoder->coding = coding;
    decoder->is_done = false;
    decoder->out_nbytes = 0;
    decoder->out = out;
    decoder->out_nbytes_avail = out_nbytes_avail;
    test_inflate_begin(&decoder->inflater, out, out_nbytes_avail);
    decoder->dctx = NULL;
    decoder->zstd_in_nbytes = 0;
    if (test_is_zstd(coding)) {
        decoder->dctx = ZSTD_createDCtx();
        CHECK(decoder->dctx != NULL);
        CHECK(!ZSTD_isError(ZSTD_DCtx_setParameter(
            decoder->dctx, ZSTD_d_windowLogMax, DECODE_ZSTD_MAX_WINDOW_LOG)));
    }
    decoder->dictionary = test_dictionary_bytes();
    decoder->dictionary_nbytes = TEST_DICTIONARY_NBYTES;
    return decoder;
}

static inline void test_decoder_free(test_decoder *decoder)
{
    ZSTD_freeDCtx(decoder->dctx);
    free(decoder);
}

/* Check the header of dcz (RFC 9842, section 5) once it is there, and have what
 * follows refer to the dictionary. */
static inline void decode_dcz_header(test_decoder *decoder, const uint8_t *in,
                                     size_t in_nbytes)
{
    size_t const nbytes = 8 + TEST_DIGEST_NBYTES;

    if (in_nbytes < nbytes || decoder->zstd_in_nbytes > 0)
        return;
    CHECK(memcmp(in, "\x5e\x2a\x4d\x18\x20\0\0\0", 8) == 0);
    CHECK(memcmp(in + 8, test_digest_bytes(), TEST_DIGEST_NBYTES) == 0);
    CHECK(!ZSTD_isError(ZSTD_DCtx_refPrefix(decoder->dctx, decoder->dictionary,
                                            decoder->dictionary_nbytes)));
    decoder->zstd_in_nbytes = nbytes;
}

static inline void decode_zstd(test_decoder *decoder, const uint8_t *in,
                               size_t in_nbytes)
{
    ZSTD_inBuffer input = {in, in_nbytes, decoder->zstd_in_nbytes};
    ZSTD_outBuffer output = {decoder->out, decoder->out_nbytes_avail,
                             decoder->out_nbytes};
    size_t before_nbytes;

    /* libzstd counts calls that lead nowhere, and complains. */
    if (input.pos == input.size)
        return;
    do {
        size_t result;

        before_nbytes = input.pos + output.pos;
        result = ZSTD_decompressStream(decoder->dctx, &output, &input);
        if (ZSTD_isError(result))
            fprintf(stderr, "zstd: %s\n", ZSTD_getErrorName(result));
        CHECK(!ZSTD_isError(result));
        decoder->is_done = result == 0;
    } while (!decoder->is_done && input.pos + output.pos > before_nbytes);
    CHECK(input.pos == input.size);
    decoder->zstd_in_nbytes = input.pos;
    decoder->out_nbytes = output.pos;
}

static inline uint32_t decode_le32(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
           (uint32_t)p[3] << 24;
}

/* The header of a frame, RFC 1952 section 2.3 and RFC 1950 section 2.2.
 * @return its bytes; 0 if it has not all come yet. */
static inline size_t decode_header(fgz_coding coding, const uint8_t *in,
                                   size_t in_nbytes)
{
    if (coding == FGZ_GZIP) {
        if (in_nbytes < 10)
            return 0;
        CHECK(memcmp(in, "\x1f\x8b\x08\0\0\0\0\0", 8) == 0);
        CHECK(in[8] == 0 || in[8] == 2 || in[8] == 4);
        CHECK(in[9] == 255);
        return 10;
    }
    if (in_nbytes < 2)
        return 0;
    CHECK(in[0] == 0x78 && (in[1] & 0x20) == 0);
    CHECK((in[0] << 8 | in[1]) % 31 == 0);
    return 2;
}

/* What comes after the blocks: it has to be all there is. */
static inline void check_trailer(const test_decoder *decoder, const uint8_t *in,
                                 size_t in_nbytes)
{
    if (decoder->coding == FGZ_GZIP) {
        CHECK(in_nbytes == 8);
        CHECK(decode_le32(in) == test_crc32_by_definition(FGZ_CRC32_INITIAL,
                                                          decoder->out,
                                                          decoder->out_nbytes));
        CHECK(decode_le32(in + 4) == (uint32_t)decoder->out_nbytes);
    } else if (decoder->coding == FGZ_ZLIB) {
        uint32_t const adler = test_adler32_by_definition(
            FGZ_ADLER32_INITIAL, decoder->out, decoder->out_nbytes);

        CHECK(in_nbytes == 4);
        CHECK(((uint32_t)in[0] << 24 | (uint32_t)in[1] << 16 |
               (uint32_t)in[2] << 8 | in[3]) == adler);
    } else {
        CHECK(in_nbytes == 0);
    }
}

/*
 * Decode as far as the output of an encoder goes, with a failed check where it
 * is not valid.  in is all of it so far, from its first byte on.
 *
 * Afterwards decoder->out_nbytes is what was decoded, and decoder->is_done
 * whether the frame is complete.
 */
static inline void test_decode(test_decoder *decoder, const uint8_t *in,
                               size_t in_nbytes)
{
    size_t header_nbytes = 0;
    test_inflate_status status;

    if (test_is_zstd(decoder->coding)) {
        if (decoder->coding == FGZ_DCZ)
            decode_dcz_header(decoder, in, in_nbytes);
        if (decoder->coding != FGZ_DCZ || decoder->zstd_in_nbytes > 0)
            decode_zstd(decoder, in, in_nbytes);
        return;
    }
    if (decoder->coding != FGZ_RAW) {
        header_nbytes = decode_header(decoder->coding, in, in_nbytes);
        if (header_nbytes == 0)
            return;
    }
    status = test_inflate(&decoder->inflater, in + header_nbytes,
                          in_nbytes - header_nbytes);
    if (status == INFLATE_INVALID)
        fprintf(stderr, "inflate: %s\n", decoder->inflater.why);
    CHECK(status != INFLATE_INVALID);
    decoder->out_nbytes = decoder->inflater.out_nbytes;
    decoder->is_done = status == INFLATE_DONE;
    if (decoder->is_done) {
        size_t const used_nbytes =
            header_nbytes + test_inflate_in_nbytes(&decoder->inflater);

        check_trailer(decoder, in + used_nbytes, in_nbytes - used_nbytes);
    }
}

/* Check that coded is one whole frame of exactly this body, with this
 * dictionary if it has one. */
static inline void test_check_decodes_with(
    fgz_coding coding, const uint8_t *coded, size_t coded_nbytes,
    const uint8_t *body, size_t body_nbytes, const uint8_t *dictionary,
    size_t dictionary_nbytes)
{
    uint8_t *const out = malloc(body_nbytes + 1);
    test_decoder *decoder;

    CHECK(out != NULL);
    decoder = test_decoder_create(coding, out, body_nbytes);
    decoder->dictionary = dictionary;
    decoder->dictionary_nbytes = dictionary_nbytes;
    test_decode(decoder, coded, coded_nbytes);
    CHECK(decoder->is_done && decoder->out_nbytes == body_nbytes);
    CHECK(body_nbytes == 0 || memcmp(out, body, body_nbytes) == 0);
    test_decoder_free(decoder);
    free(out);
}

static inline void test_check_decodes(fgz_coding coding, const uint8_t *coded,
                                      size_t coded_nbytes, const uint8_t *body,
                                      size_t body_nbytes)
{
    test_check_decodes_with(coding, coded, coded_nbytes, body, body_nbytes,
                            test_dictionary_bytes(), TEST_DICTIONARY_NBYTES);
}

#endif /* FGZ_TEST_DECODE_H */
