#pragma once

#include <cstdint>

#include "kernels/orthogonal.hpp"

namespace fastinit::runtime {

// Which random orthogonal matrix. The normals that it is made of are those of the elements (., ., tap) of a
// tensor of rows x columns x taps elements, whose words begin at `position`.
struct Orthogonal {
    kernels::Index rows, columns;
    std::int64_t taps, tap;
    std::uint64_t seed, stream, position;
};

// Fills the box from (row, column) on of `matrix`, times gain, on several threads where it is large. Its
// columns are orthonormal, or its rows where there are fewer. Returns false, and leaves the box in part as it
// was, if it was interrupted. Throws std::invalid_argument where the tensor leaves the stream.
template <class T>
bool fill_orthogonal(const Orthogonal& matrix, kernels::Box<T> box, kernels::Index row, kernels::Index column,
                     double gain, bool (*interrupted)());

}  // namespace fastinit::runtime
