/*
 * calls.h - the calls of the core that Python makes without cffi, because it
 * makes them all the time
 */
#ifndef FGZ_CALLS_H
#define FGZ_CALLS_H

/* The lowest version that pyproject.toml allows.  Free-threaded Python has no
 * limited API, of which cffi tells us. */
#if !defined(Py_LIMITED_API) && !defined(_CFFI_NO_LIMITED_API)
#  define Py_LIMITED_API 0x030a0000
#endif
#include <Python.h>

/*
 * Return the coded form of a whole body, by an encoder that is idle.
 *
 * @param idle  a list of what is kept, to which the encoder is given back
 * @param body  any object
 * @return      None if there is none, or it is to be looked after: the body is
 *              not of the type bytes, or longer than all that it had; NULL with
 *              an exception set.
 */
PyObject *fgz_compress_idle(PyObject *idle, PyObject *body);

/*
 * Add the calls to a module that was just made, or NULL if that failed.
 *
 * @return the module, or NULL with an exception set.
 */
PyObject *fgz_add_calls(PyObject *module);

#endif /* FGZ_CALLS_H */
