// Loads and stores of shared words, with the order that the other side relies on.
#ifndef AC_GYM_GRAB_ATOMICS_H
#define AC_GYM_GRAB_ATOMICS_H

#include <stdint.h>

#if defined(_MSC_VER) && !defined(__clang__)
#include <windows.h>
static inline uint32_t load32(const volatile uint32_t* at) { return (uint32_t)ReadAcquire((const volatile LONG*)at); }
static inline uint64_t load64(const volatile uint64_t* at) { return (uint64_t)ReadAcquire64((const volatile LONG64*)at); }
static inline void store32(volatile uint32_t* at, uint32_t value) { WriteRelease((volatile LONG*)at, (LONG)value); }
static inline void store64(volatile uint64_t* at, uint64_t value) { WriteRelease64((volatile LONG64*)at, (LONG64)value); }
static inline void fence(void) { MemoryBarrier(); }
#else
static inline uint32_t load32(const volatile uint32_t* at) { return __atomic_load_n(at, __ATOMIC_ACQUIRE); }
static inline uint64_t load64(const volatile uint64_t* at) { return __atomic_load_n(at, __ATOMIC_ACQUIRE); }
static inline void store32(volatile uint32_t* at, uint32_t value) { __atomic_store_n(at, value, __ATOMIC_RELEASE); }
static inline void store64(volatile uint64_t* at, uint64_t value) { __atomic_store_n(at, value, __ATOMIC_RELEASE); }
static inline void fence(void) { __atomic_thread_fence(__ATOMIC_SEQ_CST); }
#endif

#endif
