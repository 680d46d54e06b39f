// Four floats, one a wheel (FL, FR, RL, RR), in one vector register: SSE2 on x86-64, plain arrays elsewhere.
// Every operation is IEEE-exact per lane, so both variants give the same bits.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>

#if defined(__SSE2__) || defined(_M_X64)
#include <emmintrin.h>
#define AC_SSE2 1
#endif

namespace ac {

#ifdef AC_SSE2

struct Wheel4 {
    __m128 v;
    Wheel4() = default;
    Wheel4(__m128 m) : v(m) {}
    Wheel4(float a) : v(_mm_set1_ps(a)) {}
    Wheel4(float fl, float fr, float rl, float rr) : v(_mm_setr_ps(fl, fr, rl, rr)) {}
    static Wheel4 load(const float* p) { return _mm_loadu_ps(p); }
    void store(float* p) const { _mm_storeu_ps(p, v); }
};

inline Wheel4 operator+(Wheel4 a, Wheel4 b) { return _mm_add_ps(a.v, b.v); }
inline Wheel4 operator-(Wheel4 a, Wheel4 b) { return _mm_sub_ps(a.v, b.v); }
inline Wheel4 operator*(Wheel4 a, Wheel4 b) { return _mm_mul_ps(a.v, b.v); }
inline Wheel4 operator/(Wheel4 a, Wheel4 b) { return _mm_div_ps(a.v, b.v); }
inline Wheel4 sqrt(Wheel4 a) { return _mm_sqrt_ps(a.v); }
inline Wheel4 min(Wheel4 a, Wheel4 b) { return _mm_min_ps(a.v, b.v); }
inline Wheel4 max(Wheel4 a, Wheel4 b) { return _mm_max_ps(a.v, b.v); }
inline Wheel4 abs(Wheel4 a) { return _mm_andnot_ps(_mm_set1_ps(-0.0f), a.v); }
// Lanes of `yes` where a < b, of `no` elsewhere.
inline Wheel4 where_less(Wheel4 a, Wheel4 b, Wheel4 yes, Wheel4 no) {
    __m128 m = _mm_cmplt_ps(a.v, b.v);
    return _mm_or_ps(_mm_and_ps(m, yes.v), _mm_andnot_ps(m, no.v));
}
// Left and right of each axle exchanged.
inline Wheel4 mirrored(Wheel4 a) { return _mm_shuffle_ps(a.v, a.v, _MM_SHUFFLE(2, 3, 0, 1)); }

inline Wheel4 exponent_bits(Wheel4 a) {
    __m128i bits = _mm_srli_epi32(_mm_castps_si128(a.v), 23);
    return _mm_cvtepi32_ps(_mm_sub_epi32(bits, _mm_set1_epi32(127)));
}
inline Wheel4 mantissa_bits(Wheel4 a) {
    __m128i bits = _mm_and_si128(_mm_castps_si128(a.v), _mm_set1_epi32(0x007fffff));
    return _mm_castsi128_ps(_mm_or_si128(bits, _mm_set1_epi32(0x3f800000)));
}
inline Wheel4 power_of_two(Wheel4 whole) {
    __m128i bits = _mm_add_epi32(_mm_cvttps_epi32(whole.v), _mm_set1_epi32(127));
    return _mm_castsi128_ps(_mm_slli_epi32(bits, 23));
}

#else

struct Wheel4 {
    float v[4];
    Wheel4() = default;
    Wheel4(float a) : v{a, a, a, a} {}
    Wheel4(float fl, float fr, float rl, float rr) : v{fl, fr, rl, rr} {}
    static Wheel4 load(const float* p) { return {p[0], p[1], p[2], p[3]}; }
    void store(float* p) const { std::memcpy(p, v, sizeof v); }
};

template <class F>
inline Wheel4 lanes(F f) {
    return {f(0), f(1), f(2), f(3)};
}
inline Wheel4 operator+(Wheel4 a, Wheel4 b) { return lanes([&](int i) { return a.v[i] + b.v[i]; }); }
inline Wheel4 operator-(Wheel4 a, Wheel4 b) { return lanes([&](int i) { return a.v[i] - b.v[i]; }); }
inline Wheel4 operator*(Wheel4 a, Wheel4 b) { return lanes([&](int i) { return a.v[i] * b.v[i]; }); }
inline Wheel4 operator/(Wheel4 a, Wheel4 b) { return lanes([&](int i) { return a.v[i] / b.v[i]; }); }
inline Wheel4 sqrt(Wheel4 a) { return lanes([&](int i) { return std::sqrt(a.v[i]); }); }
inline Wheel4 min(Wheel4 a, Wheel4 b) { return lanes([&](int i) { return a.v[i] < b.v[i] ? a.v[i] : b.v[i]; }); }
inline Wheel4 max(Wheel4 a, Wheel4 b) { return lanes([&](int i) { return a.v[i] > b.v[i] ? a.v[i] : b.v[i]; }); }
inline Wheel4 abs(Wheel4 a) { return lanes([&](int i) { return std::fabs(a.v[i]); }); }
inline Wheel4 where_less(Wheel4 a, Wheel4 b, Wheel4 yes, Wheel4 no) {
    return lanes([&](int i) { return a.v[i] < b.v[i] ? yes.v[i] : no.v[i]; });
}
inline Wheel4 mirrored(Wheel4 a) { return {a.v[1], a.v[0], a.v[3], a.v[2]}; }

inline std::uint32_t float_bits(float f) {
    std::uint32_t u;
    std::memcpy(&u, &f, 4);
    return u;
}
inline float bits_float(std::uint32_t u) {
    float f;
    std::memcpy(&f, &u, 4);
    return f;
}
inline Wheel4 exponent_bits(Wheel4 a) {
    return lanes([&](int i) { return float(int(float_bits(a.v[i]) >> 23) - 127); });
}
inline Wheel4 mantissa_bits(Wheel4 a) {
    return lanes([&](int i) { return bits_float((float_bits(a.v[i]) & 0x007fffffu) | 0x3f800000u); });
}
inline Wheel4 power_of_two(Wheel4 whole) {
    return lanes([&](int i) { return bits_float(std::uint32_t(int(whole.v[i]) + 127) << 23); });
}

#endif

inline Wheel4 operator-(Wheel4 a) { return Wheel4(0.0f) - a; }
inline Wheel4& operator+=(Wheel4& a, Wheel4 b) { return a = a + b; }
inline Wheel4 clamp(Wheel4 a, Wheel4 lo, Wheel4 hi) { return min(max(a, lo), hi); }

inline float sum(Wheel4 a) {
    float f[4];
    a.store(f);
    return (f[0] + f[1]) + (f[2] + f[3]);
}

// x^p for x > 0 by minimax polynomials of log2 (error 1.4e-5) and exp2 (3.6e-6): enough for load sensitivity.
inline Wheel4 power(Wheel4 x, Wheel4 p) {
    Wheel4 m = mantissa_bits(x);  // 1 <= m < 2
    Wheel4 log2m = Wheel4(-2.79415368f) +
                   m * (Wheel4(5.06975632f) + m * (Wheel4(-3.52021884f) + m * (Wheel4(1.61017755f) + m * (Wheel4(-0.40947559f) + m * Wheel4(0.04392863f)))));
    Wheel4 y = clamp((exponent_bits(x) + log2m) * p, Wheel4(-126.0f), Wheel4(126.0f));
    Wheel4 whole = where_less(y, Wheel4(0.0f), y - Wheel4(1.0f), y);
#ifdef AC_SSE2
    whole = _mm_cvtepi32_ps(_mm_cvttps_epi32(whole.v));
#else
    whole = lanes([&](int i) { return float(int(whole.v[i])); });
#endif
    Wheel4 f = y - whole;  // 0 <= f <= 1
    Wheel4 exp2f = Wheel4(1.0000036f) + f * (Wheel4(0.69296955f) + f * (Wheel4(0.24162132f) + f * (Wheel4(0.05171774f) + f * Wheel4(0.01368398f))));
    return power_of_two(whole) * exp2f;
}

}  // namespace ac
