/*
 * logarithms.h - what a symbol takes follows from how often it occurs: binary
 * logarithms, for both formats
 */
#ifndef FGZ_LOGARITHMS_H
#define FGZ_LOGARITHMS_H

#include <stdint.h>

/* 256 times the binary logarithm, rounded; 0 for 0. */
extern const uint16_t fgz_log2_256ths[257];

#endif /* FGZ_LOGARITHMS_H */
