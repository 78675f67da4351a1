#pragma once

#include <cstdint>

namespace fastinit::kernels {

inline constexpr int max_axes = 64;  // NumPy's limit

// One axis of the box that is filled: a step along it is `stride` bytes of memory and `step` positions of the
// stream.
struct Axis {
    std::int64_t size, stride, step;
};

// What to fill with what. Element 0 of the box, in row-major order, lies at `data` and has position
// `position`.
struct Fill {
    std::uint64_t seed = 0, stream = 0, position = 0;
    std::uint64_t draw = 0;    // the first draw, of the 2^16 there are
    double arguments[4] = {};  // the distribution's, in the order of its binding
    bool past_cache = false;   // whether to write around the cache, for what is larger than it
    char* data = nullptr;
    int axes = 0;  // at least 1, the last one the innermost
    Axis axis[max_axes];
};

// How one distribution is filled into one dtype.
struct FillKernel {
    // Why these arguments cannot be filled into this dtype, or nullptr.
    const char* (*refuse)(const double* arguments);
    // Fills the elements [begin, end), counted in the box's row-major order.
    void (*range)(const Fill& fill, std::int64_t begin, std::int64_t end);
};

enum class Dtype { float16, bfloat16, float32, float64, uint8, int8, int16, int32, int64 };

struct FillRow {
    FillKernel by_dtype[9];  // null where the distribution is not for the dtype
    const FillKernel& operator[](Dtype dtype) const { return by_dtype[static_cast<int>(dtype)]; }
};

struct FillTable {
    const FillRow *uniform, *normal, *trunc_normal, *masked_uniform, *bernoulli, *constant, *exponential,
        *log_normal, *cauchy, *geometric, *integers;
    const FillKernel *words32, *words64;
};

}  // namespace fastinit::kernels
