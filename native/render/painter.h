// Draws what a lens sees on a canvas: polygons in space, clipped at the nearest plane.
#pragma once

#include <algorithm>

#include "render/canvas.h"
#include "render/lens.h"
#include "render/palette.h"

namespace ac::render {

constexpr unsigned all_soft = ~0u;

template <int Channels>
class Painter {
public:
    Painter(Canvas<Channels>& canvas, const Lens& lens, const Palette<Channels>& palette) : canvas(canvas), lens(lens), palette(palette) {}

    Canvas<Channels>& canvas;
    const Lens& lens;
    const Palette<Channels>& palette;

    // Corners in the camera's axes, at most 12, convex; bit k of `soft` is the edge from corner k to the next.
    template <class Brush>
    void face(const Vec3* corner, int corners, unsigned soft, const Brush& brush) {
        Vec3 kept[most_corners + 1];
        unsigned kept_soft = 0;
        int count = 0;
        for (int k = 0; k < corners; ++k) {
            const Vec3 a = corner[k], b = corner[k + 1 == corners ? 0 : k + 1];
            const bool a_seen = a.z >= Lens::nearest, b_seen = b.z >= Lens::nearest;
            const unsigned edge = soft >> k & 1u;
            if (a_seen) kept_soft |= edge << count, kept[count++] = a;
            if (a_seen != b_seen) {
                const float share = (Lens::nearest - a.z) / (b.z - a.z);
                if (b_seen) kept_soft |= edge << count;  // else the next edge lies in the plane itself
                kept[count++] = between(a, b, share);
                kept[count - 1].z = Lens::nearest;
            }
        }
        if (count < 3) return;
        Point on_canvas[most_corners + 1];
        for (int k = 0; k < count; ++k) on_canvas[k] = lens.pixel(kept[k]);
        canvas.polygon(on_canvas, count, kept_soft, brush);
    }

private:
    static constexpr int most_corners = 12;
};

}  // namespace ac::render
