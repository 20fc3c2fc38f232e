/*
 * codes.h - the codes of a dynamic block, and the part of its header that tells
 * them, RFC 1951 section 3.2.7
 */
#ifndef FGZ_CODES_H
#define FGZ_CODES_H

#include "../entropy/bitwriter.h"
#include "../entropy/huffman.h"
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
 * As fgz_codes_build, but look for the codes that with their description take
 * least, longer codes for a shorter description included.  Never takes more
 * than what fgz_codes_build finds.
 *
 * The effort is 1 to FGZ_CODES_MAX_EFFORT.  1 looks for a shorter description
 * of the same codes: it takes 1.5 us a block and saves 0.14 % of bodies below
 * 1.5 KB and 0.09 % below 4 KB (level 10).  3 takes 9 times as long as
 * fgz_codes_build and saves 0.61, 0.18, 0.11, 0.10, 0.04 and 0.02 % of bodies
 * of rising size (below 1.5, 4, 16, 128 KB, 1 MB, and above); 5 takes 14 times
 * as long, 20 us a block, and saves 0.63, 0.27, 0.12, 0.11, 0.04 and 0.03 %
 * (level 12; held-back half, AMD EPYC).
 */
#define FGZ_CODES_MAX_EFFORT 5
uint64_t fgz_codes_search(fgz_dynamic_codes *codes, const fgz_histogram *freqs,
                          unsigned effort);

/* Write the description, for which there is room. */
void fgz_codes_put(fgz_bitwriter *out, const fgz_dynamic_codes *codes);

#endif /* FGZ_CODES_H */
