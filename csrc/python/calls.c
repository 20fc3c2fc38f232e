/*
 * The calls of the core that Python makes for every body, piece of a stream or
 * request.
 *
 * cffi serves any function of C, and takes its time to find out what it is
 * given: 0.25 us, a call, and 0.1 us to make bytes of the output.  A kilobyte
 * takes libzstd 4 us, and an event of 100 bytes the encoder of DEFLATE less
 * than one.  So there are functions of Python's own kind for what is called
 * most.
 *
 * csrc/ffi_build.py defines FGZ_PYTHON.  Whoever compiles the core for
 * something else gets nothing from this file.
 */
#ifdef FGZ_PYTHON

#  include "calls.h"

#  include "fields.h"
#  include "plain.h"

#  include <stdbool.h>

#  include "../fastgz.h"

/*
 * Output for which so much room is enough is short.
 *
 * It is made without letting other threads run meanwhile.  To give the
 * interpreter's lock up and take it back touches a dozen lines of cold memory,
 * and where other threads run it takes 10 us or more until it comes back, which
 * is what 4 KB take at the levels for what is coded anew each time.  The
 * highest ones take 3 ms, less than the interpreter itself lets a thread run
 * while others wait.
 *
 * It goes to the stack, not to memory that is allocated for it.
 */
#  define SHORT_ROOM ((size_t)4096 + 256)

/* Set the exception that an error of the core stands for. */
static PyObject *raise_error(size_t result)
{
    fgz_error const code = fgz_error_code(result);
    PyObject *module, *state_error;

    if (code == FGZ_ERROR_MEMORY)
        return PyErr_NoMemory();
    if (code != FGZ_ERROR_STATE && code != FGZ_ERROR_SIZE)
        return PyErr_Format(PyExc_RuntimeError,
                            "%s (error %d of the compression core)",
                            fgz_error_message(result), (int)code);
    module = PyImport_ImportModule("pyfastgz.errors");
    if (module == NULL)
        return NULL;
    state_error = PyObject_GetAttrString(module, "EncoderStateError");
    Py_DECREF(module);
    if (state_error != NULL)
        PyErr_SetString(state_error, fgz_error_message(result));
    Py_XDECREF(state_error);
    return NULL;
}

/* What codes input: fgz_compress, or a verb of streams. */
typedef size_t coder(fgz_encoder *enc, const void *in, size_t in_nbytes,
                     void *out, size_t out_nbytes_avail);

static PyObject *code_short(coder *code, fgz_encoder *enc, const char *in,
                            size_t in_nbytes)
{
    char out[SHORT_ROOM];
    size_t const made_nbytes = code(enc, in, in_nbytes, out, sizeof(out));

    if (fgz_is_error(made_nbytes))
        return raise_error(made_nbytes);
    return PyBytes_FromStringAndSize(out, (Py_ssize_t)made_nbytes);
}

/* What is coded is copied here, too: the stable ABI has no way to make bytes
 * shorter. */
static PyObject *code_long(coder *code, fgz_encoder *enc, const char *in,
                           size_t in_nbytes, size_t room)
{
    char *const out = PyMem_Malloc(room);
    size_t made_nbytes;
    PyThreadState *state;
    PyObject *coded;

    if (out == NULL)
        return PyErr_NoMemory();
    state = PyEval_SaveThread();
    made_nbytes = code(enc, in, in_nbytes, out, room);
    PyEval_RestoreThread(state);
    coded = fgz_is_error(made_nbytes) ?
                raise_error(made_nbytes) :
                PyBytes_FromStringAndSize(out, (Py_ssize_t)made_nbytes);
    PyMem_Free(out);
    return coded;
}

/* Return what input is coded to, for which so much room is enough. */
static PyObject *code_bytes(coder *code, fgz_encoder *enc, PyObject *in,
                            size_t room)
{
    const char *const begin = PyBytes_AsString(in);
    size_t const in_nbytes = (size_t)PyBytes_Size(in);

    return room <= SHORT_ROOM ? code_short(code, enc, begin, in_nbytes) :
                                code_long(code, enc, begin, in_nbytes, room);
}

/* The room that any coding needs for a whole body. */
static size_t whole_bound(size_t in_nbytes)
{
    size_t const deflate = fgz_compress_bound(FGZ_GZIP, in_nbytes);
    size_t const zstd = fgz_compress_bound(FGZ_DCZ, in_nbytes);

    return deflate > zstd ? deflate : zstd;
}

/* Whether a function was given as many arguments as it takes. */
static bool has_nargs(Py_ssize_t nargs, Py_ssize_t least, Py_ssize_t most)
{
    bool const has = least <= nargs && nargs <= most;

    if (!has)
        PyErr_Format(PyExc_TypeError, "%zd arguments, not %zd", nargs, most);
    return has;
}

/* Return what a body is coded to with a dictionary, to which the encoder does
 * not refer afterwards. */
static PyObject *code_referring(fgz_encoder *enc, PyObject *in, size_t room,
                                const fgz_dictionary *dictionary)
{
    size_t const result = fgz_refer(enc, dictionary);
    PyObject *coded;

    if (fgz_is_error(result))
        return raise_error(result);
    coded = code_bytes(fgz_compress, enc, in, room);
    fgz_refer(enc, NULL);
    return coded;
}

static PyObject *compress_bytes(PyObject *module, PyObject *const *args,
                                Py_ssize_t nargs)
{
    fgz_encoder *enc;
    Py_ssize_t max_nbytes;
    const fgz_dictionary *dictionary;
    size_t room;

    (void)module;
    if (!has_nargs(nargs, 3, 4))
        return NULL;
    enc = PyLong_AsVoidPtr(args[0]);
    max_nbytes = PyLong_AsSsize_t(args[2]);
    dictionary = nargs == 4 ? PyLong_AsVoidPtr(args[3]) : NULL;
    if (PyErr_Occurred())
        return NULL;
    if (!PyBytes_CheckExact(args[1]) || PyBytes_Size(args[1]) > max_nbytes)
        Py_RETURN_NONE;
    room = whole_bound((size_t)PyBytes_Size(args[1]));
    return dictionary != NULL ? code_referring(enc, args[1], room, dictionary) :
                                code_bytes(fgz_compress, enc, args[1], room);
}

/* Names that Python looks things up by. */
static struct {
    PyObject *pop, *address, *longest_nbytes;
} names;

/* Return an attribute that is a number; negative with an exception set. */
static Py_ssize_t number_of(PyObject *object, PyObject *name)
{
    PyObject *const attribute = PyObject_GetAttr(object, name);
    Py_ssize_t number = -1;

    if (attribute != NULL) {
        number = PyLong_AsSsize_t(attribute);
        Py_DECREF(attribute);
    }
    return number;
}

/* Return what a body is coded to by an encoder that is kept, None if it is too
 * long for that. */
static PyObject *code_kept(PyObject *kept, PyObject *body)
{
    PyObject *const address = PyObject_GetAttr(kept, names.address);
    Py_ssize_t const longest_nbytes = number_of(kept, names.longest_nbytes);
    fgz_encoder *enc = NULL;

    if (address != NULL) {
        enc = PyLong_AsVoidPtr(address);
        Py_DECREF(address);
    }
    if (PyErr_Occurred())
        return NULL;
    if (PyBytes_Size(body) > longest_nbytes)
        Py_RETURN_NONE;
    return code_bytes(fgz_compress, enc, body,
                      whole_bound((size_t)PyBytes_Size(body)));
}

PyObject *fgz_compress_idle(PyObject *idle, PyObject *body)
{
    PyObject *kept, *coded;

    if (!PyBytes_CheckExact(body))
        Py_RETURN_NONE;
    /* Whoever takes it off the list is alone with it: this is one operation. */
    kept = PyObject_CallMethodObjArgs(idle, names.pop, NULL);
    if (kept == NULL) {
        if (!PyErr_ExceptionMatches(PyExc_IndexError))
            return NULL;
        PyErr_Clear();
        Py_RETURN_NONE;
    }
    coded = code_kept(kept, body);
    if (coded != NULL && PyList_Append(idle, kept) < 0)
        Py_CLEAR(coded);
    Py_DECREF(kept);
    return coded;
}

static PyObject *compress_idle(PyObject *module, PyObject *const *args,
                               Py_ssize_t nargs)
{
    (void)module;
    return has_nargs(nargs, 2, 2) ? fgz_compress_idle(args[0], args[1]) : NULL;
}

static PyObject *answer_plainly(PyObject *module, PyObject *const *args,
                                Py_ssize_t nargs)
{
    (void)module;
    return has_nargs(nargs, 6, 6) ?
               fgz_answer_plainly(args[0], args[1], args[2], args[3], args[4],
                                  args[5]) :
               NULL;
}

static PyObject *start_of(PyObject *module, PyObject *const *args,
                          Py_ssize_t nargs)
{
    (void)module;
    return has_nargs(nargs, 2, 2) ? fgz_start_of(args[0], args[1]) : NULL;
}

static PyObject *stream_bytes(PyObject *module, PyObject *const *args,
                              Py_ssize_t nargs)
{
    static coder *const verbs[] = {fgz_write, fgz_flush, fgz_finish};
    fgz_encoder *enc;
    long verb;
    Py_ssize_t in_nbytes;

    (void)module;
    if (!has_nargs(nargs, 3, 3))
        return NULL;
    enc = PyLong_AsVoidPtr(args[0]);
    verb = PyLong_AsLong(args[1]);
    in_nbytes = PyBytes_Size(args[2]);
    if (PyErr_Occurred())
        return NULL;
    if (verb < 0 || verb > 2)
        return PyErr_Format(PyExc_ValueError, "no verb has number %ld", verb);
    return code_bytes(verbs[verb], enc, args[2],
                      fgz_next_bound(enc, (size_t)in_nbytes));
}

static PyObject *fingerprint_of(PyObject *module, PyObject *body)
{
    Py_ssize_t const nbytes = PyBytes_Size(body);

    (void)module;
    if (nbytes < 0)
        return NULL;
    return PyLong_FromUnsignedLongLong(
        fgz_fingerprint(PyBytes_AsString(body), (size_t)nbytes));
}

static PyObject *saving_of(PyObject *module, PyObject *const *args,
                           Py_ssize_t nargs)
{
    const fgz_dictionary *dictionary;
    Py_ssize_t nbytes;

    (void)module;
    if (!has_nargs(nargs, 2, 2))
        return NULL;
    dictionary = PyLong_AsVoidPtr(args[0]);
    nbytes = PyErr_Occurred() ? -1 : PyBytes_Size(args[1]);
    if (nbytes < 0)
        return NULL;
    return PyLong_FromLong(fgz_dictionary_saving(
        dictionary, PyBytes_AsString(args[1]), (size_t)nbytes));
}

/* One whose arguments are an array. */
#  define FAST(function) (PyCFunction)(void (*)(void)) function, METH_FASTCALL

static PyMethodDef calls[] = {
    {"compress_bytes", FAST(compress_bytes),
     "compress_bytes(address, data, max_nbytes, dictionary=0, /)\n--\n\n"
     "Return the coded form of a whole body.\n\n"
     "None if it is not of the type bytes, or longer than max_nbytes.\n\n"
     ":param address: of an encoder that nobody else uses.\n"
     ":param dictionary: the address of one to refer to, this time."},
    {"compress_idle", FAST(compress_idle),
     "compress_idle(idle, data, /)\n--\n\n"
     "Return the coded form of a whole body, by an encoder that is idle.\n\n"
     "None if there is none, or it is to be looked after: data is not of the "
     "type bytes, or longer than all that it had.\n\n"
     ":param idle: a list of what is kept, to which it is given back."},
    {"answer_plainly", FAST(answer_plainly),
     "answer_plainly(settle, plain, body, lines, length_at, name, /)\n--\n\n"
     "Return what was settled for a body, and the lines that it is sent "
     "with.\n\n"
     ":param settle: is called with the plan and the body where that is not "
     "done here.\n"
     ":param plain: the plan; see pyfastgz/http/plain.py.\n"
     ":param length_at: which line is not true of a coded body; None for "
     "none.\n"
     ":param name: of the field with the length, as text or as bytes."},
    {"start_of", FAST(start_of),
     "start_of(message, shapes, /)\n--\n\n"
     "Return a copy of the start of a response in ASGI, its lines, what their "
     "names say, and its Content-Type.\n\n"
     "None if its status is not 200, or there is something odd.\n\n"
     ":param shapes: what names of fields say."},
    {"stream_bytes", FAST(stream_bytes),
     "stream_bytes(address, verb, data, /)\n--\n\n"
     "Take bytes into a stream and return what is ready.\n\n"
     ":param address: of an encoder that nobody else uses.\n"
     ":param verb: 0 writes, 1 flushes, 2 finishes."},
    {"fingerprint_of", fingerprint_of, METH_O,
     "fingerprint_of(body, /)\n--\n\n"
     "Return 64 bits that hardly any other bytes have.\n\n"
     "Whoever wants to can make some. Other threads do not run meanwhile."},
    {"saving_of", FAST(saving_of),
     "saving_of(dictionary, body, /)\n--\n\n"
     "Return what a dictionary saves of a whole body, as fgz_saving.\n\n"
     ":param dictionary: its address."},
    {NULL, NULL, 0, NULL},
};

PyObject *fgz_add_calls(PyObject *module)
{
    names.pop = PyUnicode_InternFromString("pop");
    names.address = PyUnicode_InternFromString("address");
    names.longest_nbytes = PyUnicode_InternFromString("longest_nbytes");
    if (fgz_fields_init() < 0 || fgz_plain_init() < 0 || PyErr_Occurred() ||
        (module != NULL && PyModule_AddFunctions(module, calls) < 0))
        Py_CLEAR(module);
    return module;
}

#endif /* FGZ_PYTHON */
