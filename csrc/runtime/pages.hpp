#pragma once

#include <cstddef>

namespace fastinit::runtime {

// Whether the system has not yet given memory to the page at `address`: the first write to it then costs more
// than any fill, and leaves the page in the cache. False where that cannot be known.
bool is_untouched(const void* address);

// Asks for huge pages where the range has none yet: fewer first writes. Without effect where there are none.
void prefer_huge_pages(void* begin, std::size_t bytes);

}  // namespace fastinit::runtime
