// The inner loops for x86-64 processors with AVX2 and F16C (Intel since 2013, AMD since 2015).
#include "convert_kernels.h"

#if defined(__x86_64__) || defined(_M_X64)
#include <immintrin.h>

#include "convert_scalar.h"
#ifdef _MSC_VER
#include <intrin.h>
#define AVX2
#else
#define AVX2 __attribute__((target("avx2,f16c")))
#endif

enum {
    STRIP = 64,   // samples that stay in registers while the rows are added up
    AHEAD = 512,  // bytes along a row that are fetched early: processors foresee one row, not a dozen at once
};

// Sixteen products of 16-bit samples and weights, of which the upper halves are added.
AVX2 static inline __m256i add_product(__m256i sum, __m256i samples, __m256i weight) {
    return _mm256_add_epi16(sum, _mm256_mulhi_epu16(samples, weight));
}

AVX2 static inline void add_to(int16_t* at, __m256i value) {
    _mm256_storeu_si256((__m256i*)at, _mm256_add_epi16(_mm256_loadu_si256((const __m256i*)at), value));
}

// Two rows in turn, sample by sample: what the instruction that multiplies and adds neighbours wants.
AVX2 static void average_rows8(int16_t* sums, const uint8_t* row, ptrdiff_t stride, const grab_rows* rows, int samples) {
    const __m256i scale = _mm256_set1_epi16((int16_t)rows->scale);
    const __m128i shift = _mm_cvtsi32_si128(rows->shift);
    int i = 0;
    for (; i + STRIP <= samples; i += STRIP) {
        const uint8_t* in = row + i;
        __m256i low0 = _mm256_setzero_si256(), high0 = low0, low1 = low0, high1 = low0;
        for (int r = 0; r < rows->count; r += 2, in += 2 * stride) {
            int16_t pair;
            memcpy(&pair, rows->weights + r, sizeof pair);
            const __m256i weights = _mm256_set1_epi16(pair);
            const uint8_t* below = r + 1 < rows->count ? in + stride : in;
            const __m256i *upper = (const __m256i*)in, *lower = (const __m256i*)below;
            _mm_prefetch((const char*)in + AHEAD, _MM_HINT_T0);
            _mm_prefetch((const char*)below + AHEAD, _MM_HINT_T0);
            const __m256i a0 = _mm256_loadu_si256(upper), a1 = _mm256_loadu_si256(upper + 1);
            const __m256i b0 = _mm256_loadu_si256(lower), b1 = _mm256_loadu_si256(lower + 1);
            low0 = _mm256_add_epi16(low0, _mm256_maddubs_epi16(_mm256_unpacklo_epi8(a0, b0), weights));
            high0 = _mm256_add_epi16(high0, _mm256_maddubs_epi16(_mm256_unpackhi_epi8(a0, b0), weights));
            low1 = _mm256_add_epi16(low1, _mm256_maddubs_epi16(_mm256_unpacklo_epi8(a1, b1), weights));
            high1 = _mm256_add_epi16(high1, _mm256_maddubs_epi16(_mm256_unpackhi_epi8(a1, b1), weights));
        }
        low0 = _mm256_mulhi_epu16(_mm256_sll_epi16(low0, shift), scale);
        high0 = _mm256_mulhi_epu16(_mm256_sll_epi16(high0, shift), scale);
        low1 = _mm256_mulhi_epu16(_mm256_sll_epi16(low1, shift), scale);
        high1 = _mm256_mulhi_epu16(_mm256_sll_epi16(high1, shift), scale);
        __m256i* out = (__m256i*)(sums + i);
        _mm256_storeu_si256(out, _mm256_permute2x128_si256(low0, high0, 0x20));
        _mm256_storeu_si256(out + 1, _mm256_permute2x128_si256(low0, high0, 0x31));
        _mm256_storeu_si256(out + 2, _mm256_permute2x128_si256(low1, high1, 0x20));
        _mm256_storeu_si256(out + 3, _mm256_permute2x128_si256(low1, high1, 0x31));
    }
    grab_kernels_c.average_rows8(sums + i, row + i, stride, rows, samples - i);
}

AVX2 static void add_rows8(int16_t* sums, const uint8_t* row, ptrdiff_t stride, const uint16_t* weights, int rows,
                           int samples) {
    const __m256i zero = _mm256_setzero_si256();
    int i = 0;
    for (; i + STRIP <= samples; i += STRIP) {
        const uint8_t* in = row + i;
        __m256i low0 = zero, high0 = zero, low1 = zero, high1 = zero;
        for (int r = 0; r < rows; ++r, in += stride) {
            const __m256i weight = _mm256_set1_epi16((int16_t)weights[r]);
            const __m256i first = _mm256_loadu_si256((const __m256i*)in),
                          second = _mm256_loadu_si256((const __m256i*)(in + 32));
            low0 = add_product(low0, _mm256_unpacklo_epi8(zero, first), weight);
            high0 = add_product(high0, _mm256_unpackhi_epi8(zero, first), weight);
            low1 = add_product(low1, _mm256_unpacklo_epi8(zero, second), weight);
            high1 = add_product(high1, _mm256_unpackhi_epi8(zero, second), weight);
        }
        add_to(sums + i, _mm256_permute2x128_si256(low0, high0, 0x20));
        add_to(sums + i + 16, _mm256_permute2x128_si256(low0, high0, 0x31));
        add_to(sums + i + 32, _mm256_permute2x128_si256(low1, high1, 0x20));
        add_to(sums + i + 48, _mm256_permute2x128_si256(low1, high1, 0x31));
    }
    grab_kernels_c.add_rows8(sums + i, row + i, stride, weights, rows, samples - i);
}

AVX2 static void add_rows16(int16_t* sums, const uint8_t* row, ptrdiff_t stride, const uint16_t* weights, int rows,
                            int samples) {
    int i = 0;
    for (; i + STRIP <= samples; i += STRIP) {
        const uint8_t* in = row + 2 * (ptrdiff_t)i;
        __m256i sum[STRIP / 16] = {_mm256_setzero_si256(), _mm256_setzero_si256(), _mm256_setzero_si256(),
                                   _mm256_setzero_si256()};
        for (int r = 0; r < rows; ++r, in += stride) {
            const __m256i weight = _mm256_set1_epi16((int16_t)weights[r]);
            for (int k = 0; k < STRIP / 16; ++k)
                sum[k] = add_product(sum[k], _mm256_loadu_si256((const __m256i*)in + k), weight);
        }
        for (int k = 0; k < STRIP / 16; ++k) add_to(sums + i + 16 * k, sum[k]);
    }
    grab_kernels_c.add_rows16(sums + i, row + 2 * (ptrdiff_t)i, stride, weights, rows, samples - i);
}

// The order of operands matters: minimum and maximum return the second one where a sample is not a number.
AVX2 static inline __m256i light_to_32(__m128i halves, bool curve) {
    const __m256 one = _mm256_set1_ps(1.0f), white = curve ? _mm256_set1_ps(4.0f) : one, full = _mm256_set1_ps(65535.0f);
    __m256 light = _mm256_max_ps(_mm256_cvtph_ps(halves), _mm256_setzero_ps());
    light = _mm256_min_ps(light, white);
    if (curve)
        light = _mm256_div_ps(_mm256_mul_ps(light, _mm256_add_ps(one, _mm256_mul_ps(light, _mm256_set1_ps(0.0625f)))),
                              _mm256_add_ps(one, light));
    light = _mm256_add_ps(_mm256_mul_ps(light, full), _mm256_set1_ps(0.5f));
    return _mm256_cvttps_epi32(_mm256_min_ps(light, full));
}

AVX2 static void half_to_16(uint16_t* out, const uint16_t* in, int samples, bool curve) {
    int i = 0;
    for (; i + 16 <= samples; i += 16) {
        const __m256i low = light_to_32(_mm_loadu_si128((const __m128i*)(in + i)), curve);
        const __m256i high = light_to_32(_mm_loadu_si128((const __m128i*)(in + i + 8)), curve);
        _mm256_storeu_si256((__m256i*)(out + i), _mm256_permute4x64_epi64(_mm256_packus_epi32(low, high), 0xD8));
    }
    grab_kernels_c.half_to_16(out + i, in + i, samples - i, curve);
}

// Two output pixels at a time, one in each half of a register.
AVX2 static void average(int16_t* means, const int16_t* samples, const grab_columns* columns, int width) {
    const __m256i* weights = (const __m256i*)columns->pairs;
    const __m256i half = _mm256_set1_epi32(1 << (columns->shift - 1));
    const __m128i shift = _mm_cvtsi32_si128(columns->shift);
    // Two pixels side by side become four pairs of the same channel.
    const __m256i pairs = _mm256_broadcastsi128_si256(_mm_setr_epi8(0, 1, 8, 9, 2, 3, 10, 11, 4, 5, 12, 13, 6, 7, 14, 15));
    for (int x = 0; x < width; x += 2) {
        const __m128i* left = (const __m128i*)(samples + 4 * columns->first[x]);
        const __m128i* right = (const __m128i*)(samples + 4 * columns->first[x + 1]);
        __m256i sum = half;
        for (int k = 0; k < columns->taps / 2; ++k) {
            const __m256i two =
                _mm256_inserti128_si256(_mm256_castsi128_si256(_mm_loadu_si128(left + k)), _mm_loadu_si128(right + k), 1);
            sum = _mm256_add_epi32(sum, _mm256_madd_epi16(_mm256_shuffle_epi8(two, pairs), _mm256_loadu_si256(weights++)));
        }
        sum = _mm256_sra_epi32(sum, shift);
        const __m256i packed = _mm256_permute4x64_epi64(_mm256_packs_epi32(sum, sum), 0x08);
        _mm_storeu_si128((__m128i*)(means + 4 * x), _mm256_castsi256_si128(packed));
    }
}

AVX2 static void pack_gray(uint8_t* out, const int16_t* samples, const int16_t* weights, int width) {
    enum { SHIFT = GRAB_FRACTION + GRAB_LUMA_BITS };
    int64_t four;
    memcpy(&four, weights, sizeof four);
    const __m256i luma_weights = _mm256_set1_epi64x(four), half = _mm256_set1_epi32(1 << (SHIFT - 1));
    int x = 0;
    for (; x + 8 <= width; x += 8) {
        const __m256i* in = (const __m256i*)(samples + 4 * x);
        const __m256i first = _mm256_madd_epi16(_mm256_loadu_si256(in), luma_weights);
        const __m256i second = _mm256_madd_epi16(_mm256_loadu_si256(in + 1), luma_weights);
        const __m256i sums = _mm256_permute4x64_epi64(_mm256_hadd_epi32(first, second), 0xD8);
        const __m256i levels = _mm256_srai_epi32(_mm256_add_epi32(sums, half), SHIFT);
        const __m128i words = _mm_packs_epi32(_mm256_castsi256_si128(levels), _mm256_extracti128_si256(levels, 1));
        _mm_storel_epi64((__m128i*)(out + x), _mm_packus_epi16(words, words));
    }
    grab_kernels_c.pack_gray(out + x, samples + 4 * x, weights, width - x);
}

AVX2 static void pack_color(uint8_t* out, const int16_t* samples, bool swap, int width) {
    const __m128i keep = _mm_setr_epi8(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, -1, -1, -1, -1);
    const __m128i exchange = _mm_setr_epi8(2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, -1, -1, -1, -1);
    const __m128i order = swap ? exchange : keep;
    const __m256i half = _mm256_set1_epi16(1 << (GRAB_FRACTION - 1));
    int x = 0;
    for (; x + 10 <= width; x += 8) {  // the second store reaches four bytes further than the eighth pixel
        const __m256i* in = (const __m256i*)(samples + 4 * x);
        const __m256i first = _mm256_srai_epi16(_mm256_adds_epi16(_mm256_loadu_si256(in), half), GRAB_FRACTION);
        const __m256i second = _mm256_srai_epi16(_mm256_adds_epi16(_mm256_loadu_si256(in + 1), half), GRAB_FRACTION);
        const __m256i bytes = _mm256_permute4x64_epi64(_mm256_packus_epi16(first, second), 0xD8);
        _mm_storeu_si128((__m128i*)(out + 3 * x), _mm_shuffle_epi8(_mm256_castsi256_si128(bytes), order));
        _mm_storeu_si128((__m128i*)(out + 3 * x + 12), _mm_shuffle_epi8(_mm256_extracti128_si256(bytes, 1), order));
    }
    grab_kernels_c.pack_color(out + 3 * x, samples + 4 * x, swap, width - x);
}

static bool supported(void) {
#ifdef _MSC_VER
    int words[4];
    __cpuid(words, 0);
    if (words[0] < 7) return false;
    __cpuid(words, 1);
    const int needed = 1 << 27 | 1 << 28 | 1 << 29;  // the system saves the registers; AVX; F16C
    if ((words[2] & needed) != needed || (_xgetbv(0) & 6) != 6) return false;
    __cpuidex(words, 7, 0);
    return words[1] >> 5 & 1;
#else
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("f16c");
#endif
}

static const grab_kernels avx2 = {"avx2", average_rows8, add_rows8, add_rows16, half_to_16, average, pack_gray, pack_color};

const grab_kernels* grab_kernels_avx2(void) { return supported() ? &avx2 : NULL; }

#else

const grab_kernels* grab_kernels_avx2(void) { return NULL; }

#endif
