#include "runtime/pointwise.hpp"

#include <algorithm>
#include <type_traits>
#include <vector>

#include "runtime/dispatch.hpp"
#include "runtime/pieces.hpp"

namespace fastinit::runtime {
namespace {

template <class T>
const kernels::PointwiseKernels<T>& table() {
    if constexpr (std::is_same_v<T, float>)
        return active_kernels().pointwise.f32;
    else
        return active_kernels().pointwise.f64;
}

template <class T>
const kernels::ActivationKernel<T>& kernel_of(Activation name) {
    return table<T>().activations[static_cast<std::size_t>(name)];
}

template <class T>
const kernels::RowActivationKernel<T>& kernel_of(RowActivation name) {
    return table<T>().row_activations[static_cast<std::size_t>(name)];
}

// Calls body(begin, end, sums) for ranges of rows, whose sums it adds to `sums`. Threads share rows, not
// columns: those that write to parts of one row take its cache lines from each other. Each block of rows has
// sums of its own, which are added up in order: the result does not depend on the threads.
template <class T, class Body>
void summed_in_blocks(Index rows, Index columns, T* sums, const Body& body) {
    if (rows * columns <= worth_a_thread || rows <= kernels::summed_rows) return body(0, rows, sums);
    const Index blocks = (rows + kernels::summed_rows - 1) / kernels::summed_rows;
    std::vector<T> partial(static_cast<std::size_t>(blocks * columns));
    in_pieces(blocks, kernels::summed_rows * columns, [&](Index first, Index last) {
        for (Index block = first; block < last; ++block)
            body(block * kernels::summed_rows, std::min(rows, (block + 1) * kernels::summed_rows),
                 partial.data() + block * columns);
    });
    for (Index block = 0; block < blocks; ++block)
        for (Index j = 0; j < columns; ++j) sums[j] += partial[static_cast<std::size_t>(block * columns + j)];
}

}  // namespace

template <class T>
void activation(Activation name, const T* x, T* y, Index size, ActivationParameters parameters) {
    const auto forward = kernel_of<T>(name).forward;
    in_pieces(size, 1,
              [=](Index begin, Index end) { forward(x + begin, y + begin, end - begin, parameters); });
}

template <class T>
void activation_backward(Activation name, const T* grad, const T* saved, T* out, Index size,
                         ActivationParameters parameters) {
    const auto backward = kernel_of<T>(name).backward;
    in_pieces(size, 1, [=](Index begin, Index end) {
        backward(grad + begin, saved + begin, out + begin, end - begin, parameters);
    });
}

template <class T>
void activation_backward_summed(Activation name, const T* grad, const T* saved, T* out, Index rows,
                                Index columns, T* sums) {
    const auto kernel = kernel_of<T>(name).backward_summed;
    summed_in_blocks(rows, columns, sums, [=](Index begin, Index end, T* part) {
        const Index start = begin * columns;
        kernel(grad + start, saved + start, out + start, end - begin, columns, part);
    });
}

template <class T>
void row_activation(RowActivation name, const T* x, T* y, Index rows, Index columns) {
    const auto forward = kernel_of<T>(name).forward;
    in_pieces(rows, columns, [=](Index begin, Index end) {
        forward(x + begin * columns, y + begin * columns, end - begin, columns);
    });
}

template <class T>
void row_activation_backward(RowActivation name, const T* grad, const T* result, T* out, Index rows,
                             Index columns) {
    const auto backward = kernel_of<T>(name).backward;
    in_pieces(rows, columns, [=](Index begin, Index end) {
        const Index start = begin * columns;
        backward(grad + start, result + start, out + start, end - begin, columns);
    });
}

template <class T>
void finish_layer(const Activation* name, const T* bias, T* y, Index row_stride, Index rows, Index columns) {
    if (name && bias)
        kernel_of<T>(*name).forward_biased(bias, y, row_stride, rows, columns, {});
    else if (bias)
        table<T>().add_bias(bias, y, row_stride, rows, columns);
    else if (name)
        for (Index i = 0; i < rows; ++i, y += row_stride) kernel_of<T>(*name).forward(y, y, columns, {});
}

template <class T>
void sum_rows(const T* x, Index row_stride, Index rows, Index columns, T* sums) {
    const auto kernel = table<T>().sum_rows;
    summed_in_blocks(rows, columns, sums, [=](Index begin, Index end, T* part) {
        kernel(x + begin * row_stride, row_stride, end - begin, columns, part);
    });
}

#define FASTINIT_INSTANTIATE(T)                                                                         \
    template void activation(Activation, const T*, T*, Index, ActivationParameters);                    \
    template void activation_backward(Activation, const T*, const T*, T*, Index, ActivationParameters); \
    template void activation_backward_summed(Activation, const T*, const T*, T*, Index, Index, T*);     \
    template void row_activation(RowActivation, const T*, T*, Index, Index);                            \
    template void row_activation_backward(RowActivation, const T*, const T*, T*, Index, Index);         \
    template void finish_layer(const Activation*, const T*, T*, Index, Index, Index);                   \
    template void sum_rows(const T*, Index, Index, Index, T*);
FASTINIT_INSTANTIATE(float)
FASTINIT_INSTANTIATE(double)
#undef FASTINIT_INSTANTIATE

}  // namespace fastinit::runtime
