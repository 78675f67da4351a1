#include "runtime/moments.hpp"

#include <algorithm>
#include <vector>

#include "runtime/dispatch.hpp"
#include "runtime/parallel.hpp"

namespace fastinit::runtime {
namespace {

// So many values are summed by themselves, and then the sums, in their order. A kernel counts up to them in
// 32 bits.
constexpr Index block = 1 << 15;

// Fewer values than these are left to the calling thread: they take it less than a millisecond, in which the
// threads of another library that has just computed them still spin on the other CPUs.
constexpr Index worth_threads = 1 << 21;

void add(Moments& sum, const Moments& next) {
    sum.nans += next.nans;
    sum.zeros += next.zeros;
    sum.sum += next.sum;
    sum.squares += next.squares;
    sum.least = std::min(sum.least, next.least);
    sum.most = std::max(sum.most, next.most);
}

}  // namespace

ShiftedMoments moments(const MomentsKernel MomentsTable::* dtype, const void* values, Index size,
                       Index itemsize) {
    const MomentsKernel& kernel = active_kernels().moments.*dtype;
    const auto* const bytes = static_cast<const char*>(values);
    const double shift = kernel.first_finite(values, size);
    const Index blocks = (size + block - 1) / block;
    std::vector<Moments> each(static_cast<std::size_t>(blocks));
    const auto sum_blocks = [&](Index begin, Index end) {
        for (Index b = begin; b < end; ++b) {
            const Index start = b * block;
            each[static_cast<std::size_t>(b)] =
                kernel.moments(bytes + start * itemsize, std::min(block, size - start), shift);
        }
    };
    if (size < worth_threads)
        sum_blocks(0, blocks);
    else
        parallel_for(blocks, 1, sum_blocks);
    ShiftedMoments result{shift, {}};
    for (const Moments& next : each) add(result.moments, next);
    return result;
}

}  // namespace fastinit::runtime
