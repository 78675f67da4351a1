#pragma once

#include "kernels/dense.hpp"
#include "runtime/pointwise.hpp"

namespace fastinit::runtime {

using kernels::Matrix;

// A vector by its stride, counted in elements.
template <class T>
struct Vector {
    T* data;
    Index stride;
};

// c = a @ b or c += a @ b, by the BLAS where the product is large and one is loaded, else by our own kernel.
template <class T>
void multiply(const kernels::Product<T>& product);

// out = activation(x @ weight.T + bias). x: rows x in, weight: out x in, bias: out, or no data for none, out:
// rows x out, rows one after the other.
template <class T>
struct Linear {
    Index rows, in, out;
    Matrix<const T> x;
    Matrix<const T> weight;
    Vector<const T> bias;
    const Activation* activation;  // nullptr for none
    T* result;
};

template <class T>
void linear(const Linear<T>& layer);

// The gradients of linear, each written, or added to what is there, where it has data.
template <class T>
struct LinearBackward {
    Index rows, in, out;
    Matrix<const T> grad;  // of the result: rows x out
    Matrix<const T> x;
    Matrix<const T> weight;
    Matrix<T> grad_x;
    Matrix<T> grad_weight;
    Vector<T> grad_bias;
    bool accumulate_weight;
    bool accumulate_bias;
    const Activation* activation;  // nullptr for none; else one whose gradient its result gives
    // Where there is an activation, rows one after the other:
    const T* result;
    T* before;  // room for the gradient before the activation; may be grad's own memory
};

template <class T>
void linear_backward(const LinearBackward<T>& layer);

// Operations a second that all threads together reach where nothing but arithmetic is to be done, each
// measured over so many seconds: what products of float32 are measured by.
double peak_rate(double seconds);

}  // namespace fastinit::runtime
