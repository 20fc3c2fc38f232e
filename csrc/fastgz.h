/*
 * fastgz.h - compress HTTP bodies: gzip, deflate, zstd and dcz behind one
 * interface
 *
 * This is the only public header.  It covers the content codings that the core
 * can write (RFC 9110, section 8.4.1; RFC 9659 for zstd, RFC 9842 for dcz) and
 * the raw DEFLATE format under the first two.  gzip and deflate come from the
 * encoder in deflate/, zstd and dcz from libzstd.  What clients send in zstd it
 * decodes, too.
 *
 * What it is for: bodies of a few hundred bytes to a few megabytes, many of
 * them, and streams that are flushed often.  What it is not for: archives,
 * parallel compression of one body, and decompression of anything else.
 *
 * THE MODEL
 *
 * An encoder is made for one coding and one level, and is then used for any
 * number of bodies.  It owns all the memory it needs: in the DEFLATE family
 * only fgz_create and the first stream allocate, and at levels 10 to 12 each
 * call that codes, up to 8 MB, which it frees before it returns; in zstd
 * libzstd's workspace grows to what the largest input so far took.  Output goes
 * to the caller's buffer.  Every call that writes is all or nothing: given as
 * much room as the bound for that call says, it always succeeds.
 *
 *     size_t const room = fgz_compress_bound(FGZ_GZIP, in_nbytes);
 *     size_t const made = fgz_compress(enc, in, in_nbytes, out, room);
 *     if (fgz_is_error(made)) return fgz_error_message(made);
 *
 * GUARANTEES
 *
 * - The output depends on the coding, the level, the options, the declared
 *   total, the dictionary, the input bytes, the points at which fgz_flush was
 * called, and this library's version.  It does not depend on earlier bodies, on
 * how the input was cut into calls (gzip, deflate and raw), on time, or on the
 * processor.
 * - An encoder keeps no pointer to the caller's memory after a call returns,
 * but to the dictionary that it was told to refer to.
 * - Different encoders may be used by different threads at the same time.  One
 *   encoder may be used by one thread at a time, and what it reads must not be
 *   changed until a call returns: it reads input more than once, and where that
 *   is not the same it may read and write beyond its end.
 * - No global state but function pointers that are chosen once per processor;
 *   no errno, no stdio, no abort.
 */
#ifndef FASTGZ_H
#define FASTGZ_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Everything between the two cffi lines is also parsed by cffi, which makes
 * the Python bindings from it: plain C declarations only. */

/* cffi: begin */

/*
 * What an encoder writes.
 *
 * FGZ_GZIP: one gzip member, RFC 1952.  No modification time, no name, and the
 *   operating system "unknown" (255): the same body gives the same bytes
 *   everywhere, as one strong entity tag demands.
 * FGZ_ZLIB: the zlib format, RFC 1950.  This is what HTTP calls "deflate".
 * FGZ_RAW: bare DEFLATE blocks, RFC 1951.  No HTTP coding; for callers who
 *   write a frame of their own.
 * FGZ_ZSTD: one zstd frame, RFC 8878, with a window of at most 8 MB at every
 *   level, because browsers refuse larger ones (RFC 9659, section 3).  In a
 *   stream it is at most 1 MB, so that it takes at most 3 MB of memory at any
 *   level, however much it carries.
 * FGZ_DCZ: a zstd frame that refers to a dictionary, RFC 9842, behind 40 bytes
 *   that name it.  Its levels, windows and memory are those of FGZ_ZSTD.  It
 *   ends in a checksum, by which another dictionary is told.  A body that has
 *   hardly anything in common with the dictionary may refer to nothing, and
 *   then decodes with any, to the same.
 */
typedef enum fgz_coding {
    FGZ_GZIP = 1,
    FGZ_ZLIB = 2,
    FGZ_RAW = 3,
    FGZ_ZSTD = 4,
    FGZ_DCZ = 5
} fgz_coding;

/*
 * Errors.  A function that returns size_t gives a count of bytes, or one of
 * these values mapped to the top of the range of size_t: test with
 * fgz_is_error(), name with fgz_error_code().  The values are frozen.
 *
 * FGZ_ERROR_MEMORY: an allocation failed.  The encoder can still be reset
 *   and freed.
 * FGZ_ERROR_CODING: not one of the codings above.
 * FGZ_ERROR_LEVEL: not a level of this coding.
 * FGZ_ERROR_OPTIONS: not options that this library has, see fgz_options.
 * FGZ_ERROR_STATE: the call is out of order, see the states below.
 * FGZ_ERROR_DICTIONARY: there is no dictionary, or it cannot be used here.
 * FGZ_ERROR_OUTPUT: the output does not fit.
 * FGZ_ERROR_SIZE: the input is longer or shorter than the declared total.
 * FGZ_ERROR_ZSTD: libzstd reported an error of its own.
 * FGZ_ERROR_INPUT: what is to be decoded is not what it says, or damaged.
 * FGZ_ERROR_WINDOW: it cannot be decoded without a larger window than is
 *   allowed.
 */
typedef enum fgz_error {
    FGZ_OK = 0,
    FGZ_ERROR_MEMORY = 10,
    FGZ_ERROR_CODING = 20,
    FGZ_ERROR_LEVEL = 30,
    FGZ_ERROR_OPTIONS = 35,
    FGZ_ERROR_STATE = 40,
    FGZ_ERROR_DICTIONARY = 45,
    FGZ_ERROR_OUTPUT = 50,
    FGZ_ERROR_SIZE = 60,
    FGZ_ERROR_ZSTD = 70,
    FGZ_ERROR_INPUT = 80,
    FGZ_ERROR_WINDOW = 90
} fgz_error;

/* Whether a result is an error: 1 or 0. */
int fgz_is_error(size_t result);

/* The error in a result; FGZ_OK when it is a count of bytes. */
fgz_error fgz_error_code(size_t result);

/* The error in a result as a short English phrase, never NULL. */
const char *fgz_error_message(size_t result);

/*
 * The levels of a coding run from fgz_level_min to fgz_level_max, both
 * included; both are 0 for an unknown coding.
 *
 * For the DEFLATE family -1 means 6, 0 stores, and 1 to 12 trade time for
 * size: summed over many web bodies, level N is not more than 0.5 % larger
 * than zlib's level N, whose levels end at 9.  10 to 12 weigh all ways through
 * the input, and take ten to a hundred times as long as 6; in a small encoder
 * they are the same as 9.  For zstd and dcz they are libzstd's, and 0 means 3.
 */
int fgz_level_min(fgz_coding coding);
int fgz_level_max(fgz_coding coding);

/* The version of this library, which is the package's, such as "1.2.3"; and
 * that of libzstd in use as 10000 * major + 100 * minor + release. */
const char *fgz_version(void);
unsigned fgz_zstd_version(void);

/* The name of an instruction set that is in use because this processor has it,
 * such as "avx2": of the first for index 0, NULL after the last. */
const char *fgz_cpu_feature_name(unsigned index);

/* An encoder for one coding and one level. */
typedef struct fgz_encoder fgz_encoder;

/*
 * What an encoder may be asked for beyond a coding and a level.
 *
 *     fgz_options const options = {sizeof(options), 1};
 *
 * nbytes: the size of this struct, as the caller was compiled with.  Later
 *   versions of the library add fields at the end, in which 0 asks for what was
 *   there before; so it takes shorter ones, and also longer ones whose fields
 *   it does not know are 0.
 * is_small: 1 for an encoder that takes little memory, for streams that stay
 *   open for long and send little at a time, of which a process may hold
 *   thousands; or 0.  In the DEFLATE family it takes at most 64 KB, where
 *   others take up to 380, and at levels from 10 on up to 8 MB more during a
 *   call; and it refers back 8 KB instead of 32.  In zstd its window is 8 KB,
 *   and it takes 175 KB, at the highest levels 360.
 */
typedef struct fgz_options {
    uint32_t nbytes;
    uint32_t is_small;
} fgz_options;

/*
 * Make an encoder, ready for its first body, in *enc_ret.  No options, NULL,
 * are the same as all 0.
 *
 * @return 0, or FGZ_ERROR_CODING, FGZ_ERROR_LEVEL, FGZ_ERROR_OPTIONS or
 * FGZ_ERROR_MEMORY, and then *enc_ret is NULL.
 */
size_t fgz_create(fgz_encoder **enc_ret, fgz_coding coding, int level,
                  const fgz_options *options);

/* Free an encoder in any state; NULL is allowed. */
void fgz_free(fgz_encoder *enc);

/* The longest dictionary, in bytes: as long as the largest window. */
#define FGZ_DICTIONARY_MAX_NBYTES 8388608

/* A dictionary for encoders of FGZ_DCZ of one level and size. */
typedef struct fgz_dictionary fgz_dictionary;

/*
 * Make a dictionary, in *dictionary_ret, of 1 to FGZ_DICTIONARY_MAX_NBYTES
 * bytes and their SHA-256, 32 bytes that nothing here checks.  The bytes are
 * taken as they are, whatever they begin with (RFC 9842, section 2).  They are
 * not copied, and must stay where they are until the dictionary is freed.  To
 * input that lies in the same memory they may be of no use.
 *
 * Up to 256 KB are prepared: a millisecond for 100 KB at level 3, and 530 KB of
 * memory, or more at higher levels.  Longer ones are searched anew for each
 * body.
 *
 * Any number of encoders may use a dictionary at the same time, in different
 * threads.
 *
 * @return 0, or FGZ_ERROR_DICTIONARY for another number of bytes,
 * FGZ_ERROR_LEVEL, FGZ_ERROR_OPTIONS or FGZ_ERROR_MEMORY, and then
 * *dictionary_ret is NULL.
 */
size_t fgz_dictionary_create(fgz_dictionary **dictionary_ret, const void *bytes,
                             size_t nbytes, const void *sha256, int level,
                             const fgz_options *options);

/* Free a dictionary that no encoder refers to; NULL is allowed. */
void fgz_dictionary_free(fgz_dictionary *dictionary);

/* The memory that a dictionary holds, in bytes, without its own. */
size_t fgz_dictionary_memory_nbytes(const fgz_dictionary *dictionary);

/*
 * What a dictionary saves of a body: whether FGZ_DCZ with it makes less than
 * FGZ_ZSTD.
 *
 * FGZ_SAVES_NOTHING: hardly anything, or less than what names the dictionary.
 * FGZ_MAY_SAVE: whoever wants to know has to code the body both ways.
 * FGZ_SAVES: nearly always; where not, the body is a few hundredths larger, and
 *   seldom a tenth.
 */
typedef enum fgz_saving {
    FGZ_SAVES_NOTHING = 0,
    FGZ_MAY_SAVE = 1,
    FGZ_SAVES = 2
} fgz_saving;

/*
 * Tell what a dictionary saves of a whole body, by a sample of both that takes
 * half a microsecond.  It depends on the body, the bytes of the dictionary, and
 * this library's version alone.
 *
 * @return FGZ_SAVES_NOTHING or FGZ_SAVES; FGZ_MAY_SAVE of bodies below 1500
 * bytes that have something in common with the dictionary, and with each
 * dictionary of more than 256 KB.
 */
fgz_saving fgz_dictionary_saving(const fgz_dictionary *dictionary,
                                 const void *in, size_t in_nbytes);

/*
 * Have an encoder of FGZ_DCZ refer to a dictionary, in all bodies and streams
 * from now on, or to none with NULL.  It forgets any stream in progress and is
 * ready for a new one, as after fgz_reset with FGZ_SIZE_UNKNOWN.
 *
 * Without a dictionary fgz_compress and the verbs of streams are
 * FGZ_ERROR_DICTIONARY, and change nothing.
 *
 * Always allowed.
 * @return 0; FGZ_ERROR_DICTIONARY if the encoder is of another coding, or the
 * dictionary of another level or size, and then nothing was changed; or
 * FGZ_ERROR_ZSTD.
 */
size_t fgz_refer(fgz_encoder *enc, const fgz_dictionary *dictionary);

/*
 * The room that fgz_compress needs in the worst case, which is input that
 * does not compress: for the DEFLATE family 5 bytes for every 509 begun,
 * and 18 for the gzip frame.
 *
 * @return bytes, at any level; FGZ_ERROR_CODING; or FGZ_ERROR_SIZE when the
 * bound would not fit in a size_t.
 */
size_t fgz_compress_bound(fgz_coding coding, size_t in_nbytes);

/*
 * Compress one whole body in one call.
 *
 * Allowed when no stream is open: after fgz_create, fgz_reset, fgz_finish or
 * another fgz_compress.  A zstd frame declares its content size.  With less
 * room than the bound it may still succeed: only bytes that are written need
 * room.
 *
 * @return bytes written; FGZ_ERROR_OUTPUT, after which out holds nothing of
 * use and the encoder is ready for the next body; FGZ_ERROR_STATE,
 * FGZ_ERROR_DICTIONARY, FGZ_ERROR_MEMORY or FGZ_ERROR_ZSTD.
 */
size_t fgz_compress(fgz_encoder *enc, const void *in, size_t in_nbytes,
                    void *out, size_t out_nbytes_avail);

/* A stream whose total is not known beforehand. */
#define FGZ_SIZE_UNKNOWN 0xffffffffffffffffull

/*
 * Forget any stream in progress and make ready for a new one of total_nbytes,
 * or FGZ_SIZE_UNKNOWN.  The total is a promise: it is declared in a zstd frame
 * and sizes the tables of the others, and a stream that breaks it ends in
 * FGZ_ERROR_SIZE.
 *
 * Always allowed.
 * @return 0, or FGZ_ERROR_ZSTD.
 */
size_t fgz_reset(fgz_encoder *enc, uint64_t total_nbytes);

/*
 * The room that one call of fgz_write, fgz_flush or fgz_finish needs for
 * in_nbytes of new input: the worst case of that and of all the input an
 * encoder may hold back, with the frame's header and trailer.
 *
 * @return as fgz_compress_bound.
 */
size_t fgz_stream_bound(fgz_coding coding, size_t in_nbytes);

/*
 * The same for the next call of this encoder: what it holds back is no more
 * than it took since the last flush.
 *
 * @return no more than fgz_stream_bound.
 */
size_t fgz_next_bound(const fgz_encoder *enc, size_t in_nbytes);

/*
 * The three verbs of a stream.  Each takes in_nbytes of input, which may be 0,
 * and then:
 *
 * fgz_write:  writes what is convenient now, and keeps the rest.  The frame's
 *   header leaves with the first call, except in zstd.
 * fgz_flush:  writes so much that a decoder given all output so far returns
 *   all input so far.  In the DEFLATE family that costs an empty stored block
 *   of 5 bytes, which ends in 00 00 ff ff (what zlib calls a sync flush):
 *   some decoders hand nothing out before they see it.  With no input since
 *   the last flush nothing is written, and with none at all only the header.
 * fgz_finish: writes the rest and the frame's trailer, and ends the stream.
 *
 * States.  After fgz_create and fgz_reset: ready, all three are allowed, as
 * they are in a stream.  After fgz_finish and fgz_compress: finished, only
 * fgz_reset, fgz_compress and fgz_free are.  After an error in a stream, but
 * for the three by which nothing was changed: failed, only fgz_reset and
 * fgz_free are.  fgz_refer is, always.
 *
 * @return bytes written; FGZ_ERROR_OUTPUT if out_nbytes_avail is less than
 * fgz_next_bound(enc, in_nbytes), FGZ_ERROR_STATE or FGZ_ERROR_DICTIONARY, and
 * then nothing was taken or changed; FGZ_ERROR_SIZE, FGZ_ERROR_MEMORY or
 * FGZ_ERROR_ZSTD.
 */
size_t fgz_write(fgz_encoder *enc, const void *in, size_t in_nbytes, void *out,
                 size_t out_nbytes_avail);
size_t fgz_flush(fgz_encoder *enc, const void *in, size_t in_nbytes, void *out,
                 size_t out_nbytes_avail);
size_t fgz_finish(fgz_encoder *enc, const void *in, size_t in_nbytes, void *out,
                  size_t out_nbytes_avail);

/*
 * The fingerprint of a body, which equal bodies have in common, and others
 * hardly ever, unless somebody wants that: to find a body, not to prove it.
 * 180 KB take 5 us.
 */
uint64_t fgz_fingerprint(const void *in, size_t in_nbytes);

/* The memory that an encoder holds, in bytes. */
size_t fgz_memory_nbytes(const fgz_encoder *enc);

/* A decoder of zstd, for one body that nobody vouches for: any number of
 * frames, of which some may be skipped. */
typedef struct fgz_decoder fgz_decoder;

/*
 * Make a decoder, in *decoder_ret.  It takes 100 KB of memory, and a frame's
 * window besides, which is 8 MB at most.
 *
 * @return 0, or FGZ_ERROR_MEMORY, and then *decoder_ret is NULL.
 */
size_t fgz_decoder_create(fgz_decoder **decoder_ret);

/* Free a decoder in any state; NULL is allowed. */
void fgz_decoder_free(fgz_decoder *decoder);

/*
 * Decode more of a body, until a frame ends, the room is full, or the input is
 * taken: *taken_nbytes_ret bytes of it.  Each call that has input and room
 * takes or writes something.  What comes out, and what is refused, does not
 * depend on how the input or the room is cut.
 *
 * The input that was not taken has to come again.  When the room was full there
 * may be more to write, even if all input was taken.
 *
 * @return bytes written; FGZ_ERROR_INPUT for what is no frame of RFC 8878, is
 * damaged, or needs a dictionary; FGZ_ERROR_WINDOW if its window is above 8 MB
 * (RFC 9659, section 3); FGZ_ERROR_MEMORY; FGZ_ERROR_STATE after one of these.
 */
size_t fgz_decode(fgz_decoder *decoder, const void *in, size_t in_nbytes,
                  size_t *taken_nbytes_ret, void *out, size_t out_nbytes_avail);

/* Whether all that was taken so far are whole frames, or nothing: 1 or 0. */
int fgz_decoder_is_between_frames(const fgz_decoder *decoder);

/* cffi: end */

#ifdef __cplusplus
}
#endif

#endif /* FASTGZ_H */
