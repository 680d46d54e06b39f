// Textures of the running game, as Custom Shaders Patch offers them to OBS: the source, apart from what is Windows'.
//
// How it knows that a picture is new: it asks for frames (`needs_data`) and sees the game take them off one by one. A frame
// that was taken off after the call belongs to a picture whose drawing ended after it; the next one taken off, to a picture
// that was begun after it. Which of the two is waited for is `draws`, 1 or 2.
//
// What is left uncertain: the texture is shared without a lock, so the game may draw into it while it is copied; and the
// moment of drawing is known only between two looks, LOOK s apart.
#include <stdlib.h>
#include <string.h>

#include "csp_system.h"

#define LOOK 0.0005  // s between two looks at the table
#define STALLED 1.0  // s without a drawn frame, after which the table is opened anew: a game that crashed leaves it to us

typedef struct csp {
    grab_source source;
    csp_system* system;
    csp_table* table;  // NULL: not attached
    csp_request request;
    int draws;
    uint32_t handle;     // of the open texture; 0: none
    uint64_t opened_at;  // frames drawn when it was opened
} csp;

static void forget_texture(csp* c) { c->handle = 0; }

static void detach(csp* c) {
    if (c->table) c->system->detach(c->system);
    c->table = NULL;
    c->request.index = -1;
    forget_texture(c);
}

// Says that we are here; drops the table when the game has gone, so that it goes with its last holder.
static grab_status sync(csp* c, grab_error* error) {
    if (!c->table) {
        c->table = c->system->attach(c->system, error);
        if (!c->table) return error->status;
        c->request.progress = grab_now();
    }
    const grab_status status = csp_sync(c->table, error);
    if (status) detach(c);
    return status;
}

static grab_status look(csp* c, csp_item** item, grab_error* error) {
    const grab_status status = sync(c, error);
    if (status) return status;
    *item = csp_find(c->table, &c->request, error);
    if (!*item) return error->status;
    csp_ask(*item, &c->request, grab_now());
    if ((*item)->handle == c->handle && c->handle) return GRAB_OK;
    forget_texture(c);
    const uint32_t handle = (*item)->handle;
    if (!handle) return grab_fail(error, GRAB_TIMEOUT, "texture '%s' was not drawn in time", c->request.name);
    const grab_status opened = c->system->open(c->system, handle, error);
    if (opened) return opened;
    c->handle = handle;
    c->opened_at = c->request.drawn;
    return GRAB_OK;
}

// Copies the texture and lends the copy; GRAB_TIMEOUT where it is not finished by `end` or the texture was made anew meanwhile.
static grab_status copy(csp* c, const csp_item* item, double end, grab_picture* picture, grab_error* error) {
    const uint64_t number = c->request.drawn;
    const double time = c->request.drawn_since;
    grab_status status = c->system->copy(c->system, error);
    while (!status && (status = c->system->read(c->system, &picture->view, error)) == GRAB_TIMEOUT && grab_now() < end) {
        grab_sleep(LOOK);
        status = GRAB_OK;
    }
    if (status && status != GRAB_TIMEOUT) forget_texture(c);  // the device may be lost; it is opened again
    if (status) return status;
    if (item->handle != c->handle) {
        c->system->done(c->system);
        return grab_fail(error, GRAB_TIMEOUT, "texture '%s' is made anew all the time", c->request.name);
    }
    picture->number = number;
    picture->time = time;
    return GRAB_OK;
}

// Whatever is wrong, waiting may mend it: the game starts, the list fills, the texture is made anew.
static grab_status csp_acquire(grab_source* source, uint64_t mark, uint64_t number, double timeout,
                               grab_picture* picture, grab_error* error) {
    csp* c = (csp*)source;
    const double end = grab_now() + timeout;
    for (;;) {
        csp_item* item;
        grab_status status = look(c, &item, error);
        if (!status) {
            // What a new texture holds before the game has drawn into it is nobody's picture.
            const uint64_t drawn = c->request.drawn;
            if (drawn > mark && drawn >= number && drawn >= c->opened_at + (uint64_t)c->draws)
                status = copy(c, item, end, picture, error);
            else
                status = grab_fail(error, GRAB_TIMEOUT, "no new picture of texture '%s' in time; is the game minimised?",
                                   c->request.name);
        }
        if (!status) return GRAB_OK;
        if (c->table && grab_now() - c->request.progress > STALLED) detach(c);
        if (grab_now() >= end) return status;
        grab_sleep(LOOK);
    }
}

static bool csp_release(grab_source* source) {
    csp* c = (csp*)source;
    c->system->done(c->system);
    return true;
}

static grab_status csp_mark(grab_source* source, uint64_t* mark, grab_error* error) {
    csp* c = (csp*)source;
    csp_item* item;
    look(c, &item, error);  // counts what was drawn until now
    *mark = c->request.drawn + (uint64_t)c->draws - 1;
    return GRAB_OK;
}

static void describe(const csp_item* item, grab_texture* texture) {
    memset(texture, 0, sizeof *texture);
    memcpy(texture->name, item->name, sizeof texture->name - 1);
    memcpy(texture->description, item->description, sizeof texture->description - 1);
    texture->width = item->width;
    texture->height = item->height;
    texture->flags = item->flags;
}

// CSP fills its list once it has seen a reader.
static grab_status csp_list(grab_source* source, grab_texture* textures, int capacity, int* count, double timeout,
                            grab_error* error) {
    csp* c = (csp*)source;
    const double end = grab_now() + timeout;
    for (*count = 0;;) {
        const grab_status status = sync(c, error);
        const int items = status ? 0 : c->table->items_count;
        for (int i = 0; i < items && i < CSP_ITEMS && i < capacity; ++i)
            describe(&c->table->items[(*count)++], &textures[i]);
        if (*count) return GRAB_OK;
        if (grab_now() >= end) return status ? status : grab_fail(error, GRAB_TIMEOUT, "the game offers no textures yet");
        grab_sleep(LOOK);
    }
}

static void csp_close(grab_source* source) {
    csp* c = (csp*)source;
    if (c->table) csp_stop(c->table, &c->request);
    detach(c);
    c->system->close(c->system);
    free(c);
}

grab_source* grab_csp_source(csp_system* system, const char* texture, int width, int height, int draws, grab_error* error) {
    csp* c = calloc(1, sizeof *c);
    if (!c) {
        grab_fail(error, GRAB_SYSTEM, "not enough memory");
        return system->close(system), NULL;
    }
    c->source = (grab_source){csp_list, csp_mark, csp_acquire, csp_release, csp_close};
    c->system = system;
    c->draws = draws;
    csp_request_init(&c->request, texture, width, height);
    return &c->source;
}

grab_source* grab_csp_open(const char* texture, int width, int height, int draws, grab_error* error) {
    csp_system* system = csp_system_windows(error);
    grab_source* source = system ? grab_csp_source(system, texture, width, height, draws, error) : NULL;
    if (!source || !sync((csp*)source, error)) return source;
    return csp_close(source), NULL;
}
