#include "huffman.h"

#include "../common.h"

/* A symbol and its frequency in one word that sorts by frequency. */
#define KEY(freq, sym) ((freq) << 9 | (sym))
#define KEY_FREQ(key) ((key) >> 9)
#define KEY_SYM(key) ((key) & 511)

/*
 * Frequencies below this are sorted by counting, the rest by insertion.  In a
 * block of a web page most symbols are rare, and the few that are not number
 * some dozens; a larger value clears and adds up more counters per call.
 */
#define NFREQ_BUCKETS 64

/*
 * List the symbols that occur, in order, with their frequencies.
 *
 * @return how many there are.
 */
static unsigned list_used_symbols(const uint32_t *freqs, unsigned nsyms,
                                  uint32_t *keys)
{
    unsigned nused = 0;

    for (unsigned sym = 0; sym < nsyms; sym++) {
        keys[nused] = KEY(freqs[sym], sym);
        nused += freqs[sym] != 0;
    }
    return nused;
}

/* Sort symbols by frequency, rarest first; equal ones stay in order. */
static void sort_symbols(const uint32_t *keys, unsigned nused,
                         uint32_t *sorted)
{
    uint16_t starts[NFREQ_BUCKETS + 1] = {0};
    unsigned nrare;

    for (unsigned i = 0; i < nused; i++) {
        uint32_t const freq = KEY_FREQ(keys[i]);
        starts[(freq < NFREQ_BUCKETS ? freq : NFREQ_BUCKETS - 1) + 1]++;
    }
    for (unsigned bucket = 2; bucket <= NFREQ_BUCKETS; bucket++)
        starts[bucket] = (uint16_t)(starts[bucket] + starts[bucket - 1]);
    nrare = starts[NFREQ_BUCKETS - 1];

    for (unsigned i = 0; i < nused; i++) {
        uint32_t const freq = KEY_FREQ(keys[i]);
        unsigned const bucket = freq < NFREQ_BUCKETS ? freq : NFREQ_BUCKETS - 1;
        sorted[starts[bucket]++] = keys[i];
    }
    for (unsigned i = nrare + 1; i < nused; i++) {
        uint32_t const key = sorted[i];
        unsigned hole = i;
        for (; hole > nrare && sorted[hole - 1] > key; hole--)
            sorted[hole] = sorted[hole - 1];
        sorted[hole] = key;
    }
}

/*
 * Count the leaves of a Huffman tree by depth, depths above max_nbits counted
 * as max_nbits.  The keys are sorted; nused is at least 2.
 *
 * Huffman's algorithm joins the two lightest nodes until one is left.  As the
 * leaves are sorted and joined nodes come out in order of weight, the lightest
 * node is always at the head of one of two queues: nodes[leaf] or
 * nodes[joined].  A node's parent comes after it, so that one pass from the
 * root down yields the depths.
 */
static void count_depths(const uint32_t *keys, unsigned nused,
                         unsigned max_nbits, unsigned *depth_counts)
{
    uint32_t weights[2 * FGZ_HUFFMAN_MAX_NSYMS];
    uint16_t parents[2 * FGZ_HUFFMAN_MAX_NSYMS];
    uint8_t depths[2 * FGZ_HUFFMAN_MAX_NSYMS];
    unsigned const root = 2 * nused - 2;
    unsigned leaf = 0;
    unsigned joined = nused;

    for (unsigned i = 0; i < nused; i++)
        weights[i] = KEY_FREQ(keys[i]);
    for (unsigned made = nused; made <= root; made++) {
        uint32_t weight = 0;

        for (unsigned child = 0; child < 2; child++) {
            unsigned const lightest =
                joined == made ||
                (leaf < nused && weights[leaf] <= weights[joined]) ?
                leaf++ : joined++;
            weight += weights[lightest];
            parents[lightest] = (uint16_t)made;
        }
        weights[made] = weight;
    }

    for (unsigned nbits = 0; nbits <= max_nbits; nbits++)
        depth_counts[nbits] = 0;
    depths[root] = 0;
    for (unsigned node = root; node-- > 0;) {
        depths[node] = (uint8_t)(depths[parents[node]] + 1);
        if (node < nused)
            depth_counts[depths[node] < max_nbits ? depths[node] : max_nbits]++;
    }
}

/*
 * Make the counts those of a complete code again, after leaves that were too
 * deep were counted at the limit.
 *
 * In units of 2^-max_nbits the leaves then fill more than the whole code
 * space.  Each step turns the deepest leaf above the limit into a node with
 * two leaves, itself and one taken from the limit; that frees exactly one
 * unit.
 */
static void limit_depths(unsigned max_nbits, unsigned *depth_counts)
{
    uint32_t filled = 0;

    for (unsigned nbits = 1; nbits <= max_nbits; nbits++)
        filled += (uint32_t)depth_counts[nbits] << (max_nbits - nbits);
    for (; filled > 1u << max_nbits; filled--) {
        unsigned nbits = max_nbits - 1;

        while (depth_counts[nbits] == 0)
            nbits--;
        depth_counts[nbits]--;
        depth_counts[nbits + 1] += 2;
        depth_counts[max_nbits]--;
    }
}

/* The lowest nbits of code in the opposite order; nbits is 1 to 15. */
static uint32_t reverse_bits(uint32_t code, unsigned nbits)
{
    code = (code & 0x5555) << 1 | (code >> 1 & 0x5555);
    code = (code & 0x3333) << 2 | (code >> 2 & 0x3333);
    code = (code & 0x0f0f) << 4 | (code >> 4 & 0x0f0f);
    code = (code & 0x00ff) << 8 | code >> 8;
    return code >> (16 - nbits);
}

/* Codes of a length follow one another in the order of their symbols, and
 * longer ones come after shorter ones. */
static void assign_codes(fgz_huffman_code *code, const unsigned *depth_counts,
                         unsigned max_nbits)
{
    uint32_t next_codes[FGZ_HUFFMAN_MAX_NBITS + 1];
    uint32_t next = 0;

    for (unsigned nbits = 1; nbits <= max_nbits; nbits++) {
        next_codes[nbits] = next;
        next = (next + depth_counts[nbits]) << 1;
    }
    for (unsigned i = 0; i < code->used_count; i++) {
        unsigned const sym = code->used[i];
        unsigned const nbits = code->lengths[sym];

        code->codes[sym] = (uint16_t)reverse_bits(next_codes[nbits]++, nbits);
    }
}

/* Two symbols with a bit each: the one that occurs, if any, and another. */
static void build_least_code(fgz_huffman_code *code, unsigned sym)
{
    code->used[0] = 0;
    code->used[1] = (uint16_t)(sym > 0 ? sym : 1);
    code->used_count = 2;
    for (unsigned i = 0; i < 2; i++) {
        code->lengths[code->used[i]] = 1;
        code->codes[code->used[i]] = (uint16_t)i;
    }
}

void fgz_huffman_build(fgz_huffman_code *code, const uint32_t *freqs,
                       unsigned nsyms, unsigned max_nbits)
{
    uint32_t keys[FGZ_HUFFMAN_MAX_NSYMS + 1];
    uint32_t sorted[FGZ_HUFFMAN_MAX_NSYMS];
    unsigned depth_counts[FGZ_HUFFMAN_MAX_NBITS + 1];
    unsigned const nused = list_used_symbols(freqs, nsyms, keys);
    unsigned next = 0;

    memset(code->lengths, 0, nsyms);
    if (nused < 2) {
        build_least_code(code, nused == 1 ? KEY_SYM(keys[0]) : 0);
        return;
    }
    for (unsigned i = 0; i < nused; i++)
        code->used[i] = (uint16_t)KEY_SYM(keys[i]);
    code->used_count = nused;

    sort_symbols(keys, nused, sorted);
    count_depths(sorted, nused, max_nbits, depth_counts);
    limit_depths(max_nbits, depth_counts);
    for (unsigned nbits = max_nbits; nbits > 0; nbits--)
        for (unsigned i = 0; i < depth_counts[nbits]; i++)
            code->lengths[KEY_SYM(sorted[next++])] = (uint8_t)nbits;
    assign_codes(code, depth_counts, max_nbits);
}
