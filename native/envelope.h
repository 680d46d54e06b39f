// Quasi-steady-state limits of a car: the g-g-v envelope. Loads, tyres, aero, brakes and drivetrain are those of the vehicle
// model; each axle may use its friction ellipse once the balance of yaw moments has taken its lateral share.
#pragma once

#include <algorithm>
#include <cmath>

#include "vehicle.h"

namespace ac {

struct AxleGrip {
    float lateral, longitudinal;  // N, peak force of both tyres together
};

struct Envelope {
    const CarModel& m;
    Ambient air;
    float grip;  // of tyre condition

    // Steady loads at speed v with accelerations ax, ay (m/s2): aero, pitch and roll transfer; then peak forces of an axle.
    AxleGrip axle_grip(bool front, float v, float ax, float ay) const {
        const CarParams& p = m.p;
        const float mass = m.mass_dry + 0.74f * p.fuel_start, q = 0.5f * air.air_density * v * v;
        const float pitch_transfer = mass * ax * p.chassis_cg_height / p.chassis_wheelbase;
        const float axle = front ? mass * gravity * p.chassis_front_weight + q * p.aero_lift_area_front - pitch_transfer
                                 : mass * gravity * (1.0f - p.chassis_front_weight) + q * p.aero_lift_area_rear + pitch_transfer;
        const float half_front = 0.5f * p.suspension_front_track, half_rear = 0.5f * p.suspension_rear_track;
        // Each axle takes the roll moment by its stiffness, and its own links' part directly.
        const float roll_front = 2.0f * half_front * half_front * (p.suspension_front_wheel_rate + 2.0f * p.suspension_front_anti_roll);
        const float roll_rear = 2.0f * half_rear * half_rear * (p.suspension_rear_wheel_rate + 2.0f * p.suspension_rear_anti_roll);
        const float sprung = m.sprung_mass + 0.74f * p.fuel_start;
        const float elastic = sprung * ay * m.roll_arm * (front ? roll_front : roll_rear) / (roll_front + roll_rear);
        const float weight = front ? p.chassis_front_weight : 1.0f - p.chassis_front_weight;
        const float centre = front ? p.suspension_front_roll_centre : p.suspension_rear_roll_centre;
        const float transfer = (elastic + mass * ay * weight * centre) / (2.0f * (front ? half_front : half_rear));
        const float outer = std::max(0.5f * axle + transfer, 0.0f), inner = std::max(0.5f * axle - transfer, 0.0f);
        const Wheel4 load = front ? Wheel4(outer, inner, 1.0f, 1.0f) : Wheel4(1.0f, 1.0f, outer, inner);
        const Wheel4 factor = load_factor(m.tyre, load) * load * Wheel4(grip);
        float y[4], x[4];
        (factor * m.tyre.mu_y).store(y);
        (factor * m.tyre.mu_x).store(x);
        return front ? AxleGrip{y[0] + y[1], x[0] + x[1]} : AxleGrip{y[2] + y[3], x[2] + x[3]};
    }

    // Longitudinal force an axle has left when it holds its lateral share, or -1 if it cannot hold that.
    float left_over(bool front, float v, float ax, float ay) const {
        const float mass = m.mass_dry + 0.74f * m.p.fuel_start;
        const float weight = front ? m.p.chassis_front_weight : 1.0f - m.p.chassis_front_weight;
        const AxleGrip g = axle_grip(front, v, ax, ay);
        const float used = mass * std::fabs(ay) * weight / std::max(g.lateral, 1.0f);
        return used > 1.0f ? -1.0f : g.longitudinal * std::sqrt(1.0f - used * used);
    }

    float drag(float v) const {
        const float load = (m.mass_dry + 0.74f * m.p.fuel_start) * gravity + 0.5f * air.air_density * v * v * (m.p.aero_lift_area_front + m.p.aero_lift_area_rear);
        return 0.5f * air.air_density * v * v * m.p.aero_drag_area + load * 0.5f * (m.p.tyres_front_rolling_resistance + m.p.tyres_rear_rolling_resistance);
    }

    // Greatest driving force of the engine at this speed, best gear; rotating masses are counted by `inertia_factor`.
    float engine_force(float v, float* inertia_factor) const {
        const CarParams& p = m.p;
        const float radius = m.driven ? p.tyres_rear_radius : p.tyres_front_radius, mass = m.mass_dry + 0.74f * p.fuel_start;
        float best = 0.0f;
        *inertia_factor = 1.0f;
        for (int gear = first_gear; gear < first_gear + int(p.drivetrain_gears); ++gear) {
            const float ratio = gear_ratio(p, gear), rpm = v / radius * ratio * rpm_per_rad;
            if (rpm > p.drivetrain_auto_up_rpm && gear + 1 < first_gear + int(p.drivetrain_gears)) continue;  // the box has shifted up
            if (rpm > p.engine_limiter_rpm) continue;
            const float force = full_torque(p, std::max(rpm, p.drivetrain_launch_rpm)) * ratio * p.drivetrain_efficiency / radius;
            if (force <= best) continue;
            best = force;
            *inertia_factor = 1.0f + (p.engine_inertia * ratio * ratio + 2.0f * p.tyres_front_inertia + 2.0f * p.tyres_rear_inertia) / (mass * radius * radius);
        }
        return best;
    }

    float max_lateral(float v) const {
        float lo = 0.0f, hi = 80.0f;
        for (int k = 0; k < 40; ++k) {
            const float ay = 0.5f * (lo + hi);
            (left_over(true, v, 0.0f, ay) >= 0.0f && left_over(false, v, 0.0f, ay) >= 0.0f ? lo : hi) = ay;
        }
        return lo;
    }

    // Fixed point over the acceleration, because loads depend on it.
    float max_accel(float v, float ay) const {
        const float mass = m.mass_dry + 0.74f * m.p.fuel_start;
        float ax = 0.0f, inertia = 1.0f;
        const float engine = engine_force(v, &inertia);
        for (int k = 0; k < 30; ++k) {
            const float grip_force = std::max(left_over(m.driven == 0, v, ax, ay), 0.0f);
            ax += 0.5f * ((std::min(engine, grip_force) - drag(v)) / (mass * inertia) - ax);
        }
        return ax;
    }

    float max_brake(float v, float ay) const {
        const float mass = m.mass_dry + 0.74f * m.p.fuel_start, share = m.p.brakes_front_share;
        float decel = 0.0f;
        for (int k = 0; k < 30; ++k) {
            const float front = std::max(left_over(true, v, -decel, ay), 0.0f), rear = std::max(left_over(false, v, -decel, ay), 0.0f);
            float force = std::min(front / share, rear / std::max(1.0f - share, 1e-3f));  // the first axle to lock sets the pedal
            force = std::min(force, m.p.brakes_torque / (0.5f * (m.p.tyres_front_radius + m.p.tyres_rear_radius)));
            decel += 0.5f * ((force + drag(v)) / mass - decel);
        }
        return decel;
    }
};

}  // namespace ac
