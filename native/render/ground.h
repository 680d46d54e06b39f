// The circuit: road, kerbs, run-off, barriers and woods, drawn block by block from far to near, with fewer cross-sections where
// they would fall on the same row of the picture.
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include "render/painter.h"
#include "render/scenery.h"

namespace ac::render {

// A block in view. Blocks are drawn from the greatest `order` to the least.
struct Seen {
    float distance, order;
    int block;
};

// A cross-section as a lens sees it.
struct Outline {
    int station = -1;
    const Section* section;
    bool in_front;  // all of it
    float height;   // over the land that the lens stands on, m
    Vec3 centre, across, up;
    float z[lane_count], x[lane_count], y[lane_count];  // pixels; meaningful where in front
    Vec3 at(int lane) const { return centre + section->lane[lane] * across; }
    Point pixel(int lane) const { return {x[lane], y[lane]}; }
};

template <int Channels>
class Ground {
public:
    Ground(Painter<Channels>& painter, const Scenery& scenery, bool with_line)
        : p_(painter), scenery_(scenery), eye_{float(painter.lens.x - scenery.origin_x), float(painter.lens.y - scenery.origin_y), painter.lens.z}, with_line_(with_line), from_above_(painter.lens.forward().z < -0.7f) {
    }

    // Blocks that may be in the picture, farthest first.
    void find(float range, std::vector<Seen>& seen) const {
        const Lens& lens = p_.lens;
        const float width = float(p_.canvas.width()), height = float(p_.canvas.height()), f = lens.focal;
        const Vec3 sides[4] = {unit({f, 0.0f, lens.centre.x}), unit({-f, 0.0f, width - lens.centre.x}), unit({0.0f, f, lens.centre.y}), unit({0.0f, -f, height - lens.centre.y})};
        seen.clear();
        for (int i = 0; i < int(scenery_.blocks.size()); ++i) {
            const Block& b = scenery_.blocks[i];
            const Vec3 d = b.centre - eye_;
            const float distance = std::sqrt(dot(d, d));
            if (!(distance < range + b.reach)) continue;
            const Vec3 c = lens.turned(d);
            if (c.z < -b.reach || dot(c, sides[0]) < -b.reach || dot(c, sides[1]) < -b.reach || dot(c, sides[2]) < -b.reach || dot(c, sides[3]) < -b.reach) continue;
            seen.push_back({distance, distance, i});
        }
        // By distance, but of two neighbours the one behind their common cross-section, as seen from the eye, comes first.
        constexpr float hair = 1e-3f;
        auto joined = [&](std::size_t k) { return seen[k].block == seen[k - 1].block + 1; };
        auto eye_passed = [&](std::size_t k) { return passed(scenery_.blocks[seen[k].block].first) >= 0.0f; };
        for (std::size_t k = 1; k < seen.size(); ++k)
            if (joined(k) && !eye_passed(k)) seen[k].order = std::max(seen[k].order, seen[k - 1].order + hair);
        for (std::size_t k = seen.size(); k-- > 1;)
            if (joined(k) && eye_passed(k)) seen[k - 1].order = std::max(seen[k - 1].order, seen[k].order + hair);
        std::sort(seen.begin(), seen.end(), [](const Seen& a, const Seen& b) { return a.order > b.order || (a.order == b.order && a.block < b.block); });
    }

    void draw(const Seen& seen) {
        const Block& b = scenery_.blocks[seen.block];
        const float d = std::max(seen.distance, 4.0f), row = p_.lens.focal * scenery_.track().step * std::min(p_.lens.over_road / d, 1.0f) / d;  // rows between cross-sections
        pixel_ = d / p_.lens.focal;
        inks_ = &p_.palette.at(d);
        const int stride = stride_for(b, row);
        stripes_ = stride == 1 && row > 0.6f;
        // The slice that the eye's own cross-section lies in comes last; where the eye is beyond the centre of a bend, and the order
        // turns about, the one opposite comes first.
        const bool passed_first = passed(b.first) >= 0.0f, passed_last = passed(b.last) >= 0.0f;
        if (passed_first == passed_last) return passed_first ? slices(b.first, b.last, stride) : slices(b.last, b.first, stride);
        int middle = b.first;
        while (middle < b.last && (passed(middle) >= 0.0f) == passed_first) ++middle;
        if (passed_first) {
            slices(b.last, middle, stride);
            slices(b.first, middle, stride);
        } else {
            slices(middle, b.first, stride);
            slices(middle, b.last, stride);
        }
    }

private:
    Painter<Channels>& p_;
    const Scenery& scenery_;
    Vec3 eye_;
    bool with_line_, from_above_;
    const typename Palette<Channels>::Inks* inks_ = nullptr;
    float pixel_ = 0.0f;    // m at the present block's distance
    bool stripes_ = false;  // kerbs are close enough to tell red from white
    Outline outlines_[2];   // the last two; successive slices share one

    // How far the eye is beyond cross-section i, m along the road there.
    float passed(int i) const {
        const Section& s = scenery_[i];
        return s.across.y * (eye_.x - s.centre.x) - s.across.x * (eye_.y - s.centre.y);
    }

    // From one cross-section to another, the distant one first.
    void slices(int from, int to, int stride) {
        for (int i = from; i < to; i += stride) slice(i, std::min(i + stride, to), false);
        for (int i = from; i > to; i -= stride) slice(std::max(i - stride, to), i, true);
    }

    // Cross-sections to skip: `row` rows of the picture lie between two of them.
    int stride_for(const Block& b, float row) const {
        const float step = scenery_.track().step;
        int stride = 1;
        while (stride < Scenery::block_length && row * float(stride) < 1.0f) stride *= 2;
        auto sag = [&] { return 0.125f * b.bend * step * step * float(stride * stride); };  // of the chord, m
        while (stride > 1 && sag() > 0.7f * pixel_) stride /= 2;
        return stride;
    }

    // Of cross-section i; the outline `kept` stays as it is.
    const Outline& outline(int i, const Outline* kept) {
        if (i >= scenery_.size()) i -= scenery_.size();
        for (const Outline& o : outlines_)
            if (o.station == i) return o;
        Outline& o = outlines_[kept == &outlines_[0] ? 1 : 0];
        const Section& s = scenery_[i];
        const Lens& lens = p_.lens;
        o.station = i, o.section = &s;
        o.height = s.centre.z - (eye_.z - lens.over_road);
        o.centre = lens.turned(s.centre - eye_);
        o.across = lens.turned(s.across);
        o.up = lens.turned({0.0f, 0.0f, 1.0f});
        const float f = lens.focal, mx = lens.centre.x, my = lens.centre.y;
        for (int k = 0; k < lane_count; ++k) {
            const float z = o.centre.z + s.lane[k] * o.across.z, scale = f / (z > Lens::nearest ? z : Lens::nearest);
            o.z[k] = z;
            o.x[k] = mx + scale * (o.centre.x + s.lane[k] * o.across.x);
            o.y[k] = my + scale * (o.centre.y + s.lane[k] * o.across.y);
        }
        o.in_front = std::min(o.z[0], o.z[lane_count - 1]) > Lens::nearest;
        return o;
    }

    // The ground between two neighbouring cross-sections, in driving order.
    void slice(int behind, int ahead, bool ahead_is_distant) {
        const Outline& distant = outline(ahead_is_distant ? ahead : behind, nullptr);
        const Outline& close = outline(ahead_is_distant ? behind : ahead, &distant);
        if (!visible(distant, close)) return;
        const Section &a = *distant.section, &b = *close.section;
        const Section& s = scenery_[behind];
        const auto& inks = *inks_;
        const int tone = (behind / Scenery::block_length) & 1;
        const std::uint32_t spot = scattered(std::uint32_t(behind >> 1));

        auto band = [&](Lane left, Lane right, int material, float over) { this->band(distant, close, left, right, over, inks[material]); };
        const float rise = std::max(close.height, distant.height);  // over the land that the lens stands on
        if (rise > 0.5f) {  // banks below the meadows' edges
            standing(distant, close, meadow_left, -rise, -rise, inks[hillside]);
            standing(distant, close, meadow_right, -rise, -rise, inks[hillside]);
        }
        const bool level = on_one_row(distant, close);
        if (!level && (wider(a, wall_right, meadow_right) || wider(a, meadow_left, wall_left))) band(meadow_left, meadow_right, meadow + tone, 0.0f);
        woods(distant, close, wood_left, meadow_left, a.trees_left, b.trees_left, spot);
        woods(distant, close, wood_right, meadow_right, a.trees_right, b.trees_right, spot >> 8);
        if (!level) {
            band(wall_left, wall_right, grass + tone, 0.0f);
            // Each strip goes on below the next, so that nothing else shows through their soft edges.
            if (s.gravel_left) band(wall_left, road_left, gravel_bed + (spot >> 4 & 1), 0.0f);
            if (s.gravel_right) band(road_right, wall_right, gravel_bed + (spot >> 4 & 1), 0.0f);
            const int kerb = stripes_ ? (behind & 1 ? kerb_red : paint) : kerb_mean;
            if (wider(a, kerb_left, road_left) || wider(b, kerb_left, road_left)) band(kerb_left, asphalt_left, kerb, 0.0f);
            if (wider(a, road_right, kerb_right) || wider(b, road_right, kerb_right)) band(asphalt_right, kerb_right, kerb, 0.0f);
            band(road_left, road_right, paint, 0.0f);
            band(asphalt_left, asphalt_right, asphalt + int(spot % 3u), 0.1f);
            if (pixel_ < 1.5f) band(rubber_left, rubber_right, rubber, 0.2f);
            if (with_line_) band(line_left, line_right, braking + s.pace, 0.2f);
            if (behind == 0) start_line(distant, close, ahead_is_distant);
        }
        if (pixel_ < 3.0f * wall_height) {
            standing(distant, close, wall_left, wall_height, wall_height, inks[barrier + tone]);
            standing(distant, close, wall_right, wall_height, wall_height, inks[barrier + tone]);
        }
    }

    static bool wider(const Section& s, Lane left, Lane right) { return s.lane[left] - s.lane[right] > 0.05f; }

    // Nothing of the ground between them reaches the centre of a row.
    bool on_one_row(const Outline& a, const Outline& b) const {
        if (!a.in_front || !b.in_front) return false;
        const int l = meadow_left, r = meadow_right;
        const float top = std::min(std::min(a.y[l], a.y[r]), std::min(b.y[l], b.y[r])), bottom = std::max(std::max(a.y[l], a.y[r]), std::max(b.y[l], b.y[r]));
        return p_.canvas.row_of(top) == p_.canvas.row_of(bottom);
    }

    bool visible(const Outline& a, const Outline& b) const {
        const int l = meadow_left, r = meadow_right;
        if (a.in_front && b.in_front) {
            const float width = float(p_.canvas.width());
            const float left = std::min(std::min(a.x[l], a.x[r]), std::min(b.x[l], b.x[r])), right = std::max(std::max(a.x[l], a.x[r]), std::max(b.x[l], b.x[r]));
            return right > 0.0f && left < width;
        }
        return std::max(std::max(a.z[l], a.z[r]), std::max(b.z[l], b.z[r])) > Lens::nearest;
    }

    // The strip between two lanes. What lies on top of others reaches `over` pixels beyond its ends, so that nothing below it,
    // whose ends lie on the same line, differs by a pixel there and shows.
    void band(const Outline& distant, const Outline& close, int left, int right, float over, Ink<Channels> ink) {
        constexpr unsigned sides = 0b1010u;  // the seams to the next slices stay hard
        if (distant.in_front && close.in_front) {
            const Point a = distant.pixel(left), b = distant.pixel(right), c = close.pixel(right), d = close.pixel(left);
            auto beyond = [over](Point from, Point to) {
                const float x = to.x - from.x, y = to.y - from.y, share = over / (std::max(std::fabs(x), std::fabs(y)) + over + 1e-6f);
                return Point{to.x + share * x, to.y + share * y};
            };
            const Point corners[4] = {beyond(d, a), beyond(c, b), beyond(b, c), beyond(a, d)};
            p_.canvas.polygon(corners, 4, sides, Solid<Channels>(ink));
        } else {
            const float share = 1.0f + 0.01f * over;  // of the length, which is many pixels here
            const Vec3 a = distant.at(left), b = distant.at(right), c = close.at(right), d = close.at(left);
            const Vec3 corners[4] = {between(d, a, share), between(c, b, share), between(b, c, share), between(a, d, share)};
            p_.face(corners, 4, sides, Solid<Channels>(ink));
        }
    }

    static constexpr float wall_height = 1.0f, bank_depth = 25.0f;

    // A hedge of trees; close by, single trees before it; from above, their tops.
    void woods(const Outline& distant, const Outline& close, Lane edge, Lane back, float distant_height, float close_height, std::uint32_t spot) {
        if (distant_height < 0.5f && close_height < 0.5f) return;
        const auto& inks = *inks_;
        if (from_above_) return band(distant, close, edge, back, 0.0f, inks[wood + int(spot & 3u)]);
        if (!stripes_) return standing(distant, close, edge, distant_height, close_height, inks[wood + int(spot & 3u)]);
        standing(distant, close, edge, 0.8f * distant_height, 0.8f * close_height, inks[wood + 1]);
        if (close.station & 1 && close_height > 3.0f) tree(close, close.at(edge), close_height - wall_height, spot);
    }

    // A crown that always faces the lens; it begins over the barriers, some of which are drawn before it.
    void tree(const Outline& o, Vec3 foot, float height, std::uint32_t spot) {
        constexpr Point shape[] = {{-0.5f, 0.36f}, {-0.4f, 0.72f}, {-0.13f, 0.98f}, {0.17f, 1.0f}, {0.42f, 0.7f}, {0.5f, 0.34f}, {0.24f, 0.0f}, {-0.24f, 0.0f}};
        const float width = 2.5f + 0.4f * height + 0.3f * float(spot >> 2 & 3u);
        Vec3 corners[std::size(shape)];
        for (std::size_t k = 0; k < std::size(shape); ++k) corners[k] = foot + (wall_height + 0.3f + height * shape[k].y) * o.up + Vec3{width * shape[k].x, 0.0f, 0.0f};
        p_.face(corners, int(std::size(shape)), all_soft, Solid<Channels>((*inks_)[wood + int(spot & 3u)]));
    }

    // A face on one of the lanes, so high (m) at its ends; below the ground where that is negative.
    void standing(const Outline& distant, const Outline& close, int lane, float distant_height, float close_height, Ink<Channels> ink) {
        constexpr unsigned level_edges = 0b0101u;
        if (distant.in_front && close.in_front) {
            const float width = float(p_.canvas.width()), aside = 0.25f * width;  // as far as a face may lean
            if (std::max(distant.x[lane], close.x[lane]) < -aside || std::min(distant.x[lane], close.x[lane]) > width + aside) return;
        }
        const Vec3 foot_distant = distant.at(lane), foot_close = close.at(lane);
        const Vec3 top_distant = foot_distant + distant_height * distant.up, top_close = foot_close + close_height * close.up;
        if (distant.in_front && close.in_front && top_distant.z > Lens::nearest && top_close.z > Lens::nearest) {
            const Point corners[4] = {p_.lens.pixel(top_distant), p_.lens.pixel(top_close), close.pixel(lane), distant.pixel(lane)};
            p_.canvas.polygon(corners, 4, level_edges, Solid<Channels>(ink));
        } else {
            const Vec3 corners[4] = {top_distant, top_close, foot_close, foot_distant};
            p_.face(corners, 4, level_edges, Solid<Channels>(ink));
        }
    }

    void start_line(const Outline& distant, const Outline& close, bool ahead_is_distant) {
        const float share = 0.35f;  // of the way to the next cross-section
        const Outline &behind = ahead_is_distant ? close : distant, &ahead = ahead_is_distant ? distant : close;
        const Vec3 left = behind.at(asphalt_left), right = behind.at(asphalt_right);
        const Vec3 corners[4] = {left, right, between(right, ahead.at(asphalt_right), share), between(left, ahead.at(asphalt_left), share)};
        p_.face(corners, 4, 0u, Solid<Channels>((*inks_)[paint]));
    }
};

}  // namespace ac::render
