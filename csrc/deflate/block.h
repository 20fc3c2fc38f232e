/*
 * block.h - blocks of RFC 1951 section 3.2.3: stored, static or dynamic,
 * whichever is smallest
 */
#ifndef FGZ_BLOCK_H
#define FGZ_BLOCK_H

#include "../entropy/bitwriter.h"
#include "codes.h"
#include "token.h"

/* The most bytes in a stored block, RFC 1951 section 3.2.4. */
#define FGZ_STORED_MAX_NBYTES 65535

/* What an empty static block takes: 3 bits of header, 7 for its end. */
#define FGZ_EMPTY_BLOCK_NBITS 10

/* The most bytes that are completed by the empty stored block of a flush: one
 * by the header and the padding where at most 5 bits wait before them, two
 * where 6 or 7 do, and the 4 of its length. */
#define FGZ_SYNC_MAX_NBYTES 6

/*
 * All it takes to write a token: an entry for its first and one for its second
 * symbol.
 *
 *     bits  0-5   count of all bits, extra bits included
 *     bits  6-10  length of the code in bits
 *     bits 11-31  the code, first bit lowest, and a length's extra bits
 *
 * So the lowest 6 bits of the sum of two are the count of their bits, and where
 * a count is shifted by, which the processor takes modulo 32 or 64, nothing has
 * to be masked off.
 *
 * Entries of symbols that do not occur are undefined.
 */
typedef struct fgz_emission {
    uint32_t first[512];  /* literals, then lengths from FGZ_MIN_MATCH on */
    uint32_t second[288]; /* distances, none, then literals from 32 on */
    uint32_t end_of_block;
} fgz_emission;

/* Working memory for one block. */
typedef struct fgz_block_memory {
    /* How hard to look for the best codes, see fgz_codes_search; 0: not. */
    unsigned codes_effort;
    fgz_dynamic_codes codes;
    fgz_emission emission;
} fgz_block_memory;

/* What kind of block was written, BTYPE in RFC 1951 section 3.2.3. */
typedef enum fgz_block_type {
    FGZ_BLOCK_STORED = 0,
    FGZ_BLOCK_STATIC = 1,
    FGZ_BLOCK_DYNAMIC = 2
} fgz_block_type;

/*
 * Write one block that stands for raw[0 .. raw_nbytes), of which list is the
 * parse, with these frequencies, one end of block among them; is_final sets
 * the bit that ends the stream.
 *
 * The choice is by exact cost, so a block never takes more than stored blocks
 * would: 5 bytes, and 5 for every further 65535 bytes, above raw_nbytes.
 *
 * @return an fgz_block_type, or FGZ_ERROR_OUTPUT when it does not fit; then
 * nothing is written.  Touches no byte from out->end on.
 */
size_t fgz_block_write(fgz_bitwriter *out, fgz_block_memory *memory,
                       const fgz_histogram *freqs, const uint32_t *list,
                       size_t ntokens, const uint8_t *raw, size_t raw_nbytes,
                       bool is_final);

/* Write raw as stored blocks.  @return 0; otherwise as fgz_block_write. */
size_t fgz_block_write_stored(fgz_bitwriter *out, const uint8_t *raw,
                              size_t raw_nbytes, bool is_final);

/*
 * Write what ends a flush: an empty stored block, which fills the last byte
 * and ends in 00 00 ff ff.  Nothing waits in the bit writer then.  A decoder
 * could return all before it after any other block too, but some, Go's among
 * them, hand nothing out until they see this one.
 *
 * @return 0; otherwise as fgz_block_write.
 */
size_t fgz_block_write_sync(fgz_bitwriter *out);

/* Write an empty static block that ends the stream.  @return 0; otherwise as
 * fgz_block_write. */
size_t fgz_block_write_end(fgz_bitwriter *out);

#endif /* FGZ_BLOCK_H */
