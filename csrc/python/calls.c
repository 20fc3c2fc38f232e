/*
 * The calls of the core that Python makes for every body.
 *
 * cffi serves any function of C, and takes its time to find out what it is
 * given: 0.25 us, a call, and 0.1 us to make bytes of the output.  A kilobyte
 * takes libzstd 4 us.  So there are functions of Python's own kind for what is
 * called most.
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

#  include "../fastgz.h"

/*
 * Short bodies are of at most so many bytes.
 *
 * They are coded without letting other threads run meanwhile.  To give the
 * interpreter's lock up and take it back touches a dozen lines of cold memory,
 * and where other threads run it takes 10 us or more until it comes back, which
 * is what such a body takes at the levels for what is coded anew each time.
 * The highest ones take 3 ms, less than the interpreter itself lets a thread
 * run while others wait.
 *
 * Their output goes to the stack, and is copied: to allocate what it takes is
 * faster than to allocate more and to give some of that back.
 */
#  define SHORT_NBYTES ((size_t)4096)
#  define SHORT_ROOM ((size_t)4096 + 256)

/* The room that any coding needs for a whole body. */
static size_t whole_bound(size_t in_nbytes)
{
    size_t const deflate = fgz_compress_bound(FGZ_GZIP, in_nbytes);
    size_t const zstd = fgz_compress_bound(FGZ_ZSTD, in_nbytes);

    return deflate > zstd ? deflate : zstd;
}

/* Set the exception that an error of the core stands for. */
static PyObject *raise_error(size_t result)
{
    if (fgz_error_code(result) == FGZ_ERROR_MEMORY)
        return PyErr_NoMemory();
    return PyErr_Format(PyExc_RuntimeError,
                        "%s (error %d of the compression core)",
                        fgz_error_message(result), (int)fgz_error_code(result));
}

static PyObject *compress_short(fgz_encoder *enc, const char *in,
                                size_t in_nbytes)
{
    char out[SHORT_ROOM];
    size_t const made_nbytes =
        fgz_compress(enc, in, in_nbytes, out, sizeof(out));

    if (fgz_is_error(made_nbytes))
        return raise_error(made_nbytes);
    return PyBytes_FromStringAndSize(out, (Py_ssize_t)made_nbytes);
}

static PyObject *compress_long(fgz_encoder *enc, const char *in,
                               size_t in_nbytes)
{
    size_t const room = whole_bound(in_nbytes);
    PyObject *out;
    char *begin;
    size_t made_nbytes;
    PyThreadState *state;

    if (room > PY_SSIZE_T_MAX)
        return PyErr_NoMemory();
    out = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)room);
    if (out == NULL)
        return NULL;
    begin = PyBytes_AsString(out);
    state = PyEval_SaveThread();
    made_nbytes = fgz_compress(enc, in, in_nbytes, begin, room);
    PyEval_RestoreThread(state);
    if (fgz_is_error(made_nbytes)) {
        Py_DECREF(out);
        return raise_error(made_nbytes);
    }
    /* Where it fails it sets out to NULL, and an exception. */
    (void)_PyBytes_Resize(&out, (Py_ssize_t)made_nbytes);
    return out;
}

static PyObject *compress_bytes(PyObject *module, PyObject *const *args,
                                Py_ssize_t nargs)
{
    fgz_encoder *enc;
    const char *in;
    Py_ssize_t in_nbytes, max_nbytes;

    (void)module;
    if (nargs != 3) {
        PyErr_SetString(PyExc_TypeError, "compress_bytes takes 3 arguments");
        return NULL;
    }
    enc = PyLong_AsVoidPtr(args[0]);
    max_nbytes = PyLong_AsSsize_t(args[2]);
    if (PyErr_Occurred())
        return NULL;
    if (!PyBytes_CheckExact(args[1]))
        Py_RETURN_NONE;
    in = PyBytes_AsString(args[1]);
    in_nbytes = PyBytes_Size(args[1]);
    if (in_nbytes > max_nbytes)
        Py_RETURN_NONE;
    return (size_t)in_nbytes <= SHORT_NBYTES ?
               compress_short(enc, in, (size_t)in_nbytes) :
               compress_long(enc, in, (size_t)in_nbytes);
}

static PyMethodDef calls[] = {
    {"compress_bytes", (PyCFunction)(void (*)(void))compress_bytes,
     METH_FASTCALL,
     "compress_bytes(address, data, max_nbytes, /)\n--\n\n"
     "Return the coded form of a whole body.\n\n"
     "None if it is not of the type bytes, or longer than max_nbytes.\n\n"
     ":param address: of an encoder that nobody else uses."},
    {NULL, NULL, 0, NULL},
};

PyObject *fgz_add_calls(PyObject *module)
{
    if (module != NULL && PyModule_AddFunctions(module, calls) < 0)
        Py_CLEAR(module);
    return module;
}

#endif /* FGZ_PYTHON */
