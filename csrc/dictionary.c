/*
 * Dictionaries of dcz (RFC 9842), prepared once for any number of bodies.
 *
 * To find matches in a dictionary libzstd enters its bytes into tables, which
 * takes a millisecond for 100 KB.  Where many bodies refer to it that is done
 * here, once, and the tables are shared by all encoders and threads.  A long
 * dictionary is the former version of a file, for which that does not pay:
 * libzstd.c has it searched in another way.
 *
 * To find that there are no matches takes as long as to find some, and longer
 * than to code a body alone.  So a sample of the body is asked first, which
 * phrases.c does.
 *
 * The bytes are raw content always, also where they begin as the dictionaries
 * do that zstd trains: clients do not take those apart (RFC 9842, section 2).
 */

/* Tables of our own measure, bytes that are not copied, and raw content
 * whatever its beginning are in no stable API: see libzstd.c. */
#if defined(FGZ_TEST_ALLOC) || defined(FGZ_ZSTD_COMPILED_IN)
#  define ZSTD_STATIC_LINKING_ONLY
#endif
#include "dictionary.h"

#include <zstd.h>

#include "alloc.h"

/*
 * The longest dictionary that is prepared.  Those for pages and answers are
 * shorter.
 *
 * Level 3, AMD EPYC, family 25 model 17; the next version of a script of 325 KB
 * with 1 % of its lines changed: prepared it takes 2.1 ms once and 800 KB of
 * memory for long, and then .11 ms for 833 bytes each time; not prepared .9 ms
 * and 510 bytes.  Of 2.4 MB 19 ms and 3.2 MB, and then 1.0 ms for 4695 bytes;
 * not prepared 4.1 ms and 2559 bytes.  Such a difference is made once and kept.
 */
#define PREPARED_MAX_NBYTES ((size_t)256 << 10)

/*
 * A body that shares no more of its phrases is unlike the dictionary, in parts
 * of FGZ_PHRASES_WHOLE: 7 %.
 *
 * Over the pairs of docs/encoder.md that a dictionary makes smaller this costs
 * .6 % of all bytes; 11 % cost .9.  Of those of 4 to 20 KB at level 3, one in
 * five takes longer with the dictionary than without; at 11 % one in seven
 * (Intel Xeon, family 6 model 207).
 */
#define UNLIKE_MAX_SHARE 18

/* Where a body is sent with the name of a dictionary anyway, a short one is
 * unlike it when it shares a third of that: of its few bytes each match is a
 * larger part, and to look for them takes some microseconds more at most. */
#define SHORT_MAX_NBYTES ((size_t)4096)
#define UNLIKE_MAX_SHORT_SHARE 6

/* What else has to be shared so that the bytes that name a dictionary, and
 * those of the checksum, are saved, too. */
#define NAMING_SHARED_NBYTES ((size_t)24)

/* In shorter bodies these bytes count so much that a sample does not tell for
 * certain: of 700 bytes that share a fifth, some are coded to 40 more. */
#define CERTAIN_MIN_NBYTES ((size_t)1500)

#ifdef ZSTD_STATIC_LINKING_ONLY

/*
 * The least that a body is long, for which libzstd chooses tables: it is the
 * length that it assumes itself where a dictionary is there and the length of
 * bodies is not known.
 */
#  define BODY_MIN_NBYTES 513

/*
 * The tables have at least so many entries, as powers of 2 less than bytes of
 * the dictionary.  libzstd's own choice at the lowest levels is 2^13 for 100
 * KB, of which it then finds hardly any: of a script of 325 KB 56177 bytes were
 * left at level 1, where others leave 1017.
 */
#  define HASH_HALVINGS 2
#  define CHAIN_HALVINGS 3

/*
 * For a small encoder they have as many as its own, which libzstd makes as
 * large.  Hash chains of that length reach over the last 8 KB of a dictionary,
 * two hashes without chains over half of 100 KB: of 10 KB level 9 made 2773
 * bytes with chains, level 3 without them 1559.
 */
#  define SMALL_HASH_LOG 14
#  define SMALL_CHAIN_LOG 13

static void *dictionary_alloc(void *opaque, size_t nbytes)
{
    (void)opaque;
    return fgz_malloc(nbytes);
}

static void dictionary_mfree(void *opaque, void *memory)
{
    (void)opaque;
    fgz_mfree(memory);
}

static unsigned limit(unsigned value, unsigned least, unsigned most)
{
    value = value > least ? value : least;
    return value < most ? value : most;
}

static ZSTD_CDict *prepare(const fgz_dictionary *dictionary)
{
    ZSTD_customMem const memory = {dictionary_alloc, dictionary_mfree, NULL};
    ZSTD_compressionParameters parameters =
        ZSTD_getCParams(dictionary->level, BODY_MIN_NBYTES, dictionary->nbytes);
    unsigned const log = fgz_highest_bit32((uint32_t)dictionary->nbytes) + 1;
    unsigned const hash_min_log = log - HASH_HALVINGS;
    unsigned const chain_min_log = log - CHAIN_HALVINGS;

    if (dictionary->is_small) {
        parameters.hashLog = limit(parameters.hashLog, 0, SMALL_HASH_LOG);
        parameters.chainLog = limit(parameters.chainLog, 0, SMALL_CHAIN_LOG);
        if (parameters.strategy >= ZSTD_greedy &&
            parameters.strategy <= ZSTD_btlazy2)
            parameters.strategy = ZSTD_dfast;
    } else if (log > ZSTD_HASHLOG_MIN + CHAIN_HALVINGS) {
        parameters.hashLog = limit(parameters.hashLog, hash_min_log, 31);
        parameters.chainLog = limit(parameters.chainLog, chain_min_log, 31);
    }
    return ZSTD_createCDict_advanced(dictionary->bytes, dictionary->nbytes,
                                     ZSTD_dlm_byRef, ZSTD_dct_rawContent,
                                     parameters, memory);
}

static bool can_be_prepared(const fgz_dictionary *dictionary)
{
    (void)dictionary;
    return true;
}

#else

static ZSTD_CDict *prepare(const fgz_dictionary *dictionary)
{
    return ZSTD_createCDict(dictionary->bytes, dictionary->nbytes,
                            dictionary->level);
}

/* Without more than the stable API a small encoder would get large tables, and
 * what begins as a trained dictionary would be taken apart as one. */
static bool can_be_prepared(const fgz_dictionary *dictionary)
{
    return !dictionary->is_small &&
           (dictionary->nbytes < sizeof(uint32_t) ||
            fgz_load_le32(dictionary->bytes) != ZSTD_MAGIC_DICTIONARY);
}

#endif

/* Find what there is to find in the bytes, where that is done beforehand.
 * @return whether there is memory. */
static bool find_all(fgz_dictionary *dictionary)
{
    if (dictionary->nbytes > PREPARED_MAX_NBYTES)
        return true;
    dictionary->phrases =
        fgz_phrases_create(dictionary->bytes, dictionary->nbytes);
    if (dictionary->phrases == NULL || !can_be_prepared(dictionary))
        return dictionary->phrases != NULL;
    dictionary->prepared = prepare(dictionary);
    return dictionary->prepared != NULL;
}

size_t fgz_dictionary_prepare(fgz_dictionary **dictionary_ret,
                              const fgz_dictionary *facts)
{
    fgz_dictionary *const dictionary = fgz_malloc(sizeof(*dictionary));

    *dictionary_ret = NULL;
    FGZ_RETURN_IF(dictionary == NULL, FGZ_ERROR_MEMORY);
    *dictionary = *facts;
    dictionary->prepared = NULL;
    dictionary->phrases = NULL;
    if (!find_all(dictionary)) {
        fgz_dictionary_free(dictionary);
        return FGZ_ERROR(FGZ_ERROR_MEMORY);
    }
    *dictionary_ret = dictionary;
    return 0;
}

void fgz_dictionary_free(fgz_dictionary *dictionary)
{
    if (dictionary != NULL) {
        ZSTD_freeCDict(dictionary->prepared);
        fgz_phrases_free(dictionary->phrases);
        fgz_mfree(dictionary);
    }
}

size_t fgz_dictionary_memory_nbytes(const fgz_dictionary *dictionary)
{
    return sizeof(*dictionary) + ZSTD_sizeof_CDict(dictionary->prepared) +
           fgz_phrases_memory_nbytes(dictionary->phrases);
}

bool fgz_dictionary_is_unlike(const fgz_dictionary *dictionary,
                              const uint8_t *in, size_t in_nbytes)
{
    unsigned const max_share = in_nbytes <= SHORT_MAX_NBYTES ?
                                   UNLIKE_MAX_SHORT_SHARE :
                                   UNLIKE_MAX_SHARE;

    return dictionary->phrases != NULL &&
           fgz_phrases_share(dictionary->phrases, in, in_nbytes) <= max_share;
}

fgz_saving fgz_dictionary_saving(const fgz_dictionary *dictionary,
                                 const void *in, size_t in_nbytes)
{
    /* No share of more bytes is less than what is needed. */
    size_t const counted_nbytes =
        fgz_min_size(in_nbytes, NAMING_SHARED_NBYTES * FGZ_PHRASES_WHOLE);
    unsigned share;

    if (dictionary->phrases == NULL)
        return FGZ_MAY_SAVE;
    share = fgz_phrases_share(dictionary->phrases, in, in_nbytes);
    if (share <= UNLIKE_MAX_SHARE ||
        (share - UNLIKE_MAX_SHARE) * counted_nbytes <
            NAMING_SHARED_NBYTES * FGZ_PHRASES_WHOLE)
        return FGZ_SAVES_NOTHING;
    return in_nbytes < CERTAIN_MIN_NBYTES ? FGZ_MAY_SAVE : FGZ_SAVES;
}
