// The inner loops in plain C: what the faster ones must agree with, and what compilers turn into SSE2 and NEON themselves.
#include <string.h>

#include "convert_kernels.h"
#include "convert_scalar.h"

static inline void add_row(uint16_t* restrict sums, const uint8_t* restrict row, uint16_t weight, int samples) {
    for (int i = 0; i < samples; ++i) sums[i] = (uint16_t)(sums[i] + row[i] * weight);
}

static void average_rows8(int16_t* sums, const uint8_t* row, ptrdiff_t stride, const grab_rows* rows, int samples) {
    enum { STRIP = 256 };
    for (int start = 0; start < samples; start += STRIP) {
        uint16_t strip[STRIP] = {0};
        const int end = samples - start < STRIP ? samples - start : STRIP;
        const uint8_t* in = row + start;
        for (int r = 0; r < rows->count; ++r, in += stride) add_row(strip, in, (uint16_t)rows->weights[r], end);
        for (int i = 0; i < end; ++i) sums[start + i] = mean_of(strip[i], rows);
    }
}

static void add_rows8(int16_t* sums, const uint8_t* row, ptrdiff_t stride, const uint16_t* weights, int rows, int samples) {
    for (int r = 0; r < rows; ++r, row += stride)
        for (int i = 0; i < samples; ++i) sums[i] = (int16_t)(sums[i] + weighted8(row[i], weights[r]));
}

static void add_rows16(int16_t* sums, const uint8_t* row, ptrdiff_t stride, const uint16_t* weights, int rows, int samples) {
    for (int r = 0; r < rows; ++r, row += stride) {
        const uint16_t* in = (const uint16_t*)row;
        for (int i = 0; i < samples; ++i) sums[i] = (int16_t)(sums[i] + weighted16(in[i], weights[r]));
    }
}

static void half_to_16(uint16_t* out, const uint16_t* in, int samples, bool curve) {
    for (int i = 0; i < samples; ++i) out[i] = light_to_16(half_to_light(in[i]), curve);
}

static void average(int16_t* means, const int16_t* samples, const grab_columns* columns, int width) {
    const int16_t* weights = columns->weights;
    const int32_t half = 1 << (columns->shift - 1);
    for (int x = 0; x < width; ++x, weights += columns->taps) {
        const int16_t* in = samples + 4 * columns->first[x];
        int32_t sum[4] = {half, half, half, half};
        for (int k = 0; k < columns->taps; ++k)
            for (int c = 0; c < 4; ++c) sum[c] += in[4 * k + c] * weights[k];
        for (int c = 0; c < 4; ++c) means[4 * x + c] = (int16_t)(sum[c] >> columns->shift);
    }
}

static void pack_gray(uint8_t* out, const int16_t* samples, const int16_t* weights, int width) {
    for (int x = 0; x < width; ++x) out[x] = luma(samples + 4 * x, weights);
}

static void pack_color(uint8_t* out, const int16_t* samples, bool swap, int width) {
    for (int x = 0; x < width; ++x) pixel(out + 3 * x, samples + 4 * x, swap);
}

const grab_kernels grab_kernels_c = {"c", average_rows8, add_rows8, add_rows16, half_to_16, average, pack_gray, pack_color};

const grab_kernels* grab_kernels_avx2(void);  // NULL where this machine or build has none

const grab_kernels* grab_find_kernels(const char* name) {
    const grab_kernels* fast = grab_kernels_avx2();
    if (!name) return fast ? fast : &grab_kernels_c;
    if (!strcmp(name, grab_kernels_c.name)) return &grab_kernels_c;
    return fast && !strcmp(name, fast->name) ? fast : NULL;
}
