// A car as a handful of shaded faces, scaled to the length and width of the one that is driven.
#pragma once

#include <algorithm>
#include <cmath>
#include <iterator>

#include "render/painter.h"

namespace ac::render {

struct CarSize {
    float length = 4.4f, width = 2.0f;  // m
    float middle = 0.0f;                // middle of the length ahead of the centre of gravity, m
};

enum CarPaint : int { body_paint, glass_paint, tyre_paint, trim_paint, lamp_paint, front_lamp_paint };

struct CarFace {
    int corners, paint;
    Vec3 at[6];  // halves of length and width; m above the road
};

// The left side's faces; the right side's are their mirror images.
constexpr CarFace car_sides[] = {
    {6, body_paint, {{-0.97f, 0.95f, 0.32f}, {-0.98f, 0.9f, 0.8f}, {-0.6f, 0.9f, 0.86f}, {0.5f, 0.9f, 0.76f}, {0.92f, 0.86f, 0.52f}, {0.98f, 0.88f, 0.2f}}},
    {4, body_paint, {{-0.97f, 0.95f, 0.32f}, {0.98f, 0.88f, 0.2f}, {0.9f, 0.9f, 0.14f}, {-0.9f, 0.94f, 0.18f}}},
    {4, glass_paint, {{-0.6f, 0.76f, 0.84f}, {-0.26f, 0.58f, 1.15f}, {0.1f, 0.58f, 1.17f}, {0.44f, 0.76f, 0.78f}}},
    {6, tyre_paint, {{-0.74f, 0.97f, 0.34f}, {-0.67f, 0.97f, 0.62f}, {-0.51f, 0.97f, 0.62f}, {-0.44f, 0.97f, 0.34f}, {-0.51f, 0.97f, 0.03f}, {-0.67f, 0.97f, 0.03f}}},
    {6, tyre_paint, {{0.43f, 0.97f, 0.33f}, {0.5f, 0.97f, 0.6f}, {0.65f, 0.97f, 0.6f}, {0.72f, 0.97f, 0.33f}, {0.65f, 0.97f, 0.03f}, {0.5f, 0.97f, 0.03f}}},
    {4, tyre_paint, {{-0.74f, 0.96f, 0.0f}, {-0.74f, 0.96f, 0.45f}, {-0.74f, 0.66f, 0.45f}, {-0.74f, 0.66f, 0.0f}}},
    {4, lamp_paint, {{-0.99f, 0.86f, 0.6f}, {-0.985f, 0.84f, 0.72f}, {-0.985f, 0.46f, 0.72f}, {-0.99f, 0.48f, 0.6f}}},
    {4, front_lamp_paint, {{0.88f, 0.82f, 0.57f}, {0.95f, 0.78f, 0.42f}, {0.965f, 0.52f, 0.42f}, {0.91f, 0.52f, 0.56f}}},
    {4, trim_paint, {{-1.06f, 0.9f, 1.02f}, {-1.06f, 0.9f, 1.24f}, {-0.84f, 0.9f, 1.2f}, {-0.84f, 0.9f, 1.04f}}},
};
// Faces across the car, given by the two corners of its left half.
struct CarStrip {
    int paint;
    bool both_sides;
    Vec3 rear, front;
};
constexpr CarStrip car_strips[] = {
    {body_paint, false, {-0.97f, 0.94f, 0.44f}, {-0.98f, 0.9f, 0.8f}},     // tail
    {trim_paint, false, {-0.9f, 0.66f, 0.14f}, {-0.97f, 0.7f, 0.44f}},     // diffuser
    {body_paint, false, {-0.98f, 0.9f, 0.8f}, {-0.58f, 0.9f, 0.86f}},      // deck
    {glass_paint, false, {-0.6f, 0.76f, 0.84f}, {-0.26f, 0.58f, 1.15f}},   // rear window
    {body_paint, false, {-0.26f, 0.58f, 1.15f}, {0.1f, 0.58f, 1.17f}},     // roof
    {glass_paint, false, {0.1f, 0.58f, 1.17f}, {0.44f, 0.76f, 0.78f}},     // windscreen
    {body_paint, false, {0.42f, 0.9f, 0.77f}, {0.92f, 0.86f, 0.52f}},      // bonnet
    {body_paint, false, {0.92f, 0.86f, 0.52f}, {0.98f, 0.88f, 0.2f}},      // nose
    {trim_paint, true, {-1.05f, 0.9f, 1.24f}, {-0.86f, 0.9f, 1.08f}},       // wing
};

constexpr Rgb liveries[] = {{36, 112, 226}, {226, 52, 40}, {246, 190, 32}, {240, 240, 240}, {34, 160, 92}, {236, 118, 30}, {120, 64, 176}, {40, 44, 52}};

template <int Channels>
class CarPainter {
public:
    CarPainter(Painter<Channels>& painter, const CarSize& size) : p_(painter), size_(size) {}

    // What the driver sees of it: the front end of a bonnet, lower than a real one so that the road stays in sight.
    void draw_bonnet(const Body& body, Vec3 place) {
        body_ = &body;
        const Vec3 shape[] = {{0.3f, 0.98f, 0.5f}, {0.7f, 0.9f, 0.4f}, {0.86f, 0.6f, 0.32f}, {0.88f, 0.0f, 0.3f}, {0.86f, -0.6f, 0.32f}, {0.7f, -0.9f, 0.4f}, {0.3f, -0.98f, 0.5f}};
        auto part = [&](float width, Rgb colour) {
            Vec3 corners[std::size(shape)];
            for (std::size_t k = 0; k < std::size(shape); ++k) corners[k] = p_.lens.turned(place + in_world({shape[k].x, width * shape[k].y, shape[k].z}));
            p_.face(corners, int(std::size(shape)), all_soft, Solid<Channels>(ink_of<Channels>(colour)));
        };
        part(1.0f, scaled(liveries[0], 0.72f));
        part(0.93f, scaled(liveries[0], 0.92f));
        part(0.3f, scaled(liveries[0], 0.8f));
    }

    // `place` relative to the eye, m, in world axes.
    void draw(const Body& body, Vec3 place, int livery, bool braking) {
        body_ = &body, place_ = place, braking_ = braking;
        livery_ = liveries[livery % int(std::size(liveries))];
        distance_ = std::sqrt(dot(place, place));
        shadow();
        count_ = 0;
        for (float side : {1.0f, -1.0f})
            for (const CarFace& face : car_sides) add_side(face, side);
        for (const CarStrip& strip : car_strips) add_strip(strip);
        std::sort(faces_, faces_ + count_, [](const Face& a, const Face& b) { return a.depth > b.depth || (a.depth == b.depth && a.order < b.order); });
        for (int i = 0; i < count_; ++i) p_.face(faces_[i].at, faces_[i].corners, all_soft, Solid<Channels>(faces_[i].ink));
    }

private:
    struct Face {
        float depth;
        int order, corners;
        Vec3 at[6];
        Ink<Channels> ink;
    };
    static constexpr int most_faces = 2 * int(std::size(car_sides)) + int(std::size(car_strips));

    Painter<Channels>& p_;
    CarSize size_;
    const Body* body_ = nullptr;
    Vec3 place_{};
    Rgb livery_{};
    float distance_ = 0.0f;
    bool braking_ = false;
    Face faces_[most_faces];
    int count_ = 0;

    Vec3 in_world(Vec3 at) const {
        return (size_.middle + 0.5f * size_.length * at.x) * body_->forward + 0.5f * size_.width * at.y * body_->left + at.z * body_->up;
    }

    void shadow() {
        Vec3 corners[4];
        const float x[4] = {-0.99f, -0.99f, 1.02f, 1.02f}, y[4] = {-1.14f, 1.04f, 1.04f, -1.14f};
        for (int k = 0; k < 4; ++k) corners[k] = p_.lens.turned(place_ + in_world({x[k], y[k], 0.01f}));
        p_.face(corners, 4, all_soft, Shade<Channels>(0.45f));
    }

    void add_side(const CarFace& face, float side) {
        Vec3 world[6];
        for (int k = 0; k < face.corners; ++k) world[k] = in_world({face.at[k].x, side * face.at[k].y, face.at[k].z});
        add(world, face.corners, face.paint, side > 0.0f, face.paint == trim_paint);
    }
    void add_strip(const CarStrip& s) {
        const Vec3 world[4] = {in_world(s.rear), in_world(s.front), in_world({s.front.x, -s.front.y, s.front.z}), in_world({s.rear.x, -s.rear.y, s.rear.z})};
        add(world, 4, s.paint, true, s.both_sides);
    }

    // Corners clockwise from outside, or the other way round.
    void add(const Vec3* world, int corners, int paint, bool clockwise, bool both_sides) {
        Vec3 normal = unit(cross(world[2] - world[0], world[1] - world[0]));
        if (!clockwise) normal = -1.0f * normal;
        const Vec3 towards = place_ + world[0];
        if (dot(normal, towards) >= 0.0f) {
            if (!both_sides) return;
            normal = -1.0f * normal;
        }
        Face& f = faces_[count_];
        f.order = count_++, f.corners = corners;
        f.depth = 0.0f;
        for (int k = 0; k < corners; ++k) {
            f.at[k] = p_.lens.turned(place_ + world[k]);
            f.depth += f.at[k].z / float(corners);
        }
        if (paint == lamp_paint || paint == front_lamp_paint || paint == tyre_paint) f.depth -= 0.3f;  // lie on the body
        f.ink = ink_of<Channels>(mixed(lit(paint, normal), haze_colour, haze_share(distance_)));
    }

    Rgb lit(int paint, Vec3 normal) const {
        constexpr Vec3 sun{0.42f, 0.36f, 0.83f};
        const float light = 0.62f + 0.42f * std::max(0.0f, dot(normal, sun));
        switch (paint) {
            case body_paint: return scaled(livery_, light);
            case glass_paint: return scaled({34, 42, 54}, 0.6f + light);
            case tyre_paint: return {26, 26, 28};
            case lamp_paint: return braking_ ? Rgb{255, 60, 44} : Rgb{138, 20, 22};
            case front_lamp_paint: return {236, 240, 232};
            default: return scaled({42, 44, 50}, 0.5f + light);
        }
    }
};

}  // namespace ac::render
