#pragma once

#include "kernels/pointwise.hpp"

namespace fastinit::runtime {

using kernels::Activation;
using kernels::ActivationParameters;
using kernels::Index;
using kernels::RowActivation;

// The kernels of kernels/pointwise.hpp in use, each on several threads where the arrays are large. Arrays are
// contiguous.

template <class T>
void activation(Activation name, const T* x, T* y, Index size, ActivationParameters parameters);

template <class T>
void activation_backward(Activation name, const T* grad, const T* saved, T* out, Index size,
                         ActivationParameters parameters);

// The same for `rows` rows, and sums[j] += the sum over i of out[i][j]; relu, sigmoid and tanh alone.
template <class T>
void activation_backward_summed(Activation name, const T* grad, const T* saved, T* out, Index rows,
                                Index columns, T* sums);

template <class T>
void row_activation(RowActivation name, const T* x, T* y, Index rows, Index columns);

template <class T>
void row_activation_backward(RowActivation name, const T* grad, const T* result, T* out, Index rows,
                             Index columns);

// y[i * row_stride + j] = activation(y[i * row_stride + j] + bias[j]), on the calling thread; no activation
// where `name` is null, no bias where `bias` is.
template <class T>
void finish_layer(const Activation* name, const T* bias, T* y, Index row_stride, Index rows, Index columns);

// sums[j] += the sum over i of x[i * row_stride + j].
template <class T>
void sum_rows(const T* x, Index row_stride, Index rows, Index columns, T* sums);

}  // namespace fastinit::runtime
