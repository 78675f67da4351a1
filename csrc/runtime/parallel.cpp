#include "runtime/parallel.hpp"

#include <atomic>

namespace fastinit::runtime {
namespace {
std::atomic<int> thread_count{1};
}

int num_threads() { return thread_count; }
void set_num_threads(int count) { thread_count = count; }

}  // namespace fastinit::runtime
