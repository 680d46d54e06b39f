// The inner loops of `convert.c`, once for each set of instructions; all give the same bytes.
//
// Numbers on the way: a sample is a signed 16-bit number with GRAB_FRACTION bits behind the point, 0..255 in front of it.
#ifndef AC_GYM_GRAB_CONVERT_KERNELS_H
#define AC_GYM_GRAB_CONVERT_KERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { GRAB_FRACTION = 7, GRAB_WHITE = 255 << GRAB_FRACTION, GRAB_ROW_ONE = 1 << 15, GRAB_LUMA_BITS = 14 };

// Weights of the vertical average in small whole numbers, which is exact: where `m` source rows become `n`, each is 0 to
// n / gcd, and all for one output row sum to m / gcd. A sum of samples << `shift`, times `scale` >> 16, is their mean.
typedef struct grab_rows {
    const int8_t* weights;  // `count` of them, and a 0 behind where that is odd
    int count, shift;
    uint16_t scale;
} grab_rows;

// Weights of the horizontal average: `taps` (even) for each output pixel, from source pixel `first` on; their sum is
// 1 << `shift`. `pairs` holds the same for the multiply-add instruction: for two output pixels after each other, by two taps,
// the two weights four times each.
typedef struct grab_columns {
    const int32_t* first;
    const int16_t* weights;
    const int16_t* pairs;
    int taps, shift;
} grab_columns;

typedef struct grab_kernels {
    const char* name;
    // sums[i] = mean over rows of row[i].
    void (*average_rows8)(int16_t* sums, const uint8_t* row, ptrdiff_t stride, const grab_rows* rows, int samples);
    // sums[i] += sum over `rows` of row[i] * weight; `weights` sum to GRAB_ROW_ONE over the whole average. For ratios that need
    // larger weights.
    void (*add_rows8)(int16_t* sums, const uint8_t* row, ptrdiff_t stride, const uint16_t* weights, int rows, int samples);
    // The same from 16-bit samples; the stride is in bytes.
    void (*add_rows16)(int16_t* sums, const uint8_t* row, ptrdiff_t stride, const uint16_t* weights, int rows, int samples);
    // 16-bit floats to 0..65535, cut at 0 and 1; with `curve`, highlights are bent first. Not a number is 0.
    void (*half_to_16)(uint16_t* out, const uint16_t* in, int samples, bool curve);
    // means (width, 4): weighted averages along a row of four-channel samples.
    void (*average)(int16_t* means, const int16_t* samples, const grab_columns* columns, int width);
    // Luma with `weights` (4), which sum to 1 << GRAB_LUMA_BITS.
    void (*pack_gray)(uint8_t* out, const int16_t* samples, const int16_t* weights, int width);
    // Three bytes a pixel; `swap` exchanges the first and the third.
    void (*pack_color)(uint8_t* out, const int16_t* samples, bool swap, int width);
} grab_kernels;

extern const grab_kernels grab_kernels_c;
const grab_kernels* grab_find_kernels(const char* name);  // NULL: the best; NULL is returned for what this machine lacks

#endif
