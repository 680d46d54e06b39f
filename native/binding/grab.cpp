// Python face of the frame grabber (`native/grab`): sources, the shared-memory writer and the conversion alone.
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/unique_ptr.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <tuple>

#include "grab.h"

namespace nb = nanobind;
using namespace nb::literals;

namespace {

using Image = nb::ndarray<std::uint8_t, nb::c_contig, nb::device::cpu>;
using Picture = nb::ndarray<nb::ro, nb::ndim<3>, nb::device::cpu>;

constexpr double slice = 0.1;  // s; a wait is interrupted so often, for the interpreter to see Ctrl-C

struct GrabError : std::exception {
    grab_error error;
    explicit GrabError(const grab_error& e) : error(e) {}
};

void check(grab_status status, const grab_error& error) {
    if (status) throw GrabError(error);
}

template <class... Values>
[[noreturn]] void refuse(grab_status status, const char* format, Values... values) {
    grab_error error;
    grab_fail(&error, status, format, values...);
    throw GrabError(error);
}

// Where a picture goes: the caller's array, or a new one. `give` is called without the GIL.
struct Room {
    nb::object image;  // none: nothing made yet
    bool given;
    std::uint8_t* data = nullptr;
    int shape[3] = {0, 0, 0};
    std::string problem;

    explicit Room(nb::object out) : image(std::move(out)), given(!image.is_none()) {}

    static std::uint8_t* give(void* context, int width, int height, int channels) {
        Room& room = *static_cast<Room*>(context);
        if (room.data && room.shape[0] == height && room.shape[1] == width && room.shape[2] == channels) return room.data;
        nb::gil_scoped_acquire gil;
        try {
            room.data = room.given ? room.fit(height, width, channels) : room.make(height, width, channels);
        } catch (const std::exception& e) {  // must not fly through the C code that calls us
            room.data = nullptr;
            room.problem = std::string("no memory for the picture: ") + e.what();
        }
        room.shape[0] = height, room.shape[1] = width, room.shape[2] = channels;
        return room.data;
    }

    std::uint8_t* make(int height, int width, int channels) {
        auto* pixels = new std::uint8_t[std::size_t(height) * width * channels];
        nb::capsule owner(pixels, [](void* memory) noexcept { delete[] static_cast<std::uint8_t*>(memory); });
        const std::size_t shape[3] = {std::size_t(height), std::size_t(width), std::size_t(channels)};
        image = nb::cast(nb::ndarray<nb::numpy, std::uint8_t>(pixels, 3, shape, owner));
        return pixels;
    }

    std::uint8_t* fit(int height, int width, int channels) {
        Image array;
        const bool typed = nb::try_cast(image, array, false);
        const std::size_t dims = typed ? array.ndim() : 0;
        const bool gray = dims == 2 && channels == 1;
        if (typed && (gray || (dims == 3 && array.shape(2) == std::size_t(channels))) &&
            array.shape(0) == std::size_t(height) && array.shape(1) == std::size_t(width))
            return array.data();
        problem = "out must be a writable, C-contiguous uint8 array of shape (" + std::to_string(height) + ", " +
                  std::to_string(width) + ", " + std::to_string(channels) + ")";
        return nullptr;
    }

    void check(grab_status status, const grab_error& error) const {
        if (status && !problem.empty()) refuse(GRAB_BAD_TARGET, "%s", problem.c_str());
        ::check(status, error);
    }
};

grab_target make_target(std::tuple<int, int, int, int> crop, std::tuple<int, int> size, int color, int tone) {
    const auto [x, y, crop_width, crop_height] = crop;
    const auto [width, height] = size;
    return {x, y, crop_width, crop_height, width, height, grab_color(color), grab_tone(tone)};
}

// An array (height, width, 4) of `format`, or (height, width, 3) of bytes where that is allowed.
grab_view view_of(const Picture& array, int format, bool three_too) {
    const int bytes = format == GRAB_BGRA8 || format == GRAB_RGBA8 ? 1 : 2;
    const std::size_t channels = array.shape(2);
    const bool packed =
        !array.size() || (array.stride(2) == 1 && array.stride(1) == std::int64_t(channels) && array.stride(0) >= 0);
    if ((channels != 4 && !(channels == 3 && three_too && bytes == 1)) || int(array.itemsize()) != bytes || !packed)
        refuse(GRAB_BAD_PICTURE,
               "a picture of this format is an array (height, width, 4%s) of %d-bit numbers, its rows without gaps",
               three_too && bytes == 1 ? " or 3" : "", 8 * bytes);
    const auto side = [&](int axis) { return int(std::min<std::size_t>(array.shape(axis), GRAB_MAX_SIDE + 1)); };
    const std::int64_t stride = std::max<std::int64_t>(array.stride(0), array.shape(1) * channels);
    return {array.data(), side(1), side(0), ptrdiff_t(stride * bytes), grab_format(format)};
}

struct Converter {
    std::unique_ptr<grab_converter, decltype(&grab_converter_free)> plan{grab_converter_new(), grab_converter_free};
    std::mutex busy;

    nb::any convert(Picture picture, int format, const grab_target& target, nb::object out) {
        grab_error error;
        const grab_view view = view_of(picture, format, false);
        int width, height;
        check(grab_fit(&view, &target, &width, &height, &error), error);
        Room room(std::move(out));
        std::uint8_t* pixels = Room::give(&room, width, height, grab_channels(target.color));
        if (!pixels) room.check(GRAB_BAD_TARGET, error);
        {
            nb::gil_scoped_release free;
            std::lock_guard lock(busy);
            check(grab_convert(plan.get(), &view, &target, pixels, &error), error);
        }
        return nb::borrow<nb::any>(room.image);
    }
};

struct Source {
    grab_source* source;
    std::unique_ptr<grab_converter, decltype(&grab_converter_free)> plan{grab_converter_new(), grab_converter_free};
    std::mutex busy;  // a source is for one thread at a time

    explicit Source(grab_source* opened, const grab_error& error) : source(opened) {
        if (!source) throw GrabError(error);
    }
    ~Source() { close(); }
    Source(const Source&) = delete;

    void close() {
        std::lock_guard lock(busy);
        if (source) source->close(source);
        source = nullptr;
    }

    // Calls `step` with ever another short timeout, until it is done or `timeout` s are over.
    template <class Step>
    grab_status patiently(double timeout, Step step) {
        const double end = grab_now() + timeout;
        for (;;) {
            grab_status status;
            double left;
            {
                nb::gil_scoped_release free;
                std::lock_guard lock(busy);
                if (!source) refuse(GRAB_NOT_RUNNING, "this picture source was shut down");
                left = end - grab_now();
                status = step(std::clamp(left, 0.0, slice));
            }
            const bool may_pass = status == GRAB_TIMEOUT || status == GRAB_NOT_RUNNING || status == GRAB_UNKNOWN_TEXTURE;
            if (!may_pass || left <= slice) return status;
            if (PyErr_CheckSignals()) throw nb::python_error();
        }
    }

    std::uint64_t mark() {
        grab_error error;
        std::uint64_t mark = 0;
        check(patiently(0.0, [&](double) { return source->mark(source, &mark, &error); }), error);
        return mark;
    }

    nb::tuple next(const grab_target& target, std::uint64_t mark, double timeout, nb::object out, std::uint64_t number) {
        grab_error error;
        grab_picture picture;
        Room room(std::move(out));
        room.check(patiently(timeout,
                             [&](double time) {
                                 return grab_next(source, plan.get(), &target, mark, number, time, Room::give, &room,
                                                  &picture, &error);
                             }),
                   error);
        return nb::make_tuple(room.image, picture.number, picture.time);
    }

    nb::list list(double timeout) {
        grab_error error;
        std::vector<grab_texture> textures(64);
        int count = 0;
        check(patiently(timeout,
                        [&](double time) {
                            return source->list(source, textures.data(), int(textures.size()), &count, time, &error);
                        }),
              error);
        nb::list result;
        for (int i = 0; i < count; ++i) {
            const grab_texture& t = textures[i];
            result.append(nb::make_tuple(nb::bytes(t.name), nb::bytes(t.description), t.width, t.height, t.flags));
        }
        return result;
    }
};

struct Writer {
    grab_writer* writer;
    std::mutex busy;

    Writer(const std::string& name, int slots) {
        grab_error error;
        writer = grab_writer_open(name.c_str(), slots, &error);
        if (!writer) throw GrabError(error);
    }
    ~Writer() { close(); }
    Writer(const Writer&) = delete;

    void close() {
        std::lock_guard lock(busy);
        if (writer) grab_writer_close(writer);
        writer = nullptr;
    }

    void begin() {
        std::lock_guard lock(busy);
        need_open();
        grab_writer_announce(writer);
    }

    void write(Picture picture, int format, std::uint64_t number, double time) {
        grab_error error;
        const grab_view view = view_of(picture, format, true);
        const bool three = picture.shape(2) == 3;
        nb::gil_scoped_release free;
        std::lock_guard lock(busy);
        need_open();
        ptrdiff_t stride;
        void* pixels = grab_writer_begin(writer, view.width, view.height, view.format, &stride, &error);
        if (!pixels) throw GrabError(error);
        const auto* from = static_cast<const std::uint8_t*>(view.pixels);
        auto* to = static_cast<std::uint8_t*>(pixels);
        for (int y = 0; y < view.height; ++y, from += view.stride, to += stride) {
            if (three) add_alpha(to, from, view.width);
            else std::copy_n(from, stride, to);
        }
        grab_writer_publish(writer, number, time);
    }

  private:
    void need_open() const {
        if (!writer) refuse(GRAB_NOT_RUNNING, "this picture writer was closed");
    }

    static void add_alpha(std::uint8_t* to, const std::uint8_t* from, int width) {
        for (int x = 0; x < width; ++x, from += 3, to += 4) to[0] = from[0], to[1] = from[1], to[2] = from[2], to[3] = 255;
    }
};

std::unique_ptr<Source> open_shm(const std::string& name) {
    grab_error error;
    grab_source* source = grab_shm_open(name.c_str(), &error);
    return std::make_unique<Source>(source, error);
}

std::unique_ptr<Source> open_csp(const std::string& texture, std::tuple<int, int> size, int draws) {
    grab_error error;
    grab_source* source = grab_csp_open(texture.c_str(), std::get<0>(size), std::get<1>(size), draws, &error);
    return std::make_unique<Source>(source, error);
}

template <class... Names>
nb::dict numbered(Names... names) {
    nb::dict result;
    int i = 0;
    ((result[names] = i++), ...);
    return result;
}

}  // namespace

void bind_grab(nb::module_& m) {
    static PyObject* error_type = nb::exception<GrabError>(m, "GrabError").ptr();  // args: status, message
    nb::register_exception_translator([](const std::exception_ptr& thrown, void*) {
        try {
            std::rethrow_exception(thrown);
        } catch (const GrabError& e) {
            PyErr_SetObject(error_type, nb::make_tuple(int(e.error.status), nb::str(e.error.message)).ptr());
        }
    });
    m.attr("PICTURE_FORMATS") = numbered("bgra8", "rgba8", "rgba16", "rgba16f");
    m.attr("PICTURE_COLORS") = numbered("gray", "rgb", "bgr");
    m.attr("PICTURE_TONES") = numbered("clamp", "srgb", "curve");
    m.attr("GRAB_STATUS") =
        numbered("ok", "timeout", "not_running", "unknown_texture", "bad_picture", "bad_target", "busy", "system");
    m.def(
        "grab_instructions",
        [](const std::optional<std::string>& name) {
            const char* used = grab_use_instructions(name ? name->c_str() : nullptr);
            if (!used) refuse(GRAB_SYSTEM, "this processor or build has no instructions '%.20s'", name->c_str());
            return std::string(used);
        },
        "name"_a = nb::none(),
        "Choose the set of instructions that pictures are converted with: avx2, c, or None for the best.");

    nb::class_<grab_target>(m, "PictureTarget")
        .def(
            "__init__",
            [](grab_target* self, std::tuple<int, int, int, int> crop, std::tuple<int, int> size, int color, int tone) {
                new (self) grab_target(make_target(crop, size, color, tone));
            },
            "crop"_a, "size"_a, "color"_a, "tone"_a);
    nb::class_<Converter>(m, "PictureConverter")
        .def(nb::init<>())
        .def("convert", &Converter::convert, "picture"_a, "format"_a, "target"_a, "out"_a.none() = nb::none());
    nb::class_<Source>(m, "PictureSource")
        .def_static("csp", &open_csp, "texture"_a, "size"_a, "draws"_a)
        .def_static("shm", &open_shm, "name"_a)
        .def("mark", &Source::mark, "Pictures beyond this mark were begun after the call.")
        .def("next", &Source::next, "target"_a, "mark"_a, "timeout"_a, "out"_a.none() = nb::none(),
             "number"_a = 0, "The newest picture beyond `mark` (0: any), of at least that `number`: (image, number, time).")
        .def("list", &Source::list, "timeout"_a, "[(name, description, width, height, flags)]")
        .def("close", &Source::close, nb::call_guard<nb::gil_scoped_release>());
    nb::class_<Writer>(m, "PictureWriter")
        .def(nb::init<const std::string&, int>(), "name"_a, "slots"_a)
        .def("begin", &Writer::begin)
        .def("write", &Writer::write, "picture"_a, "format"_a, "number"_a, "time"_a)
        .def("close", &Writer::close);
}
