/*
 * Gives a fuzz target the inputs in files, without libFuzzer: a corpus, or
 * what a fuzzer found.
 *
 *     replay [-n COUNT] FILE...
 *
 * -n adds COUNT inputs of pseudo-random bytes, the same in every run.  Each
 * input lies in memory of exactly its size.  An input that fails is named.
 */
#include "fuzz.h"

#define MAX_FILE_NBYTES 1000000
#define MAX_RANDOM_NBYTES 300

static const char *input_name;

static void name_input(void)
{
    if (input_name != NULL)
        fprintf(stderr, "the input was: %s\n", input_name);
}

static void run(const char *name, const uint8_t *bytes, size_t nbytes)
{
    uint8_t *const data = fuzz_alloc(nbytes);

    if (nbytes > 0)
        memcpy(data, bytes, nbytes);
    input_name = name;
    CHECK(LLVMFuzzerTestOneInput(data, nbytes) == 0);
    input_name = NULL;
    free(data);
}

static void run_file(const char *path)
{
    static uint8_t bytes[MAX_FILE_NBYTES];
    FILE *const file = fopen(path, "rb");
    size_t nbytes;

    input_name = path;
    CHECK(file != NULL);
    nbytes = fread(bytes, 1, sizeof(bytes), file);
    CHECK(ferror(file) == 0 && feof(file) != 0);
    fclose(file);
    run(path, bytes, nbytes);
}

static void run_random(unsigned long count)
{
    uint32_t state = 1951;

    for (unsigned long i = 0; i < count; i++) {
        uint8_t bytes[MAX_RANDOM_NBYTES];
        size_t const nbytes = test_random(&state) % (sizeof(bytes) + 1);
        char name[64];

        for (size_t j = 0; j < nbytes; j++)
            bytes[j] = (uint8_t)(test_random(&state) >> 8);
        snprintf(name, sizeof(name), "number %lu of -n", i);
        run(name, bytes, nbytes);
    }
}

int main(int argc, char **argv)
{
    int first = 1;

    CHECK(atexit(name_input) == 0);
    if (argc > 2 && strcmp(argv[1], "-n") == 0) {
        run_random(strtoul(argv[2], NULL, 10));
        first = 3;
    }
    for (int i = first; i < argc; i++)
        run_file(argv[i]);
    return 0;
}
