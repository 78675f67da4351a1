#include "runtime/fill.hpp"

#include <algorithm>
#include <stdexcept>
#include <string>

#include "runtime/pages.hpp"
#include "runtime/parallel.hpp"

namespace fastinit::runtime {
namespace {

constexpr std::int64_t positions = std::int64_t{1} << 50;

// The number of elements of the whole tensor.
std::int64_t whole_size(std::span<const Dimension> dimensions) {
    std::int64_t size = 1;
    for (const Dimension& d : dimensions) {
        if (d.whole == 0) return 0;
        size = size > positions / d.whole ? positions + 1 : size * d.whole;
    }
    return size;
}

// The fill, prepared for where a large target lies. Stores past the cache spare the memory one read per
// write; but a page's first write is the system's, which leaves it in the cache (docs/performance.md).
kernels::Fill prepared(const Target& target, std::int64_t itemsize) {
    constexpr std::int64_t cached_bytes = 16 << 20;  // larger than a cache is worth to it
    constexpr std::int64_t huge_bytes = 4 << 20;     // holds a huge page wherever it begins
    kernels::Fill fill = target.fill;
    if (target.size < huge_bytes / itemsize) return fill;
    const char* middle = fill.data;
    for (int i = 0; i < fill.axes; ++i) middle += fill.axis[i].size / 2 * fill.axis[i].stride;
    const bool untouched = is_untouched(middle);
    fill.past_cache = !untouched && target.size >= cached_bytes / itemsize;
    if (untouched && fill.axes == 1 && fill.axis[0].stride == itemsize)
        prefer_huge_pages(fill.data, static_cast<std::size_t>(target.size * itemsize));
    return fill;
}

}  // namespace

std::optional<std::uint64_t> position_after(std::uint64_t position, std::uint64_t elements) {
    constexpr auto end = static_cast<std::uint64_t>(positions);
    if (position > end || elements > end - position) return std::nullopt;
    return position + (elements + 3) / 4 * 4;
}

Target make_target(char* data, std::int64_t itemsize, std::span<const Dimension> dimensions,
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

    // From the innermost dimension out, each is joined to the one inside it where they can be stepped through
    // as one.
    Target target;
    kernels::Axis axes[kernels::max_axes];  // the innermost first
    int count = 0;
    std::int64_t step = 1;
    for (std::size_t i = dimensions.size(); i-- > 0;) {
        const Dimension& d = dimensions[i];
        position += static_cast<std::uint64_t>(d.start * step);
        if (d.size != 1) {
            if (count > 0 && d.stride == axes[count - 1].stride * axes[count - 1].size &&
                step == axes[count - 1].step * axes[count - 1].size)
                axes[count - 1].size *= d.size;
            else
                axes[count++] = {d.size, d.stride, step};
        }
        step *= d.whole;
    }
    if (count == 0) axes[count++] = {1, itemsize, 1};
    std::reverse_copy(axes, axes + count, target.fill.axis);
    target.size = size;
    target.fill.position = position;
    target.fill.data = data;
    target.fill.axes = count;
    return target;
}

bool fill(const kernels::FillKernel& kernel, const Target& target, std::int64_t itemsize,
          bool (*interrupted)()) {
    const kernels::Fill fill = prepared(target, itemsize);
    // Waking a thread takes as long as some ten thousand values: a piece has to be worth it.
    constexpr std::int64_t fewest = 65536, most_bytes = 1 << 20, pieces_per_thread = 8;
    const std::int64_t even = target.size / (pieces_per_thread * num_threads());
    const std::int64_t piece = std::clamp(even, fewest, most_bytes / itemsize) / 1024 * 1024;
    return parallel_for(
        target.size, piece, [&](std::int64_t begin, std::int64_t end) { kernel.range(fill, begin, end); },
        interrupted);
}

}  // namespace fastinit::runtime
