#include "kernels/pointwise.hpp"

#include "kernels/elementary.hpp"

namespace fastinit::kernels::FASTINIT_ISA {
namespace {

using Index = std::ptrdiff_t;
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

// The same with Phi(x) replaced by (1 + tanh(u)) / 2 = 1 / (1 + exp(-2 u)), u = sqrt(2 / pi) (x + 0.044715
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
        const T s = sigmoid(T(scale) * (x + T(cubic) * square * x));
        return grad * (s + x * s * (T(1) - s) * T(scale) * (T(1) + T(3 * cubic) * square));
    }
};

struct Silu {
    template <class T>
    static T forward(T x, Parameters) {
        return x / (T(1) + exp(-x));
    }
    template <class T>
    static T backward(T grad, T x, Parameters) {
        const T s = sigmoid(x);
        return grad * s * (T(1) + x * (T(1) - s));
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
        return grad * (T(1) - result * result);
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
        return x <= T(0) ? T(p.first) * expm1(x) : x;
    }
    template <class T>
    static T backward(T grad, T x, Parameters p) {
        return x <= T(0) ? grad * T(p.first) * exp(x) : grad;
    }
};

// scale * elu(x, alpha) with the constants of Klambauer et al., arXiv:1706.02515.
struct Selu {
    static constexpr double alpha = 1.6732632423543772848170429916717;
    static constexpr double scale = 1.0507009873554804934193349852946;

    template <class T>
    static T forward(T x, Parameters) {
        return x <= T(0) ? T(scale * alpha) * expm1(x) : T(scale) * x;
    }
    template <class T>
    static T backward(T grad, T x, Parameters) {
        return x <= T(0) ? grad * T(scale * alpha) * exp(x) : grad * T(scale);
    }
};

template <class F, class T>
void forward(const T* x, T* y, Index size, Parameters parameters) {
    for (Index i = 0; i < size; ++i) y[i] = F::forward(x[i], parameters);
}

template <class F, class T>
void backward(const T* grad, const T* saved, T* out, Index size, Parameters parameters) {
    for (Index i = 0; i < size; ++i) out[i] = F::backward(grad[i], saved[i], parameters);
}

template <class F, class T>
void forward_biased(const T* bias, T* y, Index size, Parameters parameters) {
    for (Index i = 0; i < size; ++i) y[i] = F::forward(y[i] + bias[i], parameters);
}

template <class T>
void add(const T* x, T* y, Index size) {
    for (Index i = 0; i < size; ++i) y[i] += x[i];
}

template <class T>
T largest(const T* row, Index columns) {
    T most = row[0];
    for (Index j = 1; j < columns; ++j) most = row[j] > most ? row[j] : most;
    return most;
}

template <class T>
void softmax(const T* x, T* y, Index rows, Index columns) {
    for (Index i = 0; i < rows; ++i, x += columns, y += columns) {
        const T most = largest(x, columns);
        T sum = 0;
        for (Index j = 0; j < columns; ++j) sum += y[j] = exp(x[j] - most);
        for (Index j = 0; j < columns; ++j) y[j] /= sum;
    }
}

template <class T>
void softmax_backward(const T* grad, const T* result, T* out, Index rows, Index columns) {
    for (Index i = 0; i < rows; ++i, grad += columns, result += columns, out += columns) {
        T sum = 0;
        for (Index j = 0; j < columns; ++j) sum += grad[j] * result[j];
        for (Index j = 0; j < columns; ++j) out[j] = (grad[j] - sum) * result[j];
    }
}

template <class T>
void log_softmax(const T* x, T* y, Index rows, Index columns) {
    for (Index i = 0; i < rows; ++i, x += columns, y += columns) {
        const T most = largest(x, columns);
        T sum = 0;
        for (Index j = 0; j < columns; ++j) sum += exp(x[j] - most);
        const T shift = log(sum);
        for (Index j = 0; j < columns; ++j) y[j] = (x[j] - most) - shift;
    }
}

template <class T>
void log_softmax_backward(const T* grad, const T* result, T* out, Index rows, Index columns) {
    for (Index i = 0; i < rows; ++i, grad += columns, result += columns, out += columns) {
        T sum = 0;
        for (Index j = 0; j < columns; ++j) sum += grad[j];
        for (Index j = 0; j < columns; ++j) out[j] = grad[j] - exp(result[j]) * sum;
    }
}

template <class F, class T>
constexpr ActivationKernel<T> activation{forward<F, T>, backward<F, T>, forward_biased<F, T>};

template <class T>
constexpr PointwiseKernels<T> kernels_of{
    {activation<Relu, T>, activation<LeakyRelu, T>, activation<Gelu, T>, activation<GeluTanh, T>,
     activation<Silu, T>, activation<Sigmoid, T>, activation<Tanh, T>, activation<Softplus, T>,
     activation<Elu, T>, activation<Selu, T>},
    {{softmax<T>, softmax_backward<T>}, {log_softmax<T>, log_softmax_backward<T>}},
    add<T>};

}  // namespace

extern const PointwiseTable pointwise_table;
const PointwiseTable pointwise_table{kernels_of<float>, kernels_of<double>};

}  // namespace fastinit::kernels::FASTINIT_ISA
