#pragma once

#include "kernels/gram.hpp"

namespace fastinit::runtime {

using kernels::GramKernel;
using kernels::GramProducts;
using kernels::GramTable;
using kernels::Index;

// A matrix as `lines`, each of `length` contiguous values of a dtype, `stride` values apart.
struct StoredLines {
    const GramKernel GramTable::* dtype;
    const void* values;
    Index itemsize, lines, length, stride;
};

// y = LᵀL x of a matrix L where `along`, of its transpose otherwise, LLᵀ x; on several threads where it is
// large. It does not depend on how many. Parts of the matrix are summed in the precision of T, one of
// `products`, and their sums in float64.
template <class T>
void gram_product(const GramProducts<T> GramKernel::* products, const StoredLines& matrix, bool along,
                  const T* x, T* y);

}  // namespace fastinit::runtime
