// What the `csp` source needs of Windows: the game's table and its textures. Tests have another one.
#ifndef AC_GYM_GRAB_CSP_SYSTEM_H
#define AC_GYM_GRAB_CSP_SYSTEM_H

#include "csp_table.h"

typedef struct csp_system csp_system;
struct csp_system {
    // The game's table, to be read and written; NULL where there is none.
    csp_table* (*attach)(csp_system*, grab_error*);
    void (*detach)(csp_system*);
    // Opens the shared texture with that handle, in place of the one before.
    grab_status (*open)(csp_system*, uint32_t handle, grab_error*);
    // Queues a copy of the texture. Neither this nor `read` waits for the graphics card.
    grab_status (*copy)(csp_system*, grab_error*);
    // The last copy, until `done`; GRAB_TIMEOUT where it is not finished.
    grab_status (*read)(csp_system*, grab_view*, grab_error*);
    void (*done)(csp_system*);
    void (*close)(csp_system*);
};

// The source; owns `system`. `draws` is how many drawn frames end a wait for a new one.
grab_source* grab_csp_source(csp_system* system, const char* texture, int width, int height, int draws, grab_error* error);

csp_system* csp_system_windows(grab_error* error);

#endif
