/* See share.h. Under Windows the memory has a name, so that another process finds it. */
#include "share.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef _WIN32
#include <windows.h>
#endif

enum { MAX_SHARES = 64 };

static struct {
    uint32_t handle;
    share* memory;
    void* section;
} shares[MAX_SHARES];

static int slot_of(uint32_t handle) {
    for (int i = 0; i < MAX_SHARES; ++i)
        if (shares[i].handle == handle) return i;
    return -1;
}

static uint32_t bytes_of(uint32_t format) { return format == SHARE_R8 ? 1 : format == SHARE_RGBA8 ? 4 : 8; }

#ifdef _WIN32
static void* section_of(uint32_t handle, size_t size) {
    char name[64];
    snprintf(name, sizeof name, "Local\\ac_gym_test_share.%x", (unsigned)handle);
    return size ? CreateFileMappingA(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0, (DWORD)size, name)
                : OpenFileMappingA(FILE_MAP_READ, FALSE, name);
}
#endif

share* share_make(uint32_t handle, uint32_t width, uint32_t height, uint32_t format) {
    const int slot = slot_of(0);
    const size_t size = sizeof(share) + (size_t)width * height * bytes_of(format);
#ifdef _WIN32
    shares[slot].section = section_of(handle, size);
    share* memory = MapViewOfFile(shares[slot].section, FILE_MAP_ALL_ACCESS, 0, 0, 0);
#else
    share* memory = malloc(size);
#endif
    *memory = (share){width, height, format, bytes_of(format)};
    memset(memory->pixels, 0xDD, size - sizeof(share)); /* nobody's picture */
    shares[slot].memory = memory;
    shares[slot].handle = handle;
    return memory;
}

share* share_find(uint32_t handle) {
    const int slot = handle ? slot_of(handle) : -1;
    return slot < 0 ? NULL : shares[slot].memory;
}

void share_drop(uint32_t handle) {
    const int slot = handle ? slot_of(handle) : -1;
    if (slot < 0) return;
    shares[slot].handle = 0;
#ifdef _WIN32
    UnmapViewOfFile(shares[slot].memory);
    CloseHandle(shares[slot].section);
#endif
    /* elsewhere the memory is never given back */
}

const share* share_open(uint32_t handle) {
#ifdef _WIN32
    void* section = handle ? section_of(handle, 0) : NULL;
    return section ? MapViewOfFile(section, FILE_MAP_READ, 0, 0, 0) : NULL;
#else
    return share_find(handle);
#endif
}
