/* A vJoyInterface.dll without a driver: it appends what arrives to the file FAKE_VJOY_LOG, one line a call.
   FAKE_VJOY_STATUS is what GetVJDStatus says of a device that nobody holds (1 free, 2 busy, 3 missing), FAKE_VJOY_DROPS
   how many positions UpdateVJD turns down, FAKE_VJOY_DISABLED that there is no driver. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <windows.h>

#define API __declspec(dllexport)
enum { owned = 0, free_device = 1, position_size = 108 };

static int held, drops_left = -1;

static int number(const char *name, int otherwise) {
    const char *text = getenv(name);
    return text ? atoi(text) : otherwise;
}

static void note(const char *format, ...) {
    const char *path = getenv("FAKE_VJOY_LOG");
    FILE *log = path ? fopen(path, "a") : NULL;
    if (!log) return;
    va_list values;
    va_start(values, format);
    vfprintf(log, format, values);
    va_end(values);
    fclose(log);
}

API BOOL vJoyEnabled(void) { return !getenv("FAKE_VJOY_DISABLED"); }
API BOOL DriverMatch(WORD *dll, WORD *driver) {
    *dll = *driver = 0x218;
    return TRUE;
}
API int GetVJDStatus(UINT device) {
    (void)device;
    return held ? owned : number("FAKE_VJOY_STATUS", free_device);
}
API BOOL GetVJDAxisExist(UINT device, UINT axis) {
    (void)device;
    return axis >= 0x30 && axis <= 0x32;
}
API int GetVJDButtonNumber(UINT device) {
    (void)device;
    return 8;
}
API BOOL AcquireVJD(UINT device) {
    if (GetVJDStatus(device) > free_device) return FALSE;
    held = 1;
    note("acquire %u\n", device);
    return TRUE;
}
API BOOL RelinquishVJD(UINT device) {
    held = 0;
    note("relinquish %u\n", device);
    return TRUE;
}
API BOOL UpdateVJD(UINT device, const unsigned char *position) {
    if (drops_left < 0) drops_left = number("FAKE_VJOY_DROPS", 0);
    if (!held || drops_left > 0) {
        drops_left -= drops_left > 0;
        note("dropped %u\n", device);
        return FALSE;
    }
    char hex[2 * position_size + 1];
    for (int i = 0; i < position_size; ++i) sprintf(hex + 2 * i, "%02x", position[i]);
    note("update %u %s\n", device, hex);
    return TRUE;
}
API BOOL SetAxis(LONG value, UINT device, UINT axis) {
    note("axis %u 0x%x %ld\n", device, axis, value);
    return held;
}
API BOOL SetBtn(BOOL pressed, UINT device, UCHAR button) {
    note("button %u %u %d\n", device, button, pressed);
    return held;
}
API BOOL ResetVJD(UINT device) {
    note("reset %u\n", device);
    return held;
}
