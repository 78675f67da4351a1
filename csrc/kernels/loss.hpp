#pragma once

#include <cstddef>
#include <cstdint>

namespace fastinit::kernels {

using Index = std::ptrdiff_t;

// The rows of logits, `columns` classes each, with the class of each row; those of the class `ignored` count
// for nothing. Each kernel goes through the rows [0, rows).
struct Classes {
    const std::int64_t* target;
    std::int64_t ignored;
    Index rows, columns;
};

template <class T>
struct LossKernels {
    // exponentials[i][j] = exp(x[i][j] - the row's largest), which are not stored where null; sums[i]: their
    // sum; losses[i] = -log(softmax(x[i])[target[i]]).
    void (*cross_entropy)(const Classes&, const T* x, T* exponentials, T* sums, T* losses);
    // out[i] = (exponentials[i] / sums[i] - one at the target) * grad[i * grad_stride] / divisor.
    void (*cross_entropy_backward)(const Classes&, const T* exponentials, const T* sums, const T* grad,
                                   Index grad_stride, T divisor, T* out);
    // The sum of (x[i] - y[i])^2, in float64.
    double (*sum_of_squares)(const T* x, const T* y, Index size);
    // out[i] = (x[i] - y[i])^2.
    void (*squares)(const T* x, const T* y, T* out, Index size);
    // out[i] = (x[i] - y[i]) * 2 grad[i * grad_stride] / divisor.
    void (*squares_backward)(const T* x, const T* y, const T* grad, Index grad_stride, T divisor, T* out,
                             Index size);
};

struct LossTable {
    LossKernels<float> f32;
    LossKernels<double> f64;
};

}  // namespace fastinit::kernels
