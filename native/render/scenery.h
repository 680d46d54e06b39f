// What stands along a circuit, worked out once: cross-sections from meadow to meadow, woods behind the barriers where there is
// room for them, and blocks of cross-sections with a sphere around each, by which a picture finds what it may see.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <memory>
#include <vector>

#include "render/lens.h"
#include "track.h"

namespace ac::render {

// Lines along the road, from left to right.
enum Lane : int {
    meadow_left, wood_left, wall_left, kerb_left, road_left, asphalt_left, rubber_left, line_left,
    line_right, rubber_right, asphalt_right, road_right, kerb_right, wall_right, wood_right, meadow_right,
    lane_count
};

inline std::uint32_t scattered(std::uint32_t n) {
    n = (n ^ (n >> 16)) * 0x7feb352du;
    n = (n ^ (n >> 15)) * 0x846ca68bu;
    return n ^ (n >> 16);
}

struct Section {
    Vec3 centre;             // relative to the scenery's origin, m
    Vec3 across;             // for each m to the left, m; not level where the road is banked
    float lane[lane_count];  // m from the centre line, + left
    float trees_left, trees_right;  // height of the wood, m; 0 where there is none
    std::uint8_t gravel_left, gravel_right, pace;  // 0/1; Material of the racing line
};

struct Block {
    int first, last;    // sections; the last is the next block's first
    Vec3 centre;
    float reach;        // m, of all that belongs to it
    float bend;         // 1/m, its tightest
};

class Scenery {
public:
    static constexpr int block_length = 8;

    explicit Scenery(std::shared_ptr<const Track> track) : track_(std::move(track)) {
        origin_x = (*track_)[0].x, origin_y = (*track_)[0].y;
        sections.resize(track_->size());
        for (int i = 0; i < track_->size(); ++i) sections[i] = bare_section(i);
        plant(meadow_left, wall_left, wood_left, &Section::trees_left, 1);
        plant(meadow_right, wall_right, wood_right, &Section::trees_right, -1);
        build_blocks();
    }

    double origin_x, origin_y;
    std::vector<Section> sections;
    std::vector<Block> blocks;

    const Track& track() const { return *track_; }
    int size() const { return int(sections.size()); }
    const Section& operator[](int i) const { return sections[i < size() ? i : i - size()]; }
    int block_of(int station) const { return std::min(station / block_length, int(blocks.size()) - 1); }

private:
    std::shared_ptr<const Track> track_;
    static constexpr float room_wanted = 64.0f, room_step = 8.0f, wood_behind = 11.0f;

    Section bare_section(int i) const {
        constexpr float line = 0.15f, kept_clear = 0.05f, rubber = 1.5f, drawn = 0.14f;
        const Station& s = (*track_)[i];
        Section c{};
        c.centre = {float(s.x - origin_x), float(s.y - origin_y), s.height};
        c.across = {-s.ty, s.tx, -s.bank};
        float* at = c.lane;
        at[road_left] = s.width_left, at[road_right] = -s.width_right;
        at[asphalt_left] = s.width_left - line, at[asphalt_right] = line - s.width_right;
        at[kerb_left] = s.width_left + s.kerb_left, at[kerb_right] = -s.width_right - s.kerb_right;
        at[wall_left] = s.wall_left, at[wall_right] = -s.wall_right;
        at[rubber_left] = std::min(s.line_offset + rubber, at[asphalt_left] - kept_clear);
        at[rubber_right] = std::max(s.line_offset - rubber, at[asphalt_right] + kept_clear);
        at[line_left] = s.line_offset + drawn, at[line_right] = s.line_offset - drawn;
        c.gravel_left = s.runoff_left == float(gravel), c.gravel_right = s.runoff_right == float(gravel);
        c.pace = std::uint8_t(pace_at(i));
        return c;
    }

    // Whether the car's limit speed rises or falls here.
    int pace_at(int i) const {
        constexpr float slight = 2.0f;  // m/s2
        const Station &a = (*track_)[track_->previous(i)], &b = (*track_)[track_->next(i)];
        const float gained = 0.5f * (b.target_speed * b.target_speed - a.target_speed * a.target_speed) / (2.0f * track_->step);
        return gained > slight ? 2 : gained < -slight ? 0 : 1;
    }

    // Meadow behind a barrier as far as no other part of the circuit is nearer, and a wood where that is far enough.
    void plant(Lane meadow, Lane wall, Lane wood, float Section::*trees, float side) {
        const int n = size();
        std::vector<float> room(n), calm(n);
        for (int i = 0; i < n; ++i) room[i] = room_beside(i, wall, side);
        const int window = 6;
        auto windowed = [&](const std::vector<float>& values, int i, auto fold) {
            float found = values[i];
            for (int k = -window; k <= window; ++k) found = fold(found, values[(i + k + n) % n]);
            return found;
        };
        for (int i = 0; i < n; ++i) calm[i] = windowed(room, i, [](float a, float b) { return std::min(a, b); });
        for (int i = 0; i < n; ++i) {
            Section& s = sections[i];
            const float free = (windowed(calm, i, [](float a, float b) { return a + b; }) - calm[i]) / float(2 * window + 1);
            s.lane[meadow] = s.lane[wall] + side * free;
            s.lane[wood] = s.lane[wall] + side * std::min(wood_behind, free);
            const float share = std::min(std::max((free - 16.0f) / 16.0f, 0.0f), 1.0f);
            s.*trees = share * tree_height(i, side > 0 ? 0u : 977u);
        }
    }

    float room_beside(int i, Lane wall, float side) const {
        const Section& s = sections[i];
        for (float room = room_step; room <= room_wanted; room += room_step) {
            const float offset = s.lane[wall] + side * room;
            const Place place = track_->locate(origin_x + s.centre.x + offset * s.across.x, origin_y + s.centre.y + offset * s.across.y);
            const Station& other = (*track_)[place.station];
            const float beyond = place.offset > 0.0f ? place.offset - other.wall_left : -place.offset - other.wall_right;
            if (beyond < room - 1.5f) return room - room_step;
        }
        return room_wanted;
    }

    // Smooth over tens of metres, ragged from one cross-section to the next.
    float tree_height(int i, std::uint32_t salt) const {
        auto drawn = [&](int n) { return float(scattered(std::uint32_t(n) + salt * 131071u) & 0xffffu) / 65536.0f; };
        const int stride = 24, cell = i / stride;
        const float f = float(i % stride) / stride, smooth = f * f * (3.0f - 2.0f * f);
        const float level = drawn(cell) + smooth * (drawn(cell + 1) - drawn(cell));
        return std::max(0.0f, 4.0f * std::min(2.5f * level, 1.0f) + 3.0f * level - 1.5f) * (0.8f + 0.4f * drawn(100000 + i));
    }

    void build_blocks() {
        for (int first = 0; first < size(); first += block_length) {
            Block b{first, std::min(first + block_length, size()), (*this)[std::min(first + block_length / 2, size() - 1)].centre, 0.0f, 0.0f};
            for (int i = b.first; i <= b.last; ++i) {
                const Section& s = (*this)[i];
                b.bend = std::max(b.bend, std::fabs((*track_)[i < size() ? i : 0].curvature));
                for (Lane lane : {meadow_left, meadow_right}) {
                    const Vec3 d = s.centre + s.lane[lane] * s.across - b.centre;
                    b.reach = std::max(b.reach, std::sqrt(dot(d, d)));
                }
            }
            blocks.push_back(b);
        }
    }
};

}  // namespace ac::render
