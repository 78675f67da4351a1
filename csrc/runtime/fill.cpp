#include "runtime/fill.hpp"

#include <algorithm>
#include <cstdlib>
#include <stdexcept>
#include <string>

#include "runtime/parallel.hpp"

namespace fastinit::runtime {
namespace {

constexpr std::int64_t positions = std::int64_t{1} << 50;

// Whether each step along a dimension passes over everything that the shorter steps reach. There are strides
// that do not nest so and keep elements apart all the same; no slice, transposition or broadcast makes them.
bool elements_share_memory(const std::vector<Dimension>& dimensions, std::int64_t itemsize) {
    std::vector<Dimension> by_stride;
    for (const Dimension& d : dimensions)
        if (d.size > 1) by_stride.push_back(d);
    std::ranges::sort(by_stride, {}, [](const Dimension& d) { return std::abs(d.stride); });
    std::int64_t reach = itemsize;
    for (const Dimension& d : by_stride) {
        if (std::abs(d.stride) < reach) return true;
        reach += (d.size - 1) * std::abs(d.stride);
    }
    return false;
}

// The number of elements of the whole tensor.
std::int64_t whole_size(const std::vector<Dimension>& dimensions) {
    std::int64_t size = 1;
    for (const Dimension& d : dimensions) {
        if (d.whole == 0) return 0;
        size = size > positions / d.whole ? positions + 1 : size * d.whole;
    }
    return size;
}

}  // namespace

Target make_target(char* data, std::int64_t itemsize, const std::vector<Dimension>& dimensions,
                   std::uint64_t position) {
    if (position % 4 != 0)
        throw std::invalid_argument("position must be a multiple of 4, not " + std::to_string(position));
    std::int64_t size = 1;
    for (std::size_t i = 0; i < dimensions.size(); ++i) {
        const Dimension& d = dimensions[i];
        if (d.start < 0 || d.whole < d.size || d.start > d.whole - d.size)
            throw std::invalid_argument("the box leaves its tensor: dimension " + std::to_string(i) +
                                        " has " + std::to_string(d.whole) + " elements, the box those from " +
                                        std::to_string(d.start) + " to " + std::to_string(d.start + d.size));
        size *= d.size;
    }
    if (position > static_cast<std::uint64_t>(positions) ||
        whole_size(dimensions) > positions - static_cast<std::int64_t>(position))
        throw std::invalid_argument("the fill would pass position 2^50, where the stream ends");
    if (size > 1 && elements_share_memory(dimensions, itemsize))
        throw std::invalid_argument(
            "more than one element of the array refers to the same memory; fill a copy of it");

    // From the innermost dimension out, each is joined to the one inside it where they can be stepped through
    // as one.
    std::vector<kernels::Axis> axes;  // the innermost first
    std::int64_t step = 1;
    for (auto d = dimensions.rbegin(); d != dimensions.rend(); ++d) {
        position += static_cast<std::uint64_t>(d->start * step);
        if (d->size != 1) {
            if (!axes.empty() && d->stride == axes.back().stride * axes.back().size &&
                step == axes.back().step * axes.back().size)
                axes.back().size *= d->size;
            else
                axes.push_back({d->size, d->stride, step});
        }
        step *= d->whole;
    }
    if (axes.empty()) axes.push_back({1, itemsize, 1});
    Target target;
    target.size = size;
    target.fill.position = position;
    target.fill.data = data;
    target.fill.axes = static_cast<int>(axes.size());
    std::ranges::reverse_copy(axes, target.fill.axis);
    return target;
}

bool fill(const kernels::FillKernel& kernel, const Target& target, std::int64_t itemsize,
          const std::function<bool()>& interrupted) {
    constexpr std::int64_t fewest = 32768, most_bytes = 1 << 20, pieces_per_thread = 8;
    const std::int64_t even = target.size / (pieces_per_thread * num_threads());
    const std::int64_t piece = std::clamp(even, fewest, most_bytes / itemsize) / 1024 * 1024;
    return parallel_for(
        target.size, piece,
        [&](std::int64_t begin, std::int64_t end) { kernel.range(target.fill, begin, end); }, interrupted);
}

}  // namespace fastinit::runtime
