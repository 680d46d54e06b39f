// Pictures in shared memory: one writer, any number of readers, no locks, never a torn picture.
//
// Two blocks. "<name>" (control) counts pictures; "<name>.<generation>" (store) holds a few slots, each a header and a
// picture. A picture's sequence number says its slot: sequence % slots. The writer sets the slot's sequence to 0, draws, sets
// it to the picture's, and only then publishes it in the control block. A reader copies straight out of the newest slot and
// then looks whether the slot still has that sequence: else it was overwritten meanwhile and the reader takes the next one.
// So nobody waits for anybody, and a reader or writer that is killed leaves nothing behind that could stop the others.
//
// A picture larger than a slot makes a new store under the next generation. Sequence numbers go on over a writer's restart;
// a new control block starts them at the time in ns, so that they only ever grow.
//
// docs/pictures.md has the layout, for writers in other languages.
#ifndef AC_GYM_GRAB_SHM_LAYOUT_H
#define AC_GYM_GRAB_SHM_LAYOUT_H

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "grab.h"
#include "shared.h"

enum { SHM_VERSION = 1, SHM_MIN_SLOTS = 3, SHM_MAX_SLOTS = 64, SHM_PAGE = 4096, SHM_OPEN = 1, SHM_CLOSED = 2 };

#define SHM_MAGIC_CONTROL "ACGYMPIC"
#define SHM_MAGIC_STORE "ACGYMSTO"

typedef struct shm_control {
    char magic[8];
    uint32_t version;
    volatile uint32_t state;
    volatile uint32_t generation;  // of the store; 0: none yet
    volatile uint32_t bell;
    volatile uint64_t begun;      // sequence of the last picture that was begun
    volatile uint64_t published;  // sequence of the newest whole one; 0: none yet
    uint64_t process;             // of the writer
} shm_control;

typedef struct shm_store {
    char magic[8];
    uint32_t version, slots;
    uint64_t first, slot_bytes;  // slot i begins at first + i * slot_bytes, its pixels SHM_PAGE bytes further
} shm_store;

typedef struct shm_slot {
    volatile uint64_t sequence;
    uint64_t number;
    double time;
    uint32_t width, height, format;
    uint32_t reserved;
    uint64_t stride;
} shm_slot;

static inline int shm_pixel_bytes(grab_format format) { return format == GRAB_BGRA8 || format == GRAB_RGBA8 ? 4 : 8; }

static inline void shm_store_name(char* text, const char* name, uint32_t generation) {
    snprintf(text, SHARED_NAME, "%s.%u", name, (unsigned)generation);
}

static inline grab_status shm_check_name(const char* name, grab_error* error) {
    const size_t length = strlen(name);
    const bool good = length && length < GRAB_NAME && name[0] != '.' &&
                      strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") == length;
    return good ? GRAB_OK
                : grab_fail(error, GRAB_BAD_TARGET, "'%.60s' is no name for shared memory; 1 to %d letters, digits, . _ -",
                            name, GRAB_NAME - 1);
}

#endif
