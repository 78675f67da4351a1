#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "kernels/fill.hpp"

namespace fastinit::runtime {

// The position after a fill of `elements` from `position` on, a multiple of 4 as every fill's first one;
// nothing where the stream ends before.
std::optional<std::uint64_t> position_after(std::uint64_t position, std::uint64_t elements);

// One dimension of an array to fill: `size` elements, `stride` bytes apart, which are the elements from
// `start` on of a dimension of `whole` elements in the tensor that the array is a box of.
struct Dimension {
    std::int64_t size, stride, whole, start;
};

// What a fill of the array at `data` has to know, and how many elements it has.
struct Target {
    kernels::Fill fill;
    std::int64_t size;
};

// The array must not have more than kernels::max_axes dimensions, and no two elements may share memory.
// Throws std::invalid_argument where the box leaves its tensor, or the tensor's positions, which begin at
// `position`, leave the stream.
Target make_target(char* data, std::int64_t itemsize, std::span<const Dimension> dimensions,
                   std::uint64_t position);

// Fills the target, on several threads where it is large; false if it was interrupted.
bool fill(const kernels::FillKernel& kernel, const Target& target, std::int64_t itemsize,
          bool (*interrupted)());

}  // namespace fastinit::runtime
