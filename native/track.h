// A circuit as a ribbon of cross-sections at equal steps of centre-line length. Every query starts from the cross-section
// where the car was last (or from a grid of cells) and walks the ribbon, so none depends on the length of the track.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

namespace ac {

enum Surface : int { tarmac = 0, kerb = 1, grass = 2, gravel = 3, surface_count = 4 };

struct Station {
    double x, y;                      // centre line, m
    float tx, ty;                     // unit tangent
    float heading, curvature;         // rad (unwrapped), 1/m, + left
    float width_left, width_right;    // to the white line, m
    float kerb_left, kerb_right;      // beyond it, m
    float wall_left, wall_right;      // centre line to barrier, m
    float bank, grade, height;        // rad (+ helps a left turn), slope, m
    float runoff_left, runoff_right;  // Surface beyond the kerb
    float line_offset, line_heading;  // racing line: lateral offset m (+ left), heading rad
    float line_s, line_curvature;     // arc length along it m, 1/m
    float target_speed;               // m/s, speed profile of the car
};

// Where a point lies on the ribbon.
struct Place {
    int station;    // cross-section behind the point
    float along;    // 0..1 to the next one
    float offset;   // m from the centre line, + left
};

struct Vec2 {
    float x, y;
};

// How a car that points somewhere stands on a road: rise for each m ahead and to its left.
struct Slope {
    float ahead, left;
};

class Track {
public:
    std::vector<Station> stations;
    float step = 0.0f;          // m between stations
    double length = 0.0;        // m, centre line
    double line_length = 0.0;   // m, racing line
    float line_step = 1.0f;     // m between samples of the next two
    std::vector<float> line_curvature, line_speed;  // at equal steps of racing-line length
    std::vector<double> sectors;  // centre-line s where the 2nd, 3rd ... sector begins

    // Call once all fields are filled.
    void prepare() {
        const int n = size();
        left_.resize(n);
        right_.resize(n);
        double min_x = 1e30, min_y = 1e30, max_x = -1e30, max_y = -1e30;
        for (const Station& s : stations) {
            min_x = std::min(min_x, s.x), max_x = std::max(max_x, s.x);
            min_y = std::min(min_y, s.y), max_y = std::max(max_y, s.y);
        }
        origin_x_ = stations[0].x, origin_y_ = stations[0].y;
        for (int i = 0; i < n; ++i) {
            const Station& s = stations[i];
            float x = float(s.x - origin_x_), y = float(s.y - origin_y_);
            left_[i] = {x - s.width_left * s.ty, y + s.width_left * s.tx};
            right_[i] = {x + s.width_right * s.ty, y - s.width_right * s.tx};
        }
        build_grid(min_x - margin, min_y - margin, max_x + margin, max_y + margin);
    }

    int size() const { return int(stations.size()); }
    int next(int i) const { return i + 1 == size() ? 0 : i + 1; }
    int previous(int i) const { return i == 0 ? size() - 1 : i - 1; }
    const Station& operator[](int i) const { return stations[i]; }

    // Place of any point, without a hint: from the nearest of the stations that the cells around it know.
    Place locate(double x, double y) const {
        const int column = cell_of(x - grid_x_, columns_), row = cell_of(y - grid_y_, rows_);
        int nearest = 0;
        double best = 1e300;
        for (int r = std::max(row - 1, 0); r <= std::min(row + 1, rows_ - 1); ++r)
            for (int c = std::max(column - 1, 0); c <= std::min(column + 1, columns_ - 1); ++c) {
                const int i = grid_[std::size_t(r) * columns_ + c];
                const double dx = x - stations[i].x, dy = y - stations[i].y, d = dx * dx + dy * dy;
                if (d < best) best = d, nearest = i;
            }
        return project(x, y, nearest);
    }

    // Place of a point near station `hint`: walk until two neighbouring cross-sections enclose it.
    Place project(double x, double y, int hint) const {
        int i = hint;
        double behind = ahead_of(i, x, y);
        double front = ahead_of(next(i), x, y);
        for (int walked = 0; behind < 0.0 && walked < max_walk; ++walked) {
            i = previous(i);
            front = behind;
            behind = ahead_of(i, x, y);
        }
        for (int walked = 0; front >= 0.0 && walked < max_walk; ++walked) {
            i = next(i);
            behind = front;
            front = ahead_of(next(i), x, y);
        }
        const Station& a = stations[i];
        const Station& b = stations[next(i)];
        double f = std::min(std::max(behind / std::max(behind - front, 1e-9), 0.0), 1.0);
        // Cubic Hermite between the stations: exact to 1e-4 m at the tightest corner.
        double g = 1.0 - f, h00 = (1.0 + 2.0 * f) * g * g, h10 = f * g * g * step, h01 = f * f * (3.0 - 2.0 * f), h11 = -f * f * g * step;
        double cx = h00 * a.x + h10 * a.tx + h01 * b.x + h11 * b.tx;
        double cy = h00 * a.y + h10 * a.ty + h01 * b.y + h11 * b.ty;
        double tx = g * a.tx + f * b.tx, ty = g * a.ty + f * b.ty;
        double offset = (tx * (y - cy) - ty * (x - cx)) / std::sqrt(tx * tx + ty * ty);
        return {i, float(f), float(offset)};
    }

    double s_of(const Place& p) const { return (p.station + double(p.along)) * step; }

    template <class Field>
    float mix(const Place& p, Field field) const {
        float a = stations[p.station].*field, b = stations[next(p.station)].*field;
        return a + p.along * (b - a);
    }
    // Of the road under a body that heads towards (cos, sin).
    Slope slope(const Place& p, float cos, float sin) const {
        const Station& at = stations[p.station];
        const float along = cos * at.tx + sin * at.ty, across = sin * at.tx - cos * at.ty;
        const float grade = mix(p, &Station::grade), bank = mix(p, &Station::bank);
        return {grade * along - bank * across, -grade * across - bank * along};
    }
    // Headings are unwrapped along the lap; across the line the second station is a turn further.
    float mix_heading(const Place& p, float Station::*field) const {
        float a = stations[p.station].*field, b = stations[next(p.station)].*field;
        return a + p.along * std::remainder(b - a, 6.283185307f);
    }
    double line_s_of(const Place& p) const {
        double a = stations[p.station].line_s;
        double b = next(p.station) == 0 ? line_length : double(stations[next(p.station)].line_s);
        return a + p.along * (b - a);
    }
    template <class Values>
    float along_line(const Values& values, double line_s) const {
        double at = line_s / line_step;
        double whole = std::floor(at);
        int n = int(values.size()), i = int(std::int64_t(whole) % n);
        if (i < 0) i += n;
        int j = i + 1 == n ? 0 : i + 1;
        return values[i] + float(at - whole) * (values[j] - values[i]);
    }

    // Distance from (x, y) to the first white line in each direction (unit vectors), at most `reach` m. On the road the ray
    // passes from one strip between cross-sections to the next; off the road every border edge up to `reach` along it is tried.
    void cast_rays(double x, double y, const Place& place, const Vec2* directions, int count, float reach, float* distance) const {
        Vec2 from{float(x - origin_x_), float(y - origin_y_)};
        bool on_road = place.offset < mix(place, &Station::width_left) && -place.offset < mix(place, &Station::width_right);
        for (int k = 0; k < count; ++k)
            distance[k] = on_road ? ray_on_road(from, directions[k], place, reach) : ray_off_road(from, directions[k], place.station, reach);
    }

    Vec2 left_border(int i) const { return left_[i]; }
    Vec2 right_border(int i) const { return right_[i]; }

private:
    static constexpr double cell = 16.0, margin = 120.0;
    static constexpr int max_walk = 4096;
    std::vector<Vec2> left_, right_;  // borders, relative to station 0 so that float is exact enough
    double origin_x_ = 0.0, origin_y_ = 0.0, grid_x_ = 0.0, grid_y_ = 0.0;
    int columns_ = 0, rows_ = 0;
    std::vector<std::int32_t> grid_;  // nearest station of each cell's centre

    // Row or column of a point so far into the grid; the first for what is not a number.
    static int cell_of(double into, int count) { return int(std::min(std::max(0.0, into / cell), double(count - 1))); }

    // Distance of the point beyond the cross-section of station i, along its tangent.
    double ahead_of(int i, double x, double y) const {
        const Station& s = stations[i];
        return (x - s.x) * s.tx + (y - s.y) * s.ty;
    }

    void build_grid(double x0, double y0, double x1, double y1) {
        grid_x_ = x0, grid_y_ = y0;
        columns_ = int((x1 - x0) / cell) + 1, rows_ = int((y1 - y0) / cell) + 1;
        grid_.assign(std::size_t(columns_) * rows_, 0);
        std::vector<float> best(grid_.size(), 1e30f);
        // Stations stamp themselves on the cells around them; cells further away take a coarse search.
        const int reach = 4;
        for (int i = 0; i < size(); ++i) {
            int cx = int((stations[i].x - x0) / cell), cy = int((stations[i].y - y0) / cell);
            for (int row = std::max(cy - reach, 0); row <= std::min(cy + reach, rows_ - 1); ++row)
                for (int column = std::max(cx - reach, 0); column <= std::min(cx + reach, columns_ - 1); ++column)
                    claim(best, row, column, i);
        }
        for (int row = 0; row < rows_; ++row)
            for (int column = 0; column < columns_; ++column)
                if (best[std::size_t(row) * columns_ + column] == 1e30f)
                    for (int i = 0; i < size(); i += 8) claim(best, row, column, i);
    }
    void claim(std::vector<float>& best, int row, int column, int i) {
        std::size_t at = std::size_t(row) * columns_ + column;
        double dx = grid_x_ + (column + 0.5) * cell - stations[i].x, dy = grid_y_ + (row + 0.5) * cell - stations[i].y;
        float d = float(dx * dx + dy * dy);
        if (d < best[at]) best[at] = d, grid_[at] = i;
    }

    // Side of the ray on which a point lies: > 0 left of it.
    static float side(Vec2 from, Vec2 dir, Vec2 p) { return dir.x * (p.y - from.y) - dir.y * (p.x - from.x); }
    // Distance along the ray to the edge a-b whose ends lie on different sides of it.
    static float hit(Vec2 from, Vec2 dir, Vec2 a, Vec2 b, float side_a, float side_b) {
        float f = side_a / (side_a - side_b);
        return dir.x * (a.x + f * (b.x - a.x) - from.x) + dir.y * (a.y + f * (b.y - a.y) - from.y);
    }

    float ray_on_road(Vec2 from, Vec2 dir, const Place& place, float reach) const {
        // The ray leaves the strip through its left border, its right border or one of its two cross-sections. Entered through
        // a cross-section, the far one is crossed if its ends lie on different sides of the ray. Forward is as seen by the
        // cross-section through the point itself: a ray across the road may look forward at one station, backward at the next.
        bool forward = dir.x * mix(place, &Station::tx) + dir.y * mix(place, &Station::ty) >= 0.0f;
        int here = forward ? place.station : next(place.station);
        float l0 = side(from, dir, left_[here]), r0 = side(from, dir, right_[here]);
        for (float walked = 0.0f; walked < reach + 2.0f * step; walked += 0.5f * step) {
            int there = forward ? next(here) : previous(here);
            float l1 = side(from, dir, left_[there]), r1 = side(from, dir, right_[there]);
            if (forward ? l1 < 0.0f : l1 > 0.0f) return std::min(hit(from, dir, left_[here], left_[there], l0, l1), reach);
            if (forward ? r1 > 0.0f : r1 < 0.0f) return std::min(hit(from, dir, right_[here], right_[there], r0, r1), reach);
            here = there, l0 = l1, r0 = r1;
        }
        return reach;
    }

    float ray_off_road(Vec2 from, Vec2 dir, int station, float reach) const {
        float nearest = reach;
        int span = std::min(int(reach / step) + 1, size() / 2);
        const int first = station >= span ? station - span : station - span + size();
        for (const std::vector<Vec2>* border : {&left_, &right_}) {
            int i = first;
            float sa = side(from, dir, (*border)[i]);
            for (int k = 0; k < 2 * span; ++k) {
                const int j = next(i);
                const float sb = side(from, dir, (*border)[j]);
                if ((sa > 0.0f) != (sb > 0.0f)) {
                    const float d = hit(from, dir, (*border)[i], (*border)[j], sa, sb);
                    if (d >= 0.0f) nearest = std::min(nearest, d);
                }
                i = j, sa = sb;
            }
        }
        return nearest;
    }
};

}  // namespace ac
