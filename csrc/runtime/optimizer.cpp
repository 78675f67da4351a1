#include "runtime/optimizer.hpp"

#include <algorithm>
#include <cmath>
#include <type_traits>

#include "runtime/dispatch.hpp"
#include "runtime/parallel.hpp"

namespace fastinit::runtime {
namespace {

// Fewer elements than this take a thread less time than to wake another.
constexpr Index piece = 1 << 15;

// Whether an array that a step writes overlaps any other of the arrays.
template <class T>
bool share_memory(const std::vector<Moving<T>>& parameters) {
    struct Range {
        const T* begin;
        const T* end;
        bool written;
    };
    std::vector<Range> ranges;
    for (const Moving<T>& parameter : parameters) {
        ranges.push_back({parameter.grad, parameter.grad + parameter.size, false});
        ranges.push_back({parameter.value, parameter.value + parameter.size, true});
        for (const T* state : parameter.state)
            if (state) ranges.push_back({state, state + parameter.size, true});
    }
    std::ranges::sort(ranges, std::less<const T*>{}, &Range::begin);
    const T* written_to = nullptr;  // how far the written ones so far reach, and all of them
    const T* reached = nullptr;
    for (const Range& range : ranges) {
        if (range.begin < (range.written ? reached : written_to)) return true;
        reached = std::max(reached, range.end);
        if (range.written) written_to = std::max(written_to, range.end);
    }
    return false;
}

// Calls body(i, part) for parts that make up each parameter i.
template <class T, class Body>
void over_parts(const std::vector<Moving<T>>& parameters, const Body& body) {
    Index total = 0;
    for (const Moving<T>& parameter : parameters) total += parameter.size;
    if (total <= piece || num_threads() == 1 || share_memory(parameters)) {
        for (std::size_t i = 0; i < parameters.size(); ++i) body(i, parameters[i]);
        return;
    }
    // Where in the row of all elements each parameter ends.
    std::vector<Index> ends;
    Index end = 0;
    for (const Moving<T>& parameter : parameters) ends.push_back(end += parameter.size);
    parallel_for(total, piece, [&](Index begin, Index stop) {
        auto i = static_cast<std::size_t>(std::ranges::upper_bound(ends, begin) - ends.begin());
        for (; begin < stop; ++i) {
            const Index start = ends[i] - parameters[i].size;
            const Index until = std::min(stop, ends[i]);
            if (begin < until) body(i, parameters[i].part(begin - start, until - start));
            begin = std::max(begin, until);
        }
    });
}

}  // namespace

template <class T>
void move(const std::vector<Moving<T>>& parameters, const SgdStep& step) {
    const kernels::OptimizerTable& table = active_kernels().optimizer;
    over_parts(parameters, [&](std::size_t, const Moving<T>& part) {
        if constexpr (std::is_same_v<T, float>)
            table.sgd_f32(part, step);
        else
            table.sgd_f64(part, step);
    });
}

template <class T>
void move(const std::vector<Moving<T>>& parameters, const std::vector<AdamStep>& steps) {
    const kernels::OptimizerTable& table = active_kernels().optimizer;
    over_parts(parameters, [&](std::size_t i, const Moving<T>& part) {
        if constexpr (std::is_same_v<T, float>)
            table.adam_f32(part, steps[i]);
        else
            table.adam_f64(part, steps[i]);
    });
}

template void move(const std::vector<Moving<float>>&, const SgdStep&);
template void move(const std::vector<Moving<double>>&, const SgdStep&);
template void move(const std::vector<Moving<float>>&, const std::vector<AdamStep>&);
template void move(const std::vector<Moving<double>>&, const std::vector<AdamStep>&);

AdamStep adam_step(double count, double rate, double beta1, double beta2, double eps, double decay,
                   bool decoupled, bool maximize) {
    const double root = std::sqrt(1 - std::pow(beta2, count));
    return {rate / (1 - std::pow(beta1, count)) * root, beta1,   beta2, eps * root, decoupled ? 0 : decay,
            decoupled ? 1 - rate * decay : 1,           maximize};
}

}  // namespace fastinit::runtime
