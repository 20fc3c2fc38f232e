/*
 * Fuzz target: streams.  The input chooses the cuts, the flushes, the declared
 * total, and what the encoder did before.  After each flush a decoder has all
 * of the body so far, at the end it has the body, and the bytes are those of a
 * new encoder whose input was cut elsewhere (in zstd: cut the same).
 *
 * Input: coding, level and size, kind of total, kind of dirt, piece size of
 * the second encoder (u16), number of calls; then for each call its verb and
 * its bytes (u16); the body.
 */
#include "fuzz.h"

#define MAX_NCALLS 40

enum { TOTAL_UNKNOWN, TOTAL_KEPT, TOTAL_BROKEN, NTOTALS };
enum {
    DIRT_NONE,
    DIRT_BODY,
    DIRT_STREAM,
    DIRT_REFUSAL,
    DIRT_BROKEN_TOTAL,
    DIRT_TWIN,
    NDIRTS
};

typedef struct call {
    bool flushes;
    size_t end; /* of the body's bytes that it completes */
} call;

typedef struct stream_case {
    fgz_coding coding;
    const uint8_t *body;
    size_t body_nbytes;
    uint64_t total_nbytes;
    call calls[MAX_NCALLS];
    unsigned ncalls;
} stream_case;

/* The output of one encoder, grown call by call. */
typedef struct output {
    uint8_t *bytes;
    size_t nbytes;
    size_t nbytes_avail;
    /* Where a single call writes, as large as the largest may need. */
    uint8_t *room;
    size_t room_nbytes;
} output;

typedef size_t verb(fgz_encoder *enc, const void *in, size_t in_nbytes,
                    void *out, size_t out_nbytes_avail);

static void begin_output(output *coded, const stream_case *stream)
{
    coded->nbytes = 0;
    coded->nbytes_avail = 64;
    coded->bytes = fuzz_alloc(coded->nbytes_avail);
    coded->room_nbytes = fgz_stream_bound(stream->coding, stream->body_nbytes);
    coded->room = fuzz_alloc(coded->room_nbytes);
}

static void free_output(output *coded)
{
    free(coded->bytes);
    free(coded->room);
}

/* Call with exactly the room that the bound says, at the end of the memory
 * that there is.
 * @return the bytes that came out. */
static size_t call_verb(fgz_encoder *enc, const stream_case *stream,
                        verb *function, size_t begin, size_t end, output *coded)
{
    size_t const room = fgz_stream_bound(stream->coding, end - begin);
    uint8_t *const out = coded->room + coded->room_nbytes - room;
    /* NULL plus 0 is not C. */
    const uint8_t *const in = end > begin ? stream->body + begin : NULL;
    size_t const made = function(enc, in, end - begin, out, room);

    CHECK(!fgz_is_error(made) && made <= room);
    if (made > coded->nbytes_avail - coded->nbytes) {
        coded->nbytes_avail = 2 * coded->nbytes_avail + made;
        coded->bytes = realloc(coded->bytes, coded->nbytes_avail);
        CHECK(coded->bytes != NULL);
    }
    if (made > 0)
        memcpy(coded->bytes + coded->nbytes, out, made);
    coded->nbytes += made;
    return made;
}

/* Code as the calls say, decoding on the way. */
static void code_and_decode(fgz_encoder *enc, const stream_case *stream,
                            output *coded)
{
    uint8_t *const decoded = fuzz_alloc(stream->body_nbytes + 1);
    test_decoder *const decoder =
        test_decoder_create(stream->coding, decoded, stream->body_nbytes);
    size_t done = 0;
    size_t flushed = 0;

    for (unsigned i = 0; i < stream->ncalls; i++) {
        const call *const now = &stream->calls[i];
        size_t const made =
            call_verb(enc, stream, now->flushes ? fgz_flush : fgz_write, done,
                      now->end, coded);

        /* Nothing new since the last flush, but perhaps the header. */
        if (now->flushes && now->end == flushed && i > 0 &&
            !test_is_zstd(stream->coding))
            CHECK(made == 0);
        done = now->end;
        test_decode(decoder, coded->bytes, coded->nbytes);
        CHECK(decoder->out_nbytes <= done && !decoder->is_done);
        if (now->flushes) {
            CHECK(decoder->out_nbytes == done);
            /* And has seen the empty stored block, which some wait for. */
            CHECK(test_is_zstd(stream->coding) || done == 0 ||
                  test_inflate_is_flushed(&decoder->inflater));
            flushed = done;
        }
    }
    call_verb(enc, stream, fgz_finish, done, stream->body_nbytes, coded);
    test_decode(decoder, coded->bytes, coded->nbytes);
    CHECK(decoder->is_done && decoder->out_nbytes == stream->body_nbytes);
    if (stream->body_nbytes > 0)
        CHECK(memcmp(decoded, stream->body, stream->body_nbytes) == 0);
    test_decoder_free(decoder);
    free(decoded);
}

/* Code with the same flushes, but with the input cut into other pieces. */
static void code_recut(fgz_encoder *enc, const stream_case *stream,
                       size_t piece_nbytes, output *coded)
{
    size_t done = 0;

    for (unsigned i = 0; i < stream->ncalls; i++) {
        const call *const now = &stream->calls[i];

        if (!now->flushes)
            continue;
        for (; now->end - done > piece_nbytes; done += piece_nbytes)
            call_verb(enc, stream, fgz_write, done, done + piece_nbytes, coded);
        if (piece_nbytes % 2 != 0) {
            call_verb(enc, stream, fgz_write, done, now->end, coded);
            done = now->end;
        }
        call_verb(enc, stream, fgz_flush, done, now->end, coded);
        done = now->end;
    }
    for (; stream->body_nbytes - done > piece_nbytes; done += piece_nbytes)
        call_verb(enc, stream, fgz_write, done, done + piece_nbytes, coded);
    call_verb(enc, stream, fgz_finish, done, stream->body_nbytes, coded);
}

/* Code as the calls say. */
static void code_again(fgz_encoder *enc, const stream_case *stream,
                       output *coded)
{
    size_t done = 0;

    for (unsigned i = 0; i < stream->ncalls; i++) {
        const call *const now = &stream->calls[i];

        call_verb(enc, stream, now->flushes ? fgz_flush : fgz_write, done,
                  now->end, coded);
        done = now->end;
    }
    call_verb(enc, stream, fgz_finish, done, stream->body_nbytes, coded);
}

/* Code a body that is the same but for its beginning: what it leaves behind is
 * most likely to be believed. */
static void soil_with_twin(fgz_encoder *enc, const stream_case *stream)
{
    size_t const room = fgz_compress_bound(stream->coding, stream->body_nbytes);
    uint8_t *const twin = fuzz_alloc(stream->body_nbytes);
    uint8_t *const out = fuzz_alloc(room);

    if (stream->body_nbytes > 0)
        memcpy(twin, stream->body, stream->body_nbytes);
    test_fill(twin, stream->body_nbytes / 4, stream->body_nbytes % 2, 1);
    CHECK(
        !fgz_is_error(fgz_compress(enc, twin, stream->body_nbytes, out, room)));
    free(twin);
    free(out);
}

/* Leave traces in the encoder. */
static void soil(fgz_encoder *enc, const stream_case *stream, unsigned kind)
{
    size_t const begin = stream->body_nbytes / 3;
    output dirt;
    uint8_t out[20];

    begin_output(&dirt, stream);
    switch (kind) {
    case DIRT_BODY:
        call_verb(enc, stream, fgz_compress, begin, stream->body_nbytes, &dirt);
        break;
    case DIRT_STREAM:
        call_verb(enc, stream, fgz_flush, begin, stream->body_nbytes, &dirt);
        call_verb(enc, stream, fgz_write, 0, begin, &dirt);
        break;
    case DIRT_REFUSAL:
        fgz_compress(enc, stream->body, stream->body_nbytes, out, sizeof(out));
        break;
    case DIRT_BROKEN_TOTAL:
        CHECK(fgz_reset(enc, begin + 1) == 0);
        call_verb(enc, stream, fgz_write, 0, begin, &dirt);
        CHECK(fgz_error_code(fgz_finish(enc, "xy", 2, NULL, 0)) ==
              FGZ_ERROR_OUTPUT);
        break;
    case DIRT_TWIN:
        soil_with_twin(enc, stream);
        break;
    default:
        break;
    }
    free_output(&dirt);
}

/* A promise of too much or too little is found out, at the end at the latest,
 * and ends the stream. */
static void check_broken_total(fgz_encoder *enc, const stream_case *stream)
{
    size_t const room = fgz_stream_bound(stream->coding, stream->body_nbytes);
    uint8_t *const out = fuzz_alloc(room);

    CHECK(fgz_reset(enc, stream->total_nbytes) == 0);
    if (stream->total_nbytes > stream->body_nbytes)
        CHECK(!fgz_is_error(
            fgz_flush(enc, stream->body, stream->body_nbytes, out, room)));
    CHECK(fgz_error_code(stream->total_nbytes > stream->body_nbytes ?
                             fgz_finish(enc, NULL, 0, out, room) :
                             fgz_write(enc, stream->body, stream->body_nbytes,
                                       out, room)) == FGZ_ERROR_SIZE);
    CHECK(fgz_error_code(fgz_write(enc, NULL, 0, out, room)) ==
          FGZ_ERROR_STATE);
    CHECK(fgz_error_code(fgz_compress(enc, NULL, 0, out, room)) ==
          FGZ_ERROR_STATE);
    free(out);
}

static void take_calls(fuzz_input *input, stream_case *stream, size_t *lengths)
{
    stream->ncalls = fuzz_take_u8(input) % (MAX_NCALLS + 1);
    for (unsigned i = 0; i < stream->ncalls; i++) {
        stream->calls[i].flushes = fuzz_take_u8(input) % 2 != 0;
        lengths[i] = fuzz_take_u16(input);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_nbytes)
{
    fuzz_input input = {data, data + data_nbytes};
    stream_case stream = {.coding = fuzz_take_coding(&input)};
    unsigned const choice = fuzz_take_u8(&input);
    unsigned const kind_of_total = fuzz_take_u8(&input) % NTOTALS;
    unsigned const kind_of_dirt = fuzz_take_u8(&input) % NDIRTS;
    size_t piece_nbytes = 1 + fuzz_take_u16(&input);
    fgz_encoder *const dirty = fuzz_create(stream.coding, choice);
    fgz_encoder *const fresh = fuzz_create(stream.coding, choice);
    size_t lengths[MAX_NCALLS];
    size_t done = 0;
    output actual, expected;
    uint8_t *body;

    take_calls(&input, &stream, lengths);
    body = fuzz_take_exact_body(&input, &stream.body_nbytes);
    stream.body = body;
    /* No more than some hundred calls. */
    if (piece_nbytes < stream.body_nbytes / 200)
        piece_nbytes = stream.body_nbytes / 200;
    for (unsigned i = 0; i < stream.ncalls; i++) {
        size_t const left = stream.body_nbytes - done;

        done += lengths[i] < left ? lengths[i] : left;
        stream.calls[i].end = done;
    }

    begin_output(&actual, &stream);
    begin_output(&expected, &stream);
    soil(dirty, &stream, kind_of_dirt);
    if (kind_of_total == TOTAL_BROKEN) {
        stream.total_nbytes = stream.body_nbytes % 2 != 0 ?
                                  stream.body_nbytes / 2 :
                                  stream.body_nbytes + piece_nbytes;
        check_broken_total(dirty, &stream);
    }
    stream.total_nbytes =
        kind_of_total == TOTAL_KEPT ? stream.body_nbytes : FGZ_SIZE_UNKNOWN;
    CHECK(fgz_reset(dirty, stream.total_nbytes) == 0);
    if (kind_of_total == TOTAL_KEPT)
        CHECK(fgz_reset(fresh, stream.total_nbytes) == 0);

    code_and_decode(dirty, &stream, &actual);
    if (test_is_zstd(stream.coding))
        code_again(fresh, &stream, &expected);
    else
        code_recut(fresh, &stream, piece_nbytes, &expected);
    CHECK(actual.nbytes == expected.nbytes);
    CHECK(memcmp(actual.bytes, expected.bytes, actual.nbytes) == 0);

    fgz_free(dirty);
    fgz_free(fresh);
    free_output(&actual);
    free_output(&expected);
    free(body);
    return 0;
}
