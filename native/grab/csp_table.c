// The reader's side of CSP's table of textures.
#include "csp_table.h"

#include <stdio.h>
#include <string.h>

void csp_request_init(csp_request* request, const char* name, int width, int height) {
    memset(request, 0, sizeof *request);
    snprintf(request->name, sizeof request->name, "%s", name);  // the table, too, cuts longer names
    request->width = width;
    request->height = height;
    request->index = -1;
}

static int count_of(const csp_table* table) {
    const int count = table->items_count;
    return count < 0 ? 0 : count > CSP_ITEMS ? CSP_ITEMS : count;
}

grab_status csp_sync(csp_table* table, grab_error* error) {
    table->alive_counter = CSP_ALIVE;
    if (table->items_count > CSP_STOPPED) return GRAB_OK;
    return grab_fail(error, GRAB_NOT_RUNNING, "the game was closed (its list of textures has ended); start it again");
}

// "Group: Title" or the title alone.
static bool has_name(const csp_item* item, const char* name) {
    char whole[sizeof item->name + 1];
    memcpy(whole, item->name, sizeof item->name);
    whole[sizeof item->name] = 0;
    const char* colon = strstr(whole, ": ");
    return !strcmp(whole, name) || (colon && !strcmp(colon + 2, name));
}

// Items move when others come and go: the key tells whether the one at our index is still ours.
static int find_index(const csp_table* table, const csp_request* request) {
    const int count = count_of(table);
    if (request->index >= 0 && request->index < count && table->items[request->index].name_key == request->name_key)
        return request->index;
    for (int i = 0; i < count; ++i)
        if (has_name(&table->items[i], request->name)) return i;
    return -1;
}

csp_item* csp_find(csp_table* table, csp_request* request, grab_error* error) {
    const int index = find_index(table, request);
    if (index < 0) {
        request->index = -1;
        grab_fail(error, GRAB_UNKNOWN_TEXTURE, "the game offers no texture '%s'%s", request->name,
                  count_of(table) ? "" : ", nor any other yet");
        return NULL;
    }
    csp_item* item = &table->items[index];
    if (index != request->index || item->name_key != request->name_key)
        request->needed = item->needs_data;  // another's count
    request->index = index;
    request->name_key = item->name_key;
    if (!(item->flags & CSP_UNAVAILABLE)) return item;
    grab_fail(error, GRAB_TIMEOUT, "texture '%s' cannot be had at present, says the game", request->name);
    return NULL;
}

static void ask_for_size(csp_item* item, const csp_request* request) {
    if (!request->width ||
        ((item->flags & CSP_OVERRIDE_SIZE) && item->width == request->width && item->height == request->height))
        return;
    item->width = (uint16_t)request->width;
    item->height = (uint16_t)request->height;
    item->flags |= CSP_OVERRIDE_SIZE;
}

void csp_ask(csp_item* item, csp_request* request, double now) {
    const uint16_t needed = item->needs_data;
    // However many are missing, one look counts one frame: CSP may have overwritten our number with its own, less one.
    if (needed < request->needed) {
        ++request->drawn;
        request->drawn_since = request->looked;
        request->progress = now;
    }
    ask_for_size(item, request);
    if (needed < CSP_AHEAD) item->needs_data = CSP_AHEAD;
    request->needed = needed < CSP_AHEAD ? CSP_AHEAD : needed;
    request->looked = now;
}

void csp_stop(csp_table* table, csp_request* request) {
    grab_error ignored;
    csp_item* item = table->items_count > CSP_STOPPED ? csp_find(table, request, &ignored) : NULL;
    if (!item) return;
    item->needs_data = 0;
    if (request->width) item->flags &= (uint16_t)~CSP_OVERRIDE_SIZE;
}
