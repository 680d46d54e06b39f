# Tool chain file: the core for 64-bit Windows, built on Linux with mingw-w64.
set(CMAKE_SYSTEM_NAME Windows)
set(CMAKE_SYSTEM_PROCESSOR AMD64)
set(CMAKE_C_COMPILER x86_64-w64-mingw32-gcc-posix)
set(CMAKE_CXX_COMPILER x86_64-w64-mingw32-g++-posix)  # "posix": std::thread and friends
set(CMAKE_RC_COMPILER x86_64-w64-mingw32-windres)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
# The module brings its C++ library along: no DLL of the tool chain has to be found at run time.
set(CMAKE_MODULE_LINKER_FLAGS_INIT "-static")
# The tag of the interpreter that loads the module, which is not the one that builds it.
set(SKBUILD_SOABI cp311-win_amd64)
set(NB_SUFFIX .cp311-win_amd64.pyd)
