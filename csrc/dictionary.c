/*
 * Dictionaries of dcz (RFC 9842), prepared once for any number of bodies.
 *
 * To find matches in a dictionary libzstd enters its bytes into tables, which
 * takes a millisecond for 100 KB.  Where many bodies refer to it that is done
 * here, once, and the tables are shared by all encoders and threads.  A long
 * dictionary is the former version of a file, for which that does not pay:
 * libzstd.c has it searched in another way.
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
    return dictionary->nbytes <= PREPARED_MAX_NBYTES;
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
    return dictionary->nbytes <= PREPARED_MAX_NBYTES && !dictionary->is_small &&
           (dictionary->nbytes < sizeof(uint32_t) ||
            fgz_load_le32(dictionary->bytes) != ZSTD_MAGIC_DICTIONARY);
}

#endif

size_t fgz_dictionary_prepare(fgz_dictionary **dictionary_ret,
                              const fgz_dictionary *facts)
{
    fgz_dictionary *const dictionary = fgz_malloc(sizeof(*dictionary));

    *dictionary_ret = NULL;
    FGZ_RETURN_IF(dictionary == NULL, FGZ_ERROR_MEMORY);
    *dictionary = *facts;
    dictionary->prepared = NULL;
    if (can_be_prepared(dictionary)) {
        dictionary->prepared = prepare(dictionary);
        if (dictionary->prepared == NULL) {
            fgz_mfree(dictionary);
            return FGZ_ERROR(FGZ_ERROR_MEMORY);
        }
    }
    *dictionary_ret = dictionary;
    return 0;
}

void fgz_dictionary_free(fgz_dictionary *dictionary)
{
    if (dictionary != NULL) {
        ZSTD_freeCDict(dictionary->prepared);
        fgz_mfree(dictionary);
    }
}

size_t fgz_dictionary_memory_nbytes(const fgz_dictionary *dictionary)
{
    return sizeof(*dictionary) + ZSTD_sizeof_CDict(dictionary->prepared);
}
