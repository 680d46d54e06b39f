// Crop, area average, colour and depth in one pass over the source.
//
// For each output row: its source rows are averaged (`average_rows`), the result is averaged along the row (`average`), and
// the few pixels left are packed into bytes. Only the first step touches the whole source, once.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "convert_kernels.h"
#include "grab.h"

enum {
    PADDING = 64,    // samples behind a row that the averages may read with weight zero
    HALF_ROWS = 8,   // rows of 16-bit floats unpacked at a time
    MAX_SHIFT = 16,  // of horizontal weights, which fill 16 signed bits
    CURVE_STEPS = GRAB_WHITE + 1,
    WHITE_16 = 32641,  // row weights of 16-bit samples: 65535 becomes GRAB_WHITE
};

struct grab_converter {
    grab_view view;  // what the tables below are made for; pixels are not looked at
    grab_target target;
    int part_width, part_height, width, height;
    bool ready;
    int32_t *row_first, *row_count;  // source rows of each output row
    int max_rows;
    grab_rows rows;         // 8-bit rows of small ratios; the weights are those of
    int8_t* whole_weights;  // (height, max_rows + 1), or NULL
    uint16_t* row_weights;  // (height, max_rows), for all others
    int32_t* column_first;
    int16_t *column_weights, *column_pairs;
    grab_columns columns;
    int16_t *sums, *means;
    uint16_t* unpacked;  // (HALF_ROWS, part_width, 4)
    int16_t* encode;     // linear sample -> sRGB sample
};

static const grab_kernels* kernels;

const char* grab_use_instructions(const char* name) {
    const grab_kernels* found = grab_find_kernels(name);
    if (found) kernels = found;
    return found ? found->name : NULL;
}

int grab_channels(grab_color color) { return color == GRAB_GRAY ? 1 : 3; }

grab_converter* grab_converter_new(void) {
    if (!kernels) grab_use_instructions(NULL);
    return calloc(1, sizeof(grab_converter));
}

static void forget(grab_converter* c) {
    free(c->row_first), free(c->row_count), free(c->whole_weights), free(c->row_weights);
    free(c->column_first), free(c->column_weights), free(c->column_pairs);
    free(c->sums), free(c->means), free(c->unpacked), free(c->encode);
    memset(c, 0, sizeof *c);
}

void grab_converter_free(grab_converter* converter) {
    if (converter) forget(converter);
    free(converter);
}

static int sample_bytes(grab_format format) { return format == GRAB_BGRA8 || format == GRAB_RGBA8 ? 1 : 2; }

// The part of the picture that is wanted, and the size of the result.
static grab_status measure(const grab_view* v, const grab_target* t, int* part_width, int* part_height, int* width,
                           int* height, grab_error* error) {
    if (v->format < 0 || v->format >= GRAB_FORMATS)
        return grab_fail(error, GRAB_BAD_PICTURE, "pictures of format %d are unknown", (int)v->format);
    if (v->width < 1 || v->height < 1 || v->width > GRAB_MAX_SIDE || v->height > GRAB_MAX_SIDE)
        return grab_fail(error, GRAB_BAD_PICTURE, "a picture of %d x %d pixels cannot be read (1 to %d each)", v->width,
                         v->height, GRAB_MAX_SIDE);
    if (v->stride < (ptrdiff_t)v->width * 4 * sample_bytes(v->format))
        return grab_fail(error, GRAB_BAD_PICTURE, "rows of %lld bytes are too short for %d pixels", (long long)v->stride,
                         v->width);
    const int right = v->width - t->x, bottom = v->height - t->y;
    *part_width = t->crop_width ? t->crop_width : right;
    *part_height = t->crop_height ? t->crop_height : bottom;
    if (t->x < 0 || t->y < 0 || *part_width < 1 || *part_height < 1 || *part_width > right || *part_height > bottom)
        return grab_fail(error, GRAB_BAD_TARGET, "crop of %d x %d at (%d, %d) is not inside the picture of %d x %d",
                         *part_width, *part_height, t->x, t->y, v->width, v->height);
    *width = t->width ? t->width : *part_width;
    *height = t->height ? t->height : *part_height;
    if (*width < 1 || *height < 1 || *width > GRAB_MAX_SIDE || *height > GRAB_MAX_SIDE ||
        *part_width > *width * GRAB_MAX_SHRINK || *part_height > *height * GRAB_MAX_SHRINK)
        return grab_fail(error, GRAB_BAD_TARGET, "%d x %d pixels cannot become %d x %d (1 to %d each, at most %d to one)",
                         *part_width, *part_height, *width, *height, GRAB_MAX_SIDE, GRAB_MAX_SHRINK);
    return GRAB_OK;
}

grab_status grab_fit(const grab_view* view, const grab_target* target, int* width, int* height, grab_error* error) {
    int part_width, part_height;
    return measure(view, target, &part_width, &part_height, width, height, error);
}

// Output pixel `i` of `n` covers the source from i m / n to (i + 1) m / n: `first` and how many of its pixels are touched.
static int covered(int64_t i, int64_t n, int64_t m, int32_t* first) {
    const int64_t start = i * m, end = start + m;
    *first = (int32_t)(start / n);
    return (int)((end + n - 1) / n - *first);
}

// The weight of source pixel `j` in output pixel `i`, in parts of `one`; the weights of one output pixel sum to `one` exactly.
static int64_t weight(int64_t i, int64_t j, int64_t n, int64_t m, int64_t one) {
    const int64_t start = i * m;
    const int64_t from = j * n > start ? j * n - start : 0;
    const int64_t to = (j + 1) * n - start < m ? (j + 1) * n - start : m;
    return (to * one + m / 2) / m - (from * one + m / 2) / m;
}

static int divisor(int a, int b) { return b ? divisor(b, a % b) : a; }

// Whole weights for 8-bit rows, where they are small enough: sums of two products must fit 15 bits, of all 16 bits.
static bool plan_whole_rows(grab_converter* c) {
    const int n = c->height, m = c->part_height, common = divisor(n, m), most = n / common, sum = m / common;
    if (sample_bytes(c->view.format) != 1 || most > 64 || sum > 257) return false;
    const int room = c->max_rows + 1;
    c->whole_weights = calloc((size_t)n * room, sizeof(int8_t));
    if (!c->whole_weights) return false;
    for (int i = 0; i < n; ++i)
        for (int k = 0; k < c->row_count[i]; ++k)
            c->whole_weights[(size_t)i * room + k] = (int8_t)weight(i, c->row_first[i] + k, n, m, sum);
    while (255 * sum << (c->rows.shift + 1) <= 65535) ++c->rows.shift;
    c->rows.scale = (uint16_t)((((1 << (GRAB_FRACTION + 16)) >> c->rows.shift) + sum / 2) / sum);
    return true;
}

static bool plan_rows(grab_converter* c) {
    const int n = c->height, m = c->part_height;
    const int64_t one = sample_bytes(c->view.format) == 1 ? GRAB_ROW_ONE : WHITE_16;
    c->row_first = malloc(sizeof(int32_t) * n);
    c->row_count = malloc(sizeof(int32_t) * n);
    if (!c->row_first || !c->row_count) return false;
    c->max_rows = 1;
    for (int i = 0; i < n; ++i) {
        c->row_count[i] = covered(i, n, m, &c->row_first[i]);
        if (c->row_count[i] > c->max_rows) c->max_rows = c->row_count[i];
    }
    if (plan_whole_rows(c)) return true;
    c->row_weights = calloc((size_t)n * c->max_rows, sizeof(uint16_t));
    if (!c->row_weights) return false;
    for (int i = 0; i < n; ++i)
        for (int k = 0; k < c->row_count[i]; ++k)
            c->row_weights[(size_t)i * c->max_rows + k] = (uint16_t)weight(i, c->row_first[i] + k, n, m, one);
    return true;
}

// The weights of two output pixels, laid out for the multiply-add instruction.
static void pair_up(int16_t* pairs, const int16_t* left, const int16_t* right, int taps) {
    for (int k = 0; k < taps; k += 2)
        for (int i = 0; i < 8; ++i) pairs[8 * k + i] = left[k + i % 2], pairs[8 * k + 8 + i] = right[k + i % 2];
}

static bool plan_columns(grab_converter* c) {
    const int n = c->width, m = c->part_width, even = n + (n & 1);
    int taps = 1;
    c->column_first = calloc(even, sizeof(int32_t));
    if (!c->column_first) return false;
    for (int i = 0; i < n; ++i) {
        const int count = covered(i, n, m, &c->column_first[i]);
        if (count > taps) taps = count;
    }
    taps += taps & 1;
    c->column_weights = calloc((size_t)even * taps, sizeof(int16_t));
    c->column_pairs = calloc((size_t)even * taps * 4, sizeof(int16_t));
    if (!c->column_weights || !c->column_pairs) return false;
    // A whole pixel must fit 16 signed bits: n / m of the sum, where it is not all of it.
    int shift = MAX_SHIFT;
    while ((m <= n ? 1.0 : (double)n / m) * (1 << shift) > 32766.0) --shift;
    for (int i = 0; i < n; ++i) {
        int32_t first;
        const int count = covered(i, n, m, &first);
        for (int k = 0; k < count; ++k)
            c->column_weights[(size_t)i * taps + k] = (int16_t)weight(i, first + k, n, m, (int64_t)1 << shift);
    }
    for (int i = 0; i < even; i += 2) {
        const int16_t* left = c->column_weights + (size_t)i * taps;
        pair_up(c->column_pairs + (size_t)i * taps * 4, left, left + taps, taps);
    }
    c->columns = (grab_columns){c->column_first, c->column_weights, c->column_pairs, taps, shift};
    return true;
}

static bool plan_encoding(grab_converter* c) {
    c->encode = malloc(sizeof(int16_t) * CURVE_STEPS);
    if (!c->encode) return false;
    for (int i = 0; i < CURVE_STEPS; ++i) {
        const double light = (double)i / GRAB_WHITE;
        const double code = light <= 0.0031308 ? 12.92 * light : 1.055 * pow(light, 1.0 / 2.4) - 0.055;
        c->encode[i] = (int16_t)(code * GRAB_WHITE + 0.5);
    }
    return true;
}

static bool same_plan(const grab_converter* c, const grab_view* v, const grab_target* t) {
    const grab_target* p = &c->target;
    return c->ready && c->view.width == v->width && c->view.height == v->height && c->view.format == v->format &&
           p->x == t->x && p->y == t->y && p->crop_width == t->crop_width && p->crop_height == t->crop_height &&
           p->width == t->width && p->height == t->height && p->tone == t->tone;
}

static grab_status plan(grab_converter* c, const grab_view* view, const grab_target* target, grab_error* error) {
    forget(c);
    c->view = *view;
    c->target = *target;
    const grab_status status = measure(view, target, &c->part_width, &c->part_height, &c->width, &c->height, error);
    if (status) return status;
    const size_t row = (size_t)c->part_width * 4;
    c->sums = calloc(row + 4 * PADDING, sizeof(int16_t));
    c->means = calloc((size_t)c->width * 4 + PADDING, sizeof(int16_t));
    const bool half = view->format == GRAB_RGBA16F, deep = sample_bytes(view->format) == 2;
    if (half) c->unpacked = malloc(HALF_ROWS * row * sizeof(uint16_t));
    c->ready = c->sums && c->means && (c->unpacked || !half) && plan_rows(c) && plan_columns(c) &&
               (!deep || target->tone == GRAB_CLAMP || plan_encoding(c));
    return c->ready ? GRAB_OK : grab_fail(error, GRAB_SYSTEM, "not enough memory to scale a picture");
}

// The rows of an output row, averaged into `sums`.
static void average_rows(grab_converter* c, const grab_view* view, int output_row) {
    const int samples = c->part_width * 4, rows = c->row_count[output_row], depth = sample_bytes(view->format);
    const uint8_t* row = (const uint8_t*)view->pixels + (c->target.y + c->row_first[output_row]) * view->stride +
                         (ptrdiff_t)c->target.x * 4 * depth;
    if (c->whole_weights) {
        c->rows.weights = c->whole_weights + (size_t)output_row * (c->max_rows + 1);
        c->rows.count = rows;
        kernels->average_rows8(c->sums, row, view->stride, &c->rows, samples);
        return;
    }
    const uint16_t* weights = c->row_weights + (size_t)output_row * c->max_rows;
    for (int i = 0; i < samples; ++i) c->sums[i] = (int16_t)(rows / 2);  // each row loses half a step on average
    if (view->format != GRAB_RGBA16F) {
        (depth == 1 ? kernels->add_rows8 : kernels->add_rows16)(c->sums, row, view->stride, weights, rows, samples);
        return;
    }
    const ptrdiff_t unpacked = samples * (ptrdiff_t)sizeof(uint16_t);
    for (int done = 0; done < rows; done += HALF_ROWS) {
        const int some = rows - done < HALF_ROWS ? rows - done : HALF_ROWS;
        for (int r = 0; r < some; ++r)
            kernels->half_to_16(c->unpacked + (size_t)r * samples, (const uint16_t*)(row + (done + r) * view->stride),
                                samples, c->target.tone == GRAB_CURVE);
        kernels->add_rows16(c->sums, (const uint8_t*)c->unpacked, unpacked, weights + done, some, samples);
    }
}

static void encode(grab_converter* c, int16_t* samples) {
    for (int i = 0; i < 4 * c->width; ++i) samples[i] = c->encode[samples[i] < CURVE_STEPS ? samples[i] : CURVE_STEPS - 1];
}

grab_status grab_convert(grab_converter* c, const grab_view* view, const grab_target* target, uint8_t* out,
                         grab_error* error) {
    // Luma of ITU-R BT.601: red 0.299, green 0.587, blue 0.114.
    static const int16_t luma_rgb[4] = {4899, 9617, 1868, 0}, luma_bgr[4] = {1868, 9617, 4899, 0};
    if (!same_plan(c, view, target)) {
        const grab_status status = plan(c, view, target, error);
        if (status) return status;
    }
    const bool bgr = view->format == GRAB_BGRA8, gray = target->color == GRAB_GRAY;
    const size_t out_row = (size_t)c->width * grab_channels(target->color);
    for (int y = 0; y < c->height; ++y, out += out_row) {
        int16_t* pixels = c->sums;
        average_rows(c, view, y);
        if (c->part_width != c->width) kernels->average(pixels = c->means, c->sums, &c->columns, c->width);
        if (c->encode) encode(c, pixels);
        if (gray) kernels->pack_gray(out, pixels, bgr ? luma_bgr : luma_rgb, c->width);
        else kernels->pack_color(out, pixels, bgr != (target->color == GRAB_BGR), c->width);
    }
    return GRAB_OK;
}
