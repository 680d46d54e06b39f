// Named shared memory, one claim to write it, and a bell that wakes who waits: what `shm.c` needs of an operating system.
#ifndef AC_GYM_GRAB_SHARED_H
#define AC_GYM_GRAB_SHARED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "grab.h"

enum { SHARED_NAME = 96 };

typedef struct shared_block {
    void* memory;  // NULL: closed
    size_t size;
    intptr_t handle, claim;
} shared_block;

// Opens the block of that name, made where there is none, for the only program that may write it. It keeps what an earlier
// writer left. GRAB_BUSY: another one holds it.
grab_status shared_claim(shared_block* block, const char* name, size_t size, grab_error* error);
// Whether the writer of an open block is alive.
bool shared_claimed(const shared_block* block, const char* name);
// A new block, zeroed. False where one of that name is in use.
bool shared_create(shared_block* block, const char* name, size_t size);
// An existing block, all of it, to read; GRAB_NOT_RUNNING where there is none.
grab_status shared_open(shared_block* block, const char* name, grab_error* error);
void shared_close(shared_block* block);
// Takes the name away; who has the block open keeps it.
void shared_remove(const char* name);

// The bell counts its rings in a word of shared memory. Who waits for a ring reads the word first, then looks whether what it
// waits for is there, then waits with the value it read: a ring in between ends the wait at once.
typedef struct shared_bell {
    volatile uint32_t* word;
    intptr_t events[2];
} shared_bell;

bool shared_bell_open(shared_bell* bell, volatile uint32_t* word, const char* name, bool ringer);
void shared_bell_close(shared_bell* bell);
void shared_bell_ring(shared_bell* bell);
void shared_bell_wait(const shared_bell* bell, uint32_t value, double timeout);

uint32_t shared_process(void);  // this process's number

#endif
