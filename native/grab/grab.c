// What all sources share: errors, the clock, and the way of a picture from a source into the caller's array.
#include "grab.h"

#include <stdarg.h>
#include <stdio.h>

#ifdef _WIN32
#include <windows.h>
#else
#include <time.h>
#endif

grab_status grab_fail(grab_error* error, grab_status status, const char* format, ...) {
    va_list values;
    va_start(values, format);
    error->status = status;
    vsnprintf(error->message, sizeof error->message, format, values);
    va_end(values);
    return status;
}

#ifdef _WIN32
double grab_now(void) {
    LARGE_INTEGER count, frequency;
    QueryPerformanceCounter(&count);
    QueryPerformanceFrequency(&frequency);
    return (double)count.QuadPart / (double)frequency.QuadPart;
}

// Sleep alone would last up to 16 ms, however short the time.
void grab_sleep(double seconds) {
    const DWORD high_resolution = 2;  // CREATE_WAITABLE_TIMER_HIGH_RESOLUTION, Windows 10 and later
    const LARGE_INTEGER due = {.QuadPart = -(LONGLONG)(seconds * 1e7)};
    const HANDLE timer = CreateWaitableTimerExW(NULL, NULL, high_resolution, TIMER_MODIFY_STATE | SYNCHRONIZE);
    if (timer && SetWaitableTimer(timer, &due, 0, NULL, NULL, FALSE)) WaitForSingleObject(timer, INFINITE);
    else Sleep((DWORD)(seconds * 1e3 + 0.999));
    if (timer) CloseHandle(timer);
}
#else
double grab_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

void grab_sleep(double seconds) {
    const struct timespec time = {(time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9)};
    nanosleep(&time, NULL);
}
#endif

grab_status grab_next(grab_source* source, grab_converter* converter, const grab_target* target, uint64_t mark,
                      uint64_t number, double timeout, grab_room room, void* context, grab_picture* picture,
                      grab_error* error) {
    const double end = grab_now() + timeout;
    for (;;) {
        const double left = end - grab_now();
        grab_status status = source->acquire(source, mark, number, left > 0.0 ? left : 0.0, picture, error);
        if (status) return status;
        int width, height;
        status = grab_fit(&picture->view, target, &width, &height, error);
        if (!status) {
            uint8_t* out = room(context, width, height, grab_channels(target->color));
            status = out ? grab_convert(converter, &picture->view, target, out, error)
                         : grab_fail(error, GRAB_BAD_TARGET, "no room for a picture of %d x %d", width, height);
        }
        if (source->release(source)) return status;
        if (grab_now() > end) return grab_fail(error, GRAB_TIMEOUT, "pictures are overwritten faster than they can be read");
    }
}
