// The frame grabber's one contract: pictures that another program publishes, cut, scaled and coloured into the caller's array.
//
// A source (`shm_reader.c`, `csp.c`) lends a picture between `acquire` and `release`; `grab_next` converts it in between, in one
// pass (`convert.c`). Nothing is allocated for a frame, only when the size of the pictures changes. No function is safe to
// be called for one source from two threads at once.
#ifndef AC_GYM_GRAB_H
#define AC_GYM_GRAB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum grab_status {
    GRAB_OK = 0,
    GRAB_TIMEOUT,          // nothing new in time
    GRAB_NOT_RUNNING,      // nobody publishes pictures, or not any more
    GRAB_UNKNOWN_TEXTURE,  // no picture of that name
    GRAB_BAD_PICTURE,      // published, but of a size or format that we cannot read
    GRAB_BAD_TARGET,       // what the caller wants does not fit the picture
    GRAB_BUSY,             // another program publishes under this name
    GRAB_SYSTEM,           // the operating system refused
} grab_status;

typedef struct grab_error {
    grab_status status;
    char message[240];  // one line: what is wrong, where, what to do
} grab_error;

// Fills `error` and returns `status`.
grab_status grab_fail(grab_error* error, grab_status status, const char* format, ...);

typedef enum grab_format { GRAB_BGRA8 = 0, GRAB_RGBA8, GRAB_RGBA16, GRAB_RGBA16F, GRAB_FORMATS } grab_format;
typedef enum grab_color { GRAB_GRAY = 0, GRAB_RGB, GRAB_BGR, GRAB_COLORS } grab_color;

// How 16-bit pictures become 8-bit ones; 8-bit pictures are never changed.
typedef enum grab_tone {
    GRAB_CLAMP = 0,  // 0..1 is 0..255, the rest is cut
    GRAB_SRGB,       // as clamp, from linear light, encoded as IEC 61966-2-1 says
    GRAB_CURVE,      // as sRGB, with highlights bent by x (1 + x / 16) / (1 + x): 4 and more is white
    GRAB_TONES
} grab_tone;

enum { GRAB_MAX_SIDE = 16384, GRAB_MAX_SHRINK = 128, GRAB_NAME = 48, GRAB_DESCRIPTION = 256 };

typedef struct grab_view {
    const void* pixels;  // row 0 is the top
    int width, height;
    ptrdiff_t stride;  // bytes from row to row
    grab_format format;
} grab_view;

typedef struct grab_target {
    int x, y, crop_width, crop_height;  // the part that is wanted; width or height 0: all to the right or bottom edge
    int width, height;                  // of the result; 0: as large as the part
    grab_color color;
    grab_tone tone;
} grab_target;

int grab_channels(grab_color color);

// Conversion: an exact area average ("box"), each source pixel weighted with the share of it that an output pixel covers.
typedef struct grab_converter grab_converter;
grab_converter* grab_converter_new(void);
void grab_converter_free(grab_converter* converter);
// The size of what `grab_convert` writes.
grab_status grab_fit(const grab_view* view, const grab_target* target, int* width, int* height, grab_error* error);
// out (height, width, channels) uint8, densely packed.
grab_status grab_convert(grab_converter* converter, const grab_view* view, const grab_target* target, uint8_t* out,
                         grab_error* error);
// Instructions in use: "avx2", "sse2" or "c". `name` NULL: the best; returns NULL where this processor has them not.
const char* grab_use_instructions(const char* name);

// Sources.
typedef struct grab_texture {
    char name[GRAB_NAME];
    char description[GRAB_DESCRIPTION];
    int width, height;
    uint32_t flags;  // the source's own
} grab_texture;

typedef struct grab_picture {
    grab_view view;
    uint64_t number;  // the publisher's frame number
    double time;      // s of the system's monotonic clock (Python's time.perf_counter)
} grab_picture;

typedef struct grab_source grab_source;
struct grab_source {
    grab_status (*list)(grab_source*, grab_texture* textures, int capacity, int* count, double timeout, grab_error*);
    // A mark for `acquire`: pictures beyond it were begun after this call.
    grab_status (*mark)(grab_source*, uint64_t* mark, grab_error*);
    // The newest picture, once it is beyond `mark` (0: any picture) and its number at least `number`. Waits for it, at most
    // `timeout` s.
    grab_status (*acquire)(grab_source*, uint64_t mark, uint64_t number, double timeout, grab_picture* picture, grab_error*);
    // Gives the picture back; false where it was overwritten meanwhile, so that what was read of it is to be thrown away.
    bool (*release)(grab_source*);
    void (*close)(grab_source*);
};

// Where the result goes: an array of (height, width, channels) uint8, or NULL, which ends `grab_next` with GRAB_BAD_TARGET.
typedef uint8_t* (*grab_room)(void* context, int width, int height, int channels);

grab_status grab_next(grab_source* source, grab_converter* converter, const grab_target* target, uint64_t mark,
                      uint64_t number, double timeout, grab_room room, void* context, grab_picture* picture,
                      grab_error* error);

// Shared memory, read: pictures that a `grab_writer` of the same name publishes, of any program.
grab_source* grab_shm_open(const char* name, grab_error* error);

// The game, through Custom Shaders Patch: texture "Group: Title" or its title alone. Width and height, where not 0, are asked
// of the game (32..2048). `draws`: 2 for pictures begun after a mark, 1 for those that ended after it, a game's frame earlier.
grab_source* grab_csp_open(const char* texture, int width, int height, int draws, grab_error* error);

// Shared memory, written. `slots` >= 3 pictures are kept; readers may read one while the others are being written.
typedef struct grab_writer grab_writer;
grab_writer* grab_writer_open(const char* name, int slots, grab_error* error);
// Says that the next picture is being drawn from now on, wherever; `grab_writer_begin` says so itself where this did not.
void grab_writer_announce(grab_writer* writer);
// Room for the next picture, to be drawn into from now on; NULL on failure. A larger size than before makes new memory.
void* grab_writer_begin(grab_writer* writer, int width, int height, grab_format format, ptrdiff_t* stride,
                        grab_error* error);
void grab_writer_publish(grab_writer* writer, uint64_t number, double time);
void grab_writer_close(grab_writer* writer);

double grab_now(void);  // s of the system's monotonic clock
void grab_sleep(double seconds);

#ifdef __cplusplus
}
#endif
#endif
