// Where pictures are taken from, and how space falls on them: a pinhole camera fixed to a car.
#pragma once

#include <algorithm>
#include <cmath>

#include "channel_index.h"
#include "render/canvas.h"
#include "track.h"

namespace ac::render {

struct Vec3 {
    float x, y, z;
};
inline Vec3 operator+(Vec3 a, Vec3 b) { return {a.x + b.x, a.y + b.y, a.z + b.z}; }
inline Vec3 operator-(Vec3 a, Vec3 b) { return {a.x - b.x, a.y - b.y, a.z - b.z}; }
inline Vec3 operator*(float k, Vec3 a) { return {k * a.x, k * a.y, k * a.z}; }
inline float dot(Vec3 a, Vec3 b) { return a.x * b.x + a.y * b.y + a.z * b.z; }
inline Vec3 cross(Vec3 a, Vec3 b) { return {a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x}; }
inline Vec3 unit(Vec3 a) { return (1.0f / std::sqrt(dot(a, a))) * a; }
inline Vec3 between(Vec3 a, Vec3 b, float share) { return a + share * (b - a); }

// How a camera is fixed to its car.
struct View {
    float forward = 0.0f;     // eye ahead of the centre of gravity, m
    float up = 1.1f;          // eye over the road, m
    float rise = 0.0f;        // how much higher for each m/s of speed, m
    float pitch = 0.0f;       // rad, + looks up; within +-pi/2
    float fov = 1.0f;         // angle between top and bottom of the picture, rad
    float axis = 0.5f;        // where the optical axis meets the picture, share of the height from above
    float shake = 0.0f;       // share of the body's pitch and roll on its springs
};

// A car as it stands on the road: where, and which way its body points. Axes are world axes: x, y on the map, z up.
struct Body {
    double x, y;   // m
    float z;       // of the road below, m
    float speed;   // m/s
    Vec3 forward, left, up;
};

// A frame's pitch and roll are against the horizon. `shake`: share of what the body adds to the road's on its springs.
inline Body body_of(const Track& track, const double* frame, float shake) {
    constexpr float most = 0.08f;  // rad; more is no movement on springs
    Body b;
    b.x = frame[channel::world_position], b.y = frame[channel::world_position + 1];
    b.speed = float(frame[channel::speed]);
    const double yaw = frame[channel::yaw];
    const Place place = track.locate(b.x, b.y);
    const Station& at = track[place.station];
    const float offset = std::min(std::max(place.offset, -at.wall_right), at.wall_left);
    b.z = track.mix(place, &Station::height) - offset * track.mix(place, &Station::bank);
    const float c = float(std::cos(yaw)), s = float(std::sin(yaw));
    const Slope road = track.slope(place, c, s);
    auto leaned = [&](float slope, double angle) { return slope + shake * std::min(std::max(float(angle - slope), -most), most); };
    const float climb = leaned(road.ahead, frame[channel::pitch]), lean = leaned(road.left, frame[channel::roll]);
    b.forward = unit({c, s, climb});
    b.up = unit(cross(b.forward, {-s, c, lean}));
    b.left = cross(b.up, b.forward);
    return b;
}

// The camera of one picture. Its axes: x right, y down, z forward.
class Lens {
public:
    Lens(const View& view, const Body& body, int width, int height) {
        const float c = std::cos(view.pitch), s = std::sin(view.pitch), above = view.up + view.rise * std::min(std::max(body.speed, 0.0f), 150.0f);
        forward_ = c * body.forward + s * body.up;
        down_ = s * body.forward - c * body.up;
        right_ = -1.0f * body.left;
        const Vec3 eye = view.forward * body.forward + above * body.up;
        x = body.x + eye.x, y = body.y + eye.y, z = body.z + eye.z;
        over_road = above;
        focal = 0.5f * float(height) / std::tan(0.5f * view.fov);
        centre = {0.5f * float(width), view.axis * float(height)};
    }

    static constexpr float nearest = 0.25f;  // m; what is closer is not seen

    double x, y;          // eye on the map, m
    float z;              // its height, m
    float over_road;      // m
    float focal;          // pixels
    Point centre;         // where the axis meets the picture

    // From world axes to the camera's.
    Vec3 turned(Vec3 d) const { return {dot(d, right_), dot(d, down_), dot(d, forward_)}; }
    // Pixel of a point that is not closer than `nearest`.
    Point pixel(Vec3 p) const {
        const float scale = focal / p.z;
        return {centre.x + scale * p.x, centre.y + scale * p.y};
    }
    Vec3 forward() const { return forward_; }

private:
    Vec3 right_, down_, forward_;
};

}  // namespace ac::render
