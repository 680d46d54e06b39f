// Random numbers whose whole state lies in the struct: SplitMix64 (Steele, Lea, Flood 2014), one stream a car.
#pragma once

#include <cmath>
#include <cstdint>

namespace ac {

struct Rng {
    std::uint64_t state = 0;

    Rng() = default;
    Rng(std::uint64_t seed, std::uint64_t stream) : state(seed) {
        std::uint64_t mixed = next();
        state = mixed ^ (stream * 0x9e3779b97f4a7c15ull);
        next();
    }
    std::uint64_t next() {
        std::uint64_t z = (state += 0x9e3779b97f4a7c15ull);
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
        return z ^ (z >> 31);
    }
    // Uniform in [0, 1).
    double uniform() { return double(next() >> 11) * 0x1.0p-53; }
    double uniform(double lo, double hi) { return lo + (hi - lo) * uniform(); }
    // Standard normal (Box-Muller, one of the pair).
    double normal() {
        double radius = std::sqrt(-2.0 * std::log(1.0 - uniform()));
        return radius * std::cos(6.283185307179586 * uniform());
    }
};

}  // namespace ac
