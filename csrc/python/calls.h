/*
 * calls.h - the calls of the core that Python makes without cffi, because it
 * makes them all the time
 */
#ifndef FGZ_CALLS_H
#define FGZ_CALLS_H

#include <Python.h>

/*
 * Add the calls to a module that was just made, or NULL if that failed.
 *
 * @return the module, or NULL with an exception set.
 */
PyObject *fgz_add_calls(PyObject *module);

#endif /* FGZ_CALLS_H */
