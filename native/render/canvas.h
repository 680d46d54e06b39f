// The pixels of one picture, and the one shape that is drawn on them: convex polygons, filled row by row. Each row is cut
// at its centre; soft edges are blended by the share of the pixel that they cover, hard ones (seams between pieces of the
// same ground) fall on whole pixels, so that pieces side by side leave neither gap nor overlap.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>

namespace ac::render {

struct Point {
    float x, y;  // pixels, right and down
};

template <int Channels>
struct Ink {
    std::uint8_t v[Channels];
};

// A brush that covers what is there.
template <int Channels>
class Solid;

template <>
class Solid<1> {
public:
    explicit Solid(Ink<1> ink) : value_(ink.v[0]) {}
    void run(std::uint8_t* p, int count) const {
        if (count >= 8) {  // whole words, the last of which may overlap the one before
            const std::uint64_t word = value_ * 0x0101010101010101ull;
            std::uint8_t* const last = p + count - 8;
            for (; p < last; p += 8) std::memcpy(p, &word, 8);
            std::memcpy(last, &word, 8);
        } else {
            for (int i = 0; i < count; ++i) p[i] = std::uint8_t(value_);
        }
    }
    void mix(std::uint8_t* p, int share) const { p[0] = std::uint8_t(p[0] + (((int(value_) - p[0]) * share + 128) >> 8)); }

private:
    std::uint64_t value_;
};

template <>
class Solid<3> {
public:
    explicit Solid(Ink<3> ink) : ink_(ink) {
        const std::uint64_t rgb = ink.v[0] | ink.v[1] << 8 | ink.v[2] << 16;
        words_[0] = rgb | rgb << 24 | rgb << 48;         // RGBRGBRG
        words_[1] = rgb >> 16 | rgb << 8 | rgb << 32 | rgb << 56;  // BRGBRGBR
        words_[2] = rgb >> 8 | rgb << 16 | rgb << 40;    // GBRGBRGB
    }
    void run(std::uint8_t* p, int count) const {
        if (count >= 8) {  // eight pixels at a time, the last eight of which may overlap those before
            std::uint8_t* const last = p + 3 * (count - 8);
            for (; p < last; p += 24) std::memcpy(p, words_, 24);
            std::memcpy(last, words_, 24);
        } else {
            for (int i = 0; i < count; ++i, p += 3) p[0] = ink_.v[0], p[1] = ink_.v[1], p[2] = ink_.v[2];
        }
    }
    void mix(std::uint8_t* p, int share) const {
        for (int k = 0; k < 3; ++k) p[k] = std::uint8_t(p[k] + (((int(ink_.v[k]) - p[k]) * share + 128) >> 8));
    }

private:
    Ink<3> ink_;
    std::uint64_t words_[3];  // as they lie in memory on a little-endian machine
};

// A brush that darkens what is there.
template <int Channels>
class Shade {
public:
    explicit Shade(float kept) : lost_(int(256.0f * (1.0f - kept))) {}
    void run(std::uint8_t* p, int count) const {
        for (int i = 0; i < count * Channels; ++i) p[i] = std::uint8_t(p[i] - ((p[i] * lost_) >> 8));
    }
    void mix(std::uint8_t* p, int share) const {
        for (int k = 0; k < Channels; ++k) p[k] = std::uint8_t(p[k] - ((p[k] * lost_ * share) >> 16));
    }

private:
    int lost_;  // of 256
};

template <int Channels>
class Canvas {
public:
    Canvas(std::uint8_t* pixels, int width, int height) : pixels_(pixels), width_(width), height_(height) {}

    int width() const { return width_; }
    int height() const { return height_; }

    // Rows first..last (not included) in one colour.
    void rows(int first, int last, Ink<Channels> ink) {
        if (first < last) Solid<Channels>(ink).run(row(first), (last - first) * width_);
    }

    // The first row whose centre is at or below y; the first of all for what is not a number.
    int row_of(float y) const { return int(std::min(std::max(0.0f, y), float(height_)) + 0.5f); }

    // Corners in order, either way round; bit k of `soft` is the edge from corner k to the next.
    template <class Brush>
    void polygon(const Point* p, int corners, unsigned soft, const Brush& brush) {
        int highest = 0;
        float bottom = p[0].y, left = p[0].x, right = p[0].x;
        for (int k = 1; k < corners; ++k) {
            if (p[k].y < p[highest].y) highest = k;
            bottom = std::max(bottom, p[k].y);
            left = std::min(left, p[k].x), right = std::max(right, p[k].x);
        }
        const int first = row_of(p[highest].y), last = row_of(bottom);
        if (first >= last || !(right > 0.0f) || !(left < float(width_))) return;
        left = std::max(left, 0.0f), right = std::min(right, float(width_));
        // Down both sides from the highest corner; a side has an edge for each row.
        Side a{highest, corners, 1}, b{highest, corners, -1};
        std::uint8_t* pixels = row(first);
        for (int r = first; r < last;) {
            if (r >= a.end) next_edge(a, p, soft, r);
            if (r >= b.end) next_edge(b, p, soft, r);
            const int until = std::min(std::min(a.end, b.end), last);
            if (a.fade > 1.0f || b.fade > 1.0f) {
                for (; r < until; ++r, a.x += a.slope, b.x += b.slope, pixels += width_ * Channels)
                    a.x < b.x ? faded_span(pixels, a, b, left, right, brush) : faded_span(pixels, b, a, left, right, brush);
            } else {
                for (; r < until; ++r, a.x += a.slope, b.x += b.slope, pixels += width_ * Channels)
                    a.x < b.x ? span(pixels, a, b, left, right, brush) : span(pixels, b, a, left, right, brush);
            }
        }
    }

private:
    std::uint8_t* pixels_;
    int width_, height_;

    // The edge of a polygon that its rows end at on one side.
    struct Side {
        int corner, corners, step;  // the edge begins at this corner; the way to the next
        int end = -1;               // first row below the edge
        float x = 0.0f, slope = 0.0f;  // at the present row, and for each row
        float fade = 0.0f;             // pixels over which it fades within a row; none where it is hard
        float left = 0.0f, right = 0.0f;  // ends of the edge
    };

    std::uint8_t* row(int r) { return pixels_ + std::size_t(r) * width_ * Channels; }

    // The next edge down this side that passes the centre of row r or one below it.
    void next_edge(Side& s, const Point* p, unsigned soft, int r) const {
        for (int tried = 0; tried < s.corners; ++tried) {
            const int from = s.corner, to = from + s.step == s.corners ? 0 : from + s.step < 0 ? s.corners - 1 : from + s.step;
            s.corner = to;
            s.end = row_of(p[to].y);
            if (s.end <= r) continue;
            const Point a = p[from], b = p[to];
            s.slope = (b.x - a.x) / (b.y - a.y);
            s.x = a.x + (float(r) + 0.5f - a.y) * s.slope;
            s.left = std::min(a.x, b.x), s.right = std::max(a.x, b.x);
            s.fade = soft >> (s.step > 0 ? from : to) & 1u ? std::max(std::fabs(s.slope), 1.0f) : 0.0f;
            return;
        }
        s.end = height_;  // no polygon goes on; let the rows run out
    }

    // One row from a to b; `least` and `most` are the polygon's own extent within the picture.
    template <class Brush>
    static void span(std::uint8_t* row, const Side& a, const Side& b, float least, float most, const Brush& brush) {
        const float from = std::max(a.x, least), to = std::min(b.x, most);
        if (!(from < to)) return;
        int first, last;  // pixels that are covered whole
        if (a.fade == 0.0f) {
            first = int(from + 0.5f);
        } else {
            first = int(from);
            const float covered = float(first + 1) - from;
            if (covered < 1.0f) {
                if (to <= float(first + 1)) return brush.mix(row + first * Channels, int(256.0f * (to - from)));
                brush.mix(row + first * Channels, int(256.0f * covered));
                ++first;
            }
        }
        if (b.fade == 0.0f) {
            last = int(to + 0.5f);
        } else {
            last = int(to);
            const int share = int(256.0f * (to - float(last)));
            if (share > 0 && last >= first) brush.mix(row + last * Channels, share);
        }
        if (first < last) brush.run(row + first * Channels, last - first);
    }

    // The same where an edge is so shallow that it passes several pixels within the row.
    template <class Brush>
    static void faded_span(std::uint8_t* row, const Side& a, const Side& b, float least, float most, const Brush& brush) {
        const float from = std::max(std::max(a.x - 0.5f * a.fade, a.left), least), to = std::min(std::min(b.x + 0.5f * b.fade, b.right), most);
        if (!(from < to)) return;
        const int begin = int(from), end = int(std::ceil(to));
        const float a_scale = a.fade > 0.0f ? 1.0f / a.fade : 1e6f, b_scale = b.fade > 0.0f ? 1.0f / b.fade : 1e6f;
        auto mix_until = [&](int i, int stop) {
            for (; i < stop; ++i) {
                const float centre = float(i) + 0.5f;
                const float after_a = std::min((centre - a.x) * a_scale + 0.5f, 1.0f), before_b = std::min((b.x - centre) * b_scale + 0.5f, 1.0f);
                const int share = int(256.0f * (after_a + before_b - 1.0f));
                if (share > 0) brush.mix(row + i * Channels, share);
            }
        };
        // Between the fades every pixel is covered whole.
        const int whole = int(std::min(std::max(std::ceil(a.x + 0.5f * a.fade), float(begin)), float(end)));
        const int rest = int(std::min(std::max(b.x - 0.5f * b.fade, float(begin)), float(end)));
        if (whole >= rest) return mix_until(begin, end);
        mix_until(begin, whole);
        brush.run(row + whole * Channels, rest - whole);
        mix_until(rest, end);
    }
};

}  // namespace ac::render
