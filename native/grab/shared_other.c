// Systems without the named shared memory that we know; the game runs on none of them.
#if !defined(__linux__) && !defined(_WIN32)
#include "shared.h"

static grab_status unsupported(grab_error* error) {
    return grab_fail(error, GRAB_SYSTEM, "pictures in shared memory need Linux or Windows");
}

grab_status shared_claim(shared_block* block, const char* name, size_t size, grab_error* error) {
    return (void)block, (void)name, (void)size, unsupported(error);
}
bool shared_claimed(const shared_block* block, const char* name) { return (void)block, (void)name, false; }
bool shared_create(shared_block* block, const char* name, size_t size) { return (void)block, (void)name, (void)size, false; }
grab_status shared_open(shared_block* block, const char* name, grab_error* error) {
    return (void)block, (void)name, unsupported(error);
}
void shared_close(shared_block* block) { block->memory = NULL; }
void shared_remove(const char* name) { (void)name; }
bool shared_bell_open(shared_bell* bell, volatile uint32_t* word, const char* name, bool ringer) {
    return (void)bell, (void)word, (void)name, (void)ringer, false;
}
void shared_bell_close(shared_bell* bell) { bell->word = NULL; }
void shared_bell_ring(shared_bell* bell) { (void)bell; }
void shared_bell_wait(const shared_bell* bell, uint32_t value, double timeout) { (void)bell, (void)value, (void)timeout; }
uint32_t shared_process(void) { return 0; }
#endif
