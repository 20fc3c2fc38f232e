#include "cpu.h"

#include <stdatomic.h>

/* Several threads may fill this in at once; they write the same value. */
static atomic_uint cpu_features;

static unsigned cpu_detect(void)
{
    unsigned features = FGZ_CPU_KNOWN;

#if defined(__x86_64__) && defined(__GNUC__)
    __builtin_cpu_init();
    if (__builtin_cpu_supports("pclmul") && __builtin_cpu_supports("sse4.1"))
        features |= FGZ_CPU_PCLMUL;
#endif
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
