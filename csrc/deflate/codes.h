/*
 * codes.h - the codes of a dynamic block, and the part of its header that tells
 * them, RFC 1951 section 3.2.7
 */
#ifndef FGZ_CODES_H
#define FGZ_CODES_H

#include "bitwriter.h"
#include "huffman.h"
#include "token.h"

/*
 * The longest codes.  DEFLATE allows 15; these let a literal and a match pass
 * through the bit writer together, 12 + 12 + 5 + 10 + 13 = 52 bits, and four
 * literals.  In blocks of up to 16,000 symbols longer ones for the rarest make
 * the header longer by more than they save: 0.02 % of the output.
 */
#define FGZ_LITLEN_MAX_NBITS 12
#define FGZ_DISTANCE_MAX_NBITS 10

typedef struct fgz_dynamic_codes {
    fgz_huffman_code litlen;
    fgz_huffman_code distance;
    fgz_huffman_code precode;
    /* What the header says: how many lengths of each code, and these after
     * run-length coding: symbol, extra bits from bit 5.  Two more may be
     * written to. */
    unsigned litlen_count;
    unsigned distance_count;
    unsigned precode_count;
    uint16_t runs[FGZ_LITLEN_NSYMS + FGZ_DISTANCE_NSYMS + 2];
    unsigned run_count;
} fgz_dynamic_codes;

/*
 * Build the codes for these frequencies, one end of block among them, and the
 * description of them that the header carries.  The sum of either kind of
 * frequencies is below 2^21.
 *
 * @return the bits that the description takes.
 */
uint64_t fgz_codes_build(fgz_dynamic_codes *codes, const fgz_histogram *freqs);

/*
 * As fgz_codes_build, in some 15 times its time: look for the codes that with
 * their description take least, longer codes for a shorter description
 * included.  Never takes more than what fgz_codes_build finds.
 */
uint64_t fgz_codes_search(fgz_dynamic_codes *codes, const fgz_histogram *freqs);

/* Write the description, for which there is room. */
void fgz_codes_put(fgz_bitwriter *out, const fgz_dynamic_codes *codes);

#endif /* FGZ_CODES_H */
