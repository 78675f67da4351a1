#pragma once

#include "kernels/orthogonal.hpp"

namespace fastinit::runtime {

// Makes q.result, on several threads where it is large; q.vectors, normal at first, and q.signs are
// overwritten.
template <class T>
void make_orthonormal(const kernels::Orthonormal<T>& q);

}  // namespace fastinit::runtime
