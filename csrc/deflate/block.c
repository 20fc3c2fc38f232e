#include "block.h"

/* BTYPE, RFC 1951 section 3.2.3, with BFINAL below it. */
enum block_type { BLOCK_STORED = 0, BLOCK_STATIC = 1, BLOCK_DYNAMIC = 2 };

#define BLOCK_HEADER_NBITS 3

/* RFC 1951, section 3.2.7: the alphabet of code lengths, and how the lengths
 * of its own code are ordered and limited. */
#define PRECODE_NSYMS 19
#define PRECODE_MAX_NBITS 7
#define PRECODE_COPY_PREVIOUS 16 /* 3 to 6 times, 2 extra bits */
#define PRECODE_ZEROS_SHORT 17   /* 3 to 10 times, 3 extra bits */
#define PRECODE_ZEROS_LONG 18    /* 11 to 138 times, 7 extra bits */

static const uint8_t precode_order[PRECODE_NSYMS] = {
    16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15
};
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

/* What most literals take in the static code, RFC 1951 section 3.2.6. */
#define STATIC_LITERAL_NBITS 8

/*
 * Blocks of fewer tokens are not worth a dynamic code, nor the time to build
 * one: its header takes 30 bytes or more, and saves at most some 4 bits a
 * token.
 */
#define DYNAMIC_MIN_NTOKENS 48

static void put_block_header(fgz_bitwriter *out, enum block_type type,
                             bool is_final)
{
    fgz_bits_put(out, (unsigned)is_final | (unsigned)type << 1,
                 BLOCK_HEADER_NBITS);
}

/* ---- Stored blocks ---- */

/* The bits that stored blocks take, the padding to a byte border included. */
static uint64_t stored_cost_nbits(const fgz_bitwriter *out, size_t raw_nbytes)
{
    size_t const nblocks = raw_nbytes == 0 ? 1 :
        1 + (raw_nbytes - 1) / FGZ_STORED_MAX_NBYTES;
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

        put_block_header(out, BLOCK_STORED,
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

/* Run-length code the sequence of code lengths. */
static void find_runs(fgz_dynamic_codes *codes, uint32_t *precode_freqs)
{
    unsigned const count = codes->litlen_count + codes->distance_count;
    const uint8_t *const lengths = codes->lengths;
    unsigned i = 0;

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
static unsigned count_lengths(const uint8_t *lengths, unsigned nsyms,
                              unsigned min_count)
{
    while (nsyms > min_count && lengths[nsyms - 1] == 0)
        nsyms--;
    return nsyms;
}

/*
 * Build the codes of a dynamic block and the description of them that its
 * header carries.
 *
 * @return the bits that the header takes, the block's own 3 included.
 */
static uint64_t build_dynamic_codes(fgz_dynamic_codes *codes,
                                    const fgz_tokens *tokens)
{
    uint8_t distance_lengths[FGZ_DISTANCE_NSYMS];
    uint8_t precode_lengths[PRECODE_NSYMS];
    uint32_t precode_freqs[PRECODE_NSYMS] = {0};
    uint64_t cost_nbits;

    fgz_huffman_lengths(tokens->litlen_freqs, FGZ_LITLEN_NSYMS,
                        LITLEN_MAX_NBITS, codes->lengths);
    fgz_huffman_lengths(tokens->distance_freqs, FGZ_DISTANCE_NSYMS,
                        FGZ_HUFFMAN_MAX_NBITS, distance_lengths);
    fgz_huffman_entries(codes->lengths, FGZ_LITLEN_NSYMS,
                        codes->litlen_entries);
    fgz_huffman_entries(distance_lengths, FGZ_DISTANCE_NSYMS,
                        codes->distance_entries);
    for (unsigned i = 0; i < sizeof(fgz_length_extra_nbits); i++)
        codes->litlen_entries[FGZ_FIRST_LENGTH_SYM + i] |=
            (uint32_t)fgz_length_extra_nbits[i] << 24;
    for (unsigned i = 0; i < FGZ_DISTANCE_NSYMS; i++)
        codes->distance_entries[i] |=
            (uint32_t)fgz_distance_extra_nbits[i] << 24;
    codes->distance_entries[FGZ_NO_DISTANCE] = 0;

    codes->litlen_count = count_lengths(codes->lengths, FGZ_LITLEN_NSYMS,
                                        FGZ_FIRST_LENGTH_SYM);
    codes->distance_count =
        count_lengths(distance_lengths, FGZ_DISTANCE_NSYMS, 1);
    memcpy(codes->lengths + codes->litlen_count, distance_lengths,
           codes->distance_count);

    find_runs(codes, precode_freqs);
    fgz_huffman_lengths(precode_freqs, PRECODE_NSYMS, PRECODE_MAX_NBITS,
                        precode_lengths);
    fgz_huffman_entries(precode_lengths, PRECODE_NSYMS, codes->precode_entries);
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

static void put_dynamic_header(fgz_bitwriter *out,
                               const fgz_dynamic_codes *codes, bool is_final)
{
    put_block_header(out, BLOCK_DYNAMIC, is_final);
    fgz_bits_put(out, codes->litlen_count - 257, 5);
    fgz_bits_put(out, codes->distance_count - 1, 5);
    fgz_bits_put(out, codes->precode_count - 4, 4);
    fgz_bits_flush(out);
    for (unsigned i = 0; i < codes->precode_count; i++) {
        fgz_bits_put(out, FGZ_ENTRY_CODE_NBITS(
                              codes->precode_entries[precode_order[i]]), 3);
        fgz_bits_flush(out);
    }
    for (unsigned i = 0; i < codes->run_count; i++) {
        unsigned const sym = codes->runs[i] & 31;
        uint32_t const entry = codes->precode_entries[sym];

        fgz_bits_put(out, FGZ_ENTRY_CODE(entry), FGZ_ENTRY_CODE_NBITS(entry));
        fgz_bits_put(out, codes->runs[i] >> 5, precode_extra_nbits[sym]);
        fgz_bits_flush(out);
    }
}

/* ---- Tokens ---- */

/* The bits that the tokens and the end of the block take with these codes. */
static uint64_t tokens_cost_nbits(const fgz_tokens *tokens,
                                  const uint32_t *litlen_entries,
                                  const uint32_t *distance_entries)
{
    uint64_t cost_nbits = 0;

    for (unsigned sym = 0; sym < FGZ_LITLEN_NSYMS; sym++)
        cost_nbits += (uint64_t)tokens->litlen_freqs[sym] *
                      (FGZ_ENTRY_CODE_NBITS(litlen_entries[sym]) +
                       FGZ_ENTRY_EXTRA_NBITS(litlen_entries[sym]));
    for (unsigned sym = 0; sym < FGZ_DISTANCE_NSYMS; sym++)
        cost_nbits += (uint64_t)tokens->distance_freqs[sym] *
                      (FGZ_ENTRY_CODE_NBITS(distance_entries[sym]) +
                       FGZ_ENTRY_EXTRA_NBITS(distance_entries[sym]));
    return cost_nbits;
}

/* The bits of one token, put together apart from the writer, whose state is a
 * chain from token to token.  Their count goes to *nbits. */
FGZ_INLINE uint64_t token_bits(uint32_t token, const uint32_t *litlen_entries,
                               const uint32_t *distance_entries,
                               unsigned *nbits)
{
    uint32_t const litlen = litlen_entries[FGZ_TOKEN_SYM(token)];
    uint32_t const distance = distance_entries[FGZ_TOKEN_DISTANCE_SYM(token)];
    unsigned const litlen_nbits =
        FGZ_ENTRY_CODE_NBITS(litlen) + FGZ_ENTRY_EXTRA_NBITS(litlen);
    uint64_t const litlen_bits =
        FGZ_ENTRY_CODE(litlen) |
        FGZ_TOKEN_LENGTH_EXTRA(token) << FGZ_ENTRY_CODE_NBITS(litlen);
    uint64_t const distance_bits =
        FGZ_ENTRY_CODE(distance) |
        FGZ_TOKEN_DISTANCE_EXTRA(token) << FGZ_ENTRY_CODE_NBITS(distance);

    *nbits = litlen_nbits + FGZ_ENTRY_CODE_NBITS(distance) +
             FGZ_ENTRY_EXTRA_NBITS(distance);
    return litlen_bits | distance_bits << litlen_nbits;
}

/*
 * Write the tokens and the end of the block.
 *
 * One token takes at most 14 + 5 + 15 + 13 = 47 bits, which with the 7 that
 * may be waiting fit in the word.  Two mostly fit as well, and then share a
 * store.  has_slack says that 8 bytes beyond the block may be overwritten.
 */
FGZ_INLINE void put_tokens_with(fgz_bitwriter *restrict out,
                                const fgz_tokens *restrict tokens,
                                const uint32_t *restrict litlen_entries,
                                const uint32_t *restrict distance_entries,
                                bool has_slack)
{
    fgz_bitwriter writer = *out;
    uint32_t const end = litlen_entries[FGZ_END_OF_BLOCK];
    size_t i = 0;

    fgz_bits_flush(&writer); /* the block's header may wait there */
    if (has_slack)
        for (; i + 2 <= tokens->count; i += 2) {
            unsigned nbits, next_nbits;
            uint64_t const bits = token_bits(tokens->list[i], litlen_entries,
                                             distance_entries, &nbits);
            uint64_t const next_bits =
                token_bits(tokens->list[i + 1], litlen_entries,
                           distance_entries, &next_nbits);

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
    for (; i < tokens->count; i++) {
        unsigned nbits;
        uint64_t const bits = token_bits(tokens->list[i], litlen_entries,
                                         distance_entries, &nbits);

        fgz_bits_put(&writer, bits, nbits);
        fgz_bits_flush(&writer);
    }
    fgz_bits_put(&writer, FGZ_ENTRY_CODE(end), FGZ_ENTRY_CODE_NBITS(end));
    fgz_bits_flush(&writer);
    *out = writer;
}

static void put_tokens(fgz_bitwriter *out, const fgz_tokens *tokens,
                       const uint32_t *litlen_entries,
                       const uint32_t *distance_entries, uint64_t cost_nbits)
{
    if (fgz_bits_avail(out) >= cost_nbits + 64)
        put_tokens_with(out, tokens, litlen_entries, distance_entries, true);
    else
        put_tokens_with(out, tokens, litlen_entries, distance_entries, false);
}

/* The mean length of a literal's code in bits, rounded down. */
static unsigned mean_literal_nbits(const fgz_tokens *tokens,
                                   const uint32_t *litlen_entries)
{
    uint32_t count = 0;
    uint32_t nbits = 0;

    for (unsigned sym = 0; sym < FGZ_END_OF_BLOCK; sym++) {
        count += tokens->litlen_freqs[sym];
        nbits += tokens->litlen_freqs[sym] *
                 FGZ_ENTRY_CODE_NBITS(litlen_entries[sym]);
    }
    return count == 0 ? 0 : nbits / count;
}

size_t fgz_block_write(fgz_bitwriter *out, fgz_dynamic_codes *codes,
                       fgz_tokens *tokens, const uint8_t *raw,
                       size_t raw_nbytes, bool is_final)
{
    uint64_t stored_nbits, static_nbits;
    uint64_t header_nbits = 0;
    uint64_t dynamic_nbits = UINT64_MAX;

    tokens->literal_nbits = 0;
    tokens->token_nbytes = (unsigned)(raw_nbytes / tokens->count);
    tokens->litlen_freqs[FGZ_END_OF_BLOCK] = 1;
    stored_nbits = stored_cost_nbits(out, raw_nbytes);
    static_nbits = BLOCK_HEADER_NBITS +
                   tokens_cost_nbits(tokens, fgz_static_litlen_entries,
                                     fgz_static_distance_entries);
    if (tokens->count >= DYNAMIC_MIN_NTOKENS) {
        header_nbits = build_dynamic_codes(codes, tokens);
        dynamic_nbits = header_nbits +
                        tokens_cost_nbits(tokens, codes->litlen_entries,
                                          codes->distance_entries);
        tokens->literal_nbits =
            mean_literal_nbits(tokens, codes->litlen_entries);
    }

    if (stored_nbits <= static_nbits && stored_nbits <= dynamic_nbits)
        return fgz_block_write_stored(out, raw, raw_nbytes, is_final);

    if (static_nbits <= dynamic_nbits) {
        FGZ_RETURN_IF(static_nbits > fgz_bits_avail(out), FGZ_ERROR_OUTPUT);
        tokens->literal_nbits = STATIC_LITERAL_NBITS;
        put_block_header(out, BLOCK_STATIC, is_final);
        put_tokens(out, tokens, fgz_static_litlen_entries,
                   fgz_static_distance_entries, static_nbits);
    } else {
        FGZ_RETURN_IF(dynamic_nbits > fgz_bits_avail(out), FGZ_ERROR_OUTPUT);
        put_dynamic_header(out, codes, is_final);
        put_tokens(out, tokens, codes->litlen_entries, codes->distance_entries,
                   dynamic_nbits - header_nbits);
    }
    return 0;
}

size_t fgz_block_write_empty(fgz_bitwriter *out, bool is_final)
{
    FGZ_RETURN_IF(fgz_bits_avail(out) < FGZ_EMPTY_BLOCK_NBITS,
                  FGZ_ERROR_OUTPUT);
    put_block_header(out, BLOCK_STATIC, is_final);
    fgz_bits_put(out, 0, FGZ_EMPTY_BLOCK_NBITS - BLOCK_HEADER_NBITS);
    fgz_bits_flush(out);
    return 0;
}
