/* See producer.h. */
#include "producer.h"

#include <string.h>

#include "grab.h"

void producer_start(producer* p, csp_table* table) {
    const producer fresh = {
        .next_handle = p->next_handle ? p->next_handle : 0x40000a00,
        .begun = p->begun,
        .counts_first = p->counts_first,
        .textures = {{"Cameras: Scene", "the picture without widgets", 0x1111, SHARE_RGBA16F, 0, 64, 32, CSP_HDR},
                     {"Cameras: Chase", "from behind", 0x2222, SHARE_RGBA16F, 0, 48, 48, CSP_HDR | CSP_USER_SIZE},
                     {"Apps: Tyres", "an app's window", 0x3333, SHARE_RGBA8, 0, 40, 20, CSP_TRANSPARENT},
                     {"Apps: Deep", "an app with more colours", 0x4444, SHARE_RGBA16, 0, 36, 33, CSP_HDR},
                     {"Apps: Odd", "of a format that nobody knows", 0x5555, SHARE_R8, 0, 32, 32, CSP_MONOCHROME}}};
    *p = fresh;
    memset((void*)table, 0, sizeof *table);
    p->table = table;
}

static csp_item* item_of(producer* p, int texture) { return &p->table->items[texture + p->hidden]; }

static void list(producer* p) {
    if (p->hidden) p->table->items[0] = (csp_item){.name_key = 0x9999, .name = "Apps: Newcomer"};
    for (int i = 0; i < PRODUCER_TEXTURES; ++i) {
        csp_item* item = item_of(p, i);
        const uint16_t needs = item->name_key == p->textures[i].key ? item->needs_data : 0;
        const uint16_t override = item->name_key == p->textures[i].key ? item->flags & CSP_OVERRIDE_SIZE : 0;
        if (!override) item->width = p->textures[i].width, item->height = p->textures[i].height;
        item->handle = p->textures[i].handle;
        item->flags = (uint16_t)(p->textures[i].flags | override);
        item->needs_data = needs;
        strncpy(item->name, p->textures[i].name, sizeof item->name - 1);
        strncpy(item->description, p->textures[i].description, sizeof item->description - 1);
        item->name_key = p->textures[i].key;
    }
    p->table->items_count = PRODUCER_TEXTURES + p->hidden;
}

void producer_recreate(producer* p, int texture, uint16_t width, uint16_t height) {
    share_drop(p->textures[texture].handle);
    p->textures[texture].handle = p->next_handle += 2;
    p->textures[texture].width = width;
    p->textures[texture].height = height;
    share_make(p->textures[texture].handle, width, height, p->textures[texture].format);
    item_of(p, texture)->handle = p->textures[texture].handle;
}

static uint16_t half_of(unsigned level) { /* level / 255 as a 16-bit float, exactly enough to get the level back */
    if (!level) return 0;
    int exponent = 15;
    double value = level / 255.0;
    while (value < 1.0) value *= 2.0, --exponent;
    return (uint16_t)(exponent << 10 | (int)((value - 1.0) * 1024.0 + 0.5));
}

static void put(unsigned char* to, uint32_t format, unsigned level) {
    const uint16_t deep = format == SHARE_RGBA16F ? half_of(level) : (uint16_t)(level * 257);
    if (format == SHARE_RGBA8) *to = (unsigned char)level;
    else memcpy(to, &deep, sizeof deep);
}

static void draw(producer* p, int texture) {
    share* s = share_find(p->textures[texture].handle);
    const uint32_t number = ++p->begun, size = s->format == SHARE_RGBA8 ? 1 : 2;
    const unsigned levels[4] = {number & 255, number >> 8 & 255, (unsigned)texture + 1, 255};
    for (uint32_t i = 0; i < s->width * s->height && s->format != SHARE_R8; ++i) {
        if (p->slow && i == s->width * s->height / 2) grab_sleep(1e-3);
        for (uint32_t c = 0; c < 4; ++c) put(s->pixels + i * s->pixel_bytes + c * size, s->format, levels[c]);
    }
}

static void follow_size(producer* p, int texture) {
    const csp_item* item = item_of(p, texture);
    const share* s = share_find(p->textures[texture].handle);
    const bool asked = (item->flags & CSP_OVERRIDE_SIZE) && item->width >= CSP_MIN_SIDE && item->width <= CSP_MAX_SIDE &&
                       item->height >= CSP_MIN_SIDE && item->height <= CSP_MAX_SIDE;
    if (asked && (!s || s->width != item->width || s->height != item->height))
        producer_recreate(p, texture, item->width, item->height);
    else if (!s) producer_recreate(p, texture, p->textures[texture].width, p->textures[texture].height);
}

void producer_frame(producer* p) {
    if (!p->table || p->paused || p->table->items_count < 0 || !p->table->alive_counter) return;
    p->table->alive_counter = p->table->alive_counter - 1;
    list(p);
    for (int i = 0; i < PRODUCER_TEXTURES; ++i) {
        csp_item* item = item_of(p, i);
        if (!item->needs_data || (item->flags & CSP_UNAVAILABLE)) continue;
        follow_size(p, i);
        if (p->counts_first) item->needs_data = (uint16_t)(item->needs_data - 1);
        draw(p, i);
        if (!p->counts_first) item->needs_data = (uint16_t)(item->needs_data - 1);
    }
}

void producer_stop(producer* p) {
    if (p->table) p->table->items_count = CSP_STOPPED;
    for (int i = 0; i < PRODUCER_TEXTURES; ++i) share_drop(p->textures[i].handle);
}
