/*
 * Writes one block, RFC 1951 section 3.2.3, as whichever kind takes the fewest
 * bits.
 *
 * What a dynamic block takes is known exactly once its codes are built and its
 * header is run-length coded; what the others take follows from the counts of
 * symbols, or from the tokens where those are few.  So nothing is written twice
 * and nothing is guessed.  Then each token is two look-ups in a table made for
 * this block, which has a symbol's code and its extra bits in one word.
 */
#include "block.h"

#define BLOCK_HEADER_NBITS 3

/* RFC 1951, section 3.2.7: the alphabet of code lengths, and how the lengths
 * of its own code are ordered and limited. */
#define PRECODE_NSYMS 19
#define PRECODE_MAX_NBITS 7
#define PRECODE_COPY_PREVIOUS 16 /* 3 to 6 times, 2 extra bits */
#define PRECODE_ZEROS_SHORT 17   /* 3 to 10 times, 3 extra bits */
#define PRECODE_ZEROS_LONG 18    /* 11 to 138 times, 7 extra bits */

static const uint8_t precode_order[PRECODE_NSYMS] = {
    16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15};
static const uint8_t precode_extra_nbits[PRECODE_NSYMS] = {
    [PRECODE_COPY_PREVIOUS] = 2,
    [PRECODE_ZEROS_SHORT] = 3,
    [PRECODE_ZEROS_LONG] = 7,
};

/*
 * A limit on literal/length codes below the format's 15 lets four of them pass
 * through the bit writer together; it costs less than 0.001 % of the output.
 */
#define LITLEN_MAX_NBITS 14

/* What the end of the block and a distance symbol take in the static code, RFC
 * 1951 section 3.2.6. */
#define STATIC_END_NBITS 7
#define STATIC_DISTANCE_NBITS 5

/*
 * Blocks of fewer tokens are not worth a dynamic code, nor the time to build
 * one: its header takes 30 bytes or more, and saves at most some 4 bits a
 * token.
 */
#define DYNAMIC_MIN_NTOKENS 32

/* The parts of an entry of an emission table, see block.h. */
#define ENTRY_BITS(entry) ((entry) & 0xfffff)
#define ENTRY_CODE_NBITS(entry) ((entry) >> 20 & 31)
#define ENTRY_NBITS(entry) ((entry) >> 25)

static void put_block_header(fgz_bitwriter *out, fgz_block_type type,
                             bool is_final)
{
    fgz_bits_put(out, (unsigned)is_final | (unsigned)type << 1,
                 BLOCK_HEADER_NBITS);
}

/* ---- Stored blocks ---- */

/* The bits that stored blocks take, the padding to a byte border included. */
static uint64_t stored_cost_nbits(const fgz_bitwriter *out, size_t raw_nbytes)
{
    size_t const nblocks =
        raw_nbytes == 0 ? 1 : 1 + (raw_nbytes - 1) / FGZ_STORED_MAX_NBYTES;
    unsigned const first_nbits =
        ((out->nbits + BLOCK_HEADER_NBITS + 7) & ~7u) - out->nbits;

    return first_nbits + 8 * ((uint64_t)raw_nbytes + 4 * nblocks + nblocks - 1);
}

size_t fgz_block_write_stored(fgz_bitwriter *out, const uint8_t *raw,
                              size_t raw_nbytes, bool is_final)
{
    FGZ_RETURN_IF(stored_cost_nbits(out, raw_nbytes) > fgz_bits_avail(out),
                  FGZ_ERROR_OUTPUT);
    do {
        size_t const piece_nbytes =
            fgz_min_size(raw_nbytes, FGZ_STORED_MAX_NBYTES);

        put_block_header(out, FGZ_BLOCK_STORED,
                         is_final && piece_nbytes == raw_nbytes);
        fgz_bits_align(out);
        fgz_bits_put(out, piece_nbytes, 16);
        fgz_bits_put(out, ~piece_nbytes & 0xffff, 16);
        fgz_bits_flush(out);
        if (piece_nbytes > 0)
            memcpy(out->next, raw, piece_nbytes);
        out->next += piece_nbytes;
        raw += piece_nbytes;
        raw_nbytes -= piece_nbytes;
    } while (raw_nbytes > 0);
    return 0;
}

/* ---- Dynamic codes, RFC 1951 section 3.2.7 ---- */

static void add_run(fgz_dynamic_codes *codes, uint32_t *precode_freqs,
                    unsigned sym, unsigned extra)
{
    precode_freqs[sym]++;
    codes->runs[codes->run_count++] = (uint16_t)(sym | extra << 5);
}

/* Run-length code the lengths of both codes, which are one sequence. */
static void find_runs(fgz_dynamic_codes *codes, uint32_t *precode_freqs)
{
    uint8_t lengths[FGZ_LITLEN_NSYMS + FGZ_DISTANCE_NSYMS];
    unsigned const count = codes->litlen_count + codes->distance_count;
    unsigned i = 0;

    memcpy(lengths, codes->litlen.lengths, codes->litlen_count);
    memcpy(lengths + codes->litlen_count, codes->distance.lengths,
           codes->distance_count);
    codes->run_count = 0;
    while (i < count) {
        uint8_t const length = lengths[i];
        unsigned end = i + 1;

        while (end < count && lengths[end] == length)
            end++;
        if (length == 0) {
            while (end - i >= 11) {
                unsigned const n = end - i < 138 ? end - i : 138;
                add_run(codes, precode_freqs, PRECODE_ZEROS_LONG, n - 11);
                i += n;
            }
            if (end - i >= 3) {
                add_run(codes, precode_freqs, PRECODE_ZEROS_SHORT, end - i - 3);
                i = end;
            }
        } else {
            add_run(codes, precode_freqs, length, 0);
            i++;
            while (end - i >= 3) {
                unsigned const n = end - i < 6 ? end - i : 6;
                add_run(codes, precode_freqs, PRECODE_COPY_PREVIOUS, n - 3);
                i += n;
            }
        }
        for (; i < end; i++)
            add_run(codes, precode_freqs, length, 0);
    }
}

/* One more than the last symbol that has a code, but at least min_count. */
static unsigned count_lengths(const fgz_huffman_code *code, unsigned min_count)
{
    unsigned const count = code->used[code->used_count - 1] + 1u;

    return count < min_count ? min_count : count;
}

/*
 * Build the codes of a dynamic block and the description of them that its
 * header carries.
 *
 * @return the bits that the header takes, the block's own 3 included.
 */
static uint64_t build_dynamic_codes(fgz_dynamic_codes *codes,
                                    const fgz_histogram *freqs)
{
    uint32_t precode_freqs[PRECODE_NSYMS] = {0};
    const uint8_t *const precode_lengths = codes->precode.lengths;
    uint64_t cost_nbits;

    fgz_huffman_build(&codes->litlen, freqs->litlen, FGZ_LITLEN_NSYMS,
                      LITLEN_MAX_NBITS);
    fgz_huffman_build(&codes->distance, freqs->distance, FGZ_DISTANCE_NSYMS,
                      FGZ_HUFFMAN_MAX_NBITS);
    codes->litlen_count = count_lengths(&codes->litlen, FGZ_FIRST_LENGTH_SYM);
    codes->distance_count = count_lengths(&codes->distance, 1);

    find_runs(codes, precode_freqs);
    fgz_huffman_build(&codes->precode, precode_freqs, PRECODE_NSYMS,
                      PRECODE_MAX_NBITS);
    codes->precode_count = PRECODE_NSYMS;
    while (codes->precode_count > 4 &&
           precode_lengths[precode_order[codes->precode_count - 1]] == 0)
        codes->precode_count--;

    cost_nbits = BLOCK_HEADER_NBITS + 5 + 5 + 4 + 3 * codes->precode_count;
    for (unsigned sym = 0; sym < PRECODE_NSYMS; sym++)
        cost_nbits += (uint64_t)precode_freqs[sym] *
                      (precode_lengths[sym] + precode_extra_nbits[sym]);
    return cost_nbits;
}

/* An entry of an emission table. */
static uint32_t emission_entry(const fgz_huffman_code *code, unsigned sym,
                               unsigned extra_nbits)
{
    uint32_t const nbits = code->lengths[sym];

    return code->codes[sym] | nbits << 20 | (nbits + extra_nbits) << 25;
}

/* Fill in what the tokens of this block look up. */
static void fill_emission(fgz_dynamic_codes *codes)
{
    const fgz_huffman_code *const litlen = &codes->litlen;
    const fgz_huffman_code *const distance = &codes->distance;
    fgz_emission *const emission = &codes->emission;
    unsigned i = 0;

    for (; litlen->used[i] < FGZ_END_OF_BLOCK; i++) {
        unsigned const sym = litlen->used[i];

        emission->first[sym] = emission->second[32 + sym] =
            emission_entry(litlen, sym, 0);
    }
    emission->end_of_block = emission_entry(litlen, FGZ_END_OF_BLOCK, 0);
    for (i++; i < litlen->used_count; i++) {
        unsigned const sym = litlen->used[i];
        unsigned const index = sym - FGZ_FIRST_LENGTH_SYM;
        unsigned const extra_nbits = fgz_length_extra_nbits[index];
        uint32_t const entry = emission_entry(litlen, sym, extra_nbits);
        uint32_t const step = 1u << litlen->lengths[sym];
        uint32_t *const first = &emission->first[256 + fgz_length_bases[index]];

        for (uint32_t extra = 0; extra < 1u << extra_nbits; extra++)
            first[extra] = entry + extra * step;
    }
    for (i = 0; i < distance->used_count; i++) {
        unsigned const sym = distance->used[i];

        emission->second[sym] =
            emission_entry(distance, sym, fgz_distance_extra_nbits[sym]);
    }
    emission->second[FGZ_NO_SECOND] = 0;
}

static void put_dynamic_header(fgz_bitwriter *out,
                               const fgz_dynamic_codes *codes, bool is_final)
{
    const fgz_huffman_code *const precode = &codes->precode;

    put_block_header(out, FGZ_BLOCK_DYNAMIC, is_final);
    fgz_bits_put(out, codes->litlen_count - 257, 5);
    fgz_bits_put(out, codes->distance_count - 1, 5);
    fgz_bits_put(out, codes->precode_count - 4, 4);
    fgz_bits_flush(out);
    for (unsigned i = 0; i < codes->precode_count; i++) {
        fgz_bits_put(out, precode->lengths[precode_order[i]], 3);
        fgz_bits_flush(out);
    }
    for (unsigned i = 0; i < codes->run_count; i++) {
        unsigned const sym = codes->runs[i] & 31;

        fgz_bits_put(out, precode->codes[sym], precode->lengths[sym]);
        fgz_bits_put(out, codes->runs[i] >> 5, precode_extra_nbits[sym]);
        fgz_bits_flush(out);
    }
}

/* ---- Tokens ---- */

/* What the tokens and the end of a block take with each code, in bits. */
typedef struct tokens_cost {
    uint64_t static_nbits;
    uint64_t dynamic_nbits;
} tokens_cost;

/* The cost of the tokens from the symbols that occur; codes are those built
 * for these tokens. */
static tokens_cost cost_by_symbols(const fgz_histogram *freqs,
                                   const fgz_dynamic_codes *codes)
{
    const fgz_huffman_code *const litlen = &codes->litlen;
    const fgz_huffman_code *const distance = &codes->distance;
    uint64_t static_nbits = 0;
    uint64_t dynamic_nbits = 0;
    uint64_t extra_nbits = 0;

    for (unsigned i = 0; i < litlen->used_count; i++) {
        unsigned const sym = litlen->used[i];
        uint32_t const freq = freqs->litlen[sym];

        dynamic_nbits += freq * litlen->lengths[sym];
        static_nbits += freq * fgz_static_litlen_lengths[sym];
        if (sym >= FGZ_FIRST_LENGTH_SYM)
            extra_nbits +=
                freq * fgz_length_extra_nbits[sym - FGZ_FIRST_LENGTH_SYM];
    }
    for (unsigned i = 0; i < distance->used_count; i++) {
        unsigned const sym = distance->used[i];
        uint32_t const freq = freqs->distance[sym];

        dynamic_nbits += freq * distance->lengths[sym];
        static_nbits += freq * STATIC_DISTANCE_NBITS;
        extra_nbits += freq * fgz_distance_extra_nbits[sym];
    }
    return (tokens_cost){static_nbits + extra_nbits,
                         dynamic_nbits + extra_nbits};
}

/* The bits of one token, put together apart from the writer, whose state is a
 * chain from token to token.  Their count goes to *nbits. */
FGZ_INLINE uint64_t token_bits(uint32_t token, const fgz_emission *emission,
                               unsigned *nbits)
{
    uint32_t const first = emission->first[FGZ_TOKEN_FIRST(token)];
    uint32_t const second = emission->second[FGZ_TOKEN_SECOND(token)];
    uint32_t const second_bits =
        ENTRY_BITS(second) | FGZ_TOKEN_DISTANCE_EXTRA(token)
                                 << ENTRY_CODE_NBITS(second);

    *nbits = ENTRY_NBITS(first) + ENTRY_NBITS(second);
    return ENTRY_BITS(first) | (uint64_t)second_bits << ENTRY_NBITS(first);
}

/* The cost of a few tokens with the static code, the end included. */
static uint64_t cost_by_tokens(const uint32_t *list, size_t ntokens)
{
    uint64_t cost_nbits = STATIC_END_NBITS;

    for (size_t i = 0; i < ntokens; i++) {
        unsigned nbits;

        token_bits(list[i], &fgz_static_emission, &nbits);
        cost_nbits += nbits;
    }
    return cost_nbits;
}

/*
 * Write the tokens and the end of the block.
 *
 * One token takes at most 14 + 5 + 15 + 13 = 47 bits, which with the 7 that
 * may be waiting fit in the word.  Two mostly fit as well, and then share a
 * store.  has_slack says that 8 bytes beyond the block may be overwritten.
 */
FGZ_INLINE void put_tokens_with(fgz_bitwriter *FGZ_RESTRICT out,
                                const uint32_t *FGZ_RESTRICT list,
                                size_t ntokens,
                                const fgz_emission *FGZ_RESTRICT emission,
                                bool has_slack)
{
    fgz_bitwriter writer = *out;
    uint32_t const end = emission->end_of_block;
    size_t i = 0;

    fgz_bits_flush(&writer); /* the block's header may wait there */
    if (has_slack)
        for (; i + 2 <= ntokens; i += 2) {
            unsigned nbits, next_nbits;
            uint64_t const bits = token_bits(list[i], emission, &nbits);
            uint64_t const next_bits =
                token_bits(list[i + 1], emission, &next_nbits);

            if (FGZ_LIKELY(nbits + next_nbits <= FGZ_BITS_PUT_MAX_NBITS)) {
                fgz_bits_put(&writer, bits | next_bits << nbits,
                             nbits + next_nbits);
            } else {
                fgz_bits_put(&writer, bits, nbits);
                fgz_bits_flush_fast(&writer);
                fgz_bits_put(&writer, next_bits, next_nbits);
            }
            fgz_bits_flush_fast(&writer);
        }
    for (; i < ntokens; i++) {
        unsigned nbits;
        uint64_t const bits = token_bits(list[i], emission, &nbits);

        fgz_bits_put(&writer, bits, nbits);
        fgz_bits_flush(&writer);
    }
    fgz_bits_put(&writer, ENTRY_BITS(end), ENTRY_NBITS(end));
    fgz_bits_flush(&writer);
    *out = writer;
}

static void put_tokens(fgz_bitwriter *out, const uint32_t *list, size_t ntokens,
                       const fgz_emission *emission, uint64_t cost_nbits)
{
    if (fgz_bits_avail(out) >= cost_nbits + 64)
        put_tokens_with(out, list, ntokens, emission, true);
    else
        put_tokens_with(out, list, ntokens, emission, false);
}

size_t fgz_block_write(fgz_bitwriter *out, fgz_dynamic_codes *codes,
                       const fgz_histogram *freqs, const uint32_t *list,
                       size_t ntokens, const uint8_t *raw, size_t raw_nbytes,
                       bool is_final)
{
    uint64_t const stored_nbits = stored_cost_nbits(out, raw_nbytes);
    uint64_t header_nbits = 0;
    tokens_cost cost = {0, UINT64_MAX / 2};

    if (ntokens >= DYNAMIC_MIN_NTOKENS) {
        header_nbits = build_dynamic_codes(codes, freqs);
        cost = cost_by_symbols(freqs, codes);
    } else {
        cost.static_nbits = cost_by_tokens(list, ntokens);
    }
    cost.static_nbits += BLOCK_HEADER_NBITS;
    cost.dynamic_nbits += header_nbits;

    if (stored_nbits <= cost.static_nbits &&
        stored_nbits <= cost.dynamic_nbits) {
        FGZ_FORWARD_IF_ERROR(
            fgz_block_write_stored(out, raw, raw_nbytes, is_final));
        return FGZ_BLOCK_STORED;
    }
    if (cost.static_nbits <= cost.dynamic_nbits) {
        FGZ_RETURN_IF(cost.static_nbits > fgz_bits_avail(out),
                      FGZ_ERROR_OUTPUT);
        put_block_header(out, FGZ_BLOCK_STATIC, is_final);
        put_tokens(out, list, ntokens, &fgz_static_emission, cost.static_nbits);
        return FGZ_BLOCK_STATIC;
    }
    FGZ_RETURN_IF(cost.dynamic_nbits > fgz_bits_avail(out), FGZ_ERROR_OUTPUT);
    put_dynamic_header(out, codes, is_final);
    fill_emission(codes);
    put_tokens(out, list, ntokens, &codes->emission,
               cost.dynamic_nbits - header_nbits);
    return FGZ_BLOCK_DYNAMIC;
}

size_t fgz_block_write_sync(fgz_bitwriter *out)
{
    return fgz_block_write_stored(out, out->next, 0, false);
}

size_t fgz_block_write_end(fgz_bitwriter *out)
{
    FGZ_RETURN_IF(fgz_bits_avail(out) < FGZ_EMPTY_BLOCK_NBITS,
                  FGZ_ERROR_OUTPUT);
    put_block_header(out, FGZ_BLOCK_STATIC, true);
    fgz_bits_put(out, 0, FGZ_EMPTY_BLOCK_NBITS - BLOCK_HEADER_NBITS);
    fgz_bits_flush(out);
    return 0;
}
