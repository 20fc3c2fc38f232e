/*
 * plain.h - how the body of a response is coded whose plan is looked up
 */
#ifndef FGZ_PLAIN_H
#define FGZ_PLAIN_H

#include <Python.h>

/* Make what is needed; negative with an exception set if that failed. */
int fgz_plain_init(void);

/*
 * Code a body that never came before, or find it among those that are kept.
 *
 * @param way   a tuple of what that takes: see pyfastgz/settling.py
 * @param body  any object; what is not of the type bytes is not coded
 * @return      what was settled; None, having done nothing, if there is more
 *              to be done; or NULL with an exception set.
 */
PyObject *fgz_code_plain(PyObject *way, PyObject *body);

#endif /* FGZ_PLAIN_H */
