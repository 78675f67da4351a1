#include "runtime/orthogonal.hpp"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <memory>
#include <new>
#include <type_traits>

#include "runtime/dispatch.hpp"
#include "runtime/parallel.hpp"

namespace fastinit::runtime {
namespace {

using kernels::Index;

struct Free {
    void operator()(void* memory) const { std::free(memory); }
};

template <class T>
const kernels::OrthonormalKernel<T>& kernel() {
    if constexpr (std::is_same_v<T, float>)
        return active_kernels().orthogonal.f32;
    else
        return active_kernels().orthogonal.f64;
}

}  // namespace

template <class T>
void make_orthonormal(const kernels::Orthonormal<T>& q) {
    if (q.columns == 0) return;
    constexpr Index alone = 1 << 15;  // a smaller matrix is sooner made than handed out
    const Index blocks = (q.columns + kernel<T>().block - 1) / kernel<T>().block;
    const Index workers = q.rows * q.columns < alone ? 1 : std::min<Index>(num_threads(), blocks);
    const std::size_t workspace_size = static_cast<std::size_t>(q.rows * kernel<T>().block);
    const std::unique_ptr<T, Free> workspaces{static_cast<T*>(
        std::aligned_alloc(64, static_cast<std::size_t>(workers) * workspace_size * sizeof(T)))};
    if (!workspaces) throw std::bad_alloc();

    const Index share = (q.columns + workers - 1) / workers;
    parallel_for(q.columns, share, [&](Index begin, Index end) { kernel<T>().reflect(q, begin, end); });
    // The last blocks pass through the most reflectors: with them first, no thread is left with a long one.
    std::atomic<Index> left{blocks};
    parallel_for(workers, 1, [&](Index worker, Index) {
        T* workspace = workspaces.get() + static_cast<std::size_t>(worker) * workspace_size;
        for (Index i; (i = --left) >= 0;) kernel<T>().form(q, i * kernel<T>().block, workspace);
    });
}

template void make_orthonormal(const kernels::Orthonormal<float>&);
template void make_orthonormal(const kernels::Orthonormal<double>&);

}  // namespace fastinit::runtime
