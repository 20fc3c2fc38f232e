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

/* By match length in bytes: the length's share of a token, see token.h. */
extern const uint32_t fgz_length_tokens[259];

extern const uint8_t fgz_length_extra_nbits[29];
extern const uint8_t fgz_distance_extra_nbits[30];

/* The static Huffman codes as emission entries, see block.h. */
extern const uint32_t fgz_static_litlen_entries[288];
extern const uint32_t fgz_static_distance_entries[32];

#endif /* FGZ_TABLES_H */
