// Shared memory on Linux: files in /dev/shm, a lock (flock) on the file as the claim, a futex as the bell.
#ifdef __linux__
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "atomics.h"
#include "shared.h"

enum { PATH = SHARED_NAME + 16, CLAIM_TRIES = 20 };

static void path_of(char* path, const char* name) { snprintf(path, PATH, "/dev/shm/%s", name); }

static bool map(shared_block* block, int file, size_t size, int protection) {
    void* memory = mmap(NULL, size, protection, MAP_SHARED, file, 0);
    if (memory == MAP_FAILED) return false;
    block->memory = memory;
    block->size = size;
    block->handle = file;
    return true;
}

// Locks the file; readers that look whether it is locked hold it for a moment.
static bool lock(int file) {
    for (int i = 0; i < CLAIM_TRIES; ++i) {
        if (!flock(file, LOCK_EX | LOCK_NB)) return true;
        grab_sleep(1e-3);
    }
    return false;
}

static bool is_at(int file, const char* path) {
    struct stat opened, named;
    return !fstat(file, &opened) && !stat(path, &named) && opened.st_dev == named.st_dev && opened.st_ino == named.st_ino;
}

grab_status shared_claim(shared_block* block, const char* name, size_t size, grab_error* error) {
    char path[PATH];
    path_of(path, name);
    for (;;) {
        const int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (file < 0) return grab_fail(error, GRAB_SYSTEM, "%s cannot be made (%s)", path, strerror(errno));
        if (!lock(file)) {
            close(file);
            return grab_fail(error, GRAB_BUSY,
                             "%s: another program publishes pictures here; stop it, or choose another name", path);
        }
        if (is_at(file, path)) {  // else its last writer has just taken it away
            struct stat status;
            const bool sized = !fstat(file, &status) && ((size_t)status.st_size >= size || !ftruncate(file, (off_t)size));
            if (sized && map(block, file, size, PROT_READ | PROT_WRITE)) return GRAB_OK;
            const int reason = errno;
            close(file);
            return grab_fail(error, GRAB_SYSTEM, "%s cannot be mapped (%s)", path, strerror(reason));
        }
        close(file);
    }
}

bool shared_claimed(const shared_block* block, const char* name) {
    (void)name;
    if (flock((int)block->handle, LOCK_SH | LOCK_NB)) return true;
    flock((int)block->handle, LOCK_UN);
    return false;
}

bool shared_create(shared_block* block, const char* name, size_t size) {
    char path[PATH];
    path_of(path, name);
    unlink(path);  // a killed writer's
    const int file = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (file < 0) return false;
    // The room is taken now: a write to memory that the system has not got would end the process.
    if (!posix_fallocate(file, 0, (off_t)size) && map(block, file, size, PROT_READ | PROT_WRITE)) return true;
    unlink(path);
    close(file);
    return false;
}

grab_status shared_open(shared_block* block, const char* name, grab_error* error) {
    char path[PATH];
    struct stat status;
    path_of(path, name);
    const int file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (file < 0)
        return errno == ENOENT ? grab_fail(error, GRAB_NOT_RUNNING, "there is no %s", path)
                               : grab_fail(error, GRAB_SYSTEM, "%s cannot be opened (%s)", path, strerror(errno));
    if (!fstat(file, &status) && status.st_size > 0 && map(block, file, (size_t)status.st_size, PROT_READ)) return GRAB_OK;
    close(file);
    return grab_fail(error, GRAB_NOT_RUNNING, "%s is empty", path);
}

void shared_close(shared_block* block) {
    if (!block->memory) return;
    munmap(block->memory, block->size);
    close((int)block->handle);
    block->memory = NULL;
}

void shared_remove(const char* name) {
    char path[PATH];
    path_of(path, name);
    unlink(path);
}

bool shared_bell_open(shared_bell* bell, volatile uint32_t* word, const char* name, bool ringer) {
    (void)name, (void)ringer;
    bell->word = word;
    return true;
}

void shared_bell_close(shared_bell* bell) { bell->word = NULL; }

void shared_bell_ring(shared_bell* bell) {
    store32(bell->word, *bell->word + 1);
    syscall(SYS_futex, bell->word, FUTEX_WAKE, INT32_MAX, NULL, NULL, 0);
}

void shared_bell_wait(const shared_bell* bell, uint32_t value, double timeout) {
    const struct timespec time = {(time_t)timeout, (long)((timeout - (double)(time_t)timeout) * 1e9)};
    syscall(SYS_futex, bell->word, FUTEX_WAIT, value, &time, NULL, 0);
}

uint32_t shared_process(void) { return (uint32_t)getpid(); }
#endif
