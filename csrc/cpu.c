/*
 * Asks the processor once which instruction sets it has, and keeps the answer
 * in one word.
 *
 * x86-64 tells by an instruction of its own, for which the compiler has a
 * function; on aarch64 Linux tells, and elsewhere what the compiler may take
 * for granted is all that is known.  Without dispatch there are none.
 */
#include "cpu.h"

#include <stdbool.h>
#include <stddef.h>

#include "fastgz.h"

#if FGZ_CPU_DISPATCH

#  include <stdatomic.h>

#  if defined(__x86_64__)
#    include <cpuid.h>
#  elif defined(__aarch64__) && defined(__linux__)
#    include <sys/auxv.h>
#  endif

/* Several threads may fill this in at once; they write the same value. */
static atomic_uint cpu_features;

#  if defined(__x86_64__)
/* Counts of leading zeros, by whose name not all compilers ask. */
static bool cpu_has_lzcnt(void)
{
    unsigned eax, ebx, ecx = 0, edx;

    return __get_cpuid(0x80000001u, &eax, &ebx, &ecx, &edx) != 0 &&
           (ecx & 1u << 5) != 0;
}
#  endif

static unsigned cpu_detect(void)
{
    unsigned features = FGZ_CPU_KNOWN;

#  if defined(__x86_64__)
    __builtin_cpu_init();
    if (__builtin_cpu_supports("pclmul") && __builtin_cpu_supports("sse4.1"))
        features |= FGZ_CPU_PCLMUL;
    if (__builtin_cpu_supports("ssse3"))
        features |= FGZ_CPU_SSSE3;
    if (__builtin_cpu_supports("avx2"))
        features |= FGZ_CPU_AVX2;
    if (__builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2") &&
        __builtin_cpu_supports("popcnt") && cpu_has_lzcnt())
        features |= FGZ_CPU_BMI2;
#  elif defined(__aarch64__)
    /* What the compiler may take for granted: on Apple's systems, both. */
#    if defined(__ARM_FEATURE_AES) || defined(__ARM_FEATURE_CRYPTO)
    features |= FGZ_CPU_PMULL;
#    endif
#    if defined(__ARM_FEATURE_CRC32)
    features |= FGZ_CPU_CRC32;
#    endif
#    if defined(__linux__)
    if (getauxval(AT_HWCAP) & HWCAP_PMULL)
        features |= FGZ_CPU_PMULL;
    if (getauxval(AT_HWCAP) & HWCAP_CRC32)
        features |= FGZ_CPU_CRC32;
#    endif
#  endif
    return features;
}

unsigned fgz_cpu_features(void)
{
    unsigned features =
        atomic_load_explicit(&cpu_features, memory_order_relaxed);

    if (features == 0) {
        features = cpu_detect();
        atomic_store_explicit(&cpu_features, features, memory_order_relaxed);
    }
    return features;
}

void fgz_cpu_disable(unsigned disabled)
{
    atomic_store_explicit(&cpu_features, fgz_cpu_features() & ~disabled,
                          memory_order_relaxed);
}

#else /* !FGZ_CPU_DISPATCH */

unsigned fgz_cpu_features(void)
{
    return FGZ_CPU_KNOWN;
}

void fgz_cpu_disable(unsigned disabled)
{
    (void)disabled;
}

#endif /* FGZ_CPU_DISPATCH */

const char *fgz_cpu_feature_name(unsigned index)
{
    static const struct {
        unsigned feature;
        const char *name;
    } known[] = {
        {FGZ_CPU_PCLMUL, "pclmul"}, {FGZ_CPU_SSSE3, "ssse3"},
        {FGZ_CPU_AVX2, "avx2"},     {FGZ_CPU_BMI2, "bmi2"},
        {FGZ_CPU_PMULL, "pmull"},   {FGZ_CPU_CRC32, "crc32"},
    };
    unsigned const features = fgz_cpu_features();

    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if ((features & known[i].feature) && index-- == 0)
            return known[i].name;
    return NULL;
}
