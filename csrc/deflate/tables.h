/*
 * tables.h - constants of RFC 1951, in the shapes the encoder uses
 *
 * The values are in tables.c, which tools/generate_tables.py writes.
 */
#ifndef FGZ_TABLES_H
#define FGZ_TABLES_H

#include <stdint.h>

#define FGZ_MIN_MATCH 3
#define FGZ_MAX_MATCH 258
#define FGZ_MAX_DISTANCE 32768

#define FGZ_LITLEN_NSYMS 286
#define FGZ_DISTANCE_NSYMS 30
#define FGZ_END_OF_BLOCK 256
#define FGZ_FIRST_LENGTH_SYM 257

/* By length in bytes less FGZ_MIN_MATCH: its symbol. */
extern const uint16_t fgz_length_syms[256];

/* By length symbol less FGZ_FIRST_LENGTH_SYM: the least length in bytes less
 * FGZ_MIN_MATCH, and the count of extra bits. */
extern const uint8_t fgz_length_bases[29];
extern const uint8_t fgz_length_extra_nbits[29];

extern const uint8_t fgz_distance_extra_nbits[30];

/* The static Huffman code: the lengths of its codes, RFC 1951 section 3.2.6,
 * and all it takes to write a token with it. */
extern const uint8_t fgz_static_litlen_lengths[288];
extern const struct fgz_emission fgz_static_emission;

/* The logarithms of entropy/logarithms.h, each times its index. */
extern const uint32_t fgz_weights_256ths[64];

#endif /* FGZ_TABLES_H */
