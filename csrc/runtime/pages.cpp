#include "runtime/pages.hpp"

#include <cstdint>
#if defined(__linux__)
#include <sys/mman.h>
#include <unistd.h>
#endif

namespace fastinit::runtime {

#if defined(__linux__)
namespace {

std::uintptr_t page_size() {
    static const auto size = static_cast<std::uintptr_t>(sysconf(_SC_PAGESIZE));
    return size;
}

}  // namespace

bool is_untouched(const void* address) {
    const std::uintptr_t page = reinterpret_cast<std::uintptr_t>(address) / page_size() * page_size();
    unsigned char resident = 1;
    return mincore(reinterpret_cast<void*>(page), 1, &resident) == 0 && (resident & 1) == 0;
}

void prefer_huge_pages(void* begin, std::size_t bytes) {
    const auto address = reinterpret_cast<std::uintptr_t>(begin);
    const std::uintptr_t first = (address + page_size() - 1) / page_size() * page_size();
    const std::uintptr_t end = (address + bytes) / page_size() * page_size();
    if (first < end) madvise(reinterpret_cast<void*>(first), end - first, MADV_HUGEPAGE);
}
#else
bool is_untouched(const void*) { return false; }
void prefer_huge_pages(void*, std::size_t) {}
#endif

}  // namespace fastinit::runtime
