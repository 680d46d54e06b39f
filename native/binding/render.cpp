// Python face of the camera.
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/shared_ptr.h>

#include <cmath>
#include <optional>
#include <stdexcept>
#include <string>

#include "render.h"

namespace nb = nanobind;
using namespace nb::literals;
namespace render = ac::render;

using Frames = nb::ndarray<const double, nb::ndim<2>, nb::c_contig, nb::device::cpu>;
using Pictures = nb::ndarray<std::uint8_t, nb::ndim<4>, nb::device::cpu>;

namespace {

void check_frames(const Frames& frames, const char* name) {
    if (frames.shape(1) != std::size_t(ac::channel::width)) throw std::invalid_argument(std::string(name) + " must be (N, FRAME_WIDTH)");
    namespace ch = ac::channel;
    for (std::size_t i = 0; i < frames.shape(0); ++i) {
        const double* f = frames.data() + i * ch::width;
        const double placed = std::fabs(f[ch::world_position]) + std::fabs(f[ch::world_position + 1]) + std::fabs(f[ch::yaw]) + std::fabs(f[ch::pitch]) + std::fabs(f[ch::roll]) + std::fabs(f[ch::speed]);
        if (!(placed < 1e7)) throw std::invalid_argument("row " + std::to_string(i) + " of " + name + " has no finite position and attitude");
    }
}

void draw(render::Camera& camera, Frames frames, std::optional<Frames> others, Pictures out) {
    const render::Settings& s = camera.settings();
    const std::size_t n = frames.shape(0), h = std::size_t(s.height), w = std::size_t(s.width), c = std::size_t(camera.channels());
    check_frames(frames, "frames");
    if (others) check_frames(*others, "others");
    const bool shaped = out.shape(0) == n && out.shape(1) == h && out.shape(2) == w && out.shape(3) == c;
    const bool dense = (c == 1 || out.stride(3) == 1) && (w == 1 || out.stride(2) == std::int64_t(c)) && (h == 1 || out.stride(1) == std::int64_t(w * c));
    if (!shaped || (n > 0 && !dense) || (n > 1 && out.stride(0) < std::int64_t(h * w * c))) throw std::invalid_argument("out must be (N, height, width, channels), each picture in one piece");
    const render::Others seen = others ? render::Others{others->data(), int(others->shape(0))} : render::Others{};
    nb::gil_scoped_release release;
    camera.draw(frames.data(), int(n), seen, out.data(), std::size_t(n > 1 ? out.stride(0) : 0));
}

}  // namespace

void bind_render(nb::module_& m) {
    nb::class_<render::View>(m, "View")
        .def(nb::init<>())
        .def_rw("forward", &render::View::forward)
        .def_rw("up", &render::View::up)
        .def_rw("rise", &render::View::rise)
        .def_rw("pitch", &render::View::pitch)
        .def_rw("fov", &render::View::fov)
        .def_rw("axis", &render::View::axis)
        .def_rw("shake", &render::View::shake);
    nb::class_<render::Settings>(m, "CameraSettings")
        .def(nb::init<>())
        .def_rw("width", &render::Settings::width)
        .def_rw("height", &render::Settings::height)
        .def_rw("gray", &render::Settings::gray)
        .def_rw("view", &render::Settings::view)
        .def_rw("own_car", &render::Settings::own_car)
        .def_rw("bonnet", &render::Settings::bonnet)
        .def_rw("racing_line", &render::Settings::racing_line)
        .def("set_car", [](render::Settings& s, float length, float width, float middle) { s.car = {length, width, middle}; }, "length"_a, "width"_a, "middle"_a);
    nb::class_<render::Camera>(m, "Camera")
        .def("__init__", [](render::Camera* self, std::shared_ptr<const ac::Track> track, const render::Settings& s, int threads) {
            if (s.width < 1 || s.height < 1 || s.width > 8192 || s.height > 8192) throw std::invalid_argument("a picture has 1 to 8192 pixels a side");
            new (self) render::Camera(std::move(track), s, threads);
        }, "track"_a, "settings"_a, "threads"_a)
        .def("draw", &draw, "frames"_a, "others"_a.none(), "out"_a,
             "Fill `out` (N, height, width, channels) with a picture for each of `frames` (N, FRAME_WIDTH); `others`: the cars to be seen.");
}
