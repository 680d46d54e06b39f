/* The csp source against the producer: each line of output is "ok NAME" or "FAILED NAME ...".

   Under Windows (Wine) it runs the product's whole way: section, device, staging textures; only the shared handle is made up
   (fake_sharing.c). Elsewhere all but the protocol is made up (fake_system.c). */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "csp_system.h"
#include "producer.h"

#ifdef _WIN32
#include <windows.h>
long fake_sharing_install(void);
#else
extern csp_table* fake_table;
csp_system* fake_system_new(void);
#endif

#define PATIENCE 20.0 /* s that no test waits for in vain */
#define BRIEF 0.15    /* s that a test waits for in vain */

static const char* test_name;
static int failures;

#define CHECK(condition)                                                                            \
    do {                                                                                            \
        if (!(condition)) {                                                                         \
            printf("FAILED %s line %d: %s (%s)\n", test_name, __LINE__, #condition, error.message); \
            ++failures;                                                                             \
            return;                                                                                 \
        }                                                                                           \
    } while (0)

/* ------------------------------------------------------------------------------------------------------------- the game */

static producer game;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static volatile bool over;
static csp_table* table;

static void* frames(void* unused) {
    while (!over) {
        pthread_mutex_lock(&lock);
        producer_frame(&game);
        pthread_mutex_unlock(&lock);
        grab_sleep(4e-3);
    }
    return unused;
}

#define DURING_A_FRAME(statement) (pthread_mutex_lock(&lock), statement, pthread_mutex_unlock(&lock))

static void set_running(bool running) {
#ifdef _WIN32
    static HANDLE section;
    if (running && !section) {
        section = CreateFileMappingA(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0, sizeof(csp_table), CSP_SECTION);
        table = MapViewOfFile(section, FILE_MAP_ALL_ACCESS, 0, 0, 0);
    } else if (!running && section) {
        UnmapViewOfFile(table);
        CloseHandle(section);
        section = NULL;
    }
#else
    static csp_table memory;
    fake_table = running ? &memory : NULL;
    table = &memory;
#endif
}

static void start_game(void) {
    pthread_mutex_lock(&lock);
    set_running(true);
    producer_start(&game, table);
    pthread_mutex_unlock(&lock);
}

static void stop_game(void) {
    pthread_mutex_lock(&lock);
    producer_stop(&game);
    game.table = NULL;
    set_running(false);
    pthread_mutex_unlock(&lock);
}

/* ----------------------------------------------------------------------------------------------------------- the reader */

static grab_error error;
static unsigned char image[512 * 512 * 3];
static int image_width, image_height;

static uint8_t* room(void* context, int width, int height, int channels) {
    (void)context, (void)channels;
    image_width = width, image_height = height;
    return image;
}

static grab_source* open_texture_of(const char* name, int width, int height, int draws) {
#ifdef _WIN32
    return grab_csp_open(name, width, height, draws, &error);
#else
    return grab_csp_source(fake_system_new(), name, width, height, draws, &error);
#endif
}

static grab_status get(grab_source* source, bool wait, double timeout, grab_picture* picture) {
    static grab_converter* converter;
    const grab_target whole = {.color = GRAB_RGB};
    uint64_t mark = 0;
    if (!converter) converter = grab_converter_new();
    if (wait) source->mark(source, &mark, &error);
    return grab_next(source, converter, &whole, mark, 0, timeout, room, NULL, picture, &error);
}

/* All pixels of the last image are drawings of that texture, not what was in memory before. They need not be of one drawing:
   nothing keeps the game from drawing while it is copied. */
static bool shows(int texture) {
    for (int i = 0; i < image_width * image_height; ++i)
        if (image[3 * i + 2] != texture + 1) return false;
    return true;
}

/* And all of them are of drawings that were begun later than that one. */
static bool newer_than(uint32_t number) {
    for (int i = 0; i < image_width * image_height; ++i)
        if ((uint16_t)(producer_number(image + 3 * i) - number - 1) >= 0x8000) return false;
    return true;
}

/* ------------------------------------------------------------------------------------------------------------ the tests */

static void never_started(void) {
    set_running(false);
    grab_picture picture;
    grab_source* source = open_texture_of("Scene", 0, 0, 2);
    CHECK(source ? get(source, true, BRIEF, &picture) == GRAB_NOT_RUNNING : error.status == GRAB_NOT_RUNNING);
    if (source) source->close(source);
    CHECK(strstr(error.message, "the game is not running"));
}

static void too_old(void) { /* the game runs, but its patch has no such table */
#ifdef _WIN32
    const HANDLE page = CreateFileMappingA(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0, 4096, "Local\\acpmf_static");
    CHECK(!open_texture_of("Scene", 0, 0, 2));
    CloseHandle(page);
    CHECK(error.status == GRAB_NOT_RUNNING &&
          strstr(error.message, "it needs Custom Shaders Patch 0.1.80-preview348 (build 2503)"));
#endif
}

static void lists_textures(void) {
    grab_texture textures[64];
    int count = 0;
    start_game();
    grab_source* source = open_texture_of("Scene", 0, 0, 2);
    CHECK(source && !source->list(source, textures, 64, &count, PATIENCE, &error));
    CHECK(count == PRODUCER_TEXTURES);
    CHECK(!strcmp(textures[0].name, "Cameras: Scene") && !strcmp(textures[0].description, "the picture without widgets"));
    CHECK(textures[2].width == 40 && textures[2].height == 20 && textures[2].flags == CSP_TRANSPARENT);
    source->close(source);
    stop_game();
}

static void new_frames(bool counts_first, bool slow) {
    grab_picture picture;
    start_game();
    DURING_A_FRAME((game.counts_first = counts_first, game.slow = slow));
    grab_source* source = open_texture_of("Cameras: Scene", 0, 0, 2);
    CHECK(source);
    uint64_t last = 0;
    for (int i = 0; i < 30; ++i) {
        grab_sleep(1e-3 * (i % 5)); /* at all moments of a frame */
        const double asked = grab_now();
        const uint32_t begun = game.begun;
        CHECK(!get(source, true, PATIENCE, &picture));
        CHECK(image_width == 64 && image_height == 32 && picture.number > last && picture.time >= asked);
        last = picture.number;
        CHECK(shows(0) && newer_than(begun));
    }
    source->close(source);
    stop_game();
}

static void new_frames_drawn_then_counted(void) { new_frames(false, false); }
static void new_frames_counted_then_drawn(void) { new_frames(true, false); }
static void new_frames_drawn_slowly(void) { new_frames(false, true); }

static void one_draw_is_a_frame_earlier(void) {
    grab_picture picture;
    start_game();
    grab_source* source = open_texture_of("Scene", 0, 0, 1);
    CHECK(source && !get(source, true, PATIENCE, &picture));
    const uint64_t first = picture.number;
    CHECK(!get(source, true, PATIENCE, &picture) && picture.number > first);
    source->close(source);
    stop_game();
}

static void any_frame(void) {
    grab_picture picture;
    start_game();
    grab_source* source = open_texture_of("Scene", 0, 0, 2);
    CHECK(source && !get(source, false, PATIENCE, &picture) && shows(0)); /* the first one has to be drawn */
    DURING_A_FRAME(game.paused = true);
    CHECK(!get(source, false, BRIEF, &picture) && shows(0));
    const uint32_t number = producer_number(image);
    CHECK(!get(source, false, BRIEF, &picture) && producer_number(image) == number);
    source->close(source);
    stop_game();
}

static void keeps_the_handshake(void) {
    grab_picture picture;
    start_game();
    grab_source* source = open_texture_of("Tyres", 0, 0, 2);
    CHECK(source && !get(source, true, PATIENCE, &picture));
    DURING_A_FRAME(game.paused = true);
    table->alive_counter = 0;
    get(source, false, BRIEF, &picture);
    CHECK(table->alive_counter == CSP_ALIVE && table->items[2].needs_data == CSP_AHEAD && table->items[0].needs_data == 0);
    source->close(source);
    CHECK(table->items[2].needs_data == 0);
    stop_game();
}

static void every_format(void) {
    static const char* const names[] = {"Scene", "Chase", "Tyres", "Deep"};
    grab_picture picture;
    start_game();
    for (int i = 0; i < 4; ++i) {
        grab_source* source = open_texture_of(names[i], 0, 0, 2);
        CHECK(source && !get(source, true, PATIENCE, &picture) && shows(i));
        CHECK(image_width == game.textures[i].width && image_height == game.textures[i].height);
        source->close(source);
    }
    stop_game();
}

static void made_anew(bool counts_first) {
    grab_picture picture;
    start_game();
    DURING_A_FRAME(game.counts_first = counts_first);
    grab_source* source = open_texture_of("Scene", 0, 0, 2);
    for (int i = 0; i < 10; ++i) {
        CHECK(source && !get(source, i % 2, PATIENCE, &picture) && shows(0));
        CHECK(image_width == 64 + (i ? i - 1 : 0));
        DURING_A_FRAME(producer_recreate(&game, 0, (uint16_t)(64 + i), 32));
    }
    source->close(source);
    stop_game();
}

static void texture_made_anew(void) { made_anew(false); }
static void texture_made_anew_and_counted_first(void) { made_anew(true); }

static void items_move(void) {
    grab_picture picture;
    start_game();
    grab_source* source = open_texture_of("Tyres", 0, 0, 2);
    for (int i = 0; i < 6; ++i) {
        CHECK(source && !get(source, true, PATIENCE, &picture) && shows(2));
        DURING_A_FRAME(game.hidden = !game.hidden);
    }
    source->close(source);
    stop_game();
}

static void size_of_the_readers(void) {
    grab_picture picture;
    start_game();
    grab_source* source = open_texture_of("Chase", 96, 72, 2);
    CHECK(source && !get(source, true, PATIENCE, &picture));
    const double end = grab_now() + PATIENCE;
    while (image_width != 96 && grab_now() < end)
        CHECK(!get(source, true, PATIENCE, &picture)); /* until the game has seen it */
    CHECK(image_width == 96 && image_height == 72 && shows(1));
    CHECK(table->items[1].flags & CSP_OVERRIDE_SIZE);
    source->close(source);
    CHECK(!(table->items[1].flags & CSP_OVERRIDE_SIZE));
    stop_game();
}

static void game_closed_and_started_again(void) {
    grab_picture picture;
    start_game();
    grab_source* source = open_texture_of("Scene", 0, 0, 2);
    CHECK(source && !get(source, true, PATIENCE, &picture));
    DURING_A_FRAME(producer_stop(&game));
    CHECK(get(source, true, BRIEF, &picture) == GRAB_NOT_RUNNING);
    stop_game();
    CHECK(get(source, false, BRIEF, &picture) == GRAB_NOT_RUNNING && strstr(error.message, "the game is not running"));
    start_game();
    CHECK(!get(source, true, PATIENCE, &picture) && shows(0));
    source->close(source);
    stop_game();
}

static void game_hangs(void) {
    grab_picture picture;
    start_game();
    grab_source* source = open_texture_of("Scene", 0, 0, 2);
    CHECK(source && !get(source, true, PATIENCE, &picture));
    DURING_A_FRAME(game.paused = true);
    CHECK(get(source, true, BRIEF, &picture) == GRAB_TIMEOUT &&
          strstr(error.message, "no new picture of texture 'Scene' in time"));
    source->close(source);
    stop_game();
}

static void no_such_texture(void) {
    grab_picture picture;
    start_game();
    grab_source* source = open_texture_of("Cinema", 0, 0, 2);
    CHECK(source && get(source, true, BRIEF, &picture) == GRAB_UNKNOWN_TEXTURE);
    CHECK(!strcmp(error.message, "the game offers no texture 'Cinema'"));
    source->close(source);
    stop_game();
}

static void unavailable_texture(void) {
    grab_picture picture;
    start_game();
    DURING_A_FRAME(game.textures[0].flags |= CSP_UNAVAILABLE);
    grab_source* source = open_texture_of("Scene", 0, 0, 2);
    CHECK(source && get(source, true, BRIEF, &picture) == GRAB_TIMEOUT && strstr(error.message, "cannot be had at present"));
    DURING_A_FRAME(game.textures[0].flags &= (uint16_t)~CSP_UNAVAILABLE);
    CHECK(!get(source, true, PATIENCE, &picture) && shows(0));
    source->close(source);
    stop_game();
}

static void unknown_format(void) {
    grab_picture picture;
    start_game();
    grab_source* source = open_texture_of("Odd", 0, 0, 2);
    CHECK(source && get(source, true, BRIEF, &picture) == GRAB_BAD_PICTURE &&
          strstr(error.message, "the game's texture is of DXGI format 61"));
    source->close(source);
    stop_game();
}

static void handle_of_nothing(void) {
    grab_picture picture;
    start_game();
    grab_source* source = open_texture_of("Scene", 0, 0, 2);
    CHECK(source && !get(source, true, PATIENCE, &picture));
    DURING_A_FRAME((game.paused = true, table->items[0].handle = 0x40000001));
    CHECK(get(source, false, BRIEF, &picture) == GRAB_SYSTEM &&
          strstr(error.message, "cannot be opened (handle 0x40000001"));
    table->items[0].handle = 0;
    CHECK(get(source, false, BRIEF, &picture) == GRAB_TIMEOUT && strstr(error.message, "was not drawn in time"));
    source->close(source);
    stop_game();
}

static void mad_table(void) { /* whatever it holds, nobody crashes */
    grab_picture picture;
    start_game();
    DURING_A_FRAME(game.paused = true);
    memset((void*)table, 0x7F, sizeof *table);
    grab_source* source = open_texture_of("Scene", 0, 0, 2);
    CHECK(source && get(source, true, BRIEF, &picture) == GRAB_UNKNOWN_TEXTURE);
    source->close(source);
    stop_game();
}

int main(void) {
    static const struct {
        const char* name;
        void (*run)(void);
    } tests[] = {{"never_started", never_started},
                 {"too_old", too_old},
                 {"lists_textures", lists_textures},
                 {"new_frames_drawn_then_counted", new_frames_drawn_then_counted},
                 {"new_frames_counted_then_drawn", new_frames_counted_then_drawn},
                 {"new_frames_drawn_slowly", new_frames_drawn_slowly},
                 {"one_draw_is_a_frame_earlier", one_draw_is_a_frame_earlier},
                 {"any_frame", any_frame},
                 {"keeps_the_handshake", keeps_the_handshake},
                 {"every_format", every_format},
                 {"texture_made_anew", texture_made_anew},
                 {"texture_made_anew_and_counted_first", texture_made_anew_and_counted_first},
                 {"items_move", items_move},
                 {"size_of_the_readers", size_of_the_readers},
                 {"game_closed_and_started_again", game_closed_and_started_again},
                 {"game_hangs", game_hangs},
                 {"no_such_texture", no_such_texture},
                 {"unavailable_texture", unavailable_texture},
                 {"unknown_format", unknown_format},
                 {"handle_of_nothing", handle_of_nothing},
                 {"mad_table", mad_table}};
#ifdef _WIN32
    const long installed = fake_sharing_install();
    if (installed) return printf("FAILED no Direct3D here: 0x%08lx\n", installed), 2;
#endif
    pthread_t thread;
    pthread_create(&thread, NULL, frames, NULL);
    for (size_t i = 0; i < sizeof tests / sizeof *tests; ++i) {
        const int before = failures;
        test_name = tests[i].name;
        tests[i].run();
        if (failures == before) printf("ok %s\n", test_name);
        else stop_game();
        fflush(stdout);
    }
    over = true;
    pthread_join(thread, NULL);
    return failures != 0;
}
