/* bcryptprimitives.dll, which Windows 10 has and Wine 8 has not: the random numbers that Rust's standard library asks for. */
#include <windows.h>
#include <ntsecapi.h>

__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE data, SIZE_T size) {
    return RtlGenRandom(data, (ULONG)size);
}
