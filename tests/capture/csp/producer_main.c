/* The producer as a program of its own, for Windows: 60 frames a second, and a command a line on its standard input:
   recreate WIDTH HEIGHT | hide | unavailable | pause | resume | stop, and anything else only asks. The answer ends with the
   number of drawings begun until then. Ends with its input. */
#include <stdio.h>
#include <string.h>
#include <windows.h>

#include "grab.h"
#include "producer.h"

static producer game;
static CRITICAL_SECTION lock;

static DWORD WINAPI frames(void* unused) {
    for (;;) {
        EnterCriticalSection(&lock);
        producer_frame(&game);
        LeaveCriticalSection(&lock);
        grab_sleep(1.0 / 60.0);
    }
    return unused != NULL;
}

static void obey(const char* line) {
    int width, height;
    if (sscanf(line, "recreate %d %d", &width, &height) == 2) producer_recreate(&game, 0, (uint16_t)width, (uint16_t)height);
    else if (!strcmp(line, "hide")) game.hidden = true;
    else if (!strcmp(line, "unavailable")) game.textures[0].flags ^= CSP_UNAVAILABLE;
    else if (!strcmp(line, "pause")) game.paused = true;
    else if (!strcmp(line, "resume")) game.paused = false;
    else if (!strcmp(line, "stop")) producer_stop(&game);
}

int main(void) {
    char line[80];
    InitializeCriticalSection(&lock);
    game.next_handle = 0x40000000 | (GetTickCount() & 0x3FFFFF) << 8; /* a reader may still hold what a game before this shared */
    const HANDLE section = CreateFileMappingA(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0, sizeof(csp_table), CSP_SECTION);
    producer_start(&game, MapViewOfFile(section, FILE_MAP_ALL_ACCESS, 0, 0, 0));
    CreateThread(NULL, 0, frames, NULL, 0, NULL);
    puts("up");
    fflush(stdout);
    while (fgets(line, sizeof line, stdin)) {
        line[strcspn(line, "\r\n")] = 0;
        EnterCriticalSection(&lock);
        obey(line);
        printf("done %s %u\n", line, (unsigned)game.begun);
        LeaveCriticalSection(&lock);
        fflush(stdout);
    }
    return 0;
}
