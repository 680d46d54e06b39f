// The table in which Custom Shaders Patch (CSP) offers textures to OBS, and how a reader asks for one of them.
//
// Everything here works on plain memory: the game's section on Windows, any buffer in a test. CSP and its readers write the
// table without locks; each field has one writer at a time, save `needs_data`, which both change.
#ifndef AC_GYM_GRAB_CSP_TABLE_H
#define AC_GYM_GRAB_CSP_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "grab.h"

#define CSP_SECTION "Local\\AcTools.CSP.OBSTextures.v0"

enum {
    CSP_ITEMS = 63,
    CSP_ALIVE = 60,    // frames that CSP goes on for after the last word of its reader
    CSP_STOPPED = -1,  // items_count of a game that has ended
    CSP_AHEAD = 3,     // frames that are asked for at a time
    CSP_MIN_SIDE = 32,
    CSP_MAX_SIDE = 2048,
};

enum csp_flags {
    CSP_UNAVAILABLE = 1,
    CSP_TRANSPARENT = 2,
    CSP_IS_SRGB = 4,
    CSP_MONOCHROME = 8,
    CSP_HDR = 16,
    CSP_USER_SIZE = 128,      // the reader may choose the size
    CSP_OVERRIDE_SIZE = 256,  // the reader has written width and height
};

typedef struct csp_item {
    volatile uint32_t handle;  // of the shared texture; 0: none yet. Changes when the texture is made anew
    volatile uint32_t name_key;
    volatile uint16_t width, height;
    volatile uint16_t needs_data;  // frames that the reader wants; CSP takes one off for each that it draws
    volatile uint16_t flags;
    char name[48];  // "Group: Title"
    char description[256];
} csp_item;

typedef struct csp_table {
    volatile uint32_t alive_counter;
    volatile int32_t items_count;
    csp_item items[CSP_ITEMS];
} csp_table;

_Static_assert(sizeof(csp_item) == 320 && sizeof(csp_table) == 20168, "the layout is the game's");

// One texture that a reader follows.
typedef struct csp_request {
    char name[GRAB_NAME];
    int width, height;  // that the texture shall have; 0: its own
    int index;          // where it was found; -1: nowhere yet
    uint32_t name_key;
    uint64_t drawn;      // frames that were drawn on our request, as far as seen
    double drawn_since;  // s; the last of them was drawn after this
    double looked;       // s; time of the last look
    double progress;     // s; when one was last seen to be drawn
    uint16_t needed;     // needs_data at the last look
} csp_request;

void csp_request_init(csp_request* request, const char* name, int width, int height);

// Tells CSP that a reader lives. GRAB_NOT_RUNNING where the game has ended.
grab_status csp_sync(csp_table* table, grab_error* error);
// The item that is asked for; NULL and GRAB_UNKNOWN_TEXTURE where there is none, GRAB_TIMEOUT where it cannot be had.
csp_item* csp_find(csp_table* table, csp_request* request, grab_error* error);
// Counts what was drawn since the last look and asks for more.
void csp_ask(csp_item* item, csp_request* request, double now);
// Takes back what was asked for.
void csp_stop(csp_table* table, csp_request* request);

#endif
