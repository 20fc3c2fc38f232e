/*
 * inflate.h - a plain and strict decoder of DEFLATE, RFC 1951, for the tests
 *
 * It is written from the RFC and shares neither code nor tables with the
 * encoder, so that a misreading on one side shows on the other.  It is meant
 * to be short and to accept nothing doubtful; it is not meant to be fast.
 *
 * It takes less than the RFC lets pass.  These are invalid here as well:
 * - a code of any alphabet that is not complete, be it of one symbol only;
 * - bits other than zero where a stream or a stored block skips to a byte
 *   border.
 *
 * It returns every byte that the input so far determines, however few bits
 * follow: a flush that it cannot see through is not a flush.
 */
#ifndef FGZ_TEST_INFLATE_H
#define FGZ_TEST_INFLATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define INFLATE_MAX_CODE_NBITS 15
#define INFLATE_MAX_DISTANCE 32768
#define INFLATE_LITLEN_NSYMS 288
#define INFLATE_DISTANCE_NSYMS 32
#define INFLATE_PRECODE_NSYMS 19
#define INFLATE_END_OF_BLOCK 256

typedef enum test_inflate_status {
    INFLATE_MORE,   /* valid so far; the rest of the input is missing */
    INFLATE_DONE,   /* the final block has ended */
    INFLATE_INVALID /* see why */
} test_inflate_status;

/* A prefix code: what each sequence of longest_nbits bits begins with. */
typedef struct inflate_code {
    unsigned longest_nbits;
    struct {
        uint16_t sym;
        uint8_t nbits;
    } entries[1 << INFLATE_MAX_CODE_NBITS];
} inflate_code;

typedef struct test_inflater {
    /* All input so far, and how much of it is decoded: always whole steps,
     * which are a block's header, a symbol with all that belongs to it, or
     * the bytes of a stored block. */
    const uint8_t *in;
    uint64_t in_nbits;
    uint64_t done_nbits;

    uint8_t *out;
    size_t out_nbytes;
    size_t out_nbytes_avail;

    enum {
        INFLATE_AT_HEADER,
        INFLATE_IN_STORED,
        INFLATE_IN_CODED,
        INFLATE_AT_END
    } place;
    bool is_final_block;
    bool is_stored_block;
    size_t block_out_begin; /* what was decoded before this block */
    size_t stored_nbytes_left;
    inflate_code litlen;
    inflate_code distance;
    const char *why; /* the first thing that was invalid, or NULL */
} test_inflater;

/* A step in progress: it counts only if the input suffices for all of it. */
typedef struct inflate_step {
    const test_inflater *inflater;
    uint64_t nbits; /* from the beginning of the input */
    bool is_short;
} inflate_step;

/* The next bits, RFC 1951 section 3.1.1, as if zeros followed the input. */
static inline uint32_t inflate_peek(const inflate_step *step, unsigned count)
{
    const test_inflater *const inflater = step->inflater;
    uint32_t value = 0;

    for (unsigned i = 0; i < 3; i++) {
        uint64_t const index = (step->nbits >> 3) + i;

        if (index < inflater->in_nbits >> 3)
            value |= (uint32_t)inflater->in[index] << 8 * i;
    }
    return (value >> (step->nbits & 7)) & ((1u << count) - 1);
}

static inline void inflate_skip(inflate_step *step, unsigned count)
{
    step->nbits += count;
    if (step->nbits > step->inflater->in_nbits)
        step->is_short = true;
}

/* A number of count bits, at most 16. */
static inline uint32_t inflate_take(inflate_step *step, unsigned count)
{
    uint32_t const value = inflate_peek(step, count);

    inflate_skip(step, count);
    return value;
}

static inline unsigned inflate_take_symbol(inflate_step *step,
                                           const inflate_code *code)
{
    uint32_t const index = inflate_peek(step, code->longest_nbits);

    inflate_skip(step, code->entries[index].nbits);
    return code->entries[index].sym;
}

/*
 * Make the code that lengths describe, RFC 1951 section 3.2.2: codes of one
 * length are consecutive in the order of their symbols, and the shorter come
 * before the longer.
 *
 * @return whether the code is complete: as it is assigned, the first code that
 * is left over is the one after the last.
 */
static inline bool inflate_make_code(inflate_code *code, const uint8_t *lengths,
                                     unsigned nsyms)
{
    uint32_t next_code = 0;

    code->longest_nbits = 0;
    for (unsigned sym = 0; sym < nsyms; sym++)
        if (lengths[sym] > code->longest_nbits)
            code->longest_nbits = lengths[sym];
    for (unsigned nbits = 1; nbits <= code->longest_nbits; nbits++) {
        next_code <<= 1;
        for (unsigned sym = 0; sym < nsyms; sym++) {
            uint32_t first_bit_lowest = 0;

            if (lengths[sym] != nbits)
                continue;
            if (next_code >= 1u << nbits)
                return false;
            for (unsigned bit = 0; bit < nbits; bit++)
                if ((next_code >> bit & 1) != 0)
                    first_bit_lowest |= 1u << (nbits - 1 - bit);
            next_code++;
            for (uint32_t i = first_bit_lowest; i < 1u << code->longest_nbits;
                 i += 1u << nbits) {
                code->entries[i].sym = (uint16_t)sym;
                code->entries[i].nbits = (uint8_t)nbits;
            }
        }
    }
    return code->longest_nbits > 0 && next_code == 1u << code->longest_nbits;
}

static inline test_inflate_status inflate_invalid(test_inflater *inflater,
                                                  const char *why)
{
    inflater->why = why;
    return INFLATE_INVALID;
}

/* End a step: move on by it, unless the input was too short for it. */
static inline test_inflate_status inflate_end_step(test_inflater *inflater,
                                                   const inflate_step *step)
{
    if (!step->is_short)
        inflater->done_nbits = step->nbits;
    return INFLATE_MORE;
}

/* Skip to a byte border. */
static inline bool inflate_take_zero_padding(inflate_step *step)
{
    return inflate_take(step, (unsigned)(-step->nbits & 7)) == 0;
}

/* RFC 1951, section 3.2.6. */
static inline void inflate_make_static_codes(test_inflater *inflater)
{
    uint8_t lengths[INFLATE_LITLEN_NSYMS];

    memset(lengths, 8, 144);
    memset(lengths + 144, 9, 256 - 144);
    memset(lengths + 256, 7, 280 - 256);
    memset(lengths + 280, 8, INFLATE_LITLEN_NSYMS - 280);
    inflate_make_code(&inflater->litlen, lengths, INFLATE_LITLEN_NSYMS);
    memset(lengths, 5, INFLATE_DISTANCE_NSYMS);
    inflate_make_code(&inflater->distance, lengths, INFLATE_DISTANCE_NSYMS);
}

/* RFC 1951, section 3.2.7.  On MORE the step may be short. */
static inline test_inflate_status inflate_take_codes(test_inflater *inflater,
                                                     inflate_step *step)
{
    static const uint8_t order[INFLATE_PRECODE_NSYMS] = {
        16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15};
    unsigned const litlen_count = 257 + inflate_take(step, 5);
    unsigned const distance_count = 1 + inflate_take(step, 5);
    unsigned const precode_count = 4 + inflate_take(step, 4);
    uint8_t precode_lengths[INFLATE_PRECODE_NSYMS] = {0};
    uint8_t lengths[INFLATE_LITLEN_NSYMS + INFLATE_DISTANCE_NSYMS];
    unsigned count = 0;

    for (unsigned i = 0; i < precode_count; i++)
        precode_lengths[order[i]] = (uint8_t)inflate_take(step, 3);
    if (step->is_short)
        return INFLATE_MORE;
    if (litlen_count > 286 || distance_count > 30)
        return inflate_invalid(inflater, "more symbols than there are");
    /* The code of distances is made later, and lends its room. */
    if (!inflate_make_code(&inflater->distance, precode_lengths,
                           INFLATE_PRECODE_NSYMS))
        return inflate_invalid(inflater, "code of lengths not complete");

    while (count < litlen_count + distance_count) {
        unsigned const sym = inflate_take_symbol(step, &inflater->distance);
        uint8_t length = 0;
        unsigned repeats = 1;

        if (sym < 16) {
            length = (uint8_t)sym;
        } else if (sym == 16) {
            if (count == 0)
                return inflate_invalid(inflater, "nothing to repeat");
            length = lengths[count - 1];
            repeats = 3 + inflate_take(step, 2);
        } else {
            repeats = sym == 17 ? 3 + inflate_take(step, 3) :
                                  11 + inflate_take(step, 7);
        }
        if (step->is_short)
            return INFLATE_MORE;
        if (count + repeats > litlen_count + distance_count)
            return inflate_invalid(inflater, "too many lengths");
        for (; repeats > 0; repeats--)
            lengths[count++] = length;
    }
    if (lengths[INFLATE_END_OF_BLOCK] == 0)
        return inflate_invalid(inflater, "no code for the end of the block");
    if (!inflate_make_code(&inflater->litlen, lengths, litlen_count))
        return inflate_invalid(inflater, "literal/length code not complete");
    if (!inflate_make_code(&inflater->distance, lengths + litlen_count,
                           distance_count))
        return inflate_invalid(inflater, "distance code not complete");
    return INFLATE_MORE;
}

/* RFC 1951, sections 3.2.3 and 3.2.4. */
static inline test_inflate_status inflate_header(test_inflater *inflater)
{
    inflate_step step = {inflater, inflater->done_nbits, false};
    bool const is_final = inflate_take(&step, 1) != 0;
    unsigned const type = inflate_take(&step, 2);

    if (step.is_short)
        return INFLATE_MORE;
    if (type == 0) {
        bool const is_zero = inflate_take_zero_padding(&step);
        uint32_t const nbytes = inflate_take(&step, 16);
        uint32_t const inverted = inflate_take(&step, 16);

        if (!is_zero)
            return inflate_invalid(inflater, "padding not zero");
        if (!step.is_short && (nbytes ^ inverted) != 0xffff)
            return inflate_invalid(inflater, "stored length damaged");
        inflater->stored_nbytes_left = nbytes;
    } else if (type == 1) {
        inflate_make_static_codes(inflater);
    } else if (type == 2) {
        if (inflate_take_codes(inflater, &step) == INFLATE_INVALID)
            return INFLATE_INVALID;
    } else {
        return inflate_invalid(inflater, "no such type of block");
    }
    if (!step.is_short) {
        inflater->is_final_block = is_final;
        inflater->is_stored_block = type == 0;
        inflater->block_out_begin = inflater->out_nbytes;
        inflater->place = type == 0 ? INFLATE_IN_STORED : INFLATE_IN_CODED;
    }
    return inflate_end_step(inflater, &step);
}

/* What is there of a stored block's bytes. */
static inline test_inflate_status inflate_stored(test_inflater *inflater)
{
    size_t const begin = (size_t)(inflater->done_nbits >> 3);
    size_t nbytes = (size_t)(inflater->in_nbits >> 3) - begin;

    if (nbytes > inflater->stored_nbytes_left)
        nbytes = inflater->stored_nbytes_left;
    if (nbytes > inflater->out_nbytes_avail - inflater->out_nbytes)
        return inflate_invalid(inflater, "more output than expected");
    if (nbytes > 0)
        memcpy(inflater->out + inflater->out_nbytes, inflater->in + begin,
               nbytes);
    inflater->out_nbytes += nbytes;
    inflater->done_nbits += 8 * (uint64_t)nbytes;
    inflater->stored_nbytes_left -= nbytes;
    if (inflater->stored_nbytes_left == 0)
        inflater->place =
            inflater->is_final_block ? INFLATE_AT_END : INFLATE_AT_HEADER;
    return INFLATE_MORE;
}

/* RFC 1951, section 3.2.5: length symbols 257 to 285 and distance symbols 0 to
 * 29 come in groups of 4 and of 2 that share a count of extra bits. */

static inline unsigned inflate_take_length(inflate_step *step, unsigned sym)
{
    unsigned const index = sym - 257;
    unsigned const extra_nbits = index < 8 ? 0 : index / 4 - 1;

    if (sym == 285)
        return 258;
    if (index < 8)
        return 3 + index;
    return 3 + ((4 + index % 4) << extra_nbits) +
           inflate_take(step, extra_nbits);
}

static inline unsigned inflate_take_distance(inflate_step *step, unsigned sym)
{
    unsigned const extra_nbits = sym < 4 ? 0 : sym / 2 - 1;

    if (sym < 4)
        return 1 + sym;
    return 1 + ((2 + sym % 2) << extra_nbits) + inflate_take(step, extra_nbits);
}

/* One literal, one match, or the end of the block. */
static inline test_inflate_status inflate_coded(test_inflater *inflater)
{
    inflate_step step = {inflater, inflater->done_nbits, false};
    unsigned const sym = inflate_take_symbol(&step, &inflater->litlen);
    unsigned length, distance, distance_sym;

    if (step.is_short)
        return INFLATE_MORE;
    if (sym == INFLATE_END_OF_BLOCK) {
        inflater->place =
            inflater->is_final_block ? INFLATE_AT_END : INFLATE_AT_HEADER;
        return inflate_end_step(inflater, &step);
    }
    if (sym < INFLATE_END_OF_BLOCK) {
        if (inflater->out_nbytes == inflater->out_nbytes_avail)
            return inflate_invalid(inflater, "more output than expected");
        inflater->out[inflater->out_nbytes++] = (uint8_t)sym;
        return inflate_end_step(inflater, &step);
    }
    if (sym > 285)
        return inflate_invalid(inflater, "no such length");
    length = inflate_take_length(&step, sym);
    distance_sym = inflate_take_symbol(&step, &inflater->distance);
    if (!step.is_short && distance_sym > 29)
        return inflate_invalid(inflater, "no such distance");
    if (step.is_short)
        return INFLATE_MORE;
    distance = inflate_take_distance(&step, distance_sym);
    if (step.is_short)
        return INFLATE_MORE;
    if (distance > INFLATE_MAX_DISTANCE || distance > inflater->out_nbytes)
        return inflate_invalid(inflater, "distance too far");
    if (length > inflater->out_nbytes_avail - inflater->out_nbytes)
        return inflate_invalid(inflater, "more output than expected");
    for (; length > 0; length--, inflater->out_nbytes++)
        inflater->out[inflater->out_nbytes] =
            inflater->out[inflater->out_nbytes - distance];
    return inflate_end_step(inflater, &step);
}

/* Begin a stream that decodes to at most out_nbytes_avail bytes. */
static inline void test_inflate_begin(test_inflater *inflater, uint8_t *out,
                                      size_t out_nbytes_avail)
{
    inflater->in = NULL;
    inflater->in_nbits = 0;
    inflater->done_nbits = 0;
    inflater->out = out;
    inflater->out_nbytes = 0;
    inflater->out_nbytes_avail = out_nbytes_avail;
    inflater->place = INFLATE_AT_HEADER;
    inflater->is_final_block = false;
    inflater->is_stored_block = false;
    inflater->block_out_begin = 0;
    inflater->stored_nbytes_left = 0;
    inflater->why = NULL;
}

/*
 * Decode as far as the input goes.  in is all of the stream so far, from its
 * first byte on: what the last call was given, and more.
 *
 * @return as the type says.  When it is done, test_inflate_in_nbytes is where
 * the stream ended; in any case inflater->out_nbytes is what was decoded.
 */
static inline test_inflate_status test_inflate(test_inflater *inflater,
                                               const uint8_t *in,
                                               size_t in_nbytes)
{
    inflater->in = in;
    inflater->in_nbits = 8 * (uint64_t)in_nbytes;
    for (;;) {
        uint64_t const before_nbits = inflater->done_nbits;
        int const place_before = (int)inflater->place;
        test_inflate_status status;

        if (inflater->place == INFLATE_AT_END) {
            inflate_step step = {inflater, before_nbits, false};

            if (!inflate_take_zero_padding(&step))
                return inflate_invalid(inflater, "padding not zero");
            inflater->done_nbits = step.nbits;
            return INFLATE_DONE;
        }
        status =
            inflater->place == INFLATE_AT_HEADER ? inflate_header(inflater) :
            inflater->place == INFLATE_IN_STORED ? inflate_stored(inflater) :
                                                   inflate_coded(inflater);
        if (status == INFLATE_INVALID)
            return status;
        if (inflater->done_nbits == before_nbits &&
            (int)inflater->place == place_before)
            return INFLATE_MORE;
    }
}

/* The bytes of a stream that is done. */
static inline size_t test_inflate_in_nbytes(const test_inflater *inflater)
{
    return (size_t)(inflater->done_nbits >> 3);
}

/*
 * Whether the input so far ends with an empty stored block: what a decoder
 * waits for that hands out nothing before.
 */
static inline bool test_inflate_is_flushed(const test_inflater *inflater)
{
    return inflater->place == INFLATE_AT_HEADER && inflater->is_stored_block &&
           inflater->block_out_begin == inflater->out_nbytes &&
           inflater->done_nbits == inflater->in_nbits;
}

#endif /* FGZ_TEST_INFLATE_H */
