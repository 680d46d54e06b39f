// Quasi-steady-state limits of a car: the g-g-v envelope. Loads, tyres, aero, brakes and drivetrain are those of the vehicle
// model; each axle may use its friction ellipse once the balance of yaw moments has taken its lateral share. Tyres at a slip
// angle also pull backwards (scrub), drag at the centre of gravity unloads the front, and the differential's locking torque
// resists the turn: each costs a few per cent of cornering speed.
#pragma once

#include <algorithm>
#include <cmath>

#include "vehicle.h"

namespace ac {

struct AxleGrip {
    float lateral, longitudinal;  // N, peak force of both tyres together
};

struct AxleUse {
    float left;   // N of longitudinal force beside the lateral share; below 0 where the axle cannot hold that
    float scrub;  // N, the lateral force's part against the direction of travel
};

struct Envelope {
    const CarModel& m;
    Ambient air;
    float grip;  // of tyre condition

    // Steady loads at speed v with accelerations ax, ay (m/s2): aero, pitch and roll transfer; then peak forces of an axle.
    AxleGrip axle_grip(bool front, float v, float ax, float ay) const {
        const CarParams& p = m.p;
        const float mass = m.mass_dry + 0.74f * p.fuel_start, q = 0.5f * air.air_density * v * v;
        const float pitch_transfer = (mass * ax + q * p.aero_drag_area) * p.chassis_cg_height / p.chassis_wheelbase;
        const float axle = front ? mass * gravity * p.chassis_front_weight + q * p.aero_lift_area_front - pitch_transfer
                                 : mass * gravity * (1.0f - p.chassis_front_weight) + q * p.aero_lift_area_rear + pitch_transfer;
        const float half_front = 0.5f * p.suspension_front_track, half_rear = 0.5f * p.suspension_rear_track;
        // Each axle takes the roll moment by its stiffness, and its own links' part directly.
        const float roll_front = 2.0f * half_front * half_front * (p.suspension_front_wheel_rate + 2.0f * p.suspension_front_anti_roll);
        const float roll_rear = 2.0f * half_rear * half_rear * (p.suspension_rear_wheel_rate + 2.0f * p.suspension_rear_anti_roll);
        const float elastic = mass * ay * m.roll_arm * (front ? roll_front : roll_rear) / (roll_front + roll_rear);
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

    // What an axle has left when it holds its lateral share.
    AxleUse use(bool front, float v, float ax, float ay) const {
        const CarParams& p = m.p;
        const float mass = m.mass_dry + 0.74f * p.fuel_start, weight = front ? p.chassis_front_weight : 1.0f - p.chassis_front_weight;
        const AxleGrip g = axle_grip(front, v, ax, ay);
        // The outer driven wheel turns faster, so the differential brakes it, up to its locking torque: a moment that the front
        // has to overcome. In wide bends the wheels' speeds differ too little for the tyres to feel all of it.
        const float radius = m.driven ? p.tyres_rear_radius : p.tyres_front_radius, track = m.driven ? p.suspension_rear_track : p.suspension_front_track;
        const float angle = (front ? p.tyres_front_peak_slip_angle_deg : p.tyres_rear_peak_slip_angle_deg) * 0.017453292f;
        const float pull = drag(v) + 0.5f * mass * std::fabs(ay) * std::tan(angle);
        const float lock = (p.differential_preload + p.differential_power * pull * radius) / radius;
        const float difference = 0.5f * track * std::fabs(ay) / (v * v);  // slip ratio of either wheel, were they locked
        const float peak_ratio = m.driven ? p.tyres_rear_peak_slip_ratio : p.tyres_front_peak_slip_ratio;
        const float moment = std::min(lock, g.longitudinal * difference / peak_ratio) * track / p.chassis_wheelbase;
        const float force = mass * std::fabs(ay) * weight + (front ? moment : -moment);
        const float used = std::max(force, 0.0f) / std::max(g.lateral, 1.0f);
        const float u = std::min(used, 1.0f), rho = u > 1e-3f ? (1.0f - std::sqrt(1.0f - u * u)) / u : 0.0f;  // slip curve inverted
        return {used > 1.0f ? -1.0f : g.longitudinal * std::sqrt(1.0f - u * u), force * std::tan(angle * rho)};
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
            (use(true, v, 0.0f, ay).left >= 0.0f && use(false, v, 0.0f, ay).left >= 0.0f ? lo : hi) = ay;
        }
        return lo;
    }

    // Fixed points over the acceleration, because loads depend on it.
    float max_accel(float v, float ay) const {
        const float mass = m.mass_dry + 0.74f * m.p.fuel_start;
        float ax = 0.0f, inertia = 1.0f;
        const float engine = engine_force(v, &inertia);
        for (int k = 0; k < 30; ++k) {
            const AxleUse front = use(true, v, ax, ay), rear = use(false, v, ax, ay);
            const float grip_force = std::max((m.driven ? rear : front).left, 0.0f);
            ax += 0.5f * ((std::min(engine, grip_force) - drag(v) - front.scrub - rear.scrub) / (mass * inertia) - ax);
        }
        return ax;
    }

    float max_brake(float v, float ay) const {
        const float mass = m.mass_dry + 0.74f * m.p.fuel_start, share = m.p.brakes_front_share;
        float decel = 0.0f;
        for (int k = 0; k < 30; ++k) {
            const AxleUse front = use(true, v, -decel, ay), rear = use(false, v, -decel, ay);
            // The first axle to lock sets the pedal.
            float force = std::min(std::max(front.left, 0.0f) / share, std::max(rear.left, 0.0f) / std::max(1.0f - share, 1e-3f));
            force = std::min(force, m.p.brakes_torque / (0.5f * (m.p.tyres_front_radius + m.p.tyres_rear_radius)));
            decel += 0.5f * ((force + drag(v) + front.scrub + rear.scrub) / mass - decel);
        }
        return decel;
    }
};

}  // namespace ac
