#include "kernels/loss.hpp"

#include "kernels/elementary.hpp"
#include "kernels/row_reductions.hpp"

namespace fastinit::kernels::FASTINIT_ISA {
namespace {

template <class T>
void cross_entropy(const Classes& classes, const T* x, T* exponentials, T* sums, T* losses) {
    const Index columns = classes.columns;
    for (Index i = 0; i < classes.rows; ++i, x += columns) {
        const T most = largest(x, columns);
        if (exponentials) {
#pragma GCC ivdep
            for (Index j = 0; j < columns; ++j) exponentials[j] = exp(x[j] - most);
            sums[i] = sum_over<T>(columns, [=](Index j) { return exponentials[j]; });
            exponentials += columns;
        } else {
            sums[i] = sum_over<T>(columns, [=](Index j) { return exp(x[j] - most); });
        }
        const std::int64_t target = classes.target[i];
        losses[i] = target == classes.ignored ? T(0) : T(__builtin_log(double(sums[i]))) - (x[target] - most);
    }
}

template <class T>
void cross_entropy_backward(const Classes& classes, const T* exponentials, const T* sums, const T* grad,
                            Index grad_stride, T divisor, T* out) {
    const Index columns = classes.columns;
    for (Index i = 0; i < classes.rows; ++i, exponentials += columns, out += columns) {
        const std::int64_t target = classes.target[i];
        const bool counts = target != classes.ignored;
        const T scale = counts ? grad[i * grad_stride] / divisor : T(0);
        const T factor = scale / sums[i];
#pragma GCC ivdep
        for (Index j = 0; j < columns; ++j) out[j] = exponentials[j] * factor;
        if (counts) out[target] -= scale;
    }
}

template <class T>
double sum_of_squares(const T* x, const T* y, Index size) {
    return sum_over<double>(size, [=](Index i) {
        const double difference = x[i] - y[i];
        return difference * difference;
    });
}

template <class T>
void squares(const T* x, const T* y, T* out, Index size) {
#pragma GCC ivdep
    for (Index i = 0; i < size; ++i) out[i] = (x[i] - y[i]) * (x[i] - y[i]);
}

template <class T>
void squares_backward(const T* x, const T* y, const T* grad, Index grad_stride, T divisor, T* out,
                      Index size) {
    if (grad_stride == 0) {
        const T factor = T(2) * (*grad / divisor);
#pragma GCC ivdep
        for (Index i = 0; i < size; ++i) out[i] = (x[i] - y[i]) * factor;
        return;
    }
#pragma GCC ivdep
    for (Index i = 0; i < size; ++i) out[i] = (x[i] - y[i]) * (T(2) * (grad[i * grad_stride] / divisor));
}

template <class T>
constexpr LossKernels<T> kernels_of{cross_entropy<T>, cross_entropy_backward<T>, sum_of_squares<T>,
                                    squares<T>, squares_backward<T>};

}  // namespace

extern const LossTable loss_table;
const LossTable loss_table{kernels_of<float>, kernels_of<double>};

}  // namespace fastinit::kernels::FASTINIT_ISA
