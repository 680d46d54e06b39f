/* What CPython's headers must know of 64-bit Windows and mingw-w64. The headers themselves are those of the Python that
   builds; only this one differs between platforms. */
#ifndef Py_PYCONFIG_H
#define Py_PYCONFIG_H

#define MS_WINDOWS 1
#define MS_WIN32 1
#define MS_WIN64 1
#define NT_THREADS 1

/* Functions and data live in python311.dll. */
#define Py_ENABLE_SHARED 1
#define HAVE_DECLSPEC_DLL 1

/* A long has 4 bytes and a wchar_t 2. */
#define SIZEOF_VOID_P 8
#define SIZEOF_SIZE_T 8
#define SIZEOF_INT 4
#define SIZEOF_LONG 4
#define SIZEOF_LONG_LONG 8
#define SIZEOF_WCHAR_T 2
#define SIZEOF_PID_T 4

#define HAVE_LONG_LONG 1
#define HAVE_SSIZE_T 1
#define HAVE_STDDEF_H 1
#define HAVE_SYS_STAT_H 1
#define HAVE_WCHAR_H 1

#endif
