/*
 * blocks.h - from input to blocks: has it parsed, decides where blocks end, and
 * has them written
 *
 * parse.h finds the tokens, split.h says what two codes would save, block.h
 * writes one block.
 */
#ifndef FGZ_BLOCKS_H
#define FGZ_BLOCKS_H

#include "block.h"
#include "parse.h"
#include "split.h"

/* The least that an effort's part_ntokens may be. */
#define FGZ_PART_MIN_NTOKENS 512

/*
 * The least input in a block that is not the last before a flush or the end: a
 * part has at least a byte for each token, less those that a parser may leave
 * room for; a block that ends where a full window does has all that was coded
 * then.
 */
#define FGZ_BLOCK_MIN_NBYTES (FGZ_PART_MIN_NTOKENS - FGZ_PARSE_MIN_NTOKENS)

/* What writing blocks takes, from one to the next. */
typedef struct fgz_blocks {
    const fgz_effort *effort;
    fgz_finder finder;
    fgz_block_memory memory;
    /* Of the parts of a block before the one that is being parsed. */
    fgz_histogram former_freqs;
    fgz_entropy former_entropy;
    fgz_tokens tokens;
} fgz_blocks;

/*
 * Code input from *next_ptr on as blocks, until at least stop; if is_final, the
 * last block ends the stream, and stop is the end of the input.  Moves
 * *next_ptr to the end of what was coded.
 *
 * @return 0, or FGZ_ERROR_OUTPUT.
 */
size_t fgz_blocks_write(fgz_blocks *blocks, fgz_bitwriter *out,
                        const fgz_input *input, const uint8_t **next_ptr,
                        const uint8_t *stop, bool is_final);

#endif /* FGZ_BLOCKS_H */
