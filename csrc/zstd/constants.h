/*
 * constants.h - constants that follow from RFC 8878: codes of lengths, and
 * predefined tables
 */
#ifndef FGZ_ZSTD_CONSTANTS_H
#define FGZ_ZSTD_CONSTANTS_H

#include "fse.h"

/* Section 3.1.1.3.2.1.1: the codes of the literals lengths from 0 on, and of
 * match lengths from 3 on; and the count of extra bits of each code.  Of a
 * literals length from 64 on, or a match length from 131 on, the code is 19 or
 * 36 more than log2 of what the tables have it by. */
extern const uint8_t fgz_literals_length_codes[64];
extern const uint8_t fgz_match_length_codes[128];
extern const uint8_t fgz_literals_length_extra_nbits[36];
extern const uint8_t fgz_match_length_extra_nbits[53];

/* Section 3.1.1.3.2.2: by fgz_code_kind.  What has a probability of "less than
 * 1" has one state. */
extern const fgz_fse_distribution fgz_predefined_distributions[3];
extern const fgz_fse_table fgz_predefined_tables[3];

#endif /* FGZ_ZSTD_CONSTANTS_H */
