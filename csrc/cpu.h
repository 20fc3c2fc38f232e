/*
 * cpu.h - which instruction sets this processor has
 */
#ifndef FGZ_CPU_H
#define FGZ_CPU_H

/* Carry-less multiplication of 64-bit words, with SSE4.1 loads around it. */
#define FGZ_CPU_PCLMUL (1u << 0)
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
