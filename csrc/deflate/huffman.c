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
 * Sort the symbols that occur by frequency, rarest first, equal ones by value.
 *
 * @return how many there are.
 */
static unsigned sort_used_symbols(const uint32_t *freqs, unsigned nsyms,
                                  uint32_t *keys)
{
    uint16_t starts[NFREQ_BUCKETS + 1] = {0};
    unsigned nused = 0;
    unsigned nsorted;

    for (unsigned sym = 0; sym < nsyms; sym++) {
        uint32_t const freq = freqs[sym];
        starts[(freq < NFREQ_BUCKETS ? freq : NFREQ_BUCKETS - 1) + 1]++;
    }
    /* Bucket 0 is the symbols that do not occur: leave them out. */
    starts[1] = 0;
    for (unsigned bucket = 2; bucket <= NFREQ_BUCKETS; bucket++)
        starts[bucket] = (uint16_t)(starts[bucket] + starts[bucket - 1]);
    nused = starts[NFREQ_BUCKETS];
    nsorted = starts[NFREQ_BUCKETS - 1];

    for (unsigned sym = 0; sym < nsyms; sym++) {
        uint32_t const freq = freqs[sym];
        if (freq != 0) {
            unsigned const bucket =
                freq < NFREQ_BUCKETS ? freq : NFREQ_BUCKETS - 1;
            keys[starts[bucket]++] = KEY(freq, sym);
        }
    }
    for (unsigned i = nsorted + 1; i < nused; i++) {
        uint32_t const key = keys[i];
        unsigned hole = i;
        for (; hole > nsorted && keys[hole - 1] > key; hole--)
            keys[hole] = keys[hole - 1];
        keys[hole] = key;
    }
    return nused;
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

void fgz_huffman_lengths(const uint32_t *freqs, unsigned nsyms,
                         unsigned max_nbits, uint8_t *lengths)
{
    uint32_t keys[FGZ_HUFFMAN_MAX_NSYMS];
    unsigned depth_counts[FGZ_HUFFMAN_MAX_NBITS + 1];
    unsigned const nused = sort_used_symbols(freqs, nsyms, keys);
    unsigned next = 0;

    memset(lengths, 0, nsyms);
    if (nused < 2) {
        lengths[0] = 1;
        lengths[nused == 1 && KEY_SYM(keys[0]) > 0 ? KEY_SYM(keys[0]) : 1] = 1;
        return;
    }
    count_depths(keys, nused, max_nbits, depth_counts);
    limit_depths(max_nbits, depth_counts);
    for (unsigned nbits = max_nbits; nbits > 0; nbits--)
        for (unsigned i = 0; i < depth_counts[nbits]; i++)
            lengths[KEY_SYM(keys[next++])] = (uint8_t)nbits;
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

void fgz_huffman_entries(const uint8_t *lengths, unsigned nsyms,
                         uint32_t *entries)
{
    uint32_t counts[FGZ_HUFFMAN_MAX_NBITS + 1] = {0};
    uint32_t next_codes[FGZ_HUFFMAN_MAX_NBITS + 1];
    uint32_t code = 0;

    for (unsigned sym = 0; sym < nsyms; sym++)
        counts[lengths[sym]]++;
    counts[0] = 0;
    for (unsigned nbits = 1; nbits <= FGZ_HUFFMAN_MAX_NBITS; nbits++) {
        code = (code + counts[nbits - 1]) << 1;
        next_codes[nbits] = code;
    }
    for (unsigned sym = 0; sym < nsyms; sym++) {
        unsigned const nbits = lengths[sym];

        entries[sym] = nbits == 0 ? 0 :
            reverse_bits(next_codes[nbits]++, nbits) | (uint32_t)nbits << 16;
    }
}
