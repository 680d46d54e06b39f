// Shared memory on Windows: named sections, an event as the claim, which goes with its process, and two events as the bell.
#ifdef _WIN32
#include <stdio.h>
#include <windows.h>

#include "atomics.h"
#include "shared.h"

enum { PATH = SHARED_NAME + 16, CLAIM_TRIES = 20 };

#define BELL_SLICE 0.005  // s; who was held up for two rings between looking and waiting waits so long for nothing

static void path_of(char* path, const char* name, const char* ending) { snprintf(path, PATH, "Local\\%s%s", name, ending); }

static bool map(shared_block* block, HANDLE section, DWORD access) {
    MEMORY_BASIC_INFORMATION region;
    block->memory = MapViewOfFile(section, access, 0, 0, 0);
    if (!block->memory) return false;
    VirtualQuery(block->memory, &region, sizeof region);
    block->size = region.RegionSize;
    block->handle = (intptr_t)section;
    block->claim = 0;
    return true;
}

// The event exists as long as its maker lives; readers that look for it hold it for a moment.
static HANDLE claim(const char* name) {
    char path[PATH];
    path_of(path, name, ".writer");
    for (int i = 0; i < CLAIM_TRIES; ++i) {
        const HANDLE event = CreateEventA(NULL, TRUE, FALSE, path);
        if (event && GetLastError() != ERROR_ALREADY_EXISTS) return event;
        if (event) CloseHandle(event);
        grab_sleep(1e-3);
    }
    return NULL;
}

static HANDLE make_section(const char* name, size_t size) {
    char path[PATH];
    path_of(path, name, "");
    return CreateFileMappingA(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, (DWORD)((uint64_t)size >> 32), (DWORD)size, path);
}

grab_status shared_claim(shared_block* block, const char* name, size_t size, grab_error* error) {
    const HANDLE event = claim(name);
    if (!event)
        return grab_fail(error, GRAB_BUSY,
                         "Local\\%s: another program publishes pictures here; stop it, or choose another name", name);
    const HANDLE section = make_section(name, size);
    if (section && map(block, section, FILE_MAP_READ | FILE_MAP_WRITE)) {
        block->claim = (intptr_t)event;
        return GRAB_OK;
    }
    const DWORD reason = GetLastError();
    if (section) CloseHandle(section);
    CloseHandle(event);
    return grab_fail(error, GRAB_SYSTEM, "Local\\%s cannot be made (Windows error %lu)", name, reason);
}

bool shared_claimed(const shared_block* block, const char* name) {
    char path[PATH];
    (void)block;
    path_of(path, name, ".writer");
    const HANDLE event = OpenEventA(SYNCHRONIZE, FALSE, path);
    if (event) CloseHandle(event);
    return event != NULL;
}

bool shared_create(shared_block* block, const char* name, size_t size) {
    const HANDLE section = make_section(name, size);
    if (section && GetLastError() != ERROR_ALREADY_EXISTS && map(block, section, FILE_MAP_READ | FILE_MAP_WRITE))
        return true;
    if (section) CloseHandle(section);
    return false;
}

grab_status shared_open(shared_block* block, const char* name, grab_error* error) {
    char path[PATH];
    path_of(path, name, "");
    const HANDLE section = OpenFileMappingA(FILE_MAP_READ, FALSE, path);
    if (!section) return grab_fail(error, GRAB_NOT_RUNNING, "there is no %s", path);
    if (map(block, section, FILE_MAP_READ)) return GRAB_OK;
    const DWORD reason = GetLastError();
    CloseHandle(section);
    return grab_fail(error, GRAB_SYSTEM, "%s cannot be opened (Windows error %lu)", path, reason);
}

void shared_close(shared_block* block) {
    if (!block->memory) return;
    UnmapViewOfFile(block->memory);
    CloseHandle((HANDLE)block->handle);
    if (block->claim) CloseHandle((HANDLE)block->claim);
    block->memory = NULL;
}

void shared_remove(const char* name) { (void)name; }  // a section goes with its last user

// Ring n sets event n % 2, having reset the other one, which ring n + 1 will set.
bool shared_bell_open(shared_bell* bell, volatile uint32_t* word, const char* name, bool ringer) {
    static const char* const endings[2] = {".even", ".odd"};
    char path[PATH];
    bell->word = word;
    for (int i = 0; i < 2; ++i) {
        path_of(path, name, endings[i]);
        bell->events[i] = (intptr_t)(ringer ? CreateEventA(NULL, TRUE, FALSE, path) : OpenEventA(SYNCHRONIZE, FALSE, path));
        if (bell->events[i]) continue;
        if (i) CloseHandle((HANDLE)bell->events[0]);
        bell->word = NULL;
        return false;
    }
    return true;
}

void shared_bell_close(shared_bell* bell) {
    if (!bell->word) return;
    CloseHandle((HANDLE)bell->events[0]);
    CloseHandle((HANDLE)bell->events[1]);
    bell->word = NULL;
}

void shared_bell_ring(shared_bell* bell) {
    const uint32_t ring = *bell->word + 1;
    ResetEvent((HANDLE)bell->events[(ring + 1) & 1]);
    store32(bell->word, ring);
    SetEvent((HANDLE)bell->events[ring & 1]);
}

void shared_bell_wait(const shared_bell* bell, uint32_t value, double timeout) {
    if (timeout > BELL_SLICE) timeout = BELL_SLICE;
    WaitForSingleObject((HANDLE)bell->events[(value + 1) & 1], (DWORD)(timeout * 1e3 + 0.999));
}

uint32_t shared_process(void) { return GetCurrentProcessId(); }
#endif
