// The physical parameters of a car, SI units unless the name says otherwise. One list: the struct, the names that car files
// use and what may be randomised all come from it.
#pragma once

#include <cstddef>

namespace ac {

constexpr int max_gears = 8;          // forward gears
constexpr int torque_points = 33;     // engine torque at equal steps of speed from 0 to the limiter

// X(name, unit): a car file writes `tyres_front_mu_lateral` as tyres: front: mu_lateral.
#define AC_AXLE_PARAMS(X, axle)                                                                                           \
    X(suspension_##axle##_wheel_rate, "N/m")  /* at the wheel, tyre spring included */                          \
    X(suspension_##axle##_damping, "N s/m")  /* at the wheel */                                                 \
    X(suspension_##axle##_anti_roll, "N/m")  /* of wheel travel difference */                                   \
    X(suspension_##axle##_roll_centre, "m")  /* over the road */                                                \
    X(suspension_##axle##_track, "m")  /* between wheel centres */                                              \
    X(suspension_##axle##_unsprung_mass, "kg")  /* a corner */                                                  \
    X(suspension_##axle##_camber_deg, "deg")  /* static, top inwards negative */                                \
    X(suspension_##axle##_ride_height, "m")                                                                     \
    X(tyres_##axle##_radius, "m")                                                                               \
    X(tyres_##axle##_inertia, "kg m2")  /* wheel with tyre and disc */                                      \
    X(tyres_##axle##_vertical_rate, "N/m")  /* only for the loaded radius channel */                            \
    X(tyres_##axle##_mu_lateral, "1")  /* peak friction at load_reference */                                    \
    X(tyres_##axle##_mu_longitudinal, "1")                                                                      \
    X(tyres_##axle##_load_reference, "N")                                                                       \
    X(tyres_##axle##_load_exponent, "1")  /* peak force ~ load^exponent */                                      \
    X(tyres_##axle##_peak_slip_angle_deg, "deg")  /* at load_reference */                                       \
    X(tyres_##axle##_peak_slip_ratio, "1")                                                                      \
    X(tyres_##axle##_peak_slip_gain, "1")  /* relative growth of the peak slip per relative load */             \
    X(tyres_##axle##_falloff_level, "1")  /* share of peak force left deep in the slide */                      \
    X(tyres_##axle##_falloff_rate, "1")  /* how fast it gets there, per (normalised slip - 1)^2 */              \
    X(tyres_##axle##_relaxation_length, "m")                                                                    \
    X(tyres_##axle##_pneumatic_trail, "m")  /* at zero slip */                                                  \
    X(tyres_##axle##_rolling_resistance, "1")  /* force over load */                                            \
    X(tyres_##axle##_pressure_cold_psi, "psi")                                                                  \
    X(tyres_##axle##_pressure_ideal_psi, "psi")                                                                 \
    X(tyres_##axle##_pressure_grip_loss, "1/psi2")  /* relative grip lost per psi^2 away from ideal */          \
    X(tyres_##axle##_temperature_ideal, "degC")                                                                 \
    X(tyres_##axle##_temperature_grip_loss, "1/K2")  /* relative grip lost per K^2 away from ideal */           \
    X(tyres_##axle##_temperature_start, "degC")  /* tyre blankets */                                            \
    X(tyres_##axle##_surface_heat_capacity, "J/K")                                                              \
    X(tyres_##axle##_core_heat_capacity, "J/K")                                                                 \
    X(tyres_##axle##_core_conductance, "W/K")  /* tread to carcass */                                           \
    X(tyres_##axle##_cooling_still, "W/K")  /* tread to air, standing */                                        \
    X(tyres_##axle##_cooling_speed, "W s/K m")  /* per m/s */                                                   \
    X(tyres_##axle##_friction_heat, "1")  /* share of sliding power that heats the tread */                     \
    X(tyres_##axle##_wear_energy, "J")  /* sliding that wears the tyre out */                                \
    X(brakes_##axle##_disc_heat_capacity, "J/K")                                                                \
    X(brakes_##axle##_disc_cooling, "W s/K m")  /* per m/s, and the same per 10 m/s standing */

#define AC_CAR_PARAMS(X)                                                                                                  \
    X(chassis_mass, "kg")  /* with driver, without fuel */                                                      \
    X(chassis_front_weight, "1")  /* share of the weight on the front axle */                                   \
    X(chassis_wheelbase, "m")                                                                                   \
    X(chassis_cg_height, "m")                                                                                   \
    X(chassis_yaw_inertia, "kg m2")  /* whole car */                                                        \
    X(chassis_roll_inertia, "kg m2")  /* sprung part */                                                          \
    X(chassis_pitch_inertia, "kg m2")  /* sprung part */                                                         \
    X(chassis_length, "m")                                                                                      \
    X(chassis_width, "m")                                                                                       \
    AC_AXLE_PARAMS(X, front)                                                                                              \
    AC_AXLE_PARAMS(X, rear)                                                                                               \
    X(aero_drag_area, "m2")  /* Cd A */                                                                         \
    X(aero_lift_area_front, "m2")  /* downforce positive, at the front axle */                                  \
    X(aero_lift_area_rear, "m2")                                                                                \
    X(engine_inertia, "kg m2")  /* with flywheel and clutch */                                               \
    X(engine_idle_rpm, "1/min")                                                                                 \
    X(engine_limiter_rpm, "1/min")                                                                              \
    X(engine_coast_torque, "N m")  /* engine braking at the limiter; falls linearly to 30 % at idle */       \
    X(drivetrain_driven_axle, "1")  /* 0 rear, 1 front */                                                       \
    X(drivetrain_final_drive, "1")                                                                              \
    X(drivetrain_reverse, "1")  /* ratio, positive */                                                           \
    X(drivetrain_gears, "1")  /* forward gears */                                                               \
    X(drivetrain_efficiency, "1")                                                                               \
    X(drivetrain_upshift_time, "s")  /* without drive */                                                        \
    X(drivetrain_downshift_time, "s")                                                                           \
    X(drivetrain_auto_up_rpm, "1/min")                                                                          \
    X(drivetrain_auto_down_rpm, "1/min")                                                                        \
    X(drivetrain_clutch_torque, "N m")  /* the clutch can carry */                                              \
    X(drivetrain_launch_rpm, "1/min")  /* automatic clutch fully closed from here */                            \
    X(differential_preload, "N m")                                                                              \
    X(differential_power, "1")  /* locking torque over axle torque, driving */                                  \
    X(differential_coast, "1")  /* the same on the overrun */                                                   \
    X(brakes_torque, "N m")  /* of all four brakes together, full pedal */                                      \
    X(brakes_front_share, "1")                                                                                  \
    X(brakes_abs_slip, "1")  /* slip ratio at which ABS begins to release; 0 = not fitted */                    \
    X(engine_tc_slip, "1")  /* slip ratio at which traction control begins to cut; 0 = not fitted */            \
    X(steering_lock_deg, "deg")  /* steering wheel from centre to one side */                                   \
    X(steering_ratio, "1")  /* steering wheel angle over road wheel angle */                                    \
    X(steering_reference_torque, "N m")  /* of self-aligning torque shown as force feedback 1 */                \
    X(fuel_start, "l")                                                                                          \
    X(fuel_consumption, "l/s per 1000/min")  /* at full throttle */                          \
    X(grip, "1")  /* multiplies every tyre's friction; 1 = as the file says */                                  \
    X(power, "1")  /* multiplies the engine's torque */

struct CarParams {
#define AC_FIELD(name, unit) float name;
    AC_CAR_PARAMS(AC_FIELD)
#undef AC_FIELD
    float gear_ratio[max_gears];        // first gear first
    float torque[torque_points];        // N m, full throttle
};

struct CarParamName {
    const char* name;
    const char* unit;
};
inline constexpr CarParamName car_param_names[] = {
#define AC_NAME(name, unit) {#name, unit},
    AC_CAR_PARAMS(AC_NAME)
#undef AC_NAME
};
constexpr std::size_t car_param_count = sizeof(car_param_names) / sizeof(car_param_names[0]);

// The named parameters are the leading floats of the struct, in the order of the names.
inline float* car_param_values(CarParams& p) { return &p.chassis_mass; }

}  // namespace ac
