#pragma once

#include "kernels/blake2b.hpp"

namespace fastinit::runtime {

using kernels::Index;
using kernels::Leaves;

// How many leaves there are: no bytes are one empty leaf.
Index leaf_count(const Leaves& leaves);

// Whether all of them have their full size.
bool is_whole(const Leaves& leaves);

// Writes the digest of each leaf, one after another, on several threads where there are many.
void blake2b_leaves(const Leaves& leaves, std::uint8_t* digests);

}  // namespace fastinit::runtime
