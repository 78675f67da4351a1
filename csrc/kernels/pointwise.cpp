#include "kernels/pointwise.hpp"

#include "kernels/elementary.hpp"
#include "kernels/row_reductions.hpp"

namespace fastinit::kernels::FASTINIT_ISA {
namespace {

using Parameters = ActivationParameters;

// Each activation is two pure functions of one element. The tests are written so that a NaN goes the way it
// goes in PyTorch: through the values, and to the side that its comparison takes in the gradients.

struct Relu {
    template <class T>
    static T forward(T x, Parameters) {
        return x < T(0) ? T(0) : x;
    }
    template <class T>
    static T backward(T grad, T result, Parameters) {
        return result <= T(0) ? T(0) : grad;
    }
};

struct LeakyRelu {
    template <class T>
    static T forward(T x, Parameters p) {
        return x > T(0) ? x : x * T(p.first);
    }
    template <class T>
    static T backward(T grad, T x, Parameters p) {
        return x > T(0) ? grad : grad * T(p.first);
    }
};

// x * Phi(x), Phi the normal distribution function. Hendrycks and Gimpel, arXiv:1606.08415.
struct Gelu {
    template <class T>
    static T forward(T x, Parameters) {
        return x * normal_cdf(x);
    }
    template <class T>
    static T backward(T grad, T x, Parameters) {
        return grad * (normal_cdf(x) + x * normal_density(x));
    }
};

// The same with Phi(x) replaced by (1 + tanh(u)) / 2 = sigmoid(2 u), u = sqrt(2 / pi) (x + 0.044715
// x^3).
struct GeluTanh {
    static constexpr double scale = 1.59576912160573071176;  // 2 sqrt(2 / pi)
    static constexpr double cubic = 0.044715;

    template <class T>
    static T forward(T x, Parameters) {
        return x * sigmoid(T(scale) * (x + T(cubic) * x * x * x));
    }
    template <class T>
    static T backward(T grad, T x, Parameters) {
        const T square = x * x;
        const T u = T(scale) * (x + T(cubic) * square * x);
        return grad * (sigmoid(u) + x * sigmoid_slope(u) * T(scale) * (T(1) + T(3 * cubic) * square));
    }
};

struct Silu {
    template <class T>
    static T forward(T x, Parameters) {
        return x * sigmoid(x);
    }
    template <class T>
    static T backward(T grad, T x, Parameters) {
        return grad * (sigmoid(x) + x * sigmoid_slope(x));
    }
};

struct Sigmoid {
    template <class T>
    static T forward(T x, Parameters) {
        return sigmoid(x);
    }
    template <class T>
    static T backward(T grad, T result, Parameters) {
        return grad * (T(1) - result) * result;
    }
};

struct Tanh {
    template <class T>
    static T forward(T x, Parameters) {
        return tanh(x);
    }
    template <class T>
    static T backward(T grad, T result, Parameters) {
        return grad * ((T(1) - result) * (T(1) + result));  // no square to cancel near 1
    }
};

// log(1 + exp(beta x)) / beta, and x itself where beta x lies above the threshold.
struct Softplus {
    template <class T>
    static T forward(T x, Parameters p) {
        const T scaled = x * T(p.first);
        const T tail = log1p_of_exp_of_minus(scaled < T(0) ? -scaled : scaled);
        return scaled > T(p.second) ? x : ((scaled < T(0) ? T(0) : scaled) + tail) / T(p.first);
    }
    template <class T>
    static T backward(T grad, T x, Parameters p) {
        const T scaled = x * T(p.first);
        return scaled > T(p.second) ? grad : grad * sigmoid(scaled);
    }
};

struct Elu {
    template <class T>
    static T forward(T x, Parameters p) {
        return x > T(0) ? x : T(p.first) * expm1_of_negative(x);
    }
    template <class T>
    static T backward(T grad, T x, Parameters p) {
        return x > T(0) ? grad : grad * T(p.first) * exp(x);
    }
};

// scale * elu(x, alpha) with the constants of Klambauer et al., arXiv:1706.02515.
struct Selu {
    static constexpr double alpha = 1.6732632423543772848170429916717;
    static constexpr double scale = 1.0507009873554804934193349852946;

    template <class T>
    static T forward(T x, Parameters) {
        return x > T(0) ? T(scale) * x : T(scale * alpha) * expm1_of_negative(x);
    }
    template <class T>
    static T backward(T grad, T x, Parameters) {
        return x > T(0) ? grad * T(scale) : grad * T(scale * alpha) * exp(x);
    }
};

// Input and output are the same memory or lie apart, so that no iteration waits for another: ivdep.

template <class F, class T>
void forward(const T* x, T* y, Index size, Parameters parameters) {
#pragma GCC ivdep
    for (Index i = 0; i < size; ++i) y[i] = F::forward(x[i], parameters);
}

template <class F, class T>
void backward(const T* grad, const T* saved, T* out, Index size, Parameters parameters) {
#pragma GCC ivdep
    for (Index i = 0; i < size; ++i) out[i] = F::backward(grad[i], saved[i], parameters);
}

template <class F, class T>
void forward_biased(const T* bias, T* y, Index row_stride, Index rows, Index columns, Parameters parameters) {
    for (Index i = 0; i < rows; ++i, y += row_stride)
#pragma GCC ivdep
        for (Index j = 0; j < columns; ++j) y[j] = F::forward(y[j] + bias[j], parameters);
}

template <class T>
void add_bias(const T* bias, T* y, Index row_stride, Index rows, Index columns) {
    for (Index i = 0; i < rows; ++i, y += row_stride)
#pragma GCC ivdep
        for (Index j = 0; j < columns; ++j) y[j] += bias[j];
}

// sums[j] += the sum over i of element(i, j). A strip of columns at a time, so that its sums stay in
// registers or nearly so, and a block of rows at a time: the error of a sum grows with the number of blocks
// and the rows of one, not with their product.
template <class T, class Element>
void sum_columns(Index rows, Index columns, T* sums, Element element) {
    constexpr Index strip = 64;
    constexpr Index block = summed_rows;
    for (Index column = 0; column < columns; column += strip) {
        const Index end_column = columns - column < strip ? columns : column + strip;
        for (Index start = 0; start < rows; start += block) {
            const Index end = rows - start < block ? rows : start + block;
            T partial[strip] = {};
            for (Index i = start; i < end; ++i)
#pragma GCC ivdep
                for (Index j = column; j < end_column; ++j) partial[j - column] += element(i, j);
            for (Index j = column; j < end_column; ++j) sums[j] += partial[j - column];
        }
    }
}

template <class T>
void sum_rows(const T* x, Index row_stride, Index rows, Index columns, T* sums) {
    sum_columns(rows, columns, sums, [=](Index i, Index j) { return x[i * row_stride + j]; });
}

template <class F, class T>
void backward_summed(const T* grad, const T* saved, T* out, Index rows, Index columns, T* sums) {
    sum_columns(rows, columns, sums, [=](Index i, Index j) {
        const Index at = i * columns + j;
        return out[at] = F::backward(grad[at], saved[at], Parameters{});
    });
}

template <class T>
void softmax(const T* x, T* y, Index rows, Index columns) {
    for (Index i = 0; i < rows; ++i, x += columns, y += columns) {
        const T most = largest(x, columns);
#pragma GCC ivdep
        for (Index j = 0; j < columns; ++j) y[j] = exp(x[j] - most);
        const T sum = sum_over<T>(columns, [y](Index j) { return y[j]; });
        for (Index j = 0; j < columns; ++j) y[j] /= sum;
    }
}

template <class T>
void softmax_backward(const T* grad, const T* result, T* out, Index rows, Index columns) {
    for (Index i = 0; i < rows; ++i, grad += columns, result += columns, out += columns) {
        const T sum = sum_over<T>(columns, [=](Index j) { return grad[j] * result[j]; });
#pragma GCC ivdep
        for (Index j = 0; j < columns; ++j) out[j] = (grad[j] - sum) * result[j];
    }
}

template <class T>
void log_softmax(const T* x, T* y, Index rows, Index columns) {
    for (Index i = 0; i < rows; ++i, x += columns, y += columns) {
        const T most = largest(x, columns);
        const T sum = sum_over<T>(columns, [=](Index j) { return exp(x[j] - most); });
        const T shift = T(__builtin_log(double(sum)));
#pragma GCC ivdep
        for (Index j = 0; j < columns; ++j) y[j] = (x[j] - most) - shift;
    }
}

template <class T>
void log_softmax_backward(const T* grad, const T* result, T* out, Index rows, Index columns) {
    for (Index i = 0; i < rows; ++i, grad += columns, result += columns, out += columns) {
        const T sum = sum_over<T>(columns, [grad](Index j) { return grad[j]; });
#pragma GCC ivdep
        for (Index j = 0; j < columns; ++j) out[j] = grad[j] - exp(result[j]) * sum;
    }
}

template <class F, class T>
constexpr ActivationKernel<T> activation{forward<F, T>, backward<F, T>, nullptr, forward_biased<F, T>};

// One whose gradient its result gives.
template <class F, class T>
constexpr ActivationKernel<T> activation_of_result{forward<F, T>, backward<F, T>, backward_summed<F, T>,
                                                   forward_biased<F, T>};

template <class T>
constexpr PointwiseKernels<T> kernels_of{
    {activation_of_result<Relu, T>, activation<LeakyRelu, T>, activation<Gelu, T>, activation<GeluTanh, T>,
     activation<Silu, T>, activation_of_result<Sigmoid, T>, activation_of_result<Tanh, T>,
     activation<Softplus, T>, activation<Elu, T>, activation<Selu, T>},
    {{softmax<T>, softmax_backward<T>}, {log_softmax<T>, log_softmax_backward<T>}},
    add_bias<T>,
    sum_rows<T>};

}  // namespace

extern const PointwiseTable pointwise_table;
const PointwiseTable pointwise_table{kernels_of<float>, kernels_of<double>};

}  // namespace fastinit::kernels::FASTINIT_ISA
