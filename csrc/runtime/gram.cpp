#include "runtime/gram.hpp"

#include <algorithm>
#include <vector>

#include "runtime/dispatch.hpp"
#include "runtime/parallel.hpp"

namespace fastinit::runtime {
namespace {

// A matrix is cut into parts of at least so many values, and into so many at most: each has a sum of its own.
constexpr Index worth_a_part = 1 << 16, most_parts = 64;

// What parts are made of: full groups of lines; of positions, so many that a kernel reads no short pieces.
constexpr Index line_group = 16, position_group = 256;

}  // namespace

template <class T>
void gram_product(const GramProducts<T> GramKernel::* products, const StoredLines& matrix, bool along,
                  const T* x, T* y) {
    const auto& [dtype, values, itemsize, lines, length, stride] = matrix;
    const GramProducts<T>& kernel = active_kernels().gram.*dtype.*products;
    const auto* const bytes = static_cast<const char*>(values);
    const Index cut = along ? lines : length, size = along ? length : lines;
    const Index group = along ? line_group : position_group;
    const Index groups = (cut + group - 1) / group;
    const Index wanted = std::clamp<Index>(lines * length / worth_a_part, 1, most_parts);
    const Index each = (groups + wanted - 1) / wanted * group;
    const Index parts = (cut + each - 1) / each;
    std::vector<T> sums(static_cast<std::size_t>(parts * size));
    parallel_for(parts, 1, [&](std::int64_t begin, std::int64_t end) {
        for (Index part = begin; part < end; ++part) {
            const Index start = part * each, count = std::min(each, cut - start);
            T* const sum = sums.data() + part * size;
            if (along)
                kernel.along(bytes + start * stride * itemsize, count, length, stride, x, sum);
            else
                kernel.across(bytes + start * itemsize, lines, count, stride, x, sum);
        }
    });
    std::vector<double> totals(static_cast<std::size_t>(size));
    for (Index part = 0; part < parts; ++part)
        for (Index i = 0; i < size; ++i)
            totals[static_cast<std::size_t>(i)] += double(sums[static_cast<std::size_t>(part * size + i)]);
    for (Index i = 0; i < size; ++i) y[i] = T(totals[static_cast<std::size_t>(i)]);
}

template void gram_product(const GramProducts<float> GramKernel::*, const StoredLines&, bool, const float*,
                           float*);
template void gram_product(const GramProducts<double> GramKernel::*, const StoredLines&, bool, const double*,
                           double*);

}  // namespace fastinit::runtime
