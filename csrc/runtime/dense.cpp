#include "runtime/dense.hpp"

#include <cstdlib>
#include <memory>
#include <new>
#include <type_traits>

#include "runtime/blas.hpp"
#include "runtime/dispatch.hpp"

namespace fastinit::runtime {
namespace {

using kernels::Activation;
using kernels::Product;

struct Free {
    void operator()(void* memory) const { std::free(memory); }
};

// Each thread keeps one; pages that a product does not touch cost nothing.
void* product_workspace() {
    thread_local const std::unique_ptr<void, Free> workspace{
        std::aligned_alloc(64, kernels::product_workspace_bytes)};
    if (!workspace) throw std::bad_alloc();
    return workspace.get();
}

template <class T>
const kernels::PointwiseKernels<T>& pointwise() {
    if constexpr (std::is_same_v<T, float>)
        return active_kernels().pointwise.f32;
    else
        return active_kernels().pointwise.f64;
}

template <class T>
void multiply_by_kernel(const Product<T>& product) {
    if constexpr (std::is_same_v<T, float>)
        active_kernels().dense.product_f32(product, product_workspace());
    else
        active_kernels().dense.product_f64(product, product_workspace());
}

template <class T>
const kernels::ActivationKernel<T>& kernel_of(Activation activation) {
    return pointwise<T>().activations[static_cast<std::size_t>(activation)];
}

// The vector itself where it is contiguous, else a copy in `holder`.
template <class T>
const T* contiguous(const Vector<const T>& vector, Index size, std::unique_ptr<T[]>& holder) {
    if (vector.stride == 1) return vector.data;
    holder = std::make_unique_for_overwrite<T[]>(static_cast<std::size_t>(size));
    for (Index j = 0; j < size; ++j) holder[static_cast<std::size_t>(j)] = vector.data[j * vector.stride];
    return holder.get();
}

// sums = or += the sum of the rows.
template <class T>
void sum_rows(const Matrix<const T>& x, Index rows, Index columns, const Vector<T>& sums, bool accumulate) {
    if (!accumulate)
        for (Index j = 0; j < columns; ++j) sums.data[j * sums.stride] = T(0);
    if (x.column == 1 && sums.stride == 1) {
        pointwise<T>().sum_rows(x.data, x.row, rows, columns, sums.data);
        return;
    }
    for (Index j = 0; j < columns; ++j)  // columns that lie in memory as rows
        for (Index i = 0; i < rows; ++i) sums.data[j * sums.stride] += x.data[i * x.row + j * x.column];
}

// The gradient before the activation: rows one after the other.
template <class T>
std::unique_ptr<T[]> activation_backward(Activation activation, const Matrix<const T>& grad, const T* result,
                                         Index rows, Index columns) {
    auto memory = std::make_unique_for_overwrite<T[]>(static_cast<std::size_t>(rows * columns));
    const auto backward = kernel_of<T>(activation).backward;
    if (grad.column == 1 && grad.row == columns) {
        backward(grad.data, result, memory.get(), rows * columns, {});
        return memory;
    }
    for (Index i = 0; i < rows; ++i) {
        T* row = memory.get() + i * columns;
        for (Index j = 0; j < columns; ++j) row[j] = grad.data[i * grad.row + j * grad.column];
        backward(row, result + i * columns, row, columns, {});
    }
    return memory;
}

}  // namespace

template <class T>
void multiply(const Product<T>& product) {
    const auto& [m, n, k, a, b, c, accumulate] = product;
    if (m == 0 || n == 0) return;
    if (k == 0) {
        if (!accumulate)
            for (Index i = 0; i < m; ++i)
                for (Index j = 0; j < n; ++j) c.data[i * c.row + j * c.column] = T(0);
        return;
    }
    if (blas_wanted(m, n, k) && multiply_by_blas(product)) return;
    multiply_by_kernel(product);
}

template <class T>
void linear(const Linear<T>& layer) {
    const auto& [rows, in, out, x, weight, bias, activation, result] = layer;
    multiply(Product<T>{rows, out, in, x, weight.transposed(), {result, out, 1}, false});
    if (!bias.data) {
        if (activation) kernel_of<T>(*activation).forward(result, result, rows * out, {});
        return;
    }
    std::unique_ptr<T[]> holder;
    const T* contiguous_bias = contiguous(bias, out, holder);
    if (activation)
        kernel_of<T>(*activation).forward_biased(contiguous_bias, result, rows, out, {});
    else
        pointwise<T>().add_bias(contiguous_bias, result, rows, out);
}

template <class T>
void linear_backward(const LinearBackward<T>& layer) {
    const auto& [rows, in, out, grad_result, x, weight, grad_x, grad_weight, grad_bias, accumulate_weight,
                 accumulate_bias, activation, result] = layer;
    Matrix<const T> grad = grad_result;
    std::unique_ptr<T[]> before_activation;
    if (activation) {
        before_activation = activation_backward(*activation, grad, result, rows, out);
        grad = {before_activation.get(), out, 1};
    }
    if (grad_bias.data) sum_rows(grad, rows, out, grad_bias, accumulate_bias);
    if (grad_weight.data)
        multiply(Product<T>{out, in, rows, grad.transposed(), x, grad_weight, accumulate_weight});
    if (grad_x.data) multiply(Product<T>{rows, in, out, grad, weight, grad_x, false});
}

template void multiply(const Product<float>&);
template void multiply(const Product<double>&);
template void linear(const Linear<float>&);
template void linear(const Linear<double>&);
template void linear_backward(const LinearBackward<float>&);
template void linear_backward(const LinearBackward<double>&);

}  // namespace fastinit::runtime
