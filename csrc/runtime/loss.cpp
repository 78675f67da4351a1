#include "runtime/loss.hpp"

#include <numeric>
#include <type_traits>
#include <vector>

#include "runtime/dispatch.hpp"
#include "runtime/pieces.hpp"

namespace fastinit::runtime {
namespace {

// So many squares are summed by themselves, and then the sums, in their order.
constexpr Index block = 1 << 12;

template <class T>
const kernels::LossKernels<T>& table() {
    if constexpr (std::is_same_v<T, float>)
        return active_kernels().loss.f32;
    else
        return active_kernels().loss.f64;
}

Classes rows_of(const Classes& all, Index begin, Index end) {
    return {all.target + begin, all.ignored, end - begin, all.columns};
}

}  // namespace

template <class T>
void cross_entropy(const Classes& classes, const T* x, T* exponentials, T* sums, T* losses) {
    const Index columns = classes.columns;
    in_pieces(classes.rows, columns, [&](Index begin, Index end) {
        table<T>().cross_entropy(rows_of(classes, begin, end), x + begin * columns,
                                 exponentials ? exponentials + begin * columns : nullptr, sums + begin,
                                 losses + begin);
    });
}

template <class T>
void cross_entropy_backward(const Classes& classes, const T* exponentials, const T* sums, const T* grad,
                            Index grad_stride, T divisor, T* out) {
    const Index columns = classes.columns;
    in_pieces(classes.rows, columns, [&](Index begin, Index end) {
        table<T>().cross_entropy_backward(rows_of(classes, begin, end), exponentials + begin * columns,
                                          sums + begin, grad + begin * grad_stride, grad_stride, divisor,
                                          out + begin * columns);
    });
}

template <class T>
double sum_of_squares(const T* x, const T* y, Index size) {
    const auto kernel = table<T>().sum_of_squares;
    if (size <= block) return kernel(x, y, size);
    const Index blocks = (size + block - 1) / block;
    std::vector<double> sums(static_cast<std::size_t>(blocks));
    in_pieces(blocks, block, [&](Index begin, Index end) {
        for (Index b = begin; b < end; ++b) {
            const Index start = b * block;
            sums[static_cast<std::size_t>(b)] = kernel(x + start, y + start, std::min(block, size - start));
        }
    });
    return std::accumulate(sums.begin(), sums.end(), 0.0);
}

template <class T>
void squares(const T* x, const T* y, T* out, Index size) {
    const auto kernel = table<T>().squares;
    in_pieces(size, 1,
              [=](Index begin, Index end) { kernel(x + begin, y + begin, out + begin, end - begin); });
}

template <class T>
void squares_backward(const T* x, const T* y, const T* grad, Index grad_stride, T divisor, T* out,
                      Index size) {
    const auto kernel = table<T>().squares_backward;
    in_pieces(size, 1, [=](Index begin, Index end) {
        kernel(x + begin, y + begin, grad + begin * grad_stride, grad_stride, divisor, out + begin,
               end - begin);
    });
}

#define FASTINIT_INSTANTIATE(T)                                                                       \
    template void cross_entropy(const Classes&, const T*, T*, T*, T*);                                \
    template void cross_entropy_backward(const Classes&, const T*, const T*, const T*, Index, T, T*); \
    template double sum_of_squares(const T*, const T*, Index);                                        \
    template void squares(const T*, const T*, T*, Index);                                             \
    template void squares_backward(const T*, const T*, const T*, Index, T, T*, Index);
FASTINIT_INSTANTIATE(float)
FASTINIT_INSTANTIATE(double)
#undef FASTINIT_INSTANTIATE

}  // namespace fastinit::runtime
