#pragma once

#include <cstddef>

namespace fastinit::kernels {

using Index = std::ptrdiff_t;

// The elementwise activations, in the order of the tables below.
enum class Activation { relu, leaky_relu, gelu, gelu_tanh, silu, sigmoid, tanh, softplus, elu, selu };
inline constexpr std::size_t activation_count = 10;

// What an activation takes besides its input: leaky_relu's negative slope, elu's alpha, softplus' beta and
// threshold.
struct ActivationParameters {
    double first = 0;
    double second = 0;
};

// The normalisations of a row.
enum class RowActivation { softmax, log_softmax };
inline constexpr std::size_t row_activation_count = 2;

// Sums over rows are those of so many rows each, added up in order.
inline constexpr Index summed_rows = 128;

template <class T>
struct ActivationKernel {
    // y[i] = f(x[i]); y may be x.
    void (*forward)(const T* x, T* y, Index size, ActivationParameters);
    // out[i] = grad[i] * f'; `saved` is the result for relu, sigmoid and tanh, else the input. out may be
    // either.
    void (*backward)(const T* grad, const T* saved, T* out, Index size, ActivationParameters);
    // The same for a layer's rows, sums[j] += the sum over i of out[i][j] on the way: its bias' gradient. For
    // relu, sigmoid and tanh; else null.
    void (*backward_summed)(const T* grad, const T* saved, T* out, Index rows, Index columns, T* sums);
    // y[i * row_stride + j] = f(y[i * row_stride + j] + bias[j]): what follows a product.
    void (*forward_biased)(const T* bias, T* y, Index row_stride, Index rows, Index columns,
                           ActivationParameters);
};

template <class T>
struct RowActivationKernel {
    // On each of `rows` contiguous rows of `columns` elements; y may be x.
    void (*forward)(const T* x, T* y, Index rows, Index columns);
    // `result` is what forward gave; out may be grad.
    void (*backward)(const T* grad, const T* result, T* out, Index rows, Index columns);
};

template <class T>
struct PointwiseKernels {
    ActivationKernel<T> activations[activation_count];
    RowActivationKernel<T> row_activations[row_activation_count];
    // y[i * row_stride + j] += bias[j].
    void (*add_bias)(const T* bias, T* y, Index row_stride, Index rows, Index columns);
    // sums[j] += the sum over i of x[i * row_stride + j].
    void (*sum_rows)(const T* x, Index row_stride, Index rows, Index columns, T* sums);
};

struct PointwiseTable {
    PointwiseKernels<float> f32;
    PointwiseKernels<double> f64;
};

}  // namespace fastinit::kernels
