/* python.exe: the one program that the wheel with the interpreter's libraries leaves out. */
#include <Python.h>

int wmain(int count, wchar_t **arguments) {
    return Py_Main(count, arguments);
}
