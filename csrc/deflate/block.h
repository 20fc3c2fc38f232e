/*
 * block.h - blocks of RFC 1951 section 3.2.3: stored, static or dynamic,
 * whichever is smallest
 */
#ifndef FGZ_BLOCK_H
#define FGZ_BLOCK_H

#include "bitwriter.h"
#include "huffman.h"
#include "token.h"

/* The most bytes in a stored block, RFC 1951 section 3.2.4. */
#define FGZ_STORED_MAX_NBYTES 65535

/* What an empty static block takes: 3 bits of header, 7 for its end. */
#define FGZ_EMPTY_BLOCK_NBITS 10

/* Working memory for one dynamic block. */
typedef struct fgz_dynamic_codes {
    uint32_t litlen_entries[FGZ_HUFFMAN_MAX_NSYMS];
    uint32_t distance_entries[32];
    /* Both codes' lengths in one sequence, as the header sends them. */
    uint8_t lengths[FGZ_LITLEN_NSYMS + FGZ_DISTANCE_NSYMS];
    unsigned litlen_count;
    unsigned distance_count;
    /* The lengths after run-length coding: symbol, extra bits from bit 5. */
    uint16_t runs[FGZ_LITLEN_NSYMS + FGZ_DISTANCE_NSYMS];
    unsigned run_count;
    uint32_t precode_entries[19];
    unsigned precode_count;
} fgz_dynamic_codes;

/*
 * Write one block that stands for raw[0 .. raw_nbytes), of which tokens is the
 * parse; is_final sets the bit that ends the stream.  Counts the end of block
 * symbol into the tokens.
 *
 * The choice is by exact cost, so a block never takes more than stored blocks
 * would: 5 bytes, and 5 for every further 65535 bytes, above raw_nbytes.
 *
 * @return 0, or FGZ_ERROR_OUTPUT when it does not fit; then nothing is
 * written.  Touches no byte from out->end on.
 */
size_t fgz_block_write(fgz_bitwriter *out, fgz_dynamic_codes *codes,
                       fgz_tokens *tokens, const uint8_t *raw,
                       size_t raw_nbytes, bool is_final);

/* Write raw as stored blocks; otherwise as fgz_block_write. */
size_t fgz_block_write_stored(fgz_bitwriter *out, const uint8_t *raw,
                              size_t raw_nbytes, bool is_final);

/*
 * Write an empty static block.  A final one ends the stream.  One that is not
 * final pushes everything before it out of the bit writer: it is longer than
 * the 7 bits that may wait there.
 */
size_t fgz_block_write_empty(fgz_bitwriter *out, bool is_final);

#endif /* FGZ_BLOCK_H */
