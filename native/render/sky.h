// What lies behind everything: sky, hills on the horizon, and open land up to it.
#pragma once

#include <algorithm>
#include <cmath>
#include <iterator>

#include "render/painter.h"

namespace ac::render {

// Two ranges of hills by bearing, the nearer one lower and greener.
class Hills {
public:
    static constexpr int ranges = 2, bearings = 48;
    static constexpr float turn = 6.2831853f / bearings;
    static constexpr Rgb colours[ranges] = {{158, 182, 206}, {132, 160, 156}};

    Hills() {
        constexpr float highest[ranges] = {0.062f, 0.036f};  // tangent of the elevation
        for (int range = 0; range < ranges; ++range)
            for (int i = 0; i < bearings; ++i) {
                const float a = turn * float(i), b = a * float(range + 3);
                const float ridge = 0.5f + 0.28f * std::sin(b + 1.3f) + 0.22f * std::sin(2.0f * b + 0.4f + float(range));
                tops_[range][i] = {std::cos(a), std::sin(a), highest[range] * ridge};
            }
    }
    Vec3 top(int range, int i) const { return tops_[range][(i % bearings + bearings) % bearings]; }

private:
    Vec3 tops_[ranges][bearings];
};

template <int Channels>
void draw_sky_and_land(Painter<Channels>& p, const Hills& hills) {
    Canvas<Channels>& canvas = p.canvas;
    const Lens& lens = p.lens;
    const int height = canvas.height();
    const Vec3 axis = lens.forward();
    const float level = std::sqrt(axis.x * axis.x + axis.y * axis.y);
    const Ink<Channels> near_land = ink_of<Channels>(terrain);
    if (level < 0.4f) return canvas.rows(0, height, near_land);  // no horizon in sight

    const Vec3 ahead{axis.x / level, axis.y / level, 0.0f}, aside{ahead.y, -ahead.x, 0.0f};
    const Vec3 horizon = lens.turned(ahead);
    const int horizon_row = int(std::min(std::max(0.0f, lens.pixel(horizon).y), float(height)));
    for (int r = 0; r < height; ++r) {
        if (r > horizon_row + height / 16) {
            canvas.rows(r, height, near_land);
            break;
        }
        const float over = std::max(float(horizon_row - r) / lens.focal, 0.0f);  // tangent of the elevation
        canvas.rows(r, r + 1, ink_of<Channels>(mixed(haze_colour, zenith, std::min(over / (over + 0.35f) * 1.25f, 1.0f))));
    }

    const float heading = std::atan2(axis.y, axis.x), half_view = std::atan(0.5f * float(canvas.width()) / lens.focal) + Hills::turn;
    const int first = int(std::floor((heading - half_view) / Hills::turn)), last = int(std::ceil((heading + half_view) / Hills::turn));
    for (int range = 0; range < Hills::ranges; ++range) {
        const Solid<Channels> brush(ink_of<Channels>(Hills::colours[range]));
        auto corner = [&](int i, bool top) {
            const Vec3 t = hills.top(range, i);
            return lens.turned({t.x, t.y, top ? t.z : -0.01f});
        };
        Vec3 top = corner(first, true), foot = corner(first, false);
        for (int i = first + 1; i <= last; ++i) {
            const Vec3 next_top = corner(i, true), next_foot = corner(i, false);
            const Vec3 corners[4] = {top, next_top, next_foot, foot};
            p.face(corners, 4, 1u, brush);
            top = next_top, foot = next_foot;
        }
    }

    // Land in strips across the view, from the horizon to close by.
    constexpr float strips[] = {6000.0f, 2400.0f, 1200.0f, 600.0f, 300.0f, 150.0f, 60.0f, 20.0f, 2.0f};
    auto corner = [&](float distance, float side) {
        return lens.turned({distance * (ahead.x + side * aside.x), distance * (ahead.y + side * aside.y), -lens.over_road});
    };
    for (std::size_t i = 0; i + 1 < std::size(strips); ++i) {
        const Vec3 corners[4] = {corner(strips[i], -4.0f), corner(strips[i], 4.0f), corner(strips[i + 1], 4.0f), corner(strips[i + 1], -4.0f)};
        p.face(corners, 4, 0u, Solid<Channels>(ink_of<Channels>(mixed(terrain, haze_colour, haze_share(strips[i + 1])))));
    }
}

}  // namespace ac::render
