// Python face of the native core: `ac_gym._core`. Arrays belong to the caller; loops over cars run without the GIL.
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <cmath>
#include <stdexcept>
#include <string>

#include "envelope.h"
#include "task.h"
#include "world.h"

namespace nb = nanobind;
using namespace nb::literals;

void bind_grab(nb::module_& m);    // grab.cpp
void bind_render(nb::module_& m);  // render.cpp

template <class T, int N>
using Array = nb::ndarray<T, nb::ndim<N>, nb::c_contig, nb::device::cpu>;
template <class T, int N>
using RowArray = nb::ndarray<T, nb::ndim<N>, nb::device::cpu>;  // rows may lie apart
using Mask = std::optional<Array<const std::uint8_t, 1>>;

namespace {

void need(bool good, const char* what) {
    if (!good) throw std::invalid_argument(what);
}

struct StationField {
    const char* name;
    float ac::Station::*field;
};
constexpr StationField station_fields[] = {
    {"heading", &ac::Station::heading},         {"curvature", &ac::Station::curvature},
    {"width_left", &ac::Station::width_left},   {"width_right", &ac::Station::width_right},
    {"kerb_left", &ac::Station::kerb_left},     {"kerb_right", &ac::Station::kerb_right},
    {"wall_left", &ac::Station::wall_left},     {"wall_right", &ac::Station::wall_right},
    {"bank", &ac::Station::bank},               {"grade", &ac::Station::grade},
    {"height", &ac::Station::height},           {"runoff_left", &ac::Station::runoff_left},
    {"runoff_right", &ac::Station::runoff_right}, {"line_offset", &ac::Station::line_offset},
    {"line_heading", &ac::Station::line_heading}, {"line_s", &ac::Station::line_s},
    {"line_curvature", &ac::Station::line_curvature}, {"target_speed", &ac::Station::target_speed}};

// `columns` maps each station field, and x and y, to an array of the same length.
std::shared_ptr<ac::Track> make_track(nb::dict columns, double length, double line_length, Array<const double, 1> line_curvature,
                                      Array<const double, 1> line_speed, std::vector<double> sectors) {
    auto column = [&](const char* name) { return nb::cast<Array<const double, 1>>(columns[name]); };
    auto x = column("x"), y = column("y");
    auto track = std::make_shared<ac::Track>();
    const std::size_t n = x.shape(0);
    need(n >= 8 && y.shape(0) == n, "a track needs at least 8 stations, and as many y as x");
    need(line_curvature.shape(0) >= 2 && line_speed.shape(0) == line_curvature.shape(0), "line_curvature and line_speed must have equal length");
    track->stations.resize(n);
    for (std::size_t i = 0; i < n; ++i) track->stations[i].x = x.data()[i], track->stations[i].y = y.data()[i];
    for (const StationField& f : station_fields) {
        auto values = column(f.name);
        need(values.shape(0) == n, f.name);
        for (std::size_t i = 0; i < n; ++i) track->stations[i].*(f.field) = float(values.data()[i]);
    }
    for (ac::Station& s : track->stations) s.tx = std::cos(s.heading), s.ty = std::sin(s.heading);
    track->length = length, track->line_length = line_length;
    track->step = float(length / double(n));
    track->line_step = float(line_length / double(line_curvature.shape(0)));
    track->line_curvature.assign(line_curvature.data(), line_curvature.data() + line_curvature.shape(0));
    track->line_speed.assign(line_speed.data(), line_speed.data() + line_speed.shape(0));
    track->sectors = std::move(sectors);
    track->prepare();
    return track;
}

const std::uint8_t* data_of(const Mask& mask, int count) {
    if (!mask) return nullptr;
    need(int(mask->shape(0)) == count, "mask must have one entry a car");
    return mask->data();
}

}  // namespace

NB_MODULE(_core, m) {
    m.doc() = "Native core of ac_gym: simulated world, track queries and task for batches of cars.";
    nb::dict params;  // name -> unit, in the order of CarParams.set
    for (const ac::CarParamName& p : ac::car_param_names) params[p.name] = p.unit;
    std::vector<std::string> situations(ac::situation::names, ac::situation::names + ac::situation::width);
    m.attr("CAR_PARAMS") = params;
    m.attr("SITUATION") = nb::cast(situations);
    m.attr("FRAME_WIDTH") = int(ac::channel::width);
    m.attr("CONTROL_WIDTH") = ac::control_width;
    m.attr("MAX_GEARS") = ac::max_gears;
    m.attr("TORQUE_POINTS") = ac::torque_points;
    m.attr("OBSERVATION_LIMIT") = ac::observation_limit;

    nb::class_<ac::Track>(m, "Track")
        .def_static("make", &make_track, "columns"_a, "length"_a, "line_length"_a, "line_curvature"_a, "line_speed"_a, "sectors"_a)
        .def_ro("length", &ac::Track::length)
        .def_ro("line_length", &ac::Track::line_length)
        .def("project", [](const ac::Track& t, Array<const double, 2> points, Array<double, 2> out) {
            need(points.shape(1) == 2 && out.shape(1) == 2 && out.shape(0) == points.shape(0), "points and out must be (N, 2)");
            for (std::size_t i = 0; i < points.shape(0); ++i) {
                ac::Place p = t.locate(points.data()[2 * i], points.data()[2 * i + 1]);
                out.data()[2 * i] = t.s_of(p), out.data()[2 * i + 1] = p.offset;
            }
        }, "points"_a, "out"_a, "Centre-line position s and lateral offset (m, + left) of points (N, 2).")
        .def("rays", [](const ac::Track& t, Array<const double, 2> points, Array<const float, 2> directions, float reach, Array<float, 2> out) {
            need(points.shape(1) == 2 && directions.shape(1) == 2 && out.shape(0) == points.shape(0) && out.shape(1) == directions.shape(0), "shapes must be (N, 2), (R, 2), (N, R)");
            for (std::size_t i = 0; i < points.shape(0); ++i) {
                const double x = points.data()[2 * i], y = points.data()[2 * i + 1];
                t.cast_rays(x, y, t.locate(x, y), reinterpret_cast<const ac::Vec2*>(directions.data()), int(directions.shape(0)), reach, out.data() + i * directions.shape(0));
            }
        }, "points"_a, "directions"_a, "reach"_a, "out"_a, "Distances (N, R) to the white lines from points (N, 2) in unit directions (R, 2).");

    nb::class_<ac::CarParams>(m, "CarParams")
        .def("__init__", [](ac::CarParams* p) { new (p) ac::CarParams{}; })
        .def("set", [](ac::CarParams& p, std::vector<float> values, std::vector<float> gears, std::vector<float> torque) {
            need(values.size() == ac::car_param_count, "one value for each name in CAR_PARAMS");
            need(!gears.empty() && gears.size() <= std::size_t(ac::max_gears), "1 to 8 gear ratios");
            need(torque.size() == std::size_t(ac::torque_points), "TORQUE_POINTS torques");
            std::copy(values.begin(), values.end(), ac::car_param_values(p));
            std::copy(gears.begin(), gears.end(), p.gear_ratio);
            std::copy(torque.begin(), torque.end(), p.torque);
        }, "values"_a, "gears"_a, "torque"_a);

    nb::class_<ac::Ambient>(m, "Ambient")
        .def(nb::init<>())
        .def_rw("air_density", &ac::Ambient::air_density)
        .def_rw("air_temperature", &ac::Ambient::air_temperature)
        .def_rw("road_temperature", &ac::Ambient::road_temperature)
        .def("set_surface", [](ac::Ambient& a, int surface, float grip, float drag) {
            need(surface >= 0 && surface < ac::surface_count, "surface code 0..3");
            a.grip[surface] = grip, a.drag[surface] = drag;
        }, "surface"_a, "grip"_a, "drag"_a);
    nb::class_<ac::Aids>(m, "Aids")
        .def(nb::init<>())
        .def_rw("automatic_gearbox", &ac::Aids::automatic_gearbox)
        .def_rw("abs", &ac::Aids::abs)
        .def_rw("traction_control", &ac::Aids::traction_control)
        .def_rw("damage_rate", &ac::Aids::damage_rate)
        .def_rw("tyre_wear_rate", &ac::Aids::tyre_wear_rate)
        .def_rw("fuel_rate", &ac::Aids::fuel_rate);
    nb::class_<ac::StartSettings>(m, "StartSettings")
        .def(nb::init<>())
        .def_rw("random_position", &ac::StartSettings::random_position)
        .def_rw("s", &ac::StartSettings::s)
        .def_rw("offset", &ac::StartSettings::offset)
        .def_rw("offset_range", &ac::StartSettings::offset_range)
        .def_rw("heading_range", &ac::StartSettings::heading_range)
        .def_rw("standing_share", &ac::StartSettings::standing_share)
        .def_rw("speed_low", &ac::StartSettings::speed_low)
        .def_rw("speed_high", &ac::StartSettings::speed_high);
    nb::class_<ac::WorldSettings>(m, "WorldSettings")
        .def(nb::init<>())
        .def_rw("control_rate", &ac::WorldSettings::control_rate)
        .def_rw("substeps", &ac::WorldSettings::substeps)
        .def_rw("brake_gamma", &ac::WorldSettings::brake_gamma)
        .def_rw("ambient", &ac::WorldSettings::ambient)
        .def_rw("aids", &ac::WorldSettings::aids)
        .def_rw("start", &ac::WorldSettings::start)
        .def_rw("delay_low", &ac::WorldSettings::delay_low)
        .def_rw("delay_high", &ac::WorldSettings::delay_high)
        .def("randomise", [](ac::WorldSettings& s, int param, float low, float high) {
            need(param >= 0 && param < int(ac::car_param_count), "no such car parameter");
            s.randomise.push_back({param, low, high});
        }, "param"_a, "low"_a, "high"_a)
        .def("add_noise", [](ac::WorldSettings& s, int column, float sigma) {
            need(column >= 0 && column < ac::channel::width, "no such telemetry column");
            s.noise.push_back({column, sigma});
        }, "column"_a, "sigma"_a);

    using Release = nb::call_guard<nb::gil_scoped_release>;
    nb::class_<ac::World>(m, "World")
        .def(nb::init<std::shared_ptr<const ac::Track>, const ac::CarParams&, int, const ac::WorldSettings&, int>(), "track"_a, "car"_a, "count"_a, "settings"_a, "threads"_a)
        .def_prop_ro("count", &ac::World::size)
        .def("seed", &ac::World::seed, "seed"_a)
        .def("reset", [](ac::World& w, Mask mask, Array<double, 2> frames) {
            need(int(frames.shape(0)) == w.size() && frames.shape(1) == ac::channel::width, "frames must be (N, FRAME_WIDTH)");
            w.reset(data_of(mask, w.size()), frames.data());
        }, "mask"_a.none(), "frames"_a, Release())
        .def("step", [](ac::World& w, Array<const float, 2> controls, Mask mask, Array<double, 2> frames) {
            need(int(controls.shape(0)) == w.size() && controls.shape(1) == ac::control_width, "controls must be (N, CONTROL_WIDTH)");
            need(int(frames.shape(0)) == w.size() && frames.shape(1) == ac::channel::width, "frames must be (N, FRAME_WIDTH)");
            w.step(controls.data(), data_of(mask, w.size()), frames.data());
        }, "controls"_a, "mask"_a.none(), "frames"_a, Release())
        .def("place", [](ac::World& w, int car, double s, double offset, double heading, double speed, Array<double, 2> frames) {
            need(car >= 0 && car < w.size() && int(frames.shape(0)) == w.size() && frames.shape(1) == ac::channel::width, "no such car, or frames not (N, FRAME_WIDTH)");
            need(std::isfinite(s) && std::isfinite(offset) && std::isfinite(heading), "s, offset and heading must be finite");
            need(std::fabs(speed) <= 150.0, "speed must be within +-150 m/s");
            w.place(car, s, offset, heading, speed, frames.data() + std::size_t(car) * ac::channel::width);
        }, "car"_a, "s"_a, "offset"_a, "heading"_a, "speed"_a, "frames"_a);

    nb::class_<ac::TaskSettings>(m, "TaskSettings")
        .def(nb::init<>())
        .def_rw("control_rate", &ac::TaskSettings::control_rate)
        .def_rw("relative_actions", &ac::TaskSettings::relative_actions)
        .def_rw("manual_gears", &ac::TaskSettings::manual_gears)
        .def_rw("steer_rate", &ac::TaskSettings::steer_rate)
        .def_rw("pedal_rate", &ac::TaskSettings::pedal_rate)
        .def_rw("steer_limit", &ac::TaskSettings::steer_limit)
        .def_rw("sensors", &ac::TaskSettings::sensors)
        .def_rw("previous_blocks", &ac::TaskSettings::previous_blocks)
        .def_rw("target_speed", &ac::TaskSettings::target_speed)
        .def_rw("task_count", &ac::TaskSettings::task_count)
        .def_rw("task_index", &ac::TaskSettings::task_index)
        .def("add_channel", [](ac::TaskSettings& s, int column, float scale) {
            need(column >= 0 && column < ac::channel::width + ac::situation::width, "no such column of telemetry or situation");
            s.extra.push_back({column, scale});
        }, "column"_a, "scale"_a)
        .def_rw("progress", &ac::TaskSettings::progress)
        .def_rw("reference_line", &ac::TaskSettings::reference_line)
        .def_rw("gap_scale", &ac::TaskSettings::gap_scale)
        .def_rw("action_penalty", &ac::TaskSettings::action_penalty)
        .def_rw("out_penalty", &ac::TaskSettings::out_penalty)
        .def_rw("end_out_of_track", &ac::TaskSettings::end_out_of_track)
        .def_rw("use_tyres_out", &ac::TaskSettings::use_tyres_out)
        .def_rw("end_too_slow", &ac::TaskSettings::end_too_slow)
        .def_rw("slow_speed", &ac::TaskSettings::slow_speed)
        .def_rw("slow_time", &ac::TaskSettings::slow_time)
        .def_rw("gap_limit", &ac::TaskSettings::gap_limit)
        .def_rw("max_steps", &ac::TaskSettings::max_steps)
        .def_rw("max_laps", &ac::TaskSettings::max_laps);
    nb::class_<ac::Task>(m, "Task")
        .def(nb::init<std::shared_ptr<const ac::Track>, int, const ac::TaskSettings&, int>(), "track"_a, "count"_a, "settings"_a, "threads"_a)
        .def_prop_ro("count", &ac::Task::size)
        .def_prop_ro("observation_size", &ac::Task::observation_size)
        .def_prop_ro("action_size", &ac::Task::action_size)
        .def("act", [](ac::Task& t, Array<const float, 2> actions, Mask mask, Array<float, 2> controls) {
            need(int(actions.shape(0)) == t.size() && int(actions.shape(1)) == t.action_size(), "actions must be (N, action_size)");
            need(int(controls.shape(0)) == t.size() && controls.shape(1) == ac::control_width, "controls must be (N, CONTROL_WIDTH)");
            return t.act(actions.data(), data_of(mask, t.size()), controls.data());
        }, "actions"_a, "mask"_a.none(), "controls"_a, Release())
        .def("observe", [](ac::Task& t, Array<const double, 2> frames, Mask mask, bool fresh, bool only, RowArray<float, 2> observations, Array<double, 1> reward,
                           Array<std::uint8_t, 1> terminated, Array<std::uint8_t, 1> truncated, Array<std::int32_t, 1> ending, Array<double, 2> situations) {
            const std::size_t n = std::size_t(t.size());
            need(frames.shape(0) == n && frames.shape(1) == ac::channel::width, "frames must be (N, FRAME_WIDTH)");
            need(observations.shape(0) == n && int(observations.shape(1)) >= t.observation_size() && observations.stride(1) == 1, "observations must be (N, observation_size or more)");
            need(reward.shape(0) == n && terminated.shape(0) == n && truncated.shape(0) == n && ending.shape(0) == n, "reward, terminated, truncated and ending must be (N,)");
            need(situations.shape(0) == n && situations.shape(1) == ac::situation::width, "situations must be (N, len(SITUATION))");
            t.observe(frames.data(), data_of(mask, t.size()), fresh, only, observations.data(), std::size_t(observations.stride(0)), reward.data(), terminated.data(), truncated.data(), ending.data(), situations.data());
        }, "frames"_a, "mask"_a.none(), "fresh"_a, "only"_a, "observations"_a, "reward"_a, "terminated"_a, "truncated"_a, "ending"_a, "situations"_a, Release())
        .def("replay", [](ac::Task& t, Array<const double, 2> frames, Array<const float, 2> actions, Array<const std::int64_t, 1> starts, Array<float, 2> observations, Array<double, 1> reward,
                          Array<std::uint8_t, 1> terminated, Array<std::uint8_t, 1> truncated, Array<std::int32_t, 1> ending, Array<double, 2> situations) {
            const std::size_t n = frames.shape(0), drives = starts.shape(0) - 1;
            need(frames.shape(1) == ac::channel::width, "frames must be (T, FRAME_WIDTH)");
            need(actions.shape(0) == n && int(actions.shape(1)) == t.action_size(), "actions must be (T, action_size)");
            need(starts.shape(0) >= 1 && starts.data()[0] == 0 && std::size_t(starts.data()[drives]) == n, "starts must go from 0 to T");
            for (std::size_t k = 0; k < drives; ++k) need(starts.data()[k] <= starts.data()[k + 1], "starts must ascend");
            need(observations.shape(0) == n && int(observations.shape(1)) == t.observation_size(), "observations must be (T, observation_size)");
            need(reward.shape(0) == n && terminated.shape(0) == n && truncated.shape(0) == n && ending.shape(0) == n, "reward, terminated, truncated and ending must be (T,)");
            need(situations.shape(0) == n && situations.shape(1) == ac::situation::width, "situations must be (T, len(SITUATION))");
            t.replay(frames.data(), actions.data(), starts.data(), int(drives), observations.data(), reward.data(), terminated.data(), truncated.data(), ending.data(), situations.data());
        }, "frames"_a, "actions"_a, "starts"_a, "observations"_a, "reward"_a, "terminated"_a, "truncated"_a, "ending"_a, "situations"_a, Release());

    m.def("envelope", [](const ac::CarParams& p, const ac::Ambient& air, float grip, Array<const double, 1> speed, Array<const double, 1> fraction,
                         Array<double, 1> lateral, Array<double, 2> accel, Array<double, 2> brake) {
        const std::size_t n = speed.shape(0), a = fraction.shape(0);
        need(lateral.shape(0) == n && accel.shape(0) == n && accel.shape(1) == a && brake.shape(0) == n && brake.shape(1) == a, "lateral (V,), accel and brake (V, A)");
        const ac::CarModel model(p);
        const ac::Envelope e{model, air, grip};
        for (std::size_t i = 0; i < n; ++i) {
            const float v = float(speed.data()[i]), limit = e.max_lateral(v);
            lateral.data()[i] = limit;
            for (std::size_t k = 0; k < a; ++k) {
                const float ay = limit * float(fraction.data()[k]);
                accel.data()[i * a + k] = e.max_accel(v, ay);
                brake.data()[i * a + k] = e.max_brake(v, ay);
            }
        }
    }, "car"_a, "air"_a, "grip"_a, "speed"_a, "fraction"_a, "lateral"_a, "accel"_a, "brake"_a,
       "Fill the quasi-steady-state limits (m/s2) of a car at each speed (m/s) and share of the lateral limit.");
    bind_grab(m);
    bind_render(m);
}
