// One sample, one pixel: the arithmetic that every set of instructions repeats, and the ends of their rows.
#ifndef AC_GYM_GRAB_CONVERT_SCALAR_H
#define AC_GYM_GRAB_CONVERT_SCALAR_H

#include <string.h>

#include "convert_kernels.h"

static inline int16_t mean_of(uint16_t sum, const grab_rows* rows) {
    return (int16_t)((uint32_t)(uint16_t)(sum << rows->shift) * rows->scale >> 16);
}

static inline int weighted8(uint8_t sample, uint16_t weight) { return (int)(((uint32_t)sample << 8) * weight >> 16); }

static inline int weighted16(uint16_t sample, uint16_t weight) { return (int)((uint32_t)sample * weight >> 16); }

// Light of a 16-bit float; 0 where it is negative or not a number. Infinite is 65536, beyond every white point.
static inline float half_to_light(uint16_t half) {
    const uint32_t bits = half <= 0x7C00 ? half : 0;
    const union {
        uint32_t word;
        float value;
    } normal = {(bits << 13) + ((127 - 15) << 23)};
    const float subnormal = (float)(int32_t)bits * 5.9604644775390625e-8f;  // a multiple of 2^-24
    return bits < 0x0400 ? subnormal : normal.value;
}

static inline uint16_t light_to_16(float light, bool curve) {
    const float white = curve ? 4.0f : 1.0f;
    light = light < white ? light : white;
    if (curve) light = light * (1.0f + light * 0.0625f) / (1.0f + light);
    light = light * 65535.0f + 0.5f;
    return (uint16_t)(int32_t)(light < 65535.0f ? light : 65535.0f);
}

static inline uint8_t byte_of(int sample) {
    const int level = (sample + (1 << (GRAB_FRACTION - 1))) >> GRAB_FRACTION;
    return (uint8_t)(level > 255 ? 255 : level < 0 ? 0 : level);
}

static inline uint8_t luma(const int16_t* pixel, const int16_t* weights) {
    enum { SHIFT = GRAB_FRACTION + GRAB_LUMA_BITS };
    const int32_t sum = pixel[0] * weights[0] + pixel[1] * weights[1] + pixel[2] * weights[2];
    const int32_t level = (sum + (1 << (SHIFT - 1))) >> SHIFT;
    return (uint8_t)(level > 255 ? 255 : level);
}

static inline void pixel(uint8_t* out, const int16_t* in, bool swap) {
    out[0] = byte_of(in[swap ? 2 : 0]);
    out[1] = byte_of(in[1]);
    out[2] = byte_of(in[swap ? 0 : 2]);
}

#endif
