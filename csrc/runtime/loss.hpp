#pragma once

#include "kernels/loss.hpp"

namespace fastinit::runtime {

using kernels::Classes;
using kernels::Index;

// The kernels of kernels/loss.hpp in use, on several threads where the arrays are large. Sums do not depend
// on how many.

template <class T>
void cross_entropy(const Classes& classes, const T* x, T* exponentials, T* sums, T* losses);

template <class T>
void cross_entropy_backward(const Classes& classes, const T* exponentials, const T* sums, const T* grad,
                            Index grad_stride, T divisor, T* out);

template <class T>
double sum_of_squares(const T* x, const T* y, Index size);

template <class T>
void squares(const T* x, const T* y, T* out, Index size);

template <class T>
void squares_backward(const T* x, const T* y, const T* grad, Index grad_stride, T divisor, T* out,
                      Index size);

}  // namespace fastinit::runtime
