/*
 * The fields of responses, which Python looks at for each of them.
 *
 * Some hundred instructions of its interpreter take longer than all that is
 * done here: see plain.c.
 */
#ifdef FGZ_PYTHON

#  include "calls.h"
#  include "fields.h"

#  include <stdbool.h>

static struct {
    PyObject *headers, *status;
} names;

int fgz_fields_init(void)
{
    names.headers = PyUnicode_InternFromString("headers");
    names.status = PyUnicode_InternFromString("status");
    return PyErr_Occurred() ? -1 : 0;
}

/* ---- Of what is sent ---- */

PyObject *fgz_lines_with(PyObject *lines, PyObject *added)
{
    Py_ssize_t const nlines = PyList_Size(lines);
    PyObject *const all = nlines < 0 ? NULL : PyList_GetSlice(lines, 0, nlines);

    if (all != NULL && PyList_SetSlice(all, nlines, nlines, added) < 0) {
        Py_DECREF(all);
        return NULL;
    }
    return all;
}

/* Return the line of a field that is a number, as text or as bytes. */
static PyObject *number_line(PyObject *name, Py_ssize_t number)
{
    PyObject *const value = PyBytes_Check(name) ?
                                PyBytes_FromFormat("%zd", number) :
                                PyUnicode_FromFormat("%zd", number);
    PyObject *line;

    if (value == NULL)
        return NULL;
    line = PyTuple_Pack(2, name, value);
    Py_DECREF(value);
    return line;
}

PyObject *fgz_lines_with_length(PyObject *lines, PyObject *length_at,
                                PyObject *added, PyObject *name,
                                Py_ssize_t nbytes)
{
    bool const has_length = length_at != Py_None;
    Py_ssize_t const at = has_length ? PyLong_AsSsize_t(length_at) : 0;
    PyObject *const line = PyErr_Occurred() ? NULL : number_line(name, nbytes);
    PyObject *all = line == NULL ? NULL : fgz_lines_with(lines, added);

    if (all != NULL && (PyList_Append(all, line) < 0 ||
                        (has_length && PySequence_DelItem(all, at) < 0)))
        Py_CLEAR(all);
    Py_XDECREF(line);
    return all;
}

/* ---- Of the start of a response ---- */

static bool is_line(PyObject *object)
{
    return (PyTuple_Check(object) || PyList_Check(object)) &&
           PySequence_Size(object) == 2;
}

/* Return a part of a line: 0 is the name, 1 the value. */
static PyObject *part_of_line(PyObject *lines, Py_ssize_t at, Py_ssize_t part)
{
    return PySequence_GetItem(PyList_GetItem(lines, at), part);
}

/* Return the names of all lines; None if one is odd. */
static PyObject *names_of(PyObject *lines)
{
    Py_ssize_t const nlines = PyList_Size(lines);
    PyObject *const all = PyTuple_New(nlines);

    for (Py_ssize_t at = 0; all != NULL && at < nlines; at++) {
        bool const is_odd = !is_line(PyList_GetItem(lines, at));
        PyObject *const name = is_odd ? NULL : part_of_line(lines, at, 0);

        if (name == NULL || PyTuple_SetItem(all, at, name) < 0) {
            Py_DECREF(all);
            if (is_odd)
                Py_RETURN_NONE;
            return NULL;
        }
    }
    return all;
}

/* Return the value of the line that the names say is Content-Type, as text;
 * None if it is odd. */
static PyObject *content_type_of(PyObject *lines, PyObject *shape)
{
    PyObject *const place = PyTuple_GetItem(shape, 0);
    Py_ssize_t const at = place == NULL ? -1 : PyLong_AsSsize_t(place);
    PyObject *value, *text = Py_None;

    if (PyErr_Occurred())
        return NULL;
    if (at < 0 || at >= PyList_Size(lines))
        Py_RETURN_NONE;
    value = part_of_line(lines, at, 1);
    if (value == NULL)
        return NULL;
    if (PyBytes_Check(value))
        text = PyUnicode_DecodeLatin1(PyBytes_AsString(value),
                                      PyBytes_Size(value), NULL);
    else if (PyByteArray_Check(value))
        text = PyUnicode_DecodeLatin1(PyByteArray_AsString(value),
                                      PyByteArray_Size(value), NULL);
    else
        Py_INCREF(text);
    Py_DECREF(value);
    return text;
}

/* Return what names of fields say; None if they are odd. */
static PyObject *shape_of(PyObject *lines, PyObject *shapes)
{
    PyObject *const all = names_of(lines);
    PyObject *shape;

    if (all == NULL || all == Py_None)
        return all;
    shape = PyObject_GetItem(shapes, all);
    Py_DECREF(all);
    if (shape != NULL && !PyTuple_Check(shape)) {
        PyErr_SetString(PyExc_TypeError, "this is no shape of fields");
        Py_CLEAR(shape);
    }
    return shape;
}

/* Return what is known of a start, which gets the lines; None if its names or
 * its type are odd. */
static PyObject *known_of(PyObject *message, PyObject *lines, PyObject *shape)
{
    PyObject *text, *known = NULL;

    if (shape == NULL || shape == Py_None) {
        Py_XINCREF(shape);
        return shape;
    }
    text = content_type_of(lines, shape);
    if (text == NULL || text == Py_None)
        return text;
    if (PyDict_SetItem(message, names.headers, lines) == 0)
        known = PyTuple_Pack(4, message, lines, shape, text);
    Py_DECREF(text);
    return known;
}

/* Whether the status of a message is 200. */
static bool is_200(PyObject *message)
{
    PyObject *const status = PyDict_GetItemWithError(message, names.status);

    return status != NULL && PyLong_Check(status) &&
           PyLong_AsLong(status) == 200;
}

/* Return a list of the lines of a message; None if its status is not 200, or it
 * has no list. */
static PyObject *lines_of(PyObject *message)
{
    PyObject *lines = NULL;

    if (is_200(message))
        lines = PyDict_GetItemWithError(message, names.headers);
    if (PyErr_Occurred())
        return NULL;
    if (lines == NULL || !PyList_CheckExact(lines))
        Py_RETURN_NONE;
    return PyList_GetSlice(lines, 0, PyList_Size(lines));
}

PyObject *fgz_start_of(PyObject *message, PyObject *shapes)
{
    PyObject *copy, *lines, *shape, *known;

    if (!PyDict_CheckExact(message))
        Py_RETURN_NONE;
    /* Nobody else has it: what a garbage collector calls in between may do what
     * it likes to the message. */
    copy = PyDict_Copy(message);
    if (copy == NULL)
        return NULL;
    lines = lines_of(copy);
    if (lines == NULL || lines == Py_None) {
        Py_DECREF(copy);
        return lines;
    }
    shape = shape_of(lines, shapes);
    known = known_of(copy, lines, shape);
    Py_XDECREF(shape);
    Py_DECREF(lines);
    Py_DECREF(copy);
    return known;
}

#endif /* FGZ_PYTHON */
