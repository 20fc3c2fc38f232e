/*
 * The front of the library: what all codings have in common.  It checks every
 * argument, keeps the order of calls and the promised total, hands the work to
 * deflate/ or libzstd.c, and puts a frame round what they write.
 */
#include "alloc.h"
#include "common.h"
#include "deflate/deflate.h"
#include "dictionary.h"
#include "frame.h"
#include "libzstd.h"

#define FGZ_VERSION "0.1.0"

typedef enum fgz_state {
    STATE_READY,     /* no input since create, reset or a whole body */
    STATE_STREAMING, /* a stream has begun */
    STATE_FINISHED,  /* the stream's trailer is written */
    STATE_FAILED     /* an error left the stream unusable */
} fgz_state;

struct fgz_encoder {
    fgz_coding coding;
    int level;
    bool is_small;
    fgz_state state;
    uint64_t total_nbytes; /* promised, or FGZ_SIZE_UNKNOWN */
    uint64_t taken_nbytes; /* of this stream, so far */
    size_t held_nbytes;    /* of these, at most, since the last flush */
    fgz_frame frame;       /* of this stream */
    fgz_deflate *deflate;  /* one of these two is NULL */
    fgz_zstd *zstd;
    const fgz_dictionary *dictionary; /* NULL if it refers to none */
};

/* ---- Errors and constants ---- */

int fgz_is_error(size_t result)
{
    return result > (size_t)0 - FGZ_ERROR_RANGE;
}

fgz_error fgz_error_code(size_t result)
{
    return fgz_is_error(result) ? (fgz_error)((size_t)0 - result) : FGZ_OK;
}

const char *fgz_error_message(size_t result)
{
    switch (fgz_error_code(result)) {
    case FGZ_OK:
        return "no error";
    case FGZ_ERROR_MEMORY:
        return "out of memory";
    case FGZ_ERROR_CODING:
        return "unknown coding";
    case FGZ_ERROR_LEVEL:
        return "level out of range";
    case FGZ_ERROR_OPTIONS:
        return "unknown options";
    case FGZ_ERROR_STATE:
        return "call out of order";
    case FGZ_ERROR_DICTIONARY:
        return "no dictionary, or not a usable one";
    case FGZ_ERROR_OUTPUT:
        return "output does not fit";
    case FGZ_ERROR_SIZE:
        return "input differs from the declared size";
    case FGZ_ERROR_ZSTD:
        return "libzstd failed";
    case FGZ_ERROR_INPUT:
        return "the input is no whole, sound frame";
    case FGZ_ERROR_WINDOW:
        return "the input needs a larger window than is allowed";
    }
    return "unknown error";
}

const char *fgz_version(void)
{
    return FGZ_VERSION;
}

static bool is_deflate_family(fgz_coding coding)
{
    return coding == FGZ_GZIP || coding == FGZ_ZLIB || coding == FGZ_RAW;
}

static bool is_zstd_family(fgz_coding coding)
{
    return coding == FGZ_ZSTD || coding == FGZ_DCZ;
}

static bool is_known(fgz_coding coding)
{
    return is_deflate_family(coding) || is_zstd_family(coding);
}

int fgz_level_min(fgz_coding coding)
{
    return is_deflate_family(coding) ? FGZ_DEFLATE_MIN_LEVEL :
           is_zstd_family(coding)    ? fgz_zstd_level_min() :
                                       0;
}

int fgz_level_max(fgz_coding coding)
{
    return is_deflate_family(coding) ? FGZ_DEFLATE_MAX_LEVEL :
           is_zstd_family(coding)    ? fgz_zstd_level_max() :
                                       0;
}

/* ---- Life ---- */

/* What the first version's struct took, and more than any will. */
#define OPTIONS_MIN_NBYTES 8
#define OPTIONS_MAX_NBYTES 1024

/* Copy what this version knows, of a caller's struct of another one's size. */
static size_t read_options(fgz_options *known, const fgz_options *options)
{
    const uint8_t *const bytes = (const uint8_t *)options;
    size_t const nbytes = options->nbytes;

    FGZ_RETURN_IF(nbytes < OPTIONS_MIN_NBYTES || nbytes > OPTIONS_MAX_NBYTES,
                  FGZ_ERROR_OPTIONS);
    for (size_t i = sizeof(*known); i < nbytes; i++)
        FGZ_RETURN_IF(bytes[i] != 0, FGZ_ERROR_OPTIONS);
    memcpy(known, bytes, fgz_min_size(nbytes, sizeof(*known)));
    FGZ_RETURN_IF(known->is_small > 1, FGZ_ERROR_OPTIONS);
    return 0;
}

/* Check what an encoder, or a dictionary for one, is to be made for. */
static size_t check_kind(fgz_options *known, fgz_coding coding, int level,
                         const fgz_options *options)
{
    FGZ_RETURN_IF(!is_known(coding), FGZ_ERROR_CODING);
    FGZ_RETURN_IF(level < fgz_level_min(coding) ||
                      level > fgz_level_max(coding),
                  FGZ_ERROR_LEVEL);
    return options == NULL ? 0 : read_options(known, options);
}

/* A frame of an encoder, of which nothing is written. */
static fgz_frame start_frame(const fgz_encoder *enc)
{
    return fgz_frame_start(enc->coding, enc->level,
                           enc->dictionary == NULL ? NULL :
                                                     enc->dictionary->digest);
}

size_t fgz_create(fgz_encoder **enc_ret, fgz_coding coding, int level,
                  const fgz_options *options)
{
    fgz_options known = {0};
    fgz_encoder *enc;
    size_t result = 0;

    *enc_ret = NULL;
    FGZ_FORWARD_IF_ERROR(check_kind(&known, coding, level, options));
    enc = fgz_malloc(sizeof(*enc));
    FGZ_RETURN_IF(enc == NULL, FGZ_ERROR_MEMORY);
    memset(enc, 0, sizeof(*enc));
    enc->coding = coding;
    enc->level = level;
    enc->is_small = known.is_small;
    enc->state = STATE_READY;
    enc->total_nbytes = FGZ_SIZE_UNKNOWN;
    enc->frame = start_frame(enc);
    if (is_zstd_family(coding)) {
        result = fgz_zstd_create(&enc->zstd, level, known.is_small);
    } else {
        enc->deflate = fgz_deflate_create(level, known.is_small);
        if (enc->deflate == NULL)
            result = FGZ_ERROR(FGZ_ERROR_MEMORY);
    }
    if (fgz_is_error(result)) {
        fgz_free(enc);
        return result;
    }
    *enc_ret = enc;
    return 0;
}

void fgz_free(fgz_encoder *enc)
{
    if (enc != NULL) {
        fgz_deflate_free(enc->deflate);
        fgz_zstd_free(enc->zstd);
        fgz_mfree(enc);
    }
}

size_t fgz_reset(fgz_encoder *enc, uint64_t total_nbytes)
{
    size_t result = 0;

    if (enc->zstd != NULL)
        result = fgz_zstd_reset(enc->zstd, total_nbytes);
    else
        fgz_deflate_reset(enc->deflate, total_nbytes);
    enc->frame = start_frame(enc);
    enc->total_nbytes = total_nbytes;
    enc->taken_nbytes = 0;
    enc->held_nbytes = 0;
    enc->state = fgz_is_error(result) ? STATE_FAILED : STATE_READY;
    return result;
}

size_t fgz_memory_nbytes(const fgz_encoder *enc)
{
    return sizeof(*enc) + (enc->zstd != NULL ?
                               fgz_zstd_memory_nbytes(enc->zstd) :
                               fgz_deflate_memory_nbytes(enc->deflate));
}

/* ---- Dictionaries ---- */

size_t fgz_dictionary_create(fgz_dictionary **dictionary_ret, const void *bytes,
                             size_t nbytes, const void *sha256, int level,
                             const fgz_options *options)
{
    fgz_options known = {0};
    fgz_dictionary facts = {.bytes = bytes, .nbytes = nbytes, .level = level};

    *dictionary_ret = NULL;
    FGZ_RETURN_IF(nbytes == 0 || nbytes > FGZ_DICTIONARY_MAX_NBYTES,
                  FGZ_ERROR_DICTIONARY);
    FGZ_FORWARD_IF_ERROR(check_kind(&known, FGZ_DCZ, level, options));
    memcpy(facts.digest, sha256, sizeof(facts.digest));
    facts.is_small = known.is_small;
    return fgz_dictionary_prepare(dictionary_ret, &facts);
}

size_t fgz_refer(fgz_encoder *enc, const fgz_dictionary *dictionary)
{
    FGZ_RETURN_IF(enc->coding != FGZ_DCZ, FGZ_ERROR_DICTIONARY);
    FGZ_RETURN_IF(dictionary != NULL && (dictionary->level != enc->level ||
                                         dictionary->is_small != enc->is_small),
                  FGZ_ERROR_DICTIONARY);
    enc->dictionary = dictionary;
    fgz_zstd_refer(enc->zstd, dictionary);
    return fgz_reset(enc, FGZ_SIZE_UNKNOWN);
}

/* Whether there is no dictionary where one is needed. */
static bool lacks_dictionary(const fgz_encoder *enc)
{
    return enc->coding == FGZ_DCZ && enc->dictionary == NULL;
}

/* ---- Frames ---- */

/* What a frame takes, header and trailer. */
static size_t frame_nbytes(fgz_coding coding)
{
    return fgz_frame_header_nbytes(coding) + fgz_frame_trailer_nbytes(coding);
}

/* The bound of what a frame has inside, or an error, and the frame round it. */
static size_t framed_bound(fgz_coding coding, size_t inside_nbytes)
{
    FGZ_FORWARD_IF_ERROR(inside_nbytes);
    return inside_nbytes + frame_nbytes(coding);
}

/* ---- Whole bodies ---- */

size_t fgz_compress_bound(fgz_coding coding, size_t in_nbytes)
{
    FGZ_RETURN_IF(!is_known(coding), FGZ_ERROR_CODING);
    return framed_bound(coding, is_zstd_family(coding) ?
                                    fgz_zstd_bound(in_nbytes) :
                                    fgz_deflate_bound(in_nbytes));
}

/* A pointer to no bytes may be NULL, which C does not even let one add 0 to. */
static const uint8_t *not_null(const void *in)
{
    static const uint8_t nothing = 0;

    return in != NULL ? in : &nothing;
}

/* What a frame has inside, of a whole body. */
static size_t compress_inside(fgz_encoder *enc, const uint8_t *in,
                              size_t in_nbytes, uint8_t *out,
                              size_t out_nbytes_avail)
{
    return enc->zstd != NULL ? fgz_zstd_compress(enc->zstd, in, in_nbytes, out,
                                                 out_nbytes_avail) :
                               fgz_deflate_compress(enc->deflate, in, in_nbytes,
                                                    out, out_nbytes_avail);
}

/* A whole body, with a frame of its own. */
static size_t compress_framed(fgz_encoder *enc, const uint8_t *in,
                              size_t in_nbytes, uint8_t *out,
                              size_t out_nbytes_avail)
{
    size_t const around_nbytes = frame_nbytes(enc->coding);
    fgz_frame frame = start_frame(enc);
    size_t made_nbytes, inside_nbytes;

    FGZ_RETURN_IF(out_nbytes_avail < around_nbytes, FGZ_ERROR_OUTPUT);
    made_nbytes = fgz_frame_put_header(&frame, out);
    inside_nbytes = compress_inside(enc, in, in_nbytes, out + made_nbytes,
                                    out_nbytes_avail - around_nbytes);
    FGZ_FORWARD_IF_ERROR(inside_nbytes);
    made_nbytes += inside_nbytes;
    fgz_frame_add(&frame, in, in_nbytes);
    return made_nbytes + fgz_frame_put_trailer(&frame, out + made_nbytes);
}

size_t fgz_compress(fgz_encoder *enc, const void *in, size_t in_nbytes,
                    void *out, size_t out_nbytes_avail)
{
    size_t result;

    FGZ_RETURN_IF(enc->state == STATE_STREAMING || enc->state == STATE_FAILED,
                  FGZ_ERROR_STATE);
    FGZ_RETURN_IF(lacks_dictionary(enc), FGZ_ERROR_DICTIONARY);
    FGZ_RETURN_IF(out == NULL, FGZ_ERROR_OUTPUT);
    result =
        compress_framed(enc, not_null(in), in_nbytes, out, out_nbytes_avail);
    /* The body left its traces; a stream may start after a reset only. */
    enc->state = STATE_FINISHED;
    return result;
}

/* ---- Streams ---- */

/* More than any coding holds back; with all that the bounds allow a call to
 * take, it fits in a size_t. */
#define HELD_MAX_NBYTES (SIZE_MAX / 4)

/* The room for new input after held_nbytes that were not flushed. */
static size_t stream_bound(fgz_coding coding, size_t held_nbytes,
                           size_t in_nbytes)
{
    FGZ_RETURN_IF(!is_known(coding), FGZ_ERROR_CODING);
    return framed_bound(coding,
                        is_zstd_family(coding) ?
                            fgz_zstd_stream_bound(held_nbytes, in_nbytes) :
                            fgz_deflate_stream_bound(held_nbytes, in_nbytes));
}

size_t fgz_stream_bound(fgz_coding coding, size_t in_nbytes)
{
    return stream_bound(coding, HELD_MAX_NBYTES, in_nbytes);
}

size_t fgz_next_bound(const fgz_encoder *enc, size_t in_nbytes)
{
    return stream_bound(enc->coding, enc->held_nbytes, in_nbytes);
}

/* Whether in_nbytes more, and the end if it is the end, keep the promise. */
static bool keeps_total(const fgz_encoder *enc, size_t in_nbytes,
                        fgz_directive directive)
{
    uint64_t const left_nbytes = enc->total_nbytes - enc->taken_nbytes;

    if (enc->total_nbytes == FGZ_SIZE_UNKNOWN)
        return true;
    return directive == FGZ_FINISH ? in_nbytes == left_nbytes :
                                     in_nbytes <= left_nbytes;
}

/* What a frame has inside, of a part of a stream. */
static size_t stream_inside(fgz_encoder *enc, const uint8_t *in,
                            size_t in_nbytes, fgz_directive directive,
                            uint8_t *out, size_t out_nbytes_avail)
{
    return enc->zstd != NULL ?
               fgz_zstd_stream(enc->zstd, in, in_nbytes, directive, out,
                               out_nbytes_avail) :
               fgz_deflate_stream(enc->deflate, in, in_nbytes, directive, out,
                                  out_nbytes_avail);
}

/* A part of a stream: the header leaves with the first, the trailer with the
 * last. */
static size_t stream_framed(fgz_encoder *enc, const uint8_t *in,
                            size_t in_nbytes, fgz_directive directive,
                            uint8_t *out, size_t out_nbytes_avail)
{
    size_t made_nbytes = fgz_frame_put_header(&enc->frame, out);
    size_t const inside_nbytes = stream_inside(
        enc, in, in_nbytes, directive, out + made_nbytes,
        out_nbytes_avail - made_nbytes - fgz_frame_trailer_nbytes(enc->coding));

    FGZ_FORWARD_IF_ERROR(inside_nbytes);
    made_nbytes += inside_nbytes;
    fgz_frame_add(&enc->frame, in, in_nbytes);
    if (directive == FGZ_FINISH)
        made_nbytes += fgz_frame_put_trailer(&enc->frame, out + made_nbytes);
    return made_nbytes;
}

static size_t stream(fgz_encoder *enc, const void *in, size_t in_nbytes,
                     fgz_directive directive, void *out,
                     size_t out_nbytes_avail)
{
    size_t bound_nbytes, result;

    FGZ_RETURN_IF(enc->state != STATE_READY && enc->state != STATE_STREAMING,
                  FGZ_ERROR_STATE);
    FGZ_RETURN_IF(lacks_dictionary(enc), FGZ_ERROR_DICTIONARY);
    bound_nbytes = fgz_next_bound(enc, in_nbytes);
    FGZ_RETURN_IF(out == NULL || fgz_is_error(bound_nbytes) ||
                      out_nbytes_avail < bound_nbytes,
                  FGZ_ERROR_OUTPUT);
    if (!keeps_total(enc, in_nbytes, directive))
        result = FGZ_ERROR(FGZ_ERROR_SIZE);
    else
        result = stream_framed(enc, not_null(in), in_nbytes, directive, out,
                               out_nbytes_avail);
    enc->taken_nbytes += in_nbytes;
    enc->held_nbytes =
        directive != FGZ_CONTINUE ?
            0 :
            fgz_min_size(enc->held_nbytes + in_nbytes, HELD_MAX_NBYTES);
    enc->state = fgz_is_error(result)    ? STATE_FAILED :
                 directive == FGZ_FINISH ? STATE_FINISHED :
                                           STATE_STREAMING;
    return result;
}

size_t fgz_write(fgz_encoder *enc, const void *in, size_t in_nbytes, void *out,
                 size_t out_nbytes_avail)
{
    return stream(enc, in, in_nbytes, FGZ_CONTINUE, out, out_nbytes_avail);
}

size_t fgz_flush(fgz_encoder *enc, const void *in, size_t in_nbytes, void *out,
                 size_t out_nbytes_avail)
{
    return stream(enc, in, in_nbytes, FGZ_FLUSH, out, out_nbytes_avail);
}

size_t fgz_finish(fgz_encoder *enc, const void *in, size_t in_nbytes, void *out,
                  size_t out_nbytes_avail)
{
    return stream(enc, in, in_nbytes, FGZ_FINISH, out, out_nbytes_avail);
}
