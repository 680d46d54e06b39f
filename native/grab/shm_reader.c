// Pictures in shared memory, read.
#include <stdlib.h>

#include "atomics.h"
#include "shm_layout.h"

#define CHECK_WRITER 0.1    // s between looks whether the writer is alive
#define CHECK_ABSENT 0.005  // s between looks for a writer that is not there

typedef struct reader {
    grab_source source;
    char name[GRAB_NAME];
    shared_block control, store;
    shared_bell bell;
    uint32_t generation;
    const shm_slot* taken;
    uint64_t taken_sequence;
} reader;

static const shm_control* control_of(const reader* r) { return r->control.memory; }

static void detach(reader* r) {
    shared_close(&r->store);
    shared_bell_close(&r->bell);
    shared_close(&r->control);
    r->generation = 0;
}

static bool alive(const reader* r) {
    return r->control.memory && load32(&control_of(r)->state) == SHM_OPEN && shared_claimed(&r->control, r->name);
}

static grab_status not_running(const reader* r, grab_error* error) {
    return grab_fail(error, GRAB_NOT_RUNNING,
                     "nobody publishes pictures as '%s'; start the program that does, or check the name", r->name);
}

static grab_status attach_control(reader* r, grab_error* error) {
    if (r->control.memory && load32(&control_of(r)->state) == SHM_CLOSED) detach(r);
    if (r->control.memory) return GRAB_OK;
    const grab_status status = shared_open(&r->control, r->name, error);
    if (status == GRAB_NOT_RUNNING) return not_running(r, error);
    if (status) return status;
    const shm_control* c = control_of(r);
    const bool ours = r->control.size >= sizeof *c && !memcmp(c->magic, SHM_MAGIC_CONTROL, sizeof c->magic);
    if (ours && c->version == SHM_VERSION && load32(&c->state) == SHM_OPEN &&
        shared_bell_open(&r->bell, (volatile uint32_t*)&c->bell, r->name, false))
        return GRAB_OK;
    const bool other_version = ours && c->version != SHM_VERSION && c->version != 0;
    const unsigned version = ours ? c->version : 0;
    detach(r);
    return other_version
               ? grab_fail(error, GRAB_BAD_PICTURE, "'%s' is published in layout %u, this program reads %d; update both",
                           r->name, version, SHM_VERSION)
               : not_running(r, error);
}

static bool attach_store(reader* r) {
    char name[SHARED_NAME];
    grab_error ignored;
    const uint32_t generation = load32(&control_of(r)->generation);
    if (r->store.memory && generation == r->generation) return true;
    shared_close(&r->store);
    shm_store_name(name, r->name, generation);
    if (!generation || shared_open(&r->store, name, &ignored)) return false;
    const shm_store* s = r->store.memory;
    const uint64_t room = r->store.size;
    const bool good = room >= sizeof *s && !memcmp(s->magic, SHM_MAGIC_STORE, sizeof s->magic) &&
                      s->version == SHM_VERSION && s->slots >= 1 && s->slots <= SHM_MAX_SLOTS && s->slot_bytes > SHM_PAGE &&
                      s->slot_bytes <= room && s->first <= room && s->slots * s->slot_bytes <= room - s->first;
    if (good) r->generation = generation;
    else shared_close(&r->store);
    return good;
}

// Lends the picture of that sequence, unless it is not there (any more).
static bool take(reader* r, uint64_t sequence, grab_picture* picture) {
    const shm_store* s = r->store.memory;
    const shm_slot* at = (const shm_slot*)((const char*)s + s->first + sequence % s->slots * s->slot_bytes);
    if (load64(&at->sequence) != sequence) return false;
    const shm_slot copy = *at;
    fence();
    if (load64(&at->sequence) != sequence) return false;
    *picture = (grab_picture){
        {(const char*)at + SHM_PAGE, (int)copy.width, (int)copy.height, (ptrdiff_t)copy.stride, (grab_format)copy.format},
        copy.number,
        copy.time};
    r->taken = at;
    r->taken_sequence = sequence;
    return true;
}

// Whether the picture lies inside its slot; a writer's mistake must not end the reader.
static grab_status check_picture(const reader* r, const grab_view* v, grab_error* error) {
    const shm_store* s = r->store.memory;
    const bool known = v->format >= 0 && v->format < GRAB_FORMATS && v->width >= 1 && v->height >= 1;
    if (known && v->stride >= (ptrdiff_t)v->width * shm_pixel_bytes(v->format) && (uint64_t)v->stride <= s->slot_bytes &&
        (uint64_t)v->stride * (uint64_t)v->height <= s->slot_bytes - SHM_PAGE)
        return GRAB_OK;
    return grab_fail(error, GRAB_BAD_PICTURE, "'%s' holds a picture of %d x %d pixels in format %d, which cannot be read",
                     r->name, v->width, v->height, (int)v->format);
}

static grab_status late(const reader* r, grab_error* error) {
    if (!alive(r)) return not_running(r, error);
    return grab_fail(error, GRAB_TIMEOUT, "no new picture of '%s' in time, though its program (process %llu) runs", r->name,
                     (unsigned long long)control_of(r)->process);
}

static grab_status reader_acquire(grab_source* source, uint64_t mark, uint64_t number, double timeout,
                                  grab_picture* picture, grab_error* error) {
    reader* r = (reader*)source;
    const double end = grab_now() + timeout;
    for (;;) {
        const grab_status status = attach_control(r, error);
        if (status && status != GRAB_NOT_RUNNING) return status;
        const uint32_t ring = status ? 0 : load32(r->bell.word);
        if (!status && attach_store(r) && (mark || alive(r))) {
            const uint64_t newest = load64(&control_of(r)->published);
            if (newest > mark && newest && take(r, newest, picture) && picture->number >= number)
                return check_picture(r, &picture->view, error);
            if (newest != load64(&control_of(r)->published)) continue;
        }
        const double left = end - grab_now();
        if (left <= 0.0) return late(r, error);
        if (status) grab_sleep(left < CHECK_ABSENT ? left : CHECK_ABSENT);
        else shared_bell_wait(&r->bell, ring, left < CHECK_WRITER ? left : CHECK_WRITER);
    }
}

static bool reader_release(grab_source* source) {
    reader* r = (reader*)source;
    fence();
    return !r->taken || load64(&r->taken->sequence) == r->taken_sequence;
}

static grab_status reader_mark(grab_source* source, uint64_t* mark, grab_error* error) {
    reader* r = (reader*)source;
    const grab_status status = attach_control(r, error);
    *mark = status ? 0 : load64(&control_of(r)->begun);
    return status == GRAB_NOT_RUNNING ? GRAB_OK : status;  // whatever its writer draws, it has not begun yet
}

static grab_status reader_list(grab_source* source, grab_texture* textures, int capacity, int* count, double timeout,
                               grab_error* error) {
    reader* r = (reader*)source;
    grab_picture picture;
    *count = 0;
    const grab_status status = reader_acquire(source, 0, 0, timeout, &picture, error);
    if (status || capacity < 1) return status;
    *count = 1;
    memset(textures, 0, sizeof *textures);
    memcpy(textures->name, r->name, sizeof textures->name);
    snprintf(textures->description, sizeof textures->description, "shared memory, process %llu",
             (unsigned long long)control_of(r)->process);
    textures->width = picture.view.width;
    textures->height = picture.view.height;
    return GRAB_OK;
}

static void reader_close(grab_source* source) {
    detach((reader*)source);
    free(source);
}

grab_source* grab_shm_open(const char* name, grab_error* error) {
    if (shm_check_name(name, error)) return NULL;
    reader* r = calloc(1, sizeof *r);
    if (!r) return grab_fail(error, GRAB_SYSTEM, "not enough memory"), NULL;
    r->source = (grab_source){reader_list, reader_mark, reader_acquire, reader_release, reader_close};
    snprintf(r->name, sizeof r->name, "%s", name);
    if (!attach_control(r, error) && (alive(r) || (not_running(r, error), false))) return &r->source;
    reader_close(&r->source);
    return NULL;
}
