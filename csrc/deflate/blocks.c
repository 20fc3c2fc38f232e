/*
 * The driver of blocks.
 *
 * Input is parsed part by part.  After each, entropy says whether the block
 * should have ended before it: then the tokens before it are written as a
 * block, and those of the part are the first of the next.  Otherwise the part
 * joins the block, until there is no room for more tokens, or no more input.
 * The same figures tell the parser what literals cost.
 */
#include "blocks.h"

/* What most literals take in the static code, RFC 1951 section 3.2.6. */
#define STATIC_LITERAL_NBITS 8

/* The tokens of a block that were there before its last part joined them, and
 * the input that they stand for. */
typedef struct former_parts {
    size_t ntokens;
    const uint8_t *begin;
    const uint8_t *end;
} former_parts;

/* Write the first ntokens tokens as a block. */
static size_t write_block(fgz_blocks *blocks, fgz_bitwriter *out,
                          const fgz_histogram *freqs, size_t ntokens,
                          const uint8_t *begin, const uint8_t *end,
                          bool is_final)
{
    fgz_tokens *const tokens = &blocks->tokens;
    size_t const result =
        fgz_block_write(out, &blocks->memory, freqs, tokens->list, ntokens,
                        begin, (size_t)(end - begin), is_final);

    FGZ_FORWARD_IF_ERROR(result);
    if (result != FGZ_BLOCK_DYNAMIC)
        tokens->literal_nbits =
            result == FGZ_BLOCK_STATIC ? STATIC_LITERAL_NBITS : 0;
    return 0;
}

/*
 * The block has one part more, which ends at next: decide whether it should
 * have ended before, and if so, write the former parts.  Then count the new
 * one among them.
 */
static size_t join_part(fgz_blocks *blocks, fgz_bitwriter *out,
                        former_parts *former, const uint8_t *next)
{
    fgz_tokens *const tokens = &blocks->tokens;
    size_t const ntokens = tokens->count - former->ntokens;
    fgz_entropy all = fgz_split_entropy(&tokens->freqs);
    fgz_entropy latter = all;

    if (former->ntokens > 0) {
        fgz_histogram latter_freqs = tokens->freqs;

        fgz_split_subtract(&latter_freqs, &blocks->former_freqs);
        latter = fgz_split_entropy(&latter_freqs);
        if (fgz_split_is_gain(&all, &blocks->former_entropy, &latter)) {
            FGZ_FORWARD_IF_ERROR(write_block(blocks, out, &blocks->former_freqs,
                                             former->ntokens, former->begin,
                                             former->end, false));
            memmove(tokens->list, tokens->list + former->ntokens,
                    ntokens * sizeof(*tokens->list));
            tokens->count = ntokens;
            tokens->freqs = latter_freqs;
            former->begin = former->end;
            all = latter;
        }
    }
    blocks->former_freqs = tokens->freqs;
    blocks->former_entropy = all;
    tokens->literal_nbits = latter.literal_nbits;
    former->ntokens = tokens->count;
    former->end = next;
    return 0;
}

size_t fgz_blocks_write(fgz_blocks *blocks, fgz_bitwriter *out,
                        const fgz_input *input, const uint8_t **next_ptr,
                        const uint8_t *stop, bool is_final)
{
    const fgz_effort *const effort = blocks->effort;
    fgz_tokens *const tokens = &blocks->tokens;
    const uint8_t *next = *next_ptr;

    if (next == stop && is_final)
        return fgz_block_write_end(out);
    if (effort->parse == NULL) {
        *next_ptr = stop;
        return fgz_block_write_stored(out, next, (size_t)(stop - next),
                                      is_final);
    }
    while (next < stop) {
        former_parts former = {0, next, next};
        bool is_last_part;

        fgz_tokens_clear(tokens);
        do {
            size_t const count = tokens->count;

            tokens->limit =
                tokens->count + fgz_min_size(effort->part_ntokens,
                                             tokens->max_count - tokens->count);
            next = effort->parse(&blocks->finder, input, next, stop, effort,
                                 tokens);
            is_last_part = next >= stop || tokens->count == count;
            if (effort->splits && tokens->count > count &&
                (former.ntokens > 0 || !is_last_part))
                FGZ_FORWARD_IF_ERROR(join_part(blocks, out, &former, next));
        } while (!is_last_part);
        FGZ_FORWARD_IF_ERROR(write_block(blocks, out, &tokens->freqs,
                                         tokens->count, former.begin, next,
                                         is_final && next == stop));
    }
    *next_ptr = next;
    return 0;
}
