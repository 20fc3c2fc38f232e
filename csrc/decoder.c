/*
 * Decodes zstd (RFC 8878) by libzstd: what clients send, of whom nothing is
 * believed.
 *
 * libzstd decodes; this bounds what it may take.  It gets memory for no window
 * above the web's, reads nothing but frames of the format itself, and stops
 * after each, so that whoever calls can count frames that hold nothing.
 */

/* Custom memory is in no stable API: see libzstd.c. */
#if defined(FGZ_TEST_ALLOC) || defined(FGZ_ZSTD_COMPILED_IN)
#  define ZSTD_STATIC_LINKING_ONLY
#endif
#include "common.h"

#include <zstd.h>
#include <zstd_errors.h>

#include "alloc.h"

/* RFC 9659, section 3. */
#define WEB_MAX_WINDOW_LOG 23

/*
 * The magic number of a frame, and of one that is skipped, whose first byte has
 * four bits that are anything (RFC 8878, sections 3.1.1 and 3.1.2).
 */
#define MAGIC_NBYTES 4
#define SKIPPED_FIRST_BYTE 0x50
#define SKIPPED_FIRST_MASK 0xf0
static const uint8_t frame_magic[MAGIC_NBYTES] = {0x28, 0xb5, 0x2f, 0xfd};
static const uint8_t skipped_magic[MAGIC_NBYTES] = {SKIPPED_FIRST_BYTE, 0x2a,
                                                    0x4d, 0x18};

struct fgz_decoder {
    ZSTD_DCtx *dctx;
    unsigned magic_nbytes; /* of this frame's, so far; 0 between frames */
    bool is_skipped;       /* the frame, which has begun */
    bool holds_output;     /* perhaps: the room was full */
    bool has_failed;
};

#ifdef ZSTD_STATIC_LINKING_ONLY
static void *decoder_alloc(void *opaque, size_t nbytes)
{
    (void)opaque;
    return fgz_malloc(nbytes);
}

static void decoder_mfree(void *opaque, void *memory)
{
    (void)opaque;
    fgz_mfree(memory);
}
#endif

static ZSTD_DCtx *create_dctx(void)
{
#ifdef ZSTD_STATIC_LINKING_ONLY
    ZSTD_customMem const memory = {decoder_alloc, decoder_mfree, NULL};
    return ZSTD_createDCtx_advanced(memory);
#else
    return ZSTD_createDCtx();
#endif
}

size_t fgz_decoder_create(fgz_decoder **decoder_ret)
{
    fgz_decoder *const decoder = fgz_calloc(sizeof(*decoder));

    *decoder_ret = NULL;
    FGZ_RETURN_IF(decoder == NULL, FGZ_ERROR_MEMORY);
    decoder->dctx = create_dctx();
    if (decoder->dctx == NULL ||
        ZSTD_isError(ZSTD_DCtx_setParameter(decoder->dctx, ZSTD_d_windowLogMax,
                                            WEB_MAX_WINDOW_LOG))) {
        fgz_decoder_free(decoder);
        return FGZ_ERROR(FGZ_ERROR_MEMORY);
    }
    *decoder_ret = decoder;
    return 0;
}

void fgz_decoder_free(fgz_decoder *decoder)
{
    if (decoder == NULL)
        return;
    ZSTD_freeDCtx(decoder->dctx);
    fgz_mfree(decoder);
}

int fgz_decoder_is_between_frames(const fgz_decoder *decoder)
{
    return decoder->magic_nbytes == 0;
}

/* Turn an error of libzstd into one of ours: the input is to blame for nearly
 * all. */
static size_t from_zstd(size_t result)
{
    switch (ZSTD_getErrorCode(result)) {
    case ZSTD_error_memory_allocation:
        return FGZ_ERROR(FGZ_ERROR_MEMORY);
    case ZSTD_error_frameParameter_windowTooLarge:
        return FGZ_ERROR(FGZ_ERROR_WINDOW);
    default:
        return FGZ_ERROR(FGZ_ERROR_INPUT);
    }
}

/* Give libzstd input, up to the end of a frame at most. */
static size_t decode(fgz_decoder *decoder, ZSTD_inBuffer *input,
                     ZSTD_outBuffer *output)
{
    size_t const result = ZSTD_decompressStream(decoder->dctx, output, input);

    if (ZSTD_isError(result))
        return from_zstd(result);
    decoder->holds_output = output->pos == output->size;
    if (result == 0)
        decoder->magic_nbytes = 0;
    return 0;
}

/* Whether a byte is the next one of a magic number. */
static bool is_of_magic(fgz_decoder *decoder, uint8_t byte)
{
    if (decoder->magic_nbytes == 0) {
        decoder->is_skipped = (byte & SKIPPED_FIRST_MASK) == SKIPPED_FIRST_BYTE;
        return decoder->is_skipped || byte == frame_magic[0];
    }
    return byte == (decoder->is_skipped ? skipped_magic :
                                          frame_magic)[decoder->magic_nbytes];
}

/*
 * Take as much of a frame's magic number as is there.  Some libzstd know those
 * of formats before this one, for which they bound no window.
 *
 * It goes to libzstd alone.  Of a frame that is all there, and for whose
 * content there is room, that would not look at the window: whether it is too
 * large must not depend on how the input is cut.
 */
static size_t take_magic(fgz_decoder *decoder, ZSTD_inBuffer *input,
                         ZSTD_outBuffer *output)
{
    const uint8_t *const bytes = input->src;

    input->size =
        fgz_min_size(input->size, MAGIC_NBYTES - decoder->magic_nbytes);
    for (size_t i = 0; i < input->size; i++, decoder->magic_nbytes++)
        FGZ_RETURN_IF(!is_of_magic(decoder, bytes[i]), FGZ_ERROR_INPUT);
    return decode(decoder, input, output);
}

/* Take a magic number if one is due, and what follows it. */
static size_t decode_frame(fgz_decoder *decoder, ZSTD_inBuffer *input,
                           ZSTD_outBuffer *output)
{
    size_t const in_nbytes = input->size;

    if (decoder->magic_nbytes < MAGIC_NBYTES && in_nbytes > 0) {
        FGZ_FORWARD_IF_ERROR(take_magic(decoder, input, output));
        input->size = in_nbytes;
    }
    /* libzstd counts calls that lead nowhere, and complains. */
    if (input->pos == input->size && !decoder->holds_output)
        return 0;
    return decode(decoder, input, output);
}

size_t fgz_decode(fgz_decoder *decoder, const void *in, size_t in_nbytes,
                  size_t *taken_nbytes_ret, void *out, size_t out_nbytes_avail)
{
    ZSTD_inBuffer input = {in, in_nbytes, 0};
    ZSTD_outBuffer output = {out, out_nbytes_avail, 0};
    size_t result;

    *taken_nbytes_ret = 0;
    FGZ_RETURN_IF(decoder->has_failed, FGZ_ERROR_STATE);
    if (out_nbytes_avail == 0)
        return 0;
    result = decode_frame(decoder, &input, &output);
    decoder->has_failed = fgz_is_error(result);
    FGZ_FORWARD_IF_ERROR(result);
    *taken_nbytes_ret = input.pos;
    return output.pos;
}
