/*
 * The window of a stream: input goes in at the end, and what no match can reach
 * any more is moved out at the front.
 *
 * Memory is taken by the first stream, because an encoder for whole bodies
 * needs none.
 */
#include "window.h"

#include "../alloc.h"

void fgz_window_clear(fgz_window *window)
{
    window->coded_end = 0;
    window->known_end = 0;
    window->position = 0;
}

size_t fgz_window_open(fgz_window *window)
{
    if (window->bytes == NULL) {
        window->bytes = fgz_malloc(window->nbytes);
        FGZ_RETURN_IF(window->bytes == NULL, FGZ_ERROR_MEMORY);
    }
    return 0;
}

void fgz_window_free(fgz_window *window)
{
    fgz_mfree(window->bytes);
}

size_t fgz_window_memory_nbytes(const fgz_window *window)
{
    return window->bytes == NULL ? 0 : window->nbytes;
}

size_t fgz_window_take(fgz_window *window, const uint8_t *in, size_t in_nbytes)
{
    size_t const taken_nbytes =
        fgz_min_size(in_nbytes, window->nbytes - window->known_end);

    memcpy(window->bytes + window->known_end, in, taken_nbytes);
    window->known_end += taken_nbytes;
    return taken_nbytes;
}

bool fgz_window_is_full(const fgz_window *window)
{
    return window->known_end == window->nbytes;
}

fgz_input fgz_window_input(const fgz_window *window)
{
    return (fgz_input){window->bytes, window->bytes + window->known_end,
                       window->position};
}

void fgz_window_slide(fgz_window *window)
{
    if (window->coded_end > window->history_nbytes) {
        size_t const forget_nbytes = window->coded_end - window->history_nbytes;

        memmove(window->bytes, window->bytes + forget_nbytes,
                window->known_end - forget_nbytes);
        window->coded_end -= forget_nbytes;
        window->known_end -= forget_nbytes;
        window->position += (uint32_t)forget_nbytes;
    }
}
