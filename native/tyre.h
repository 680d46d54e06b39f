// Four tyres at once: friction with load, temperature, pressure and wear; combined slip by normalised slip (similarity
// method, Pacejka, Tire and Vehicle Dynamics, ch. 4: forces follow the slip vector scaled by its peak values); first-order
// relaxation, integrated implicitly, which also makes standstill a stable state.
#pragma once

#include "car_params.h"
#include "wheel4.h"

namespace ac {

// Parameters of both axles spread over the four wheels.
struct TyreSet {
    Wheel4 radius, inertia, mu_y, mu_x, inv_load_ref, load_exp_minus_1, inv_peak_tan, inv_peak_ratio, peak_gain;
    Wheel4 falloff_level, falloff_rate, inv_relaxation, trail, rolling;
};

inline Wheel4 by_axle(float front, float rear) { return {front, front, rear, rear}; }

inline TyreSet tyre_set(const CarParams& p) {
    constexpr float deg = 0.017453292519943295f;
#define AC_BOTH(field) by_axle(p.tyres_front_##field, p.tyres_rear_##field)
    TyreSet t;
    t.radius = AC_BOTH(radius);
    t.inertia = AC_BOTH(inertia);
    t.mu_y = AC_BOTH(mu_lateral) * Wheel4(p.grip);
    t.mu_x = AC_BOTH(mu_longitudinal) * Wheel4(p.grip);
    t.inv_load_ref = Wheel4(1.0f) / AC_BOTH(load_reference);
    t.load_exp_minus_1 = AC_BOTH(load_exponent) - Wheel4(1.0f);
    t.inv_peak_tan = Wheel4(1.0f) / by_axle(std::tan(p.tyres_front_peak_slip_angle_deg * deg), std::tan(p.tyres_rear_peak_slip_angle_deg * deg));
    t.inv_peak_ratio = Wheel4(1.0f) / AC_BOTH(peak_slip_ratio);
    t.peak_gain = AC_BOTH(peak_slip_gain);
    t.falloff_level = AC_BOTH(falloff_level);
    t.falloff_rate = AC_BOTH(falloff_rate);
    t.inv_relaxation = Wheel4(1.0f) / AC_BOTH(relaxation_length);
    t.trail = AC_BOTH(pneumatic_trail);
    t.rolling = AC_BOTH(rolling_resistance);
#undef AC_BOTH
    return t;
}

// Peak friction over its value at the reference load: (load / reference)^(exponent - 1).
inline Wheel4 load_factor(const TyreSet& t, Wheel4 load) {
    return power(max(load * t.inv_load_ref, Wheel4(0.02f)), t.load_exp_minus_1);
}

// Growth of the slip of peak grip with load.
inline Wheel4 peak_slip_factor(const TyreSet& t, Wheel4 load) {
    return max(Wheel4(1.0f) + t.peak_gain * (load * t.inv_load_ref - Wheel4(1.0f)), Wheel4(0.3f));
}

// Force over peak force, divided by the normalised slip rho. Rising branch 2 rho / (1 + rho^2): slope 2 at zero, peak 1 at
// rho = 1; beyond the peak the force falls to `falloff_level`.
inline Wheel4 slip_curve_over_slip(const TyreSet& t, Wheel4 rho) {
    const Wheel4 one(1.0f);
    Wheel4 rising = Wheel4(2.0f) / (one + rho * rho);
    Wheel4 beyond = rho - one;
    Wheel4 falling = t.falloff_level + (one - t.falloff_level) / (one + t.falloff_rate * beyond * beyond);
    return where_less(rho, one, rising, falling / max(rho, one));
}

}  // namespace ac
