/*
 * fields.h - the fields of responses, as lists of lines: of a name and a value,
 * which are text, or bytes in ASGI
 */
#ifndef FGZ_FIELDS_H
#define FGZ_FIELDS_H

#include <Python.h>

/* Make what is needed; negative with an exception set if that failed. */
int fgz_fields_init(void);

/*
 * Return the lines of a response that is sent in place of another.
 *
 * @param lines    a list
 * @param added    a sequence of lines
 * @return         a list; NULL with an exception set.
 */
PyObject *fgz_lines_with(PyObject *lines, PyObject *added);

/*
 * Return the same of one whose body has another length.
 *
 * @param length_at  which line is not true any more; None for none
 * @param name       of the field with the length
 */
PyObject *fgz_lines_with_length(PyObject *lines, PyObject *length_at,
                                PyObject *added, PyObject *name,
                                Py_ssize_t nbytes);

/*
 * Look at the start of a response in ASGI.
 *
 * @param message  any object
 * @param shapes   a mapping that has, by the names of fields, what they say: a
 *                 tuple that begins with the place of Content-Type
 * @return         a tuple: a copy of the message, its lines, what their names
 *                 say, and the Content-Type as text; None if the status is not
 *                 200, or there is something odd; NULL with an exception set.
 */
PyObject *fgz_start_of(PyObject *message, PyObject *shapes);

#endif /* FGZ_FIELDS_H */
