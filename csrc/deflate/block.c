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

#include "../cpu.h"

#define BLOCK_HEADER_NBITS 3

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
#define ENTRY_BITS(entry) ((entry) >> 11)
#define ENTRY_CODE_NBITS(entry) ((entry) >> 6 & 31)
#define ENTRY_NBITS(entry) ((entry) & 63)

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

/* ---- Tables of emission ---- */

/* An entry of an emission table. */
static uint32_t emission_entry(const fgz_huffman_code *code, unsigned sym,
                               unsigned extra_nbits)
{
    uint32_t const nbits = code->lengths[sym];

    return (nbits + extra_nbits) | nbits << 6 |
           (uint32_t)code->codes[sym] << 11;
}

/* Fill in what the tokens of this block look up. */
static void fill_emission(fgz_emission *emission,
                          const fgz_dynamic_codes *codes)
{
    const fgz_huffman_code *const litlen = &codes->litlen;
    const fgz_huffman_code *const distance = &codes->distance;
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
        uint32_t const step = 1u << (11 + litlen->lengths[sym]);
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

    *nbits = ENTRY_NBITS(first + second);
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

/* With slack, by shifts that need not have their count in one register. */
#if FGZ_CPU_DISPATCH && defined(__x86_64__)
__attribute__((target("bmi2"))) static void put_tokens_bmi2(
    fgz_bitwriter *out, const uint32_t *list, size_t ntokens,
    const fgz_emission *emission)
{
    put_tokens_with(out, list, ntokens, emission, true);
}
#endif

static void put_tokens(fgz_bitwriter *out, const uint32_t *list, size_t ntokens,
                       const fgz_emission *emission, uint64_t cost_nbits)
{
    bool const has_slack = fgz_bits_avail(out) >= cost_nbits + 64;

#if FGZ_CPU_DISPATCH && defined(__x86_64__)
    if (has_slack && (fgz_cpu_features() & FGZ_CPU_BMI2) != 0) {
        put_tokens_bmi2(out, list, ntokens, emission);
        return;
    }
#endif
    if (has_slack)
        put_tokens_with(out, list, ntokens, emission, true);
    else
        put_tokens_with(out, list, ntokens, emission, false);
}

size_t fgz_block_write(fgz_bitwriter *out, fgz_block_memory *memory,
                       const fgz_histogram *freqs, const uint32_t *list,
                       size_t ntokens, const uint8_t *raw, size_t raw_nbytes,
                       bool is_final)
{
    fgz_dynamic_codes *const codes = &memory->codes;
    uint64_t const stored_nbits = stored_cost_nbits(out, raw_nbytes);
    uint64_t header_nbits = 0;
    tokens_cost cost = {0, UINT64_MAX / 2};

    if (ntokens >= DYNAMIC_MIN_NTOKENS) {
        header_nbits = BLOCK_HEADER_NBITS;
        header_nbits +=
            memory->codes_effort > 0 ?
                fgz_codes_search(codes, freqs, memory->codes_effort) :
                fgz_codes_build(codes, freqs);
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
    put_block_header(out, FGZ_BLOCK_DYNAMIC, is_final);
    fgz_codes_put(out, codes);
    fill_emission(&memory->emission, codes);
    put_tokens(out, list, ntokens, &memory->emission,
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
