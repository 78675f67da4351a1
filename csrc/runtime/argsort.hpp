#pragma once

#include <cstdint>

namespace fastinit::runtime {

// Writes the order of `size` keys, equal keys in the order of their places, on several threads where there
// are many. Quick where the keys are spread evenly, as random words are; right for any. Returns false if it
// was interrupted. Throws std::bad_alloc.
bool argsort(const std::uint64_t* keys, std::int64_t size, std::int64_t* order, bool (*interrupted)());

}  // namespace fastinit::runtime
