/* The csp source's system where there is no Windows: the table and the textures are memory of this program. */
#include <stdlib.h>
#include <string.h>

#include "csp_system.h"
#include "share.h"

csp_table* fake_table; /* NULL: the game is not running */

typedef struct fake_system {
    csp_system system;
    const share* texture;
    unsigned char* staging;
    int polls; /* until a copy is finished */
} fake_system;

static csp_table* attach(csp_system* system, grab_error* error) {
    (void)system;
    if (!fake_table) grab_fail(error, GRAB_NOT_RUNNING, "the game is not running");
    return fake_table;
}

static void nothing(csp_system* system) { (void)system; }

static grab_status open_texture(csp_system* system, uint32_t handle, grab_error* error) {
    fake_system* f = (fake_system*)system;
    f->texture = share_open(handle);
    if (!f->texture)
        return grab_fail(error, GRAB_SYSTEM, "the game's texture cannot be opened (handle 0x%x)", (unsigned)handle);
    if (f->texture->format == SHARE_R8)
        return grab_fail(error, GRAB_BAD_PICTURE, "the game's texture is of DXGI format %u", f->texture->format);
    free(f->staging);
    f->staging = malloc((size_t)f->texture->width * f->texture->height * f->texture->pixel_bytes);
    return GRAB_OK;
}

static grab_status copy(csp_system* system, grab_error* error) {
    fake_system* f = (fake_system*)system;
    (void)error;
    memcpy(f->staging, f->texture->pixels, (size_t)f->texture->width * f->texture->height * f->texture->pixel_bytes);
    f->polls = 2;
    return GRAB_OK;
}

static grab_status read_copy(csp_system* system, grab_view* view, grab_error* error) {
    fake_system* f = (fake_system*)system;
    if (f->polls--) return grab_fail(error, GRAB_TIMEOUT, "still copying");
    const grab_format format = f->texture->format == SHARE_RGBA8    ? GRAB_RGBA8
                               : f->texture->format == SHARE_RGBA16 ? GRAB_RGBA16
                                                                    : GRAB_RGBA16F;
    *view = (grab_view){f->staging, (int)f->texture->width, (int)f->texture->height,
                        (ptrdiff_t)(f->texture->width * f->texture->pixel_bytes), format};
    return GRAB_OK;
}

static void close_system(csp_system* system) {
    free(((fake_system*)system)->staging);
    free(system);
}

csp_system* fake_system_new(void) {
    fake_system* f = calloc(1, sizeof *f);
    f->system = (csp_system){attach, nothing, open_texture, copy, read_copy, nothing, close_system};
    return &f->system;
}
