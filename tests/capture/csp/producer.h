/* A stand-in for Custom Shaders Patch's module that shares textures with OBS: a table, textures, one frame after another.

   It keeps to what is known of the real one: the list is filled while a reader shows itself (alive_counter), a texture is
   drawn in frames that its needs_data asks for, which loses one each time, and is made anew, under a new handle, when the
   reader has written another size. Whether needs_data falls before or after the drawing is not known: both are here. */
#ifndef PRODUCER_H
#define PRODUCER_H

#include <stdbool.h>
#include <stdint.h>

#include "csp_table.h"
#include "share.h"

enum { PRODUCER_TEXTURES = 5 };

typedef struct producer {
    csp_table* table;        /* NULL: the game is not running */
    bool counts_first;       /* needs_data falls before the drawing */
    bool slow;               /* drawing takes a while */
    bool hidden;             /* another item stands in front of the list */
    bool paused;             /* no frames */
    volatile uint32_t begun; /* drawings begun */
    uint32_t next_handle;
    struct {
        const char *name, *description;
        uint32_t key, format, handle;
        uint16_t width, height, flags;
    } textures[PRODUCER_TEXTURES];
} producer;

void producer_start(producer* p, csp_table* table);
void producer_frame(producer* p);
void producer_recreate(producer* p, int texture, uint16_t width, uint16_t height);
void producer_stop(producer* p); /* the game ends in good order */

/* What a picture shows: number of its drawing (the low 16 bits) in red and green, its texture in blue. */
static inline uint32_t producer_number(const unsigned char* rgb) { return rgb[0] | (uint32_t)rgb[1] << 8; }

#endif
