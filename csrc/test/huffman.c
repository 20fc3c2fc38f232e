/*
 * Every Huffman code is complete, has at least two symbols, keeps the limit,
 * serves each symbol that occurs, is as good as Huffman's where the limit does
 * not bind, and not much worse than the best possible where it does.
 */
#include "test.h"

#include "../entropy/huffman.h"

/* The cost of Huffman's code by its definition: join the two lightest. */
static uint64_t optimal_cost(const uint32_t *freqs, unsigned nsyms)
{
    uint64_t weights[FGZ_HUFFMAN_MAX_NSYMS];
    uint64_t cost = 0;
    unsigned count = 0;

    for (unsigned sym = 0; sym < nsyms; sym++)
        if (freqs[sym] != 0)
            weights[count++] = freqs[sym];
    if (count == 1)
        return weights[0];
    while (count > 1) {
        for (unsigned round = 0; round < 2; round++) {
            unsigned lightest = round;
            uint64_t weight;

            for (unsigned i = round; i < count; i++)
                if (weights[i] < weights[lightest])
                    lightest = i;
            weight = weights[lightest];
            weights[lightest] = weights[round];
            weights[round] = weight;
        }
        weights[1] += weights[0];
        cost += weights[1];
        weights[0] = weights[--count];
    }
    return cost;
}

static int compare_weights(const void *a, const void *b)
{
    uint64_t const x = *(const uint64_t *)a;
    uint64_t const y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

/*
 * The least cost with no code longer than max_nbits, by Larmore's and
 * Hirschberg's package-merge: each symbol is a coin of its frequency in every
 * denomination; from the smallest up, coins are packed in pairs, which join
 * those of the next; the 2n - 2 cheapest of the last make up the cost.
 */
static uint64_t limited_cost(const uint32_t *freqs, unsigned nsyms,
                             unsigned max_nbits)
{
    uint64_t coins[2 * FGZ_HUFFMAN_MAX_NSYMS];
    uint64_t cost = 0;
    unsigned ncoins = 0;
    unsigned nused = 0;

    for (unsigned sym = 0; sym < nsyms; sym++)
        nused += freqs[sym] != 0;
    if (nused < 2)
        return optimal_cost(freqs, nsyms);
    for (unsigned nbits = 0; nbits < max_nbits; nbits++) {
        ncoins /= 2;
        for (unsigned i = 0; i < ncoins; i++)
            coins[i] = coins[2 * i] + coins[2 * i + 1];
        for (unsigned sym = 0; sym < nsyms; sym++)
            if (freqs[sym] != 0)
                coins[ncoins++] = freqs[sym];
        qsort(coins, ncoins, sizeof(*coins), compare_weights);
    }
    CHECK(ncoins >= 2 * nused - 2);
    for (unsigned i = 0; i < 2 * nused - 2; i++)
        cost += coins[i];
    return cost;
}

static void check_code(const uint32_t *freqs, unsigned nsyms,
                       unsigned max_nbits)
{
    fgz_huffman_code code;
    uint8_t is_taken[1 << FGZ_HUFFMAN_MAX_NBITS] = {0};
    uint32_t filled = 0;
    uint64_t cost = 0;
    unsigned ncodes = 0;
    unsigned longest = 0;

    fgz_huffman_build(&code, freqs, nsyms, max_nbits);
    for (unsigned sym = 0; sym < nsyms; sym++) {
        unsigned const nbits = code.lengths[sym];

        CHECK(nbits <= max_nbits);
        CHECK(freqs[sym] == 0 || nbits > 0);
        cost += (uint64_t)freqs[sym] * nbits;
        if (nbits == 0)
            continue;
        CHECK(code.used[ncodes] == sym);
        ncodes++;
        longest = nbits > longest ? nbits : longest;
        filled += 1u << (FGZ_HUFFMAN_MAX_NBITS - nbits);
        /* No other code may begin with this one, first bit lowest. */
        for (uint32_t bits = code.codes[sym];
             bits < 1u << FGZ_HUFFMAN_MAX_NBITS; bits += 1u << nbits)
            CHECK(is_taken[bits]++ == 0);
    }
    CHECK(ncodes >= 2);
    CHECK(ncodes == code.used_count);
    CHECK(filled == 1u << FGZ_HUFFMAN_MAX_NBITS);
    if (longest < max_nbits) {
        CHECK(cost == optimal_cost(freqs, nsyms));
    } else {
        uint64_t const least_cost = limited_cost(freqs, nsyms, max_nbits);

        CHECK(cost >= least_cost);
        /* Fibonacci numbers are the worst met; random ones differ by 2 %. */
        CHECK(5 * cost <= 6 * least_cost);
    }
}

/* All frequencies of five symbols from a set that includes ties, sums of
 * others, and what is much more frequent. */
static void check_few_symbols(void)
{
    static const uint32_t values[] = {0, 1, 2, 3, 5, 40, 3000};
    uint32_t freqs[5];

    for (unsigned choice = 0; choice < 7 * 7 * 7 * 7 * 7; choice++) {
        unsigned rest = choice;

        for (unsigned sym = 0; sym < 5; sym++, rest /= 7)
            freqs[sym] = values[rest % 7];
        for (unsigned max_nbits = 3; max_nbits <= 5; max_nbits++)
            check_code(freqs, 5, max_nbits);
    }
}

TEST_MAIN
{
    uint32_t freqs[FGZ_HUFFMAN_MAX_NSYMS];
    uint32_t state = 3;

    for (unsigned round = 0; round < 4000; round++) {
        unsigned const nsyms =
            2 + test_random(&state) % (FGZ_HUFFMAN_MAX_NSYMS - 1);
        unsigned const skew = test_random(&state) % 16;
        unsigned const sparseness = 1 + test_random(&state) % 40;
        unsigned max_nbits = 15;

        for (unsigned sym = 0; sym < nsyms; sym++)
            freqs[sym] = test_random(&state) % sparseness != 0 ?
                             0 :
                             test_random(&state) % (1 + (test_random(&state) &
                                                         ((1u << skew) - 1)));
        while (round % 3 != 0 && max_nbits > 7 &&
               1u << (max_nbits - 1) >= nsyms)
            max_nbits--;
        check_code(freqs, nsyms, max_nbits);
    }

    /* Fibonacci numbers make the deepest trees. */
    memset(freqs, 0, sizeof(freqs));
    freqs[0] = freqs[1] = 1;
    for (unsigned sym = 2; sym < 30; sym++)
        freqs[sym] = freqs[sym - 1] + freqs[sym - 2];
    for (unsigned max_nbits = 5; max_nbits <= 15; max_nbits++)
        check_code(freqs, 30, max_nbits);

    check_few_symbols();

    /* None, and each single one. */
    memset(freqs, 0, sizeof(freqs));
    check_code(freqs, 30, 15);
    for (unsigned sym = 0; sym < 30; sym++) {
        memset(freqs, 0, sizeof(freqs));
        freqs[sym] = 5;
        check_code(freqs, 30, 15);
    }
    return 0;
}
