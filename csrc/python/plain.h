/*
 * plain.h - how the body of a response is coded whose plan is looked up
 */
#ifndef FGZ_PLAIN_H
#define FGZ_PLAIN_H

#include <Python.h>

/* Make what is needed; negative with an exception set if that failed. */
int fgz_plain_init(void);

/*
 * Return what was settled for a body whose plan was looked up, and the lines
 * that it is sent with.
 *
 * @param settle     is called with the plan and the body, and returns what it
 *                   settled, if there is more to be done than is done here
 * @param plain      the plan: see pyfastgz/http/plain.py
 * @param body       any object; what is not of the type bytes is not coded here
 * @param lines      a list of those of the response
 * @param length_at  which line is not true of a coded body; None for none
 * @param name       of the field with the length, as text or as bytes
 * @return           a tuple of both; NULL with an exception set.
 */
PyObject *fgz_answer_plainly(PyObject *settle, PyObject *plain, PyObject *body,
                             PyObject *lines, PyObject *length_at,
                             PyObject *name);

#endif /* FGZ_PLAIN_H */
