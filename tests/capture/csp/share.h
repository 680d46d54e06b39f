/* Stand-in for shared Direct3D textures, which Wine does not have: a "handle" names memory that the producer draws into. */
#ifndef SHARE_H
#define SHARE_H

#include <stddef.h>
#include <stdint.h>

enum { SHARE_RGBA16F = 10, SHARE_RGBA16 = 11, SHARE_RGBA8 = 28, SHARE_R8 = 61 }; /* as DXGI numbers them */

typedef struct share {
    uint32_t width, height, format, pixel_bytes;
    unsigned char pixels[];
} share;

share* share_make(uint32_t handle, uint32_t width, uint32_t height, uint32_t format);
share* share_find(uint32_t handle); /* of this process; NULL: there is none */
void share_drop(uint32_t handle);
const share* share_open(
    uint32_t handle); /* of any process; stays valid when it is dropped, as a texture that is open does */

#endif
