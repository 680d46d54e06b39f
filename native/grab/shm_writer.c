// Pictures in shared memory, written.
#include <stdlib.h>

#include "atomics.h"
#include "shm_layout.h"

enum { STORE_TRIES = 100 };

struct grab_writer {
    char name[GRAB_NAME];
    shared_block control, store;
    shared_bell bell;
    uint32_t slots;
    uint64_t sequence;  // of the picture that is being drawn; 0: none
    shm_slot* drawing;
};

grab_writer* grab_writer_open(const char* name, int slots, grab_error* error) {
    if (shm_check_name(name, error)) return NULL;
    if (slots < SHM_MIN_SLOTS || slots > SHM_MAX_SLOTS) {
        grab_fail(error, GRAB_BAD_TARGET, "%d slots; %d to %d are possible", slots, SHM_MIN_SLOTS, SHM_MAX_SLOTS);
        return NULL;
    }
    grab_writer* w = calloc(1, sizeof *w);
    if (!w) return grab_fail(error, GRAB_SYSTEM, "not enough memory"), NULL;
    snprintf(w->name, sizeof w->name, "%s", name);
    w->slots = (uint32_t)slots;
    if (shared_claim(&w->control, name, SHM_PAGE, error)) return free(w), NULL;
    shm_control* c = w->control.memory;
    if (!shared_bell_open(&w->bell, &c->bell, name, true)) {
        grab_fail(error, GRAB_SYSTEM, "the events of '%s' cannot be made", name);
        return shared_close(&w->control), free(w), NULL;
    }
    const uint64_t now = (uint64_t)(grab_now() * 1e9);
    if (c->begun < now) store64(&c->begun, now);
    store64(&c->published, 0);
    c->process = shared_process();
    c->version = SHM_VERSION;
    memcpy(c->magic, SHM_MAGIC_CONTROL, sizeof c->magic);
    store32(&c->state, SHM_OPEN);
    shared_bell_ring(&w->bell);
    return w;
}

// A new store with slots of at least `bytes`, under the next free generation.
static grab_status make_store(grab_writer* w, uint64_t bytes, grab_error* error) {
    char name[SHARED_NAME];
    shm_control* c = w->control.memory;
    const uint64_t slot_bytes = SHM_PAGE + (bytes + SHM_PAGE - 1) / SHM_PAGE * SHM_PAGE,
                   size = SHM_PAGE + w->slots * slot_bytes;
    shared_close(&w->store);
    shm_store_name(name, w->name, c->generation);
    shared_remove(name);
    uint32_t generation = c->generation;
    for (int i = 0; i < STORE_TRIES; ++i) {
        shm_store_name(name, w->name, ++generation);
        if (!shared_create(&w->store, name, size)) continue;
        shm_store* s = w->store.memory;
        *s = (shm_store){.version = SHM_VERSION, .slots = w->slots, .first = SHM_PAGE, .slot_bytes = slot_bytes};
        memcpy(s->magic, SHM_MAGIC_STORE, sizeof s->magic);
        store32(&c->generation, generation);
        return GRAB_OK;
    }
    return grab_fail(error, GRAB_SYSTEM, "'%s': no shared memory for %u pictures of %llu bytes", w->name, (unsigned)w->slots,
                     (unsigned long long)bytes);
}

void grab_writer_announce(grab_writer* w) {
    shm_control* c = w->control.memory;
    if (w->sequence) return;
    w->sequence = c->begun + 1;
    store64(&c->begun, w->sequence);
}

void* grab_writer_begin(grab_writer* w, int width, int height, grab_format format, ptrdiff_t* stride, grab_error* error) {
    if (width < 1 || height < 1 || width > GRAB_MAX_SIDE || height > GRAB_MAX_SIDE || format < 0 || format >= GRAB_FORMATS) {
        grab_fail(error, GRAB_BAD_PICTURE, "a picture of %d x %d pixels in format %d cannot be published", width, height,
                  (int)format);
        return NULL;
    }
    const uint64_t row = (uint64_t)width * shm_pixel_bytes(format), bytes = row * (uint64_t)height;
    const shm_store* s = w->store.memory;
    if ((!s || s->slot_bytes - SHM_PAGE < bytes) && make_store(w, bytes, error)) return NULL;
    s = w->store.memory;
    grab_writer_announce(w);
    w->drawing = (shm_slot*)((char*)w->store.memory + s->first + w->sequence % s->slots * s->slot_bytes);
    store64(&w->drawing->sequence, 0);
    fence();  // readers see that the picture goes before they see it go
    w->drawing->width = (uint32_t)width;
    w->drawing->height = (uint32_t)height;
    w->drawing->format = (uint32_t)format;
    w->drawing->stride = row;
    *stride = (ptrdiff_t)row;
    return (char*)w->drawing + SHM_PAGE;
}

void grab_writer_publish(grab_writer* w, uint64_t number, double time) {
    shm_control* c = w->control.memory;
    w->drawing->number = number;
    w->drawing->time = time;
    fence();
    store64(&w->drawing->sequence, w->sequence);
    store64(&c->published, w->sequence);
    w->sequence = 0;
    shared_bell_ring(&w->bell);
}

void grab_writer_close(grab_writer* w) {
    char name[SHARED_NAME];
    shm_control* c = w->control.memory;
    shm_store_name(name, w->name, c->generation);
    store32(&c->state, SHM_CLOSED);
    shared_bell_ring(&w->bell);
    shared_close(&w->store);
    shared_remove(name);
    shared_remove(w->name);
    shared_bell_close(&w->bell);
    shared_close(&w->control);
    free(w);
}
