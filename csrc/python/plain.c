/*
 * The short way of a body, from its plan to what is sent.
 *
 * Most bodies come once, or come again and again.  Of either kind little is to
 * be done beside the coding: a look into the store, a name in the table of what
 * came once, two numbers to count, the lines of the fields.  In Python that is
 * some 300 instructions of its interpreter, each of which takes a dozen
 * nanoseconds where the processor has done something else meanwhile: together
 * a third of what it takes to code 2 KB.  Here it is a twentieth.
 *
 * This does what pyfastgz/store/bodies.py does, and leaves it all that is
 * seldom: to keep what comes for the second time, two bodies with one
 * fingerprint, and encoders that have to be made.
 */
#ifdef FGZ_PYTHON

#  include "calls.h"
#  include "fields.h"
#  include "plain.h"

#  include <stdbool.h>
#  include <string.h>

#  include "../fastgz.h"

/* What a way consists of. */
enum {
    PLAIN,      /* the plan, as notes name it */
    PARAMETERS, /* under which an entry has the coded form */
    CODER,      /* a list of idle encoders, or a function */
    STORE,      /* where the body may be */
    CODE,       /* what the store codes with, if the core may do it instead */
    FIND,       /* returns the entry of a key: of a fingerprint and a length */
    DOORS,      /* a bytearray: 32 bits of what came once, at others of these */
    MAX_NBYTES, /* of a body that may be kept */
    COUNT_HIT,  /* counts, and returns the number of the hit */
    COUNT_MISS, /* counts */
    CLOCK,      /* returns seconds */
    MAY_GROW,   /* whether the coded body is sent even if it is longer */
    SETTLE,     /* settles what is not smaller */
    CODING,     /* the name of the coding */
    NEW_OUTCOME, /* makes an outcome of a tuple */
    ANSWER,      /* that of a coded body */
    EDITS,       /* those of the answer */
    NEW_CODED,   /* makes what was settled of a tuple */
    NPARTS
};

/* Names that Python looks things up by. */
static struct {
    PyObject *body, *code, *edits, *forms, *get, *left, *lines, *note, *raw,
        *used, *way;
} names;

int fgz_plain_init(void)
{
    names.body = PyUnicode_InternFromString("body");
    names.code = PyUnicode_InternFromString("code");
    names.edits = PyUnicode_InternFromString("edits");
    names.forms = PyUnicode_InternFromString("forms");
    names.get = PyUnicode_InternFromString("get");
    names.left = PyUnicode_InternFromString("left");
    names.lines = PyUnicode_InternFromString("lines");
    names.note = PyUnicode_InternFromString("note");
    names.raw = PyUnicode_InternFromString("raw");
    names.used = PyUnicode_InternFromString("used");
    names.way = PyUnicode_InternFromString("way");
    return PyErr_Occurred() ? -1 : 0;
}

static PyObject *part(PyObject *way, Py_ssize_t at)
{
    return PyTuple_GetItem(way, at);
}

/* Call what takes one argument, which is given up; NULL if that failed. */
static PyObject *call_with(PyObject *callable, PyObject *argument)
{
    PyObject *result;

    if (argument == NULL)
        return NULL;
    result = PyObject_CallFunctionObjArgs(callable, argument, NULL);
    Py_DECREF(argument);
    return result;
}

/* ---- What is kept ---- */

/* Whether the body of an entry is a body; negative with an exception set. */
static int is_of(PyObject *entry, PyObject *body)
{
    PyObject *const kept = PyObject_GetAttr(entry, names.body);
    int is = -1;

    if (kept != NULL) {
        is = PyBytes_CheckExact(kept) &&
             PyBytes_Size(kept) == PyBytes_Size(body) &&
             memcmp(PyBytes_AsString(kept), PyBytes_AsString(body),
                    (size_t)PyBytes_Size(body)) == 0;
        Py_DECREF(kept);
    }
    return is;
}

/* Return the coded form that an entry has, or None. */
static PyObject *form_of(PyObject *entry, PyObject *parameters)
{
    PyObject *const forms = PyObject_GetAttr(entry, names.forms);
    PyObject *form;

    if (forms == NULL)
        return NULL;
    form = PyObject_CallMethodObjArgs(forms, names.get, parameters, NULL);
    Py_DECREF(forms);
    return form;
}

/* Return what was settled for a plan, and is noted with a form; or None. */
static PyObject *noted(PyObject *form, PyObject *plain)
{
    PyObject *const note = PyObject_GetAttr(form, names.note);
    PyObject *settled = Py_None;

    if (note == NULL)
        return NULL;
    if (PyTuple_Check(note) && PyTuple_Size(note) == 2 &&
        PyTuple_GetItem(note, 0) == plain)
        settled = PyTuple_GetItem(note, 1);
    Py_INCREF(settled);
    Py_DECREF(note);
    return settled;
}

static PyObject *find(PyObject *way, PyObject *entry, PyObject *body)
{
    PyObject *form, *settled, *number;
    int const is = is_of(entry, body);

    if (is < 0)
        return NULL;
    if (!is)
        Py_RETURN_NONE;
    form = form_of(entry, part(way, PARAMETERS));
    if (form == NULL || form == Py_None)
        return form;
    settled = noted(form, part(way, PLAIN));
    Py_DECREF(form);
    if (settled == NULL || settled == Py_None)
        return settled;
    number = PyObject_CallFunctionObjArgs(part(way, COUNT_HIT), NULL);
    if (number == NULL || PyObject_SetAttr(entry, names.used, number) < 0)
        Py_CLEAR(settled);
    Py_XDECREF(number);
    return settled;
}

/* ---- What never came before ---- */

/* Return where the table of what came once has the name of a fingerprint. */
static char *door_of(PyObject *doors, uint64_t fingerprint)
{
    uint64_t const ndoors = (uint64_t)PyByteArray_Size(doors) / 4;

    return PyByteArray_AsString(doors) + 4 * (fingerprint & (ndoors - 1));
}

/* Return the seconds since some start, by what a clock says now. */
static PyObject *seconds_since(PyObject *clock, PyObject *start)
{
    PyObject *const end = PyObject_CallFunctionObjArgs(clock, NULL);
    PyObject *seconds;

    if (end == NULL)
        return NULL;
    seconds = PyNumber_Subtract(end, start);
    Py_DECREF(end);
    return seconds;
}

/* Settle what the client gets of a body of so many bytes, when it is coded. */
static PyObject *settle(PyObject *way, Py_ssize_t nbytes, PyObject *coded,
                        PyObject *seconds)
{
    Py_ssize_t const made_nbytes = PyBytes_Size(coded);
    PyObject *outcome, *settled;

    if (made_nbytes >= nbytes && part(way, MAY_GROW) != Py_True)
        return PyObject_CallFunction(part(way, SETTLE), "OnOO",
                                     part(way, PLAIN), nbytes, coded, seconds);
    outcome = call_with(part(way, NEW_OUTCOME),
                        Py_BuildValue("(OOnnO)", part(way, CODING), Py_None,
                                      nbytes, made_nbytes, seconds));
    if (outcome == NULL)
        return NULL;
    settled = call_with(part(way, NEW_CODED),
                        Py_BuildValue("(OOOOn)", part(way, ANSWER), coded,
                                      outcome, part(way, EDITS), made_nbytes));
    Py_DECREF(outcome);
    return settled;
}

/* Return the coded form of a body; None if that is not so simple. */
static PyObject *coded_by(PyObject *coder, PyObject *body)
{
    PyObject *coded;

    if (PyList_Check(coder))
        return fgz_compress_idle(coder, body);
    coded = PyObject_CallFunctionObjArgs(coder, body, NULL);
    if (coded != NULL && !PyBytes_Check(coded)) {
        PyErr_SetString(PyExc_TypeError, "a coded body is to be bytes");
        Py_CLEAR(coded);
    }
    return coded;
}

/* Whether the core may code what the store does not have; negative with an
 * exception set. */
static int may_code(PyObject *way)
{
    PyObject *const code = PyObject_GetAttr(part(way, STORE), names.code);

    if (code == NULL)
        return -1;
    Py_DECREF(code);
    return code == part(way, CODE);
}

static PyObject *code(PyObject *way, uint64_t fingerprint, PyObject *body)
{
    PyObject *const clock = part(way, CLOCK);
    uint32_t const name = (uint32_t)(fingerprint >> 32);
    PyObject *start, *coded, *count, *seconds, *settled = NULL;
    int const may = may_code(way);

    if (may < 0)
        return NULL;
    if (!may || memcmp(door_of(part(way, DOORS), fingerprint), &name, 4) == 0)
        Py_RETURN_NONE;
    start = PyObject_CallFunctionObjArgs(clock, NULL);
    if (start == NULL)
        return NULL;
    coded = coded_by(part(way, CODER), body);
    if (coded == NULL || coded == Py_None) {
        Py_DECREF(start);
        return coded;
    }
    seconds = seconds_since(clock, start);
    Py_DECREF(start);
    if (seconds == NULL) {
        Py_DECREF(coded);
        return NULL;
    }
    memcpy(door_of(part(way, DOORS), fingerprint), &name, 4);
    count = PyObject_CallFunctionObjArgs(part(way, COUNT_MISS), NULL);
    if (count != NULL)
        settled = settle(way, PyBytes_Size(body), coded, seconds);
    Py_XDECREF(count);
    Py_DECREF(coded);
    Py_DECREF(seconds);
    return settled;
}

/* Whether a way has all that is taken for granted. */
static bool is_whole(PyObject *way)
{
    return PyTuple_Check(way) && PyTuple_Size(way) == NPARTS &&
           PyByteArray_Check(part(way, DOORS)) &&
           PyByteArray_Size(part(way, DOORS)) >= 4;
}

/* Return what was settled by the way of a plan; None, having done nothing, if
 * there is more to be done. */
static PyObject *by_way(PyObject *way, PyObject *body)
{
    Py_ssize_t max_nbytes, nbytes;
    uint64_t fingerprint;
    PyObject *entry, *settled;

    if (!is_whole(way)) {
        PyErr_SetString(PyExc_TypeError, "this is no way of a plan");
        return NULL;
    }
    max_nbytes = PyLong_AsSsize_t(part(way, MAX_NBYTES));
    if (PyErr_Occurred())
        return NULL;
    if (!PyBytes_CheckExact(body) || PyBytes_Size(body) > max_nbytes)
        Py_RETURN_NONE;
    nbytes = PyBytes_Size(body);
    fingerprint = fgz_fingerprint(PyBytes_AsString(body), (size_t)nbytes);
    entry = call_with(
        part(way, FIND),
        Py_BuildValue("(Kn)", (unsigned long long)fingerprint, nbytes));
    if (entry == NULL)
        return NULL;
    settled = entry == Py_None ? code(way, fingerprint, body) :
                                 find(way, entry, body);
    Py_DECREF(entry);
    return settled;
}

/* ---- What is sent ---- */

/* What was settled: Coded, of pyfastgz/settling.py. */
enum {
    SETTLED_ANSWER,
    SETTLED_BODY,
    SETTLED_OUTCOME,
    SETTLED_EDITS,
    SETTLED_NBYTES,
    NSETTLED
};

/* Of an answer, as pyfastgz/http/answers.py has it: why the body is not coded,
 * None if it is. */
enum { ANSWER_REASON };

/* Whether an object is None, which is given up. */
static bool was_none(PyObject *object)
{
    if (object != Py_None)
        return false;
    Py_DECREF(object);
    return true;
}

static PyObject *by_way_of(PyObject *plain, PyObject *body)
{
    PyObject *const way = PyObject_GetAttr(plain, names.way);
    PyObject *settled;

    if (way == NULL || way == Py_None)
        return way;
    settled = by_way(way, body);
    Py_DECREF(way);
    return settled;
}

/* Return what was settled for a body, by whoever can. */
static PyObject *settled_by(PyObject *settle, PyObject *plain, PyObject *body)
{
    PyObject *settled = PyObject_GetAttr(plain, names.left);

    if (was_none(settled))
        settled = by_way_of(plain, body);
    if (was_none(settled))
        settled = PyObject_CallFunctionObjArgs(settle, plain, body, NULL);
    if (settled == NULL ||
        (PyTuple_Check(settled) && PyTuple_Size(settled) == NSETTLED &&
         PyTuple_Check(PyTuple_GetItem(settled, SETTLED_ANSWER))))
        return settled;
    PyErr_SetString(PyExc_TypeError, "nothing was settled for a body");
    Py_DECREF(settled);
    return NULL;
}

/* Return the lines that an answer adds, for lines whose names are such. */
static PyObject *added_by(PyObject *settled, PyObject *name)
{
    PyObject *edits = PyTuple_GetItem(settled, SETTLED_EDITS), *added;

    if (edits != Py_None)
        Py_INCREF(edits);
    else
        edits = PyObject_CallMethodObjArgs(settled, names.edits, NULL);
    if (edits == NULL)
        return NULL;
    added =
        PyObject_GetAttr(edits, PyBytes_Check(name) ? names.raw : names.lines);
    Py_DECREF(edits);
    return added;
}

/* Return the lines that are sent with what was settled. */
static PyObject *lines_of(PyObject *settled, PyObject *lines,
                          PyObject *length_at, PyObject *name)
{
    PyObject *const answer = PyTuple_GetItem(settled, SETTLED_ANSWER);
    PyObject *const reason = PyTuple_GetItem(answer, ANSWER_REASON);
    PyObject *const added = reason == NULL ? NULL : added_by(settled, name);
    PyObject *all;

    if (added == NULL)
        return NULL;
    if (reason == Py_None)
        all = fgz_lines_with_length(
            lines, length_at, added, name,
            PyBytes_Size(PyTuple_GetItem(settled, SETTLED_BODY)));
    else
        all = fgz_lines_with(lines, added);
    Py_DECREF(added);
    return all;
}

PyObject *fgz_answer_plainly(PyObject *settle, PyObject *plain, PyObject *body,
                             PyObject *lines, PyObject *length_at,
                             PyObject *name)
{
    PyObject *settled, *all, *answer = NULL;

    if (!PyList_Check(lines))
        return PyErr_Format(PyExc_TypeError, "lines are a list, not %R", lines);
    settled = settled_by(settle, plain, body);
    if (settled == NULL)
        return NULL;
    all = lines_of(settled, lines, length_at, name);
    if (all != NULL) {
        answer = PyTuple_Pack(2, settled, all);
        Py_DECREF(all);
    }
    Py_DECREF(settled);
    return answer;
}

#endif /* FGZ_PYTHON */
