/*
 * What a body has in common with a dictionary, guessed in half a microsecond.
 *
 * The dictionary's phrases, 12 bytes at each of its places, are noted in a set
 * that may have some more (Bloom, Space/time trade-offs in hash coding with
 * allowable errors, 1970): a hash chooses a word, and three bits there, so that
 * a phrase is looked for in one line of the cache.  There are 8 to 16 bits for
 * each phrase; of others one in thirty is taken for one with 8, one in two
 * hundred with 16.
 *
 * Of the body some places are looked at, evenly spread.  A phrase that the body
 * repeats itself is counted once, because it is coded to little with and
 * without a dictionary: lists of like records, of which a dictionary has one,
 * would otherwise seem to gain nearly all.  A second set tells, which is so
 * small that it is cleared at once; one new phrase in sixty is taken for a
 * former one.
 */
#include "phrases.h"

#include "alloc.h"

/*
 * Phrases of 8 bytes are shared by all that is written in a language, such as
 * <div class: at the same border between what is of use and what is not, half
 * the pages of one site would be coded with the dictionary of another, which
 * takes 1.3 times as long and makes them no smaller.  Of 12 a tenth is.
 */
#define PHRASE_NBYTES 12

/*
 * At how many places of a body, at most.  The error of the share is a few
 * hundredths.  256 take twice the time, for decisions that are no better: over
 * the pairs of docs/encoder.md they cost as many bytes.
 */
#define NSAMPLES 128

#define MIN_WORDS_LOG 3 /* as powers of 2 of words */
#define NSEEN_WORDS 64

struct fgz_phrases {
    unsigned words_log; /* as a power of 2 of words */
    uint64_t words[];
};

static size_t memory_nbytes(unsigned words_log)
{
    return sizeof(fgz_phrases) + (sizeof(uint64_t) << words_log);
}

/* Twice multiplied, because the low bits of one product depend on the first
 * bytes alone. */
FGZ_INLINE uint64_t hash_phrase(const uint8_t *phrase)
{
    uint64_t const product = fgz_load_le64(phrase) * 0x9e3779b97f4a7c15ull;
    uint64_t const last = fgz_load_le32(phrase + 8) * 0xc2b2ae3d27d4eb4full;

    return ((product ^ product >> 32) + last) * 0xd6e8feb86659fd93ull;
}

FGZ_INLINE size_t word_of(uint64_t hash, unsigned words_log)
{
    return (size_t)(hash >> (64 - words_log));
}

FGZ_INLINE uint64_t bits_of(uint64_t hash)
{
    return (uint64_t)1 << (hash >> 20 & 63) | (uint64_t)1 << (hash >> 26 & 63) |
           (uint64_t)1 << (hash >> 32 & 63);
}

fgz_phrases *fgz_phrases_create(const uint8_t *bytes, size_t nbytes)
{
    unsigned words_log = MIN_WORDS_LOG;
    fgz_phrases *phrases;

    while (sizeof(uint64_t) << words_log < nbytes)
        words_log++;
    phrases = fgz_calloc(memory_nbytes(words_log));
    if (phrases == NULL)
        return NULL;
    phrases->words_log = words_log;
    for (size_t at = 0; at + PHRASE_NBYTES <= nbytes; at++) {
        uint64_t const hash = hash_phrase(bytes + at);

        phrases->words[word_of(hash, words_log)] |= bits_of(hash);
    }
    return phrases;
}

void fgz_phrases_free(fgz_phrases *phrases)
{
    fgz_mfree(phrases);
}

size_t fgz_phrases_memory_nbytes(const fgz_phrases *phrases)
{
    return phrases == NULL ? 0 : memory_nbytes(phrases->words_log);
}

/* The hashes of some of a body's phrases, evenly spread.  @return how many. */
static unsigned take_samples(uint64_t *hashes, const uint8_t *in,
                             size_t in_nbytes)
{
    size_t const nphrases =
        in_nbytes < PHRASE_NBYTES ? 0 : in_nbytes - PHRASE_NBYTES + 1;
    unsigned const nsamples = (unsigned)fgz_min_size(nphrases, NSAMPLES);
    size_t const step = nphrases / NSAMPLES;
    unsigned const remainder = (unsigned)(nphrases % NSAMPLES);

    if (step == 0)
        for (unsigned i = 0; i < nsamples; i++)
            hashes[i] = hash_phrase(in + i);
    else
        for (unsigned i = 0; i < NSAMPLES; i++)
            hashes[i] = hash_phrase(in + step * i + (remainder * i) / NSAMPLES);
    return nsamples;
}

unsigned fgz_phrases_share(const fgz_phrases *phrases, const uint8_t *in,
                           size_t in_nbytes)
{
    uint64_t hashes[NSAMPLES];
    unsigned const nsamples = take_samples(hashes, in, in_nbytes);
    uint64_t seen[NSEEN_WORDS] = {0};
    unsigned const words_log = phrases->words_log;
    unsigned nfound = 0, nshared = 0;

    if (nsamples == 0)
        return 0;
    for (unsigned i = 0; i < nsamples; i++) {
        uint64_t const hash = hashes[i];
        uint64_t const word = phrases->words[word_of(hash, words_log)];

        hashes[nfound] = hash;
        nfound += (bits_of(hash) & ~word) == 0;
    }
    for (unsigned i = 0; i < nfound; i++) {
        uint64_t const hash = hashes[i];
        uint64_t *const word = &seen[hash >> 6 & (NSEEN_WORDS - 1)];

        nshared += 1 & ~(unsigned)(*word >> (hash & 63));
        *word |= (uint64_t)1 << (hash & 63);
    }
    return nshared * FGZ_PHRASES_WHOLE / nsamples;
}
