#include "runtime/dense.hpp"

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <type_traits>

#include "runtime/blas.hpp"
#include "runtime/dispatch.hpp"
#include "runtime/parallel.hpp"

namespace fastinit::runtime {
namespace {

using kernels::Product;

// Fewer multiplications than this take a thread less time than to wake another.
constexpr Index worth_sharing = 96 * 96 * 96;

struct Free {
    void operator()(void* memory) const { std::free(memory); }
};

// Each thread keeps one; pages that no product touches cost nothing. Null where there is no memory: the
// kernel then does without.
void* product_workspace() {
    thread_local const std::unique_ptr<void, Free> workspace{
        std::aligned_alloc(64, kernels::product_workspace_bytes)};
    return workspace.get();
}

template <class T>
void multiply_by_kernel(const Product<T>& product) {
    if constexpr (std::is_same_v<T, float>)
        active_kernels().dense.product_f32(product, product_workspace());
    else
        active_kernels().dense.product_f64(product, product_workspace());
}

// The rows or the columns of c, whichever are more, are cut among the threads.
template <class T>
void multiply_in_pieces(const Product<T>& product) {
    const auto& [m, n, k, a, b, c, accumulate] = product;
    const Index threads = num_threads();
    if (threads == 1 || m * n * k < worth_sharing) return multiply_by_kernel(product);
    constexpr Index grain = 48;  // of which every kernel's tile is a part
    const Index longer = std::max(m, n);
    const Index piece = (longer + threads * grain - 1) / (threads * grain) * grain;
    parallel_for(longer, piece, [&product](Index begin, Index end) {
        Product<T> part = product;
        if (part.m >= part.n) {
            part.m = end - begin;
            part.a.data += begin * part.a.row;
            part.c.data += begin * part.c.row;
        } else {
            part.n = end - begin;
            part.b.data += begin * part.b.column;
            part.c.data += begin * part.c.column;
        }
        multiply_by_kernel(part);
    });
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
void reduce_rows(const Matrix<const T>& x, Index rows, Index columns, const Vector<T>& sums,
                 bool accumulate) {
    if (!accumulate)
        for (Index j = 0; j < columns; ++j) sums.data[j * sums.stride] = T(0);
    if (x.column == 1 && sums.stride == 1) return sum_rows(x.data, x.row, rows, columns, sums.data);
    for (Index j = 0; j < columns; ++j)  // columns that may lie in memory as rows
        for (Index i = 0; i < rows; ++i) sums.data[j * sums.stride] += x.data[i * x.row + j * x.column];
}

// The gradient before the activation: rows one after the other.
template <class T>
std::unique_ptr<T[]> before_activation(Activation name, const Matrix<const T>& grad, const T* result,
                                       Index rows, Index columns) {
    auto memory = std::make_unique_for_overwrite<T[]>(static_cast<std::size_t>(rows * columns));
    const T* contiguous_grad = grad.data;
    if (grad.column != 1 || grad.row != columns) {
        contiguous_grad = memory.get();
        for (Index i = 0; i < rows; ++i)
            for (Index j = 0; j < columns; ++j)
                memory[static_cast<std::size_t>(i * columns + j)] = grad.data[i * grad.row + j * grad.column];
    }
    activation_backward(name, contiguous_grad, result, memory.get(), rows * columns, {});
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
    multiply_in_pieces(product);
}

template <class T>
void linear(const Linear<T>& layer) {
    const auto& [rows, in, out, x, weight, bias, name, result] = layer;
    multiply(Product<T>{rows, out, in, x, weight.transposed(), {result, out, 1}, false});
    if (bias.data) {
        std::unique_ptr<T[]> holder;
        add_bias(name, contiguous(bias, out, holder), result, rows, out);
    } else if (name) {
        activation<T>(*name, result, result, rows * out, {});
    }
}

template <class T>
void linear_backward(const LinearBackward<T>& layer) {
    const auto& [rows, in, out, grad_result, x, weight, grad_x, grad_weight, grad_bias, accumulate_weight,
                 accumulate_bias, name, result] = layer;
    Matrix<const T> grad = grad_result;
    std::unique_ptr<T[]> holder;
    if (name) {
        holder = before_activation(*name, grad, result, rows, out);
        grad = {holder.get(), out, 1};
    }
    if (grad_bias.data) reduce_rows(grad, rows, out, grad_bias, accumulate_bias);
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
