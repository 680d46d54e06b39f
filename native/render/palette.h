// Colours: what each thing looks like in daylight, and how haze takes it with distance. Haze comes in steps, so that a picture
// looks its colours up; gray is the luma of the same colour.
#pragma once

#include <array>
#include <cmath>

#include "render/canvas.h"

namespace ac::render {

struct Rgb {
    float r, g, b;
};
inline Rgb mixed(Rgb a, Rgb b, float share) { return {a.r + share * (b.r - a.r), a.g + share * (b.g - a.g), a.b + share * (b.b - a.b)}; }
inline Rgb scaled(Rgb a, float k) { return {std::min(k * a.r, 255.0f), std::min(k * a.g, 255.0f), std::min(k * a.b, 255.0f)}; }

template <int Channels>
Ink<Channels> ink_of(Rgb c) {
    auto byte = [](float v) { return std::uint8_t(v + 0.5f); };
    if constexpr (Channels == 3)
        return {{byte(c.r), byte(c.g), byte(c.b)}};
    else
        return {{byte(0.299f * c.r + 0.587f * c.g + 0.114f * c.b)}};
}

enum Material : int {
    asphalt,  // three shades in a row
    rubber = asphalt + 3,
    paint,
    kerb_red,
    kerb_mean,
    grass,  // mown to and fro: two shades
    gravel_bed = grass + 2,
    meadow = gravel_bed + 2,
    hillside = meadow + 2,
    barrier,
    wood = barrier + 2,  // four shades of trees
    braking = wood + 4,
    coasting,
    accelerating,
    material_count
};

constexpr Rgb daylight[material_count] = {
    {84, 85, 90},    {79, 80, 85},    {88, 89, 94},    // asphalt
    {68, 69, 73},                                      // rubber
    {238, 238, 234},                                   // paint
    {206, 44, 38},                                     // kerb, red
    {222, 141, 136},                                   // kerb, red and white from afar
    {104, 148, 70},  {114, 160, 78},                   // grass
    {212, 194, 154}, {204, 186, 146},                  // gravel
    {120, 148, 78},  {112, 140, 74},                   // meadow behind the barriers
    {116, 138, 78},                                    // hillside
    {176, 181, 186}, {150, 155, 161},                  // barrier, section by section
    {58, 88, 48},    {50, 80, 44},    {66, 96, 52},    {54, 84, 50},  // wood
    {232, 72, 56},   {240, 204, 72},  {80, 200, 110},  // racing line
};
constexpr Rgb haze_colour{204, 218, 232}, zenith{82, 140, 212}, terrain{112, 138, 82};

// Share of haze in front of what is so far away, m.
inline float haze_share(float distance) { return distance / (distance + 1600.0f); }

template <int Channels>
class Palette {
public:
    Palette() {
        for (int step = 0; step < steps; ++step)
            for (int m = 0; m < material_count; ++m) inks_[step][m] = ink_of<Channels>(mixed(daylight[m], haze_colour, (step + 0.5f) / steps));
    }
    using Inks = std::array<Ink<Channels>, material_count>;

    // The colours of all materials at a distance in m.
    const Inks& at(float distance) const { return inks_[int(haze_share(distance) * steps)]; }

private:
    static constexpr int steps = 48;
    std::array<Inks, steps> inks_;
};

}  // namespace ac::render
