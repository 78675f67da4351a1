#pragma once

#include <cstddef>

namespace fastinit::kernels {

using Index = std::ptrdiff_t;

// Products of a matrix's Gram matrices with a vector, the matrix read once. It is held as `lines`, each of
// `length` contiguous values, `stride` values apart; both products are added to `y`.
template <class T>
struct GramProducts {
    // LᵀL x, where x and y have `length` elements.
    void (*along)(const void* matrix, Index lines, Index length, Index stride, const T* x, T* y);
    // LLᵀ x, where x and y have `lines` elements.
    void (*across)(const void* matrix, Index lines, Index length, Index stride, const T* x, T* y);
};

// In the precision of x: nothing is computed with float64 values in float32.
struct GramKernel {
    GramProducts<float> in_float32;
    GramProducts<double> in_float64;
};

struct GramTable {
    GramKernel float16, bfloat16, float32, float64;
};

}  // namespace fastinit::kernels
