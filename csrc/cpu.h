/*
 * cpu.h - which instruction sets this processor has
 *
 * Only those that the compiler may not take for granted: SSE2 on x86-64 and
 * NEON on aarch64 are always there.
 */
#ifndef FGZ_CPU_H
#define FGZ_CPU_H

/*
 * Whether code is chosen at run time.  That takes GNU C, for functions that
 * have instruction sets of their own, and C11's atomics; a compiler without
 * them, such as MSVC, makes the portable code only, as does every one when
 * FGZ_PORTABLE is defined.
 */
#if defined(__GNUC__) && !defined(__STDC_NO_ATOMICS__) && !defined(FGZ_PORTABLE)
#  define FGZ_CPU_DISPATCH 1
#else
#  define FGZ_CPU_DISPATCH 0
#endif

/* x86-64: carry-less multiplication of 64-bit words, with SSE4.1 around it. */
#define FGZ_CPU_PCLMUL (1u << 0)
/* x86-64: shuffles and multiplication of bytes. */
#define FGZ_CPU_SSSE3 (1u << 1)
/* x86-64: the same and more on 32 bytes. */
#define FGZ_CPU_AVX2 (1u << 2)
/* x86-64: shifts by variable counts that leave the flags alone, and counts of
 * bits and of zeros at either end. */
#define FGZ_CPU_BMI2 (1u << 3)
/* aarch64: carry-less multiplication of 64-bit words. */
#define FGZ_CPU_PMULL (1u << 4)
/* aarch64: steps of CRC-32. */
#define FGZ_CPU_CRC32 (1u << 5)
/* Set once the processor has been asked. */
#define FGZ_CPU_KNOWN (1u << 31)

/*
 * The features of this processor, less those that a test switched off.  The
 * first call asks the processor; later ones read one atomic word.
 */
unsigned fgz_cpu_features(void);

/*
 * For tests only: behave from now on as if the processor lacked the features
 * in disabled.  Implementations that were already chosen stay chosen.
 */
void fgz_cpu_disable(unsigned disabled);

#endif /* FGZ_CPU_H */
