// Engine, clutch, gearbox and differential. Wheel and engine speeds are solved together, implicitly, so a stiff clutch, a
// locked differential and locked brakes are stable at any time step; friction couplings are viscous until they reach the
// torque that they can carry, and slip at that torque from there on.
#pragma once

#include <algorithm>
#include <cmath>

#include "car_params.h"

namespace ac {

constexpr float rpm_per_rad = 9.549296585513721f;

enum Gear : int { reverse_gear = 0, neutral_gear = 1, first_gear = 2 };  // the game's numbers

struct Drivetrain {
    float engine_speed;   // rad/s
    int gear;             // game's numbering: 0 reverse, 1 neutral, 2 first ...
    int next_gear;        // gear that is being engaged
    float shift_left;     // s until next_gear is in
    float clutch;         // 0 open .. 1 engaged
    float axle_torque;    // N m at the driven axle in the last step
    float rev_cut_left;   // s that the limiter still cuts
};

inline float gear_ratio(const CarParams& p, int gear) {
    if (gear == neutral_gear) return 0.0f;
    float ratio = gear == reverse_gear ? -p.drivetrain_reverse : p.gear_ratio[gear - first_gear];
    return ratio * p.drivetrain_final_drive;
}

inline float full_torque(const CarParams& p, float rpm) {
    float at = std::min(std::max(rpm / p.engine_limiter_rpm, 0.0f), 1.0f) * (torque_points - 1);
    int i = std::min(int(at), torque_points - 2);
    return p.power * (p.torque[i] + (at - i) * (p.torque[i + 1] - p.torque[i]));
}

// Engine braking at closed throttle (positive), falling linearly from the limiter to 30 % at idle.
inline float coast_torque(const CarParams& p, float rpm) {
    float share = 0.3f + 0.7f * (rpm - p.engine_idle_rpm) / (p.engine_limiter_rpm - p.engine_idle_rpm);
    return p.engine_coast_torque * std::min(std::max(share, 0.0f), 1.2f);
}

inline float engine_torque(const CarParams& p, Drivetrain& d, float throttle, float dt) {
    float rpm = d.engine_speed * rpm_per_rad;
    if (rpm > p.engine_limiter_rpm) d.rev_cut_left = 0.02f;
    float open = d.rev_cut_left > 0.0f ? 0.0f : throttle;
    d.rev_cut_left -= dt;
    float coast = coast_torque(p, rpm);
    float torque = open * (full_torque(p, rpm) + coast) - coast;
    // Idle governor: holds idle against the engine's own drag, never more than a small throttle opening.
    if (rpm < p.engine_idle_rpm) torque = std::max(torque, 0.3f * full_torque(p, p.engine_idle_rpm) * std::min((p.engine_idle_rpm - rpm) * 0.01f, 1.0f));
    return torque;
}

// Automatic clutch: closed once the gearbox turns faster than idle, else by engine speed up to launch_rpm.
inline float automatic_clutch(const CarParams& p, const Drivetrain& d, float input_speed) {
    if (d.shift_left > 0.0f || d.gear == neutral_gear) return 0.0f;
    float idle = p.engine_idle_rpm / rpm_per_rad, launch = p.drivetrain_launch_rpm / rpm_per_rad;
    if (input_speed > launch) return 1.0f;
    float by_engine = (d.engine_speed - idle * 1.05f) / (launch - idle * 1.05f);
    float by_input = (input_speed - idle) / (launch - idle);
    return std::min(std::max(std::max(by_engine, by_input), 0.0f), 1.0f);
}

inline void begin_shift(const CarParams& p, Drivetrain& d, int gear) {
    gear = std::min(std::max(gear, int(reverse_gear)), int(p.drivetrain_gears) + 1);
    if (gear == d.gear || d.shift_left > 0.0f) return;
    d.shift_left = gear > d.gear ? p.drivetrain_upshift_time : p.drivetrain_downshift_time;
    d.next_gear = gear;
}

// The game's automatic box: by engine speed, with a veto while the driven wheels spin, and downshift protection.
inline void automatic_gearbox(const CarParams& p, Drivetrain& d, float wheel_speed, float driven_slip) {
    if (d.shift_left > 0.0f) return;
    if (d.gear < first_gear) return begin_shift(p, d, first_gear);
    float rpm = wheel_speed * gear_ratio(p, d.gear) * rpm_per_rad;
    if (rpm > p.drivetrain_auto_up_rpm && driven_slip < 0.3f && d.gear < int(p.drivetrain_gears) + 1) return begin_shift(p, d, d.gear + 1);
    if (d.gear == first_gear || rpm > p.drivetrain_auto_down_rpm || driven_slip < -0.3f) return;
    float rpm_below = wheel_speed * gear_ratio(p, d.gear - 1) * rpm_per_rad;
    // Well below the upshift, so that a wide step between gears does not make the box hunt.
    if (rpm_below < 0.9f * p.drivetrain_auto_up_rpm) begin_shift(p, d, d.gear - 1);
}

// One driven wheel's part of the implicit equation  inertia_dt * w = momentum + torques:
// inertia_dt = inertia / dt + tyre and brake damping, momentum = inertia / dt * w0 + explicit torque.
struct WheelEquation {
    float inertia_dt, momentum;
};

struct AxleSolution {
    float left, right;  // rad/s
};

// Solve the driven axle with engine, clutch and differential (three unknowns, two after elimination of the engine).
inline AxleSolution solve_axle(const CarParams& p, Drivetrain& d, float torque, WheelEquation l, WheelEquation r, float dt) {
    const float ratio = gear_ratio(p, d.gear);
    const float clutch_capacity = d.clutch * p.drivetrain_clutch_torque;
    const float lock_capacity = p.differential_preload + std::fabs(d.axle_torque) * (d.axle_torque * ratio > 0.0f ? p.differential_power : p.differential_coast);
    const float engine_dt = p.engine_inertia / dt, engine_momentum = engine_dt * d.engine_speed + torque;
    const float loss = torque > 0.0f ? p.drivetrain_efficiency : 1.0f;

    float clutch_damping = clutch_capacity > 0.0f ? 2000.0f : 0.0f, clutch_torque = 0.0f;
    float lock_damping = 2000.0f, lock_torque = 0.0f;
    AxleSolution w{};
    for (int pass = 0; pass < 3; ++pass) {
        // Engine eliminated: T_c = k (w_e - ratio * mean) with w_e from its own equation; or a constant once the clutch slips.
        float coupling = clutch_damping > 0.0f ? clutch_damping * engine_dt / (engine_dt + clutch_damping) : 0.0f;
        float push = clutch_damping > 0.0f ? engine_momentum * clutch_damping / (engine_dt + clutch_damping) : clutch_torque;
        float half = 0.5f * ratio * loss, cross = half * 0.5f * ratio * coupling;
        float a11 = l.inertia_dt + cross + lock_damping, a22 = r.inertia_dt + cross + lock_damping, a12 = cross - lock_damping;
        float b1 = l.momentum + half * push - lock_torque, b2 = r.momentum + half * push + lock_torque;
        float inv_det = 1.0f / (a11 * a22 - a12 * a12);
        w.left = (b1 * a22 - b2 * a12) * inv_det;
        w.right = (b2 * a11 - b1 * a12) * inv_det;
        bool slips = false;
        if (clutch_damping > 0.0f) {
            clutch_torque = push - coupling * ratio * 0.5f * (w.left + w.right);
            if (std::fabs(clutch_torque) > clutch_capacity) {
                clutch_torque = std::copysign(clutch_capacity, clutch_torque);
                clutch_damping = 0.0f;
                slips = true;
            }
        }
        if (lock_damping > 0.0f) {
            float carried = lock_damping * (w.left - w.right);
            if (std::fabs(carried) > lock_capacity) {
                lock_torque = std::copysign(lock_capacity, carried);
                lock_damping = 0.0f;
                slips = true;
            }
        }
        if (!slips) break;
    }
    d.engine_speed = std::max((engine_momentum - clutch_torque) / engine_dt, 0.0f);
    d.axle_torque = clutch_torque * ratio * loss;
    return w;
}

inline void advance_shift(Drivetrain& d, float dt) {
    if (d.shift_left <= 0.0f) return;
    d.shift_left -= dt;
    if (d.shift_left <= 0.0f) d.gear = d.next_gear;
}

}  // namespace ac
