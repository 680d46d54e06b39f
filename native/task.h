// The task: what the agent sees, what it is paid, when an episode ends, and how its actions become controls. A pure function
// of telemetry frames and of what it remembers of the episode, so one code serves the simulator, the game and recorded laps.
// Observation, reward and endings follow Remonda et al., arXiv 2407.16680, in the order of the authors' code.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <memory>
#include <vector>

#include "channel_index.h"
#include "pool.h"
#include "track.h"
#include "world.h"

namespace ac {

enum Ending : int { driving = 0, out_of_track = 1, too_slow = 2, too_far = 3, step_limit = 4, lap_limit = 5, custom = 6 };

constexpr int ray_count = 11, look_ahead_count = 12, history = 3, block_channels = 14;
constexpr float ray_reach = 200.0f, look_ahead_m = 300.0f, observation_limit = 20.0f;

struct ExtraChannel {
    int column;  // of the frame, and beyond its width of the situation
    float scale;
};

struct TaskSettings {
    double control_rate = 25.0;
    // actions
    bool relative_actions = true;
    bool manual_gears = false;
    float steer_rate = 900.0f;   // deg/s at the steering wheel
    float pedal_rate = 12.0f;    // per s on the -1..1 scale
    float steer_limit = 1.0f;    // axis position of the car's lock: lock / 450 deg
    // observation
    bool sensors = true, previous_blocks = true, target_speed = false;
    int task_count = 0, task_index = 0;  // one-hot, off at 0
    std::vector<ExtraChannel> extra;
    // reward
    bool progress = false;       // pay progress along the line / what the limit speed would make, else km/h / 300
    bool reference_line = true;
    float gap_scale = 12.0f;     // m
    float action_penalty = 0.0f;
    float out_penalty = 0.0f;
    // endings
    bool end_out_of_track = true, use_tyres_out = true, end_too_slow = true;
    float slow_speed = 1.0f, slow_time = 10.0f;  // m/s, s
    float gap_limit = 0.0f;      // m, off at 0
    std::int64_t max_steps = 0;  // off at 0
    int max_laps = 0;            // off at 0
};

// What the task derives from a frame, for reward terms, drivers and reports.
namespace situation {
enum : int { s, offset, gap, heading_error, border_left, border_right, line_curvature, target_speed, out_of_track, width };
inline constexpr const char* names[] = {"s", "offset", "gap", "heading_error", "border_left", "border_right", "line_curvature", "target_speed", "out_of_track"};
}  // namespace situation

class Task {
public:
    Task(std::shared_ptr<const Track> track, int count, const TaskSettings& settings, int threads)
        : track_(std::move(track)), settings_(settings), pool_(threads), drivers_(count) {
        for (int k = 0; k < ray_count; ++k) {
            double angle = (-90.0 + 180.0 * k / (ray_count - 1)) * 0.017453292519943295;
            ray_cos_[k] = std::cos(angle), ray_sin_[k] = std::sin(angle);
        }
    }

    int size() const { return int(drivers_.size()); }
    int block_size() const { return block_channels + (settings_.sensors ? ray_count : 0); }
    int observation_size() const {
        return block_size() + 1 + look_ahead_count + 3 * history + 3 + (settings_.previous_blocks ? history * block_size() : 0) +
               (settings_.target_speed ? look_ahead_count : 0) + settings_.task_count + int(settings_.extra.size());
    }
    int action_size() const { return settings_.manual_gears ? 4 : 3; }

    // Actions (N, action_size) to controls (N, control_width). Cars about to be reset get neutral controls.
    // Returns the index of the first car with an action that is not finite, or -1; nothing is changed then.
    int act(const float* actions, const std::uint8_t* mask, float* controls) {
        const int width = action_size();
        for (int i = 0; i < size(); ++i)
            for (int k = 0; k < width; ++k)
                if (!std::isfinite(actions[i * width + k]) && !(mask && mask[i])) return i;
        pool_.loop(size(), [&](int begin, int end) {
            for (int i = begin; i < end; ++i) act_one(drivers_[i], mask && mask[i] ? nullptr : actions + i * width, controls + i * control_width);
        });
        return -1;
    }

    // Frames (N, channel::width) to observations (rows `stride` floats apart), rewards, endings and situations.
    // Cars whose mask is set (all, if `fresh`) begin an episode with this frame. With `only`, the other cars are left alone.
    void observe(const double* frames, const std::uint8_t* mask, bool fresh, bool only, float* observations, std::size_t stride, double* reward,
                 std::uint8_t* terminated, std::uint8_t* truncated, std::int32_t* ending, double* situations) {
        pool_.loop(size(), [&](int begin, int end) {
            for (int i = begin; i < end; ++i) {
                const bool begins = fresh || (mask && mask[i]);
                if (only && !begins) continue;
                const double* frame = frames + std::size_t(i) * channel::width;
                double* place = situations + std::size_t(i) * situation::width;
                if (begins) begin_episode(drivers_[i], frame);
                observe_one(drivers_[i], frame, observations + stride * i, place);
                const Ending why = begins ? driving : judge(drivers_[i], frame, place, reward[i]);
                if (begins) reward[i] = 0.0;
                terminated[i] = why == out_of_track || why == too_slow || why == too_far;
                truncated[i] = why == step_limit || why == lap_limit;
                ending[i] = why;
            }
        });
    }

    // Recorded drives, one after another in `frames` (T, channel::width), drive k from row starts[k] up to starts[k + 1], through
    // the task from their first row to their last: an ending does not end a drive, but limits of time and laps count anew after it.
    // `actions` (T, action_size) led to the frames. The task's own cars are left alone.
    void replay(const double* frames, const float* actions, const std::int64_t* starts, int drives, float* observations, double* reward,
                std::uint8_t* terminated, std::uint8_t* truncated, std::int32_t* ending, double* situations) {
        const int width = action_size(), size = observation_size();
        pool_.loop(drives, [&](int first, int last) {
            for (int k = first; k < last; ++k) {
                Driver d;
                float unused[control_width];
                for (std::int64_t t = starts[k]; t < starts[k + 1]; ++t) {
                    const double* frame = frames + t * channel::width;
                    double* place = situations + t * situation::width;
                    const bool begins = t == starts[k];
                    if (begins) begin_episode(d, frame);
                    else act_one(d, actions + t * width, unused);
                    observe_one(d, frame, observations + t * size, place);
                    reward[t] = 0.0;
                    const Ending why = begins ? driving : judge(d, frame, place, reward[t]);
                    terminated[t] = why == out_of_track || why == too_slow || why == too_far;
                    truncated[t] = why == step_limit || why == lap_limit;
                    ending[t] = why;
                    if (truncated[t]) d.steps = d.slow_steps = 0, d.laps_at_start = frame[channel::lap_count];
                }
            }
        });
    }

private:
    struct Driver {
        int station = 0;
        double line_s = 0.0, progress = 0.0;      // m along the racing line, and how far the last step came
        std::int64_t steps = 0, slow_steps = 0;
        double laps_at_start = 0.0;
        float control[3] = {0.0f, -1.0f, -1.0f};  // steer, throttle, brake on the axes
        float action[3] = {}, action_change = 0.0f;
        float past_controls[history][3] = {};     // newest first
        float past_blocks[history][block_channels + ray_count] = {};
        int remembered = 0;
    };

    std::shared_ptr<const Track> track_;
    TaskSettings settings_;
    Pool pool_;
    std::vector<Driver> drivers_;
    double ray_cos_[ray_count], ray_sin_[ray_count];

    void act_one(Driver& d, const float* action, float* control) const {
        control[3] = 0.0f;
        if (!action) {
            control[0] = 0.0f, control[1] = control[2] = -1.0f;
            return;
        }
        const float per_step[3] = {float(settings_.steer_rate / 450.0 / settings_.control_rate), float(settings_.pedal_rate / settings_.control_rate),
                                   float(settings_.pedal_rate / settings_.control_rate)};
        d.action_change = 0.0f;
        for (int k = 0; k < 3; ++k) {
            const float a = std::min(std::max(action[k], -1.0f), 1.0f), limit = k == 0 ? settings_.steer_limit : 1.0f;
            d.control[k] = std::min(std::max(settings_.relative_actions ? d.control[k] + a * per_step[k] : a, -limit), limit);
            d.action_change += std::fabs(a - d.action[k]) / 3.0f;
            d.action[k] = a;
            control[k] = d.control[k];
        }
        if (settings_.manual_gears) control[3] = std::min(std::max(action[3], -1.0f), 1.0f);
    }

    void begin_episode(Driver& d, const double* frame) const {
        d = Driver{};
        d.station = track_->locate(frame[channel::world_position], frame[channel::world_position + 1]).station;
        d.laps_at_start = frame[channel::lap_count];
    }

    void observe_one(Driver& d, const double* frame, float* out, double* place) const {
        namespace ch = channel;
        const Track& track = *track_;
        const double x = frame[ch::world_position], y = frame[ch::world_position + 1], yaw = frame[ch::yaw];
        const Place at = track.project(x, y, d.station);
        const double line_s = track.line_s_of(at);
        d.station = at.station;
        d.progress = std::remainder(line_s - d.line_s, track.line_length), d.line_s = line_s;
        if (std::fabs(d.progress) > 5.0 + frame[ch::speed]) d.progress = 0.0;  // not driven, more than a second's way: put there
        const double line_heading = track.mix_heading(at, &Station::line_heading), road_heading = track.mix_heading(at, &Station::heading);
        const double gap = -(at.offset - track.mix(at, &Station::line_offset)) * std::cos(line_heading - road_heading);
        const bool out_now = settings_.use_tyres_out ? frame[ch::tyres_out] > 2.0
                                                     : at.offset > track.mix(at, &Station::width_left) || -at.offset > track.mix(at, &Station::width_right);
        place[situation::s] = track.s_of(at);
        place[situation::offset] = at.offset;
        place[situation::gap] = gap;
        place[situation::heading_error] = std::remainder(yaw - line_heading, 6.283185307179586);
        place[situation::border_left] = track.mix(at, &Station::width_left) - at.offset;
        place[situation::border_right] = track.mix(at, &Station::width_right) + at.offset;
        place[situation::line_curvature] = track.along_line(track.line_curvature, line_s);
        place[situation::target_speed] = track.mix(at, &Station::target_speed);
        place[situation::out_of_track] = out_now;

        float block[block_channels + ray_count];
        const double values[block_channels] = {
            frame[ch::speed] / 80.0, gap / 10.0, frame[ch::force_feedback], frame[ch::rpm] / 10000.0, frame[ch::accel_lateral] / 5.0,
            frame[ch::accel_longitudinal] / 5.0, frame[ch::gear] / 8.0, frame[ch::angular_velocity + 1] / 3.141592653589793,
            frame[ch::local_velocity] / 80.0, frame[ch::local_velocity + 1] / 20.0, frame[ch::slip_angle] / 25.0,
            frame[ch::slip_angle + 1] / 25.0, frame[ch::slip_angle + 2] / 25.0, frame[ch::slip_angle + 3] / 25.0};
        for (int k = 0; k < block_channels; ++k) block[k] = float(values[k]);
        if (settings_.sensors) {
            const double cy = std::cos(yaw), sy = std::sin(yaw);
            Vec2 rays[ray_count];
            for (int k = 0; k < ray_count; ++k) rays[k] = {float(cy * ray_cos_[k] - sy * ray_sin_[k]), float(sy * ray_cos_[k] + cy * ray_sin_[k])};
            track.cast_rays(x, y, at, rays, ray_count, ray_reach, block + block_channels);
            for (int k = 0; k < ray_count; ++k) block[block_channels + k] *= 1.0f / ray_reach;
        }

        const int size = block_size();
        float* o = std::copy(block, block + size, out);
        *o++ = float(out_now);
        for (int k = 0; k < look_ahead_count; ++k) *o++ = track.along_line(track.line_curvature, line_s + k * (look_ahead_m / look_ahead_count)) * 10.0f;
        for (int k = 0; k < 3; ++k)
            for (int h = history - 1; h >= 0; --h) *o++ = d.remembered == history ? d.past_controls[h][k] : 0.0f;
        const float now[3] = {float(frame[ch::steer_angle] / 450.0), float(frame[ch::throttle]), float(frame[ch::brake])};
        o = std::copy(now, now + 3, o);
        if (settings_.previous_blocks)
            for (int h = history - 1; h >= 0; --h) o = std::copy(d.past_blocks[h], d.past_blocks[h] + size, o);
        if (settings_.target_speed)
            for (int k = 0; k < look_ahead_count; ++k) *o++ = track.along_line(track.line_speed, line_s + k * (look_ahead_m / look_ahead_count)) / 80.0f;
        for (int k = 0; k < settings_.task_count; ++k) *o++ = float(k == settings_.task_index);
        for (const ExtraChannel& e : settings_.extra) *o++ = float((e.column < ch::width ? frame[e.column] : place[e.column - ch::width]) / e.scale);
        for (float* v = out; v != o; ++v) *v = std::min(std::max(*v, -observation_limit), observation_limit);

        for (int h = history - 1; h > 0; --h) {
            std::copy(d.past_blocks[h - 1], d.past_blocks[h - 1] + size, d.past_blocks[h]);
            std::copy(d.past_controls[h - 1], d.past_controls[h - 1] + 3, d.past_controls[h]);
        }
        std::copy(block, block + size, d.past_blocks[0]);
        std::copy(now, now + 3, d.past_controls[0]);
        d.remembered = std::min(d.remembered + 1, history);
    }

    // Reward of the step that led to this frame, and whether the episode ends with it.
    Ending judge(Driver& d, const double* frame, const double* place, double& reward) const {
        namespace ch = channel;
        ++d.steps;
        const double speed = frame[ch::speed];
        const double distance = settings_.reference_line ? std::fabs(place[situation::gap]) / settings_.gap_scale : 0.0;
        const double paid = settings_.progress ? d.progress * settings_.control_rate / place[situation::target_speed] : 3.6 * speed / 300.0;
        reward = paid * (1.0 - distance) - settings_.action_penalty * d.action_change;
        if (place[situation::out_of_track] != 0.0) reward -= settings_.out_penalty;
        d.slow_steps = speed < settings_.slow_speed ? d.slow_steps + 1 : 0;

        if (settings_.end_out_of_track && place[situation::out_of_track] != 0.0) return out_of_track;
        if (settings_.end_too_slow && double(d.slow_steps) >= settings_.slow_time * settings_.control_rate) return too_slow;
        if (settings_.gap_limit > 0.0f && std::fabs(place[situation::gap]) > settings_.gap_limit) return too_far;
        if (settings_.max_laps > 0 && frame[ch::lap_count] - d.laps_at_start >= settings_.max_laps) return lap_limit;
        if (settings_.max_steps > 0 && d.steps >= settings_.max_steps) return step_limit;
        return driving;
    }
};

}  // namespace ac
