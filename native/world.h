// The simulated world: a batch of cars on one track, each with its own state, random numbers, lap clock and, where asked,
// its own physical parameters. Takes controls, gives telemetry frames; knows nothing of rewards.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <memory>
#include <vector>

#include "channel_index.h"
#include "pool.h"
#include "rng.h"
#include "track.h"
#include "vehicle.h"

namespace ac {

constexpr int control_width = 4;   // steer, throttle, brake (-1..1, -1 = pedal up), shift request (-1, 0, +1)
constexpr int control_history = 8;  // control steps that an action delay can reach back

// Uniform range of a factor on a car parameter, drawn for each car at each reset.
struct ParamRange {
    int param;  // index into car_param_names
    float low, high;
};

// Gaussian noise on a telemetry column, standard deviation in the channel's unit.
struct ChannelNoise {
    int column;
    float sigma;
};

struct StartSettings {
    bool random_position = true;          // anywhere on the lap, else at (s, offset)
    double s = 0.0, offset = 0.0;         // m on the centre line
    float offset_range = 0.0f;            // m to either side of the racing line, random starts
    float heading_range = 0.0f;           // rad to either side of its direction
    float speed_low = 0.0f, speed_high = 0.0f;  // share of the speed profile
    float standing_share = 0.0f;          // of random starts that stand at (s, offset) instead
};

struct WorldSettings {
    double control_rate = 25.0;  // Hz
    int substeps = 13;           // physics steps in a control step
    float brake_gamma = 2.4f;    // the game's brake curve
    Ambient ambient;
    Aids aids;
    StartSettings start;
    float delay_low = 0.0f, delay_high = 0.0f;  // s between a control and its effect
    std::vector<ParamRange> randomise;
    std::vector<ChannelNoise> noise;
};

struct LapClock {
    double travelled;    // m along the lap since the line of lap 0, unwrapped
    double next_line;    // where the next lap ends
    double s;            // last centre-line position
    double started;      // s, world clock at which this lap began
    double sector_started;
    double last_ms, best_ms, last_sector_ms, distance;
    int count, sector;
    bool timed;          // this lap began at the line
    bool invalid, last_valid;
};

class World {
public:
    World(std::shared_ptr<const Track> track, const CarParams& base, int count, const WorldSettings& settings, int threads)
        : track_(std::move(track)), base_(base), settings_(settings), pool_(threads) {
        cars_.resize(count);
        models_.reserve(count);
        const bool own = !settings_.randomise.empty();
        for (int i = 0; i < (own ? count : 1); ++i) models_.emplace_back(base_);
        laps_.resize(count);
        clocks_.assign(count, 0.0);
        physics_steps_.assign(count, 0);
        episode_steps_.assign(count, 0);
        delays_.assign(count, 0);
        controls_.assign(std::size_t(count) * control_history * control_width, 0.0f);
        seed(0);
    }

    int size() const { return int(cars_.size()); }
    const Track& track() const { return *track_; }
    const WorldSettings& settings() const { return settings_; }
    double dt() const { return 1.0 / (settings_.control_rate * settings_.substeps); }

    void seed(std::uint64_t seed) {
        rngs_.resize(cars_.size());
        for (int i = 0; i < size(); ++i) rngs_[i] = Rng(seed, std::uint64_t(i));
    }

    // Put the cars whose mask is set (all, if null) on their start and write their frames.
    void reset(const std::uint8_t* mask, double* frames) {
        pool_.loop(size(), [&](int begin, int end) {
            for (int i = begin; i < end; ++i)
                if (!mask || mask[i]) reset_car(i), write_frame(i, frames + std::size_t(i) * channel::width);
        });
    }

    // One control step of every car; those whose reset mask is set are put on their start instead.
    void step(const float* controls, const std::uint8_t* mask, double* frames) {
        pool_.loop(size(), [&](int begin, int end) {
            for (int i = begin; i < end; ++i) {
                if (mask && mask[i])
                    reset_car(i);
                else
                    step_one(i, controls + std::size_t(i) * control_width);
                write_frame(i, frames + std::size_t(i) * channel::width);
            }
        });
    }

    // Put one car at centre-line position s with lateral offset (m, + left), heading against the road (rad) and speed (m/s).
    void place(int i, double s, double offset, double heading, double speed, double* frame) {
        put(i, s, offset, heading, float(speed));
        write_frame(i, frame);
    }

    Car& car(int i) { return cars_[i]; }
    const CarModel& model(int i) const { return models_[models_.size() > 1 ? i : 0]; }

private:
    std::shared_ptr<const Track> track_;
    CarParams base_;
    WorldSettings settings_;
    Pool pool_;
    std::vector<Car> cars_;
    std::vector<CarModel> models_;  // one for all, or one a car where parameters are randomised
    std::vector<LapClock> laps_;
    std::vector<Rng> rngs_;
    std::vector<double> clocks_;  // s since the world began
    std::vector<std::int64_t> physics_steps_, episode_steps_;
    std::vector<int> delays_;     // physics steps
    std::vector<float> controls_;  // the last controls of each car, newest first

    void reset_car(int i) {
        Rng& rng = rngs_[i];
        const StartSettings& start = settings_.start;
        if (!settings_.randomise.empty()) {
            CarParams p = base_;
            for (const ParamRange& r : settings_.randomise) car_param_values(p)[r.param] *= float(rng.uniform(r.low, r.high));
            models_[i] = CarModel(p);
        }
        delays_[i] = int(std::lround(rng.uniform(settings_.delay_low, settings_.delay_high) / dt()));
        const bool stands = start.standing_share > 0.0f && rng.uniform(0.0, 1.0) < start.standing_share;
        const bool anywhere = start.random_position && !stands;
        double s = start.s, offset = start.offset, heading = stands ? 0.0 : rng.uniform(-start.heading_range, start.heading_range);
        if (anywhere) s = rng.uniform(0.0, track_->length);
        Place at = place_at(s);
        if (anywhere) {
            offset = track_->mix(at, &Station::line_offset) + rng.uniform(-start.offset_range, start.offset_range);
            offset = std::min(std::max(offset, 1.2 - track_->mix(at, &Station::width_right)), track_->mix(at, &Station::width_left) - 1.2);
            heading += std::remainder(track_->mix_heading(at, &Station::line_heading) - track_->mix_heading(at, &Station::heading), 6.283185307179586);
        }
        float speed = stands ? 0.0f : float(rng.uniform(start.speed_low, start.speed_high)) * track_->mix(at, &Station::target_speed);
        put(i, s, offset, heading, speed);
    }

    Place place_at(double s) const {
        s = s - std::floor(s / track_->length) * track_->length;
        double at = s / track_->step;
        int station = std::min(int(at), track_->size() - 1);
        return {station, float(at - station), 0.0f};
    }

    void put(int i, double s, double offset, double heading, float speed) {
        const CarModel& m = model(i);
        const CarParams& p = m.p;
        const Place at = place_at(s);
        const Station& a = (*track_)[at.station];
        const double road = track_->mix_heading(at, &Station::heading);
        const double along = at.along * track_->step;
        const double cx = a.x + along * std::cos(0.5 * (a.heading + road)), cy = a.y + along * std::sin(0.5 * (a.heading + road));
        Car& c = cars_[i] = Car{};
        c.x = cx - offset * std::sin(road), c.y = cy + offset * std::cos(road);
        c.cos_yaw = std::cos(road + heading), c.sin_yaw = std::sin(road + heading);
        c.place = track_->project(c.x, c.y, at.station);
        c.vx = speed;
        c.fuel = p.fuel_start;
        c.load = m.static_force + m.unsprung_load + m.fuel_share * Wheel4(fuel_mass(c));
        const float lift = 0.5f * settings_.ambient.air_density * speed * speed * (p.aero_lift_area_front + p.aero_lift_area_rear);
        c.heave = lift / sum(m.spring);
        c.spin = Wheel4(speed) / m.tyre.radius;
        c.surface_temp = c.core_temp = by_axle(p.tyres_front_temperature_start, p.tyres_rear_temperature_start);
        c.disc_temp = Wheel4(settings_.ambient.air_temperature + 150.0f);
        c.grip = condition_grip(p, c, settings_.ambient);
        c.drive.gear = first_gear;
        float wheel_speed = speed / (m.driven ? p.tyres_rear_radius : p.tyres_front_radius);
        while (c.drive.gear < int(p.drivetrain_gears) + 1 && wheel_speed * gear_ratio(p, c.drive.gear) * rpm_per_rad > 0.93f * p.drivetrain_auto_up_rpm) ++c.drive.gear;
        c.drive.engine_speed = std::max(wheel_speed * gear_ratio(p, c.drive.gear), p.engine_idle_rpm / rpm_per_rad);
        c.drive.clutch = automatic_clutch(p, c.drive, wheel_speed * gear_ratio(p, c.drive.gear));

        LapClock& lap = laps_[i] = LapClock{};
        lap.s = lap.travelled = track_->s_of(c.place);
        lap.next_line = track_->length;
        lap.started = lap.sector_started = clocks_[i];
        lap.sector = sector_at(lap.s);
        episode_steps_[i] = 0;
        float* past = &controls_[std::size_t(i) * control_history * control_width];
        for (int k = 0; k < control_history; ++k) past[k * control_width] = 0.0f, past[k * control_width + 1] = past[k * control_width + 2] = -1.0f, past[k * control_width + 3] = 0.0f;
    }

    Controls controls_from(const float* raw) const {
        float pedal = 0.5f * (raw[2] + 1.0f);
        return {raw[0], 0.5f * (raw[1] + 1.0f), pedal > 0.0f ? std::pow(pedal, settings_.brake_gamma) : 0.0f};
    }

    void step_one(int i, const float* raw) {
        float* past = &controls_[std::size_t(i) * control_history * control_width];
        for (int k = (control_history - 1) * control_width - 1; k >= 0; --k) past[k + control_width] = past[k];
        for (int k = 0; k < control_width; ++k) past[k] = std::min(std::max(raw[k], -1.0f), 1.0f);

        Car& c = cars_[i];
        const CarModel& m = model(i);
        const float h = float(dt());
        const int n = settings_.substeps;
        if (past[3] > 0.5f) begin_shift(m.p, c.drive, c.drive.gear + 1);
        if (past[3] < -0.5f) begin_shift(m.p, c.drive, c.drive.gear - 1);
        int held = -1;
        Controls in{};
        for (int k = 0; k < n; ++k) {
            int back = std::min(std::max((delays_[i] - k + n - 1) / n, 0), control_history - 1);
            if (back != held) in = controls_from(past + back * control_width), held = back;
            step_car(m, c, *track_, settings_.ambient, settings_.aids, in, h);
            clocks_[i] += dt();
            advance_lap(i);
        }
        physics_steps_[i] += n;
        ++episode_steps_[i];
        slow_step(m, c, settings_.ambient, settings_.aids, h * n);
    }

    int sector_at(double s) const {
        int sector = 0;
        for (double boundary : track_->sectors) sector += s >= boundary;
        return sector;
    }

    void advance_lap(int i) {
        const Car& c = cars_[i];
        LapClock& lap = laps_[i];
        const double length = track_->length, s = track_->s_of(c.place);
        double moved = s - lap.s;
        if (moved > 0.5 * length) moved -= length;
        if (moved < -0.5 * length) moved += length;
        lap.s = s;
        lap.travelled += moved;
        lap.distance += dt() * std::sqrt(double(c.vx) * c.vx + double(c.vy) * c.vy);
        lap.invalid = lap.invalid || c.tyres_out > 2;
        const int sector = sector_at(s);
        if (sector == lap.sector && lap.travelled < lap.next_line) return;
        // The instant of crossing, by linear interpolation within the physics step that led to this place, the one before the last.
        auto crossed = [&](double beyond) { return clocks_[i] - dt() * (1.0 + std::min(std::max(beyond / std::max(moved, 1e-9), 0.0), 1.0)); };
        if (sector == lap.sector + 1) {
            double at = crossed(s - track_->sectors[sector - 1]);
            lap.last_sector_ms = 1000.0 * (at - lap.sector_started);
            lap.sector_started = at;
        }
        lap.sector = sector;
        if (lap.travelled < lap.next_line) return;
        const double at = crossed(lap.travelled - lap.next_line);
        if (lap.timed) {
            ++lap.count;
            lap.last_ms = std::round(1000.0 * (at - lap.started));
            lap.last_valid = !lap.invalid;
            if (lap.last_valid && (lap.best_ms == 0.0 || lap.last_ms < lap.best_ms)) lap.best_ms = lap.last_ms;
        }
        lap.last_sector_ms = 1000.0 * (at - lap.sector_started);
        lap.started = lap.sector_started = at;
        lap.next_line += length;
        lap.timed = true;
        lap.invalid = c.tyres_out > 2;
    }

    void write_frame(int i, double* row) {
        namespace ch = channel;
        const Car& c = cars_[i];
        const CarModel& m = model(i);
        const LapClock& lap = laps_[i];
        constexpr float deg = 57.29577951308232f, g = 1.0f / gravity;
        auto put4 = [row](int column, Wheel4 v) {
            float f[4];
            v.store(f);
            for (int k = 0; k < 4; ++k) row[column + k] = f[k];
        };
        row[ch::steps] = double(episode_steps_[i]);
        row[ch::timestamp_ac] = clocks_[i];
        row[ch::total_errors_out_of_sync] = 0.0;
        row[ch::packet_id] = double(physics_steps_[i]);
        row[ch::current_time] = std::round(1000.0 * (clocks_[i] - lap.started));
        row[ch::last_lap_time] = lap.last_ms;
        row[ch::best_lap_time] = lap.best_ms;
        row[ch::completed_laps] = row[ch::lap_count] = lap.count;
        row[ch::lap_invalidated] = lap.invalid;
        row[ch::last_lap_valid] = lap.last_valid;
        row[ch::sector] = lap.sector;
        row[ch::last_sector_time] = std::round(lap.last_sector_ms);
        row[ch::is_in_pit] = row[ch::penalty_time] = row[ch::turbo_boost] = 0.0;
        row[ch::distance_travelled] = lap.distance;
        const Place now = track_->project(c.x, c.y, c.place.station);  // the car's own is that of the last step's beginning
        row[ch::spline_position] = track_->line_s_of(now) / track_->line_length;

        const double cy = c.cos_yaw, sy = c.sin_yaw, wx = cy * c.vx - sy * c.vy, wy = sy * c.vx + cy * c.vy;
        row[ch::world_position] = c.x, row[ch::world_position + 1] = c.y;
        row[ch::world_position + 2] = track_->mix(now, &Station::height) + m.p.chassis_cg_height - c.heave;
        row[ch::speed] = std::sqrt(double(c.vx) * c.vx + double(c.vy) * c.vy);
        row[ch::local_velocity] = c.vx, row[ch::local_velocity + 1] = c.vy, row[ch::local_velocity + 2] = -c.heave_rate;
        row[ch::velocity] = wy, row[ch::velocity + 1] = -c.heave_rate, row[ch::velocity + 2] = wx;
        row[ch::accel_lateral] = c.ay * g, row[ch::accel_longitudinal] = c.ax * g, row[ch::accel_vertical] = c.accel_vertical * g;
        row[ch::angular_velocity] = -c.pitch_rate, row[ch::angular_velocity + 1] = c.yaw_rate, row[ch::angular_velocity + 2] = c.roll_rate;
        const Slope road = track_->slope(now, float(cy), float(sy));
        row[ch::yaw] = std::atan2(sy, cy), row[ch::pitch] = c.pitch + road.ahead, row[ch::roll] = c.roll + road.left;
        row[ch::cg_height] = m.p.chassis_cg_height - c.heave;
        row[ch::ride_height] = m.p.suspension_front_ride_height - c.heave + m.front_axle_x * c.pitch;
        row[ch::ride_height + 1] = m.p.suspension_rear_ride_height - c.heave + m.rear_axle_x * c.pitch;

        row[ch::throttle] = c.throttle, row[ch::brake] = c.brake, row[ch::clutch] = c.drive.clutch;
        row[ch::steer_angle] = c.steer_wheel_deg;
        row[ch::gear] = c.drive.gear;
        row[ch::rpm] = c.drive.engine_speed * rpm_per_rad;
        float aligning[4];
        c.aligning.store(aligning);
        row[ch::force_feedback] = std::min(std::max((aligning[0] + aligning[1]) / m.p.steering_reference_torque, -1.0f), 1.0f);
        row[ch::fuel] = c.fuel, row[ch::abs_active] = c.abs_cut, row[ch::tc_active] = c.tc_cut;
        double total = 0.0;
        for (int k = 0; k < 4; ++k) row[ch::damage + k] = c.damage[k], total += 0.25 * c.damage[k];
        row[ch::damage + 4] = total;

        row[ch::tyres_out] = c.tyres_out;
        put4(ch::surface, Wheel4::load(c.surface));
        float tangent[4];
        c.tangent.store(tangent);
        for (int k = 0; k < 4; ++k) row[ch::slip_angle + k] = std::atan(tangent[k]) * deg;
        put4(ch::slip_ratio, c.ratio), put4(ch::normalised_slip, c.rho), put4(ch::lateral_friction, c.mu_y);
        put4(ch::wheel_speed, c.spin), put4(ch::self_aligning_torque, c.aligning), put4(ch::wheel_load, c.load);
        put4(ch::tyre_force_longitudinal, c.force_x), put4(ch::tyre_force_lateral, c.force_y);
        put4(ch::tyre_pressure, hot_pressure(m.p, c, settings_.ambient));
        put4(ch::tyre_core_temperature, c.core_temp), put4(ch::tyre_surface_temperature, c.surface_temp);
        put4(ch::tyre_wear, Wheel4(100.0f) * (Wheel4(1.0f) - c.wear)), put4(ch::brake_temperature, c.disc_temp);
        put4(ch::tyre_loaded_radius, m.tyre.radius - c.load / by_axle(m.p.tyres_front_vertical_rate, m.p.tyres_rear_vertical_rate));
        Wheel4 travel = Wheel4(c.heave) - m.arm_y * Wheel4(c.roll) - m.arm_x * Wheel4(c.pitch);
        put4(ch::suspension_travel, travel);
        constexpr float rad = 0.017453292519943295f;
        const Wheel4 static_camber = by_axle(m.p.suspension_front_camber_deg * rad, m.p.suspension_rear_camber_deg * rad);
        put4(ch::camber, static_camber + Wheel4(c.roll) * Wheel4(1.0f, -1.0f, 1.0f, -1.0f));
        const double delta = -c.steer_wheel_deg * rad / m.p.steering_ratio, cd = std::cos(delta), sd = std::sin(delta);
        for (int k = 0; k < 4; ++k) {
            const double hx = k < 2 ? cy * cd - sy * sd : cy, hy = k < 2 ? sy * cd + cy * sd : sy;
            row[ch::contact_heading + 3 * k] = hy, row[ch::contact_heading + 3 * k + 1] = 0.0, row[ch::contact_heading + 3 * k + 2] = hx;
        }
        for (const ChannelNoise& n : settings_.noise) row[n.column] += n.sigma * rngs_[i].normal();
    }
};

}  // namespace ac
