#pragma once

#include <algorithm>

#include "runtime/parallel.hpp"

namespace fastinit::runtime {

// Fewer elements than this take a thread less time than to wake another.
inline constexpr std::int64_t worth_a_thread = 1 << 15;

// Calls body(begin, end) for ranges that make up [0, count), each of whose elements stands for `width` of an
// array.
template <class Body>
void in_pieces(std::int64_t count, std::int64_t width, const Body& body) {
    const auto together = std::max<std::int64_t>(1, worth_a_thread / std::max<std::int64_t>(1, width));
    if (count <= together)
        body(0, count);
    else
        parallel_for(count, together, body);
}

}  // namespace fastinit::runtime
