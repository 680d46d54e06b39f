// The camera: pictures of a circuit and its cars from telemetry frames, many at a time, into the caller's memory. A picture
// depends on its frame (and those of the other cars) alone, so it is the same whatever the number of threads.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <memory>
#include <vector>

#include "pool.h"
#include "render/car_shape.h"
#include "render/ground.h"
#include "render/sky.h"

namespace ac::render {

struct Settings {
    int width = 640, height = 480;
    bool gray = false;
    View view;
    CarSize car;
    bool own_car = false;      // in the picture
    bool bonnet = false;       // its front, from the driver's seat
    bool racing_line = false;  // coloured by the pace of the limit lap
};

// Frames of the cars to be seen. One at the very place of the car that carries the camera is that car, and not drawn again.
struct Others {
    const double* frames = nullptr;
    int count = 0;
};

class Camera {
public:
    Camera(std::shared_ptr<const Track> track, const Settings& settings, int threads)
        : settings_(settings), scenery_(std::move(track)), pool_(threads), scratch_(pool_.threads()) {
        range_ = std::min(std::max(5.0f * float(settings.height), 400.0f), 1000.0f);
    }

    const Settings& settings() const { return settings_; }
    int channels() const { return settings_.gray ? 1 : 3; }

    // One picture for each of `count` frames; pictures are `stride` bytes apart.
    void draw(const double* frames, int count, const Others& others, std::uint8_t* pictures, std::size_t stride) {
        const int parts = std::min(pool_.threads(), count);
        pool_.loop(parts, [&](int begin, int end) {
            for (int part = begin; part < end; ++part)
                for (int i = int(std::int64_t(count) * part / parts), last = int(std::int64_t(count) * (part + 1) / parts); i < last; ++i) {
                    const double* frame = frames + std::size_t(i) * channel::width;
                    if (settings_.gray)
                        draw_one(gray_, scratch_[part], frame, others, pictures + std::size_t(i) * stride);
                    else
                        draw_one(rgb_, scratch_[part], frame, others, pictures + std::size_t(i) * stride);
                }
        }, 1);
    }

private:
    struct Other {
        float distance;
        int index, block;  // block: after which it is drawn
    };
    struct Scratch {
        std::vector<Seen> blocks;
        std::vector<Other> others;
    };

    Settings settings_;
    Scenery scenery_;
    Hills hills_;
    Palette<1> gray_;
    Palette<3> rgb_;
    Pool pool_;
    std::vector<Scratch> scratch_;  // one a thread
    float range_;

    template <int Channels>
    void draw_one(const Palette<Channels>& palette, Scratch& scratch, const double* frame, const Others& others, std::uint8_t* picture) {
        const Body body = body_of(scenery_.track(), frame, settings_.view.shake);
        const Lens lens(settings_.view, body, settings_.width, settings_.height);
        Canvas<Channels> canvas(picture, settings_.width, settings_.height);
        Painter<Channels> painter(canvas, lens, palette);
        draw_sky_and_land(painter, hills_);

        Ground<Channels> ground(painter, scenery_, settings_.racing_line);
        ground.find(range_, scratch.blocks);
        find_others(lens, body, others, scratch.others);
        CarPainter<Channels> cars(painter, settings_.car);
        for (const Seen& seen : scratch.blocks) {
            ground.draw(seen);
            for (const Other& other : scratch.others)
                if (other.block == seen.block) draw_other(cars, lens, others, other);
        }
        if (settings_.bonnet) cars.draw_bonnet(body_of(scenery_.track(), frame, 1.0f), place_of(body, lens));
        if (settings_.own_car) cars.draw(body_of(scenery_.track(), frame, 1.0f), place_of(body, lens), 0, frame[channel::brake] > 0.02);
    }

    static Vec3 place_of(const Body& body, const Lens& lens) { return {float(body.x - lens.x), float(body.y - lens.y), body.z - lens.z}; }

    template <int Channels>
    void draw_other(CarPainter<Channels>& cars, const Lens& lens, const Others& others, const Other& other) const {
        const double* frame = others.frames + std::size_t(other.index) * channel::width;
        const Body body = body_of(scenery_.track(), frame, 1.0f);
        cars.draw(body, place_of(body, lens), 1 + other.index % (int(std::size(liveries)) - 1), frame[channel::brake] > 0.02);
    }

    // The nearest of them, farthest first. Each is drawn after the ground below its near end.
    void find_others(const Lens& lens, const Body& own, const Others& others, std::vector<Other>& found) const {
        constexpr std::size_t most = 32;
        constexpr double inside = 1.0;  // m
        const float reach = 0.5f * range_;
        found.clear();
        for (int i = 0; i < others.count; ++i) {
            const double* frame = others.frames + std::size_t(i) * channel::width;
            const double x = frame[channel::world_position], y = frame[channel::world_position + 1];
            if (std::fabs(x - own.x) < inside && std::fabs(y - own.y) < inside) continue;
            const float dx = float(x - lens.x), dy = float(y - lens.y);
            const float distance = std::sqrt(dx * dx + dy * dy);
            if (distance < reach) found.push_back({distance, i, 0});
        }
        auto nearer = [](const Other& a, const Other& b) { return a.distance < b.distance || (a.distance == b.distance && a.index < b.index); };
        std::sort(found.begin(), found.end(), nearer);
        if (found.size() > most) found.resize(most);
        std::reverse(found.begin(), found.end());
        for (Other& o : found) {
            const double* frame = others.frames + std::size_t(o.index) * channel::width;
            const double x = frame[channel::world_position], y = frame[channel::world_position + 1];
            const double share = std::min(0.55 * settings_.car.length / std::max(double(o.distance), 0.1), 1.0);
            o.block = scenery_.block_of(scenery_.track().locate(x + share * (lens.x - x), y + share * (lens.y - y)).station);
        }
    }
};

}  // namespace ac::render
