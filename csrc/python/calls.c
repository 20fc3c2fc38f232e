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

/* The lowest version that pyproject.toml allows.  Free-threaded Python has no
 * limited API, of which cffi tells us. */
#  ifndef _CFFI_NO_LIMITED_API
#    define Py_LIMITED_API 0x030a0000
#  endif
#  define PY_SSIZE_T_CLEAN
#  include "calls.h"

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
    if (module != NULL && PyModule_AddFunctions(module, calls) < 0)
        Py_CLEAR(module);
    return module;
}

#endif /* FGZ_PYTHON */
