// The car: a rigid body in the road plane with yaw; a sprung mass that heaves, rolls and pitches on springs, dampers and
// anti-roll bars; four spinning wheels. Axes: x forward, y left, z up; yaw counter-clockwise; SI units.
#pragma once

#include <algorithm>
#include <cmath>

#include "car_params.h"
#include "drivetrain.h"
#include "track.h"
#include "tyre.h"
#include "wheel4.h"

namespace ac {

constexpr float gravity = 9.81f;

// What the world gives the car besides its controls.
struct Ambient {
    float air_density = 1.19f;      // kg/m3: 1.2922 - 0.0041 T, at 26 degC
    float air_temperature = 26.0f;  // degC
    float road_temperature = 32.0f;
    float grip[surface_count] = {1.0f, 0.94f, 0.60f, 0.55f};      // friction over tarmac
    float drag[surface_count] = {0.0f, 0.005f, 0.06f, 0.35f};     // extra rolling resistance, force over load
};

// Pedals and wheel as the car takes them.
struct Controls {
    float steer;     // -1..1 of the axis, + right; 1 is 450 deg at the steering wheel, clipped to the car's lock
    float throttle;  // 0..1
    float brake;     // 0..1, after the gamma
};

struct Aids {
    bool automatic_gearbox = true;
    bool abs = false;
    bool traction_control = false;
    float damage_rate = 0.0f, tyre_wear_rate = 0.0f, fuel_rate = 0.0f;  // 1 = real, 0 = off
};

// Parameters in the form that a step needs; made once an episode.
struct CarModel {
    CarParams p;
    TyreSet tyre;
    Wheel4 arm_x, arm_y;  // wheel positions from the centre of gravity, m
    Wheel4 spring, damper, anti_roll, unsprung_load, static_force, fuel_share, geometric_load;
    float mass_dry, sprung_mass, roll_arm, static_moment;
    float front_axle_x, rear_axle_x;
    int driven;  // index of the driven axle's left wheel

    explicit CarModel(const CarParams& params) : p(params), tyre(tyre_set(params)) {
        const float l = p.chassis_wheelbase, wf = p.chassis_front_weight;
        front_axle_x = l * (1.0f - wf), rear_axle_x = -l * wf;
        arm_x = by_axle(front_axle_x, rear_axle_x);
        const float tf = 0.5f * p.suspension_front_track, tr = 0.5f * p.suspension_rear_track;
        arm_y = {tf, -tf, tr, -tr};
        spring = by_axle(p.suspension_front_wheel_rate, p.suspension_rear_wheel_rate);
        damper = by_axle(p.suspension_front_damping, p.suspension_rear_damping);
        anti_roll = by_axle(p.suspension_front_anti_roll, p.suspension_rear_anti_roll);
        mass_dry = p.chassis_mass;
        const float hub_front = p.suspension_front_unsprung_mass, hub_rear = p.suspension_rear_unsprung_mass;
        unsprung_load = by_axle(hub_front, hub_rear) * Wheel4(gravity);
        sprung_mass = mass_dry - 2.0f * (hub_front + hub_rear);
        fuel_share = by_axle(0.5f * wf, 0.5f * (1.0f - wf)) * Wheel4(gravity);  // N a kg: the tank sits at the centre of gravity
        static_force = fuel_share * Wheel4(mass_dry) - unsprung_load;
        static_moment = sum(static_force * arm_x);  // the sprung mass has its centre of gravity a little off the car's
        // Lateral force that goes straight through the links, a newton of axle force: + on the right wheels in a left turn.
        const float gf = p.suspension_front_roll_centre / p.suspension_front_track, gr = p.suspension_rear_roll_centre / p.suspension_rear_track;
        geometric_load = {-gf, gf, -gr, gr};
        roll_arm = p.chassis_cg_height - (wf * p.suspension_front_roll_centre + (1.0f - wf) * p.suspension_rear_roll_centre);
        driven = p.drivetrain_driven_axle > 0.5f ? 0 : 2;
    }
};

struct Car {
    // body
    double x, y;             // m
    double cos_yaw, sin_yaw;
    float vx, vy, yaw_rate;  // m/s and rad/s in the car's axes
    float heave, roll, pitch;                 // m down from static, rad right side down, rad nose up
    float heave_rate, roll_rate, pitch_rate;
    float ax, ay;            // m/s2 in the car's axes, of the last step
    float accel_vertical;    // m/s2 of the sprung mass
    // wheels
    Wheel4 spin;             // rad/s
    Wheel4 ratio, tangent;   // relaxed slip ratio and tangent of slip angle
    Wheel4 load, force_x, force_y, aligning, rho, mu_y;
    Wheel4 surface_temp, core_temp, wear, disc_temp;  // wear: share of the tyre used up
    Wheel4 grip;             // of temperature, pressure and wear; updated once a control step
    Wheel4 slide_energy, brake_energy;  // J since the last thermal update
    float surface[4];        // Surface under each wheel
    int tyres_out;
    Drivetrain drive;
    float steer_wheel_deg;   // + right
    float throttle, brake, abs_cut, tc_cut;
    float fuel;              // l
    float damage[4];         // front, rear, left, right: 1 = destroyed
    Place place;
};

inline float fuel_mass(const Car& c) { return 0.74f * c.fuel; }  // kg, petrol

// Grip of tyre temperature, pressure and wear; hot pressure by the gas law.
inline Wheel4 hot_pressure(const CarParams& p, const Car& c, const Ambient& air) {
    Wheel4 cold = by_axle(p.tyres_front_pressure_cold_psi, p.tyres_rear_pressure_cold_psi);
    return (cold + Wheel4(14.7f)) * (c.core_temp + Wheel4(273.15f)) / Wheel4(air.air_temperature + 273.15f) - Wheel4(14.7f);
}

inline Wheel4 condition_grip(const CarParams& p, const Car& c, const Ambient& air) {
    Wheel4 dt = Wheel4(0.5f) * (c.surface_temp + c.core_temp) - by_axle(p.tyres_front_temperature_ideal, p.tyres_rear_temperature_ideal);
    Wheel4 dp = hot_pressure(p, c, air) - by_axle(p.tyres_front_pressure_ideal_psi, p.tyres_rear_pressure_ideal_psi);
    Wheel4 thermal = Wheel4(1.0f) - by_axle(p.tyres_front_temperature_grip_loss, p.tyres_rear_temperature_grip_loss) * dt * dt;
    Wheel4 inflation = Wheel4(1.0f) - by_axle(p.tyres_front_pressure_grip_loss, p.tyres_rear_pressure_grip_loss) * dp * dp;
    return max(thermal, Wheel4(0.6f)) * max(inflation, Wheel4(0.8f)) * (Wheel4(1.0f) - Wheel4(0.2f) * c.wear);
}

// Heat flows, wear and fuel over one control step: they are slow, so they need no physics step of their own.
inline void slow_step(const CarModel& m, Car& c, const Ambient& air, const Aids& aids, float dt) {
    const CarParams& p = m.p;
    const Wheel4 dt4(dt), speed(std::fabs(c.vx));
#define AC_TYRE(field) by_axle(p.tyres_front_##field, p.tyres_rear_##field)
    Wheel4 to_core = AC_TYRE(core_conductance) * (c.surface_temp - c.core_temp) * dt4;
    Wheel4 to_air = (AC_TYRE(cooling_still) + AC_TYRE(cooling_speed) * speed) * (c.surface_temp - Wheel4(air.road_temperature)) * dt4;
    c.surface_temp = c.surface_temp + (AC_TYRE(friction_heat) * c.slide_energy - to_core - to_air) / AC_TYRE(surface_heat_capacity);
    c.core_temp = c.core_temp + to_core / AC_TYRE(core_heat_capacity);
    c.wear = min(c.wear + Wheel4(aids.tyre_wear_rate) * c.slide_energy / AC_TYRE(wear_energy), Wheel4(1.0f));
    Wheel4 disc_cooling = by_axle(p.brakes_front_disc_cooling, p.brakes_rear_disc_cooling) * (speed + Wheel4(10.0f));
    c.disc_temp = c.disc_temp + (c.brake_energy - disc_cooling * (c.disc_temp - Wheel4(air.air_temperature)) * dt4) /
                                    by_axle(p.brakes_front_disc_heat_capacity, p.brakes_rear_disc_heat_capacity);
#undef AC_TYRE
    c.slide_energy = c.brake_energy = Wheel4(0.0f);
    c.fuel = std::max(c.fuel - aids.fuel_rate * p.fuel_consumption * c.throttle * c.drive.engine_speed * rpm_per_rad * 0.001f * dt, 0.0f);
    c.grip = condition_grip(p, c, air);
}

// Surface under each wheel, tyres beyond the white line, and the distance that the body reaches beyond the barriers.
struct Contact {
    Wheel4 grip, drag;
    float tangent_x, tangent_y;  // of the road, in the car's axes
    float beyond_wall;           // m, > 0 = penetration
    bool wall_on_left;
};

inline Contact find_contact(const CarModel& m, Car& c, const Track& track, const Ambient& air) {
    c.place = track.project(c.x, c.y, c.place.station);
    const Place& place = c.place;
    const Station& a = track[place.station];
    const Station& b = track[track.next(place.station)];
    const float f = place.along, g = 1.0f - f;
    auto between = [&](float Station::*field) { return g * (a.*field) + f * (b.*field); };
    float tx = g * a.tx + f * b.tx, ty = g * a.ty + f * b.ty;
    float ch = float(c.cos_yaw) * tx + float(c.sin_yaw) * ty;  // heading against the road
    float sh = float(c.sin_yaw) * tx - float(c.cos_yaw) * ty;
    Contact out;
    out.tangent_x = ch, out.tangent_y = -sh;

    // Lateral offsets of the wheels; the second term is the road's curve over the car's length.
    Wheel4 along = m.arm_x * Wheel4(ch) - m.arm_y * Wheel4(sh);
    Wheel4 offset = Wheel4(place.offset) + m.arm_x * Wheel4(sh) + m.arm_y * Wheel4(ch) - Wheel4(0.5f * between(&Station::curvature)) * along * along;
    const float left = between(&Station::width_left), right = between(&Station::width_right);
    float n[4];
    offset.store(n);
    if (std::fabs(place.offset) + 3.0f < std::min(left, right)) {  // the common case: well inside
        c.tyres_out = 0;
        for (float& s : c.surface) s = tarmac;
        out.grip = Wheel4(air.grip[tarmac]), out.drag = Wheel4(air.drag[tarmac]);
    } else {
        const float kerb_left = left + between(&Station::kerb_left), kerb_right = right + between(&Station::kerb_right);
        float grip[4], drag[4];
        c.tyres_out = 0;
        for (int i = 0; i < 4; ++i) {
            int s = tarmac;
            if (n[i] > left) s = n[i] > kerb_left ? int(a.runoff_left) : kerb;
            if (-n[i] > right) s = -n[i] > kerb_right ? int(a.runoff_right) : kerb;
            c.tyres_out += s != tarmac;
            c.surface[i] = float(s);
            grip[i] = air.grip[s], drag[i] = air.drag[s];
        }
        out.grip = Wheel4::load(grip), out.drag = Wheel4::load(drag);
    }
    // The body as a box: its furthest corner to either side.
    float half = 0.5f * (std::fabs(ch) * m.p.chassis_width + std::fabs(sh) * m.p.chassis_length);
    float over_left = place.offset + half - between(&Station::wall_left), over_right = half - place.offset - between(&Station::wall_right);
    out.wall_on_left = over_left > over_right;
    out.beyond_wall = std::max(over_left, over_right);
    return out;
}

// A barrier pushes the car back and stops it with an impulse at the corner that touches (both corners when the car lies along
// the wall): restitution 0.2, friction 0.4. Damage grows with the square of the impact speed: 1 at 20 m/s.
inline void hit_wall(const CarModel& m, Car& c, const Contact& contact, const Aids& aids) {
    const float side = contact.wall_on_left ? 1.0f : -1.0f;
    const float tx = contact.tangent_x, ty = contact.tangent_y;
    const float nx = -ty * side, ny = tx * side;  // outward, in the car's axes
    c.x -= double(contact.beyond_wall) * (c.cos_yaw * nx - c.sin_yaw * ny);
    c.y -= double(contact.beyond_wall) * (c.sin_yaw * nx + c.cos_yaw * ny);

    const float rx = 0.5f * m.p.chassis_length * std::min(std::max(8.0f * nx, -1.0f), 1.0f);
    const float ry = 0.5f * m.p.chassis_width * std::min(std::max(8.0f * ny, -1.0f), 1.0f);
    const float arm_n = rx * ny - ry * nx, arm_t = rx * ty - ry * tx;
    const float inv_mass = 1.0f / (m.mass_dry + fuel_mass(c)), inv_inertia = 1.0f / m.p.chassis_yaw_inertia;
    const float into = c.vx * nx + c.vy * ny + c.yaw_rate * arm_n;
    if (into <= 0.0f) return;
    const float along = c.vx * tx + c.vy * ty + c.yaw_rate * arm_t;
    const float push = 1.2f * into / (inv_mass + arm_n * arm_n * inv_inertia);
    const float stop = std::fabs(along) / (inv_mass + arm_t * arm_t * inv_inertia);
    const float rub = std::copysign(std::min(0.4f * push, stop), along);
    c.vx -= inv_mass * (push * nx + rub * tx);
    c.vy -= inv_mass * (push * ny + rub * ty);
    c.yaw_rate -= inv_inertia * (push * arm_n + rub * arm_t);
    const int zone = std::fabs(nx) > std::fabs(ny) ? (nx > 0.0f ? 0 : 1) : (ny > 0.0f ? 2 : 3);
    c.damage[zone] = std::min(c.damage[zone] + aids.damage_rate * into * into / 400.0f, 1.0f);
}

// One physics step.
inline void step_car(const CarModel& m, Car& c, const Track& track, const Ambient& air, const Aids& aids, const Controls& in, float dt) {
    const CarParams& p = m.p;
    const TyreSet& t = m.tyre;
    const Contact contact = find_contact(m, c, track, air);
    if (contact.beyond_wall > 0.0f) hit_wall(m, c, contact, aids);

    const float mass = m.mass_dry + fuel_mass(c);
    const float v2 = c.vx * c.vx + c.vy * c.vy;
    const float hurt = 1.0f - 0.5f * std::max(c.damage[0], c.damage[1]);
    const float q = 0.5f * air.air_density * v2;
    const float lift_front = q * p.aero_lift_area_front * hurt, lift_rear = q * p.aero_lift_area_rear * hurt;

    // --- loads: springs, dampers, bars, links, and the road's bank and slope ---
    const Station& here = track[c.place.station];
    const float path = c.vx * c.yaw_rate;  // centripetal acceleration, + left
    const float bank_load = mass * path * here.bank;
    Wheel4 travel = Wheel4(c.heave) - m.arm_y * Wheel4(c.roll) - m.arm_x * Wheel4(c.pitch);
    Wheel4 travel_rate = Wheel4(c.heave_rate) - m.arm_y * Wheel4(c.roll_rate) - m.arm_x * Wheel4(c.pitch_rate);
    Wheel4 susp = m.static_force + m.fuel_share * Wheel4(fuel_mass(c)) + m.spring * travel + m.damper * travel_rate + m.anti_roll * (travel - mirrored(travel));
    Wheel4 axle_fy = c.force_y + mirrored(c.force_y);
    Wheel4 load = max(susp + m.unsprung_load + m.geometric_load * axle_fy, Wheel4(0.0f));

    // --- contact velocities in the wheels' axes ---
    const float lock = p.steering_lock_deg;
    c.steer_wheel_deg = std::min(std::max(in.steer * 450.0f, -lock), lock);
    const float delta = -c.steer_wheel_deg * 0.017453292519943295f / p.steering_ratio;  // + left
    const float d2 = delta * delta;
    const float cd = 1.0f - d2 * (0.5f - d2 * (1.0f / 24.0f)), sd = delta * (1.0f - d2 * (1.0f / 6.0f - d2 * (1.0f / 120.0f)));
    const Wheel4 cs{cd, cd, 1.0f, 1.0f}, sn{sd, sd, 0.0f, 0.0f};
    Wheel4 vx = Wheel4(c.vx) - m.arm_y * Wheel4(c.yaw_rate), vy = Wheel4(c.vy) + m.arm_x * Wheel4(c.yaw_rate);
    Wheel4 wx = vx * cs + vy * sn, wy = vy * cs - vx * sn;

    // --- slip, relaxed: sigma d(slip)/dt = slip speed - V slip, implicit. V counts some of the sliding speed so that slip
    // stays bounded when a wheel slides without rolling; damping acts only near standstill, where V vanishes. ---
    const Wheel4 dt4(dt), inv_dt(1.0f / dt);
    Wheel4 rim = c.spin * t.radius, slide_x = rim - wx;
    Wheel4 pace = sqrt(wx * wx + Wheel4(0.04f) * (slide_x * slide_x + wy * wy));
    Wheel4 slow = Wheel4(1.0f) / (Wheel4(1.0f) + Wheel4(0.25f) * pace * pace);
    Wheel4 lead = Wheel4(0.03f) * slow;  // s
    // A standing tyre cannot be wound up beyond its peak: what a slide left behind slips away within 0.1 s.
    Wheel4 slip_back = dt4 * Wheel4(10.0f) * slow * clamp(c.rho - Wheel4(1.0f), Wheel4(0.0f), Wheel4(1.0f));
    Wheel4 gain = dt4 * t.inv_relaxation, keep = Wheel4(1.0f) / (Wheel4(1.0f) + gain * pace + slip_back);
    Wheel4 tangent = (c.tangent - gain * wy) * keep;
    Wheel4 tangent_eff = tangent + lead * (tangent - c.tangent) * inv_dt;

    // --- friction and secant stiffness at the present slip ---
    Wheel4 factor = load_factor(t, load) * contact.grip * c.grip;
    Wheel4 peak = Wheel4(1.0f) / peak_slip_factor(t, load);
    Wheel4 rho_x = c.ratio * peak * t.inv_peak_ratio, rho_y = tangent_eff * peak * t.inv_peak_tan;
    c.rho = sqrt(rho_x * rho_x + rho_y * rho_y);
    c.mu_y = t.mu_y * factor;
    Wheel4 curve = slip_curve_over_slip(t, c.rho) * factor * load * peak;
    Wheel4 stiff_x = t.mu_x * curve * t.inv_peak_ratio;
    Wheel4 fy = t.mu_y * curve * t.inv_peak_tan * tangent_eff;

    // --- brakes, with ABS; traction control ---
    const float bt = p.brakes_torque * in.brake, share = p.brakes_front_share;
    Wheel4 brake_torque = Wheel4(0.5f * bt) * by_axle(share, 1.0f - share);
    c.abs_cut = c.tc_cut = 0.0f;
    if (aids.abs && p.brakes_abs_slip > 0.0f && in.brake > 0.0f) {
        Wheel4 cut = clamp((-c.ratio - Wheel4(p.brakes_abs_slip)) * Wheel4(2.0f / p.brakes_abs_slip), Wheel4(0.0f), Wheel4(1.0f));
        brake_torque = brake_torque * (Wheel4(1.0f) - cut);
        c.abs_cut = 0.25f * sum(cut);
    }
    float throttle = in.throttle;
    float ratio_of[4];
    c.ratio.store(ratio_of);
    const float driven_slip = std::max(ratio_of[m.driven], ratio_of[m.driven + 1]);
    if (aids.traction_control && p.engine_tc_slip > 0.0f) {
        c.tc_cut = std::min(std::max((driven_slip - p.engine_tc_slip) * 2.0f / p.engine_tc_slip, 0.0f), 1.0f);
        throttle *= 1.0f - c.tc_cut;
    }
    c.throttle = throttle, c.brake = in.brake;

    // --- wheel spin, implicit in the tyre force: force_x = stiff_x * (slip of the next instant) ---
    Wheel4 lead_gain = Wheel4(1.0f) + lead * inv_dt;
    Wheel4 slip_per_spin = gain * keep * t.radius;
    Wheel4 slip_free = (c.ratio - gain * wx) * keep;  // slip of the next instant were the wheel not to turn
    Wheel4 force_per_slip = stiff_x * lead_gain;
    Wheel4 force_free = force_per_slip * slip_free - stiff_x * lead * inv_dt * c.ratio;
    Wheel4 rolling = (t.rolling + contact.drag) * load * clamp(rim, Wheel4(-1.0f), Wheel4(1.0f));
    Wheel4 brake_damping = brake_torque / max(abs(c.spin), Wheel4(0.005f));
    Wheel4 inertia_dt = t.inertia * inv_dt + t.radius * force_per_slip * slip_per_spin + brake_damping;
    Wheel4 momentum = t.inertia * inv_dt * c.spin - t.radius * (force_free + rolling);
    Wheel4 spin = momentum / inertia_dt;
    float eq_inertia[4], eq_momentum[4], new_spin[4], old_spin[4];
    inertia_dt.store(eq_inertia), momentum.store(eq_momentum), spin.store(new_spin), c.spin.store(old_spin);
    const int w = m.driven;
    const float driven_speed = 0.5f * (old_spin[w] + old_spin[w + 1]);
    if (aids.automatic_gearbox) automatic_gearbox(p, c.drive, driven_speed, driven_slip);
    float wanted = throttle;
    if (c.drive.shift_left > 0.0f) {  // ignition cut on the way up, throttle blip on the way down
        bool down = c.drive.next_gear < c.drive.gear;
        wanted = down && c.drive.engine_speed < driven_speed * gear_ratio(p, c.drive.next_gear) ? 1.0f : 0.0f;
    }
    c.drive.clutch = automatic_clutch(p, c.drive, driven_speed * gear_ratio(p, c.drive.gear));
    const float torque = engine_torque(p, c.drive, wanted, dt);
    AxleSolution axle = solve_axle(p, c.drive, torque, {eq_inertia[w], eq_momentum[w]}, {eq_inertia[w + 1], eq_momentum[w + 1]}, dt);
    new_spin[w] = axle.left, new_spin[w + 1] = axle.right;
    advance_shift(c.drive, dt);
    spin = Wheel4::load(new_spin);
    Wheel4 ratio = slip_free + slip_per_spin * spin;
    Wheel4 fx = force_per_slip * ratio - stiff_x * lead * inv_dt * c.ratio;

    c.slide_energy += (abs(fx * (spin * t.radius - wx)) + abs(fy * wy)) * dt4;
    c.brake_energy += brake_damping * spin * spin * dt4;
    c.spin = spin, c.ratio = ratio, c.tangent = tangent;
    c.load = load, c.force_x = fx, c.force_y = fy;
    c.aligning = -fy * t.trail * max(Wheel4(1.0f) - c.rho, Wheel4(0.0f));

    // --- forces on the body: tyres, aero, rolling drag off the road, gravity along bank and slope ---
    Wheel4 body_x = fx * cs - fy * sn, body_y = fy * cs + fx * sn;
    const float speed = std::sqrt(v2);
    const float drag = q * p.aero_drag_area / std::max(speed, 0.1f);
    // Slope and bank act along the road's own axes; small angles.
    const float downhill = -mass * gravity * here.grade, sideways = mass * gravity * here.bank;
    const float gx = downhill * contact.tangent_x - sideways * contact.tangent_y;
    const float gy = downhill * contact.tangent_y + sideways * contact.tangent_x;
    c.ax = (sum(body_x) - drag * c.vx + gx) / mass;
    c.ay = (sum(body_y) - drag * c.vy + gy) / mass;
    const float yaw_moment = sum(m.arm_x * body_y - m.arm_y * body_x) + sum(c.aligning);
    c.yaw_rate += dt * yaw_moment / p.chassis_yaw_inertia;

    // --- velocity: accelerate, then turn the axes under it (Cayley rotation keeps its length) ---
    float nvx = c.vx + dt * c.ax, nvy = c.vy + dt * c.ay;
    const double h = 0.5 * double(c.yaw_rate) * dt, k = 1.0 / (1.0 + h * h), co = (1.0 - h * h) * k, si = 2.0 * h * k;
    c.vx = float(co) * nvx + float(si) * nvy;
    c.vy = float(co) * nvy - float(si) * nvx;
    const double cy = c.cos_yaw * co - c.sin_yaw * si, sy = c.sin_yaw * co + c.cos_yaw * si;
    const double norm = 1.5 - 0.5 * (cy * cy + sy * sy);  // one Newton step to unit length
    c.cos_yaw = cy * norm, c.sin_yaw = sy * norm;
    c.x += dt * (c.cos_yaw * c.vx - c.sin_yaw * c.vy);
    c.y += dt * (c.sin_yaw * c.vx + c.cos_yaw * c.vy);

    // --- sprung mass ---
    const float sprung = m.sprung_mass + fuel_mass(c);
    const float down = sprung * gravity + lift_front + lift_rear + bank_load - sum(susp);
    c.accel_vertical = -down / sprung;
    c.heave_rate += dt * down / sprung;
    // Wheels and hubs are counted with the body here, so that the whole transfer is m a h over track and wheelbase.
    c.roll_rate += dt * (sum(body_y) * m.roll_arm + sum(susp * m.arm_y)) / p.chassis_roll_inertia;
    c.pitch_rate += dt * (sum(body_x) * p.chassis_cg_height + sum(susp * m.arm_x) - m.static_moment - lift_front * m.front_axle_x - lift_rear * m.rear_axle_x) / p.chassis_pitch_inertia;
    c.heave += dt * c.heave_rate;
    c.roll += dt * c.roll_rate;
    c.pitch += dt * c.pitch_rate;
}

}  // namespace ac
