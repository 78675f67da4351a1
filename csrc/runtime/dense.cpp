#include "runtime/dense.hpp"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <type_traits>

#include "runtime/blas.hpp"
#include "runtime/dispatch.hpp"
#include "runtime/parallel.hpp"

namespace fastinit::runtime {
namespace {

using kernels::Product;

// Fewer multiplications than this take a thread less time than to wake another.
constexpr Index worth_sharing = 64 * 64 * 64;

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

// A part of a product, on the calling thread.
template <class T>
void multiply_part(const Product<T>& product, bool by_blas) {
    if (by_blas && multiply_by_blas(product)) return;
    multiply_by_kernel(product);
}

// The begin of the i-th of `count` nearly equal parts of [0, size), a multiple of `grain`.
Index begin_of(Index i, Index count, Index size, Index grain) {
    return std::min(size, (size * i / count + grain - 1) / grain * grain);
}

// What the tiles of most kernels are made of.
constexpr Index row_grain = 8;
constexpr Index column_grain = 16;

// Into how many rows and columns of parts an m x n result is cut, one part a thread, so that the largest is
// the soonest done: it multiplies, and packs its rows of a and columns of b, some 4 multiplications an
// element. Rather into rows: those of c lie together then, and no page is written by two threads.
struct Grid {
    Index rows = 1;
    Index columns = 1;

    Grid(Index m, Index n, Index threads) {
        Index least = -1;
        for (Index r = 1; r <= threads; ++r) {
            if (threads % r != 0) continue;
            const Index height = begin_of(1, r, m, row_grain);
            const Index width = begin_of(1, threads / r, n, column_grain);
            const Index cost = height * width + 4 * (height + width);
            if (least >= 0 && cost > least) continue;
            least = cost;
            rows = r;
            columns = threads / r;
        }
    }
};

template <class T, class After>
void multiply_shared(const Product<T>& product, bool by_blas, const After& after) {
    const Grid grid(product.m, product.n, num_threads());
    parallel_for(grid.rows * grid.columns, 1, [&](Index part, Index) {
        const Index row = part / grid.columns;
        const Index column = part % grid.columns;
        const Index top = begin_of(row, grid.rows, product.m, row_grain);
        const Index left = begin_of(column, grid.columns, product.n, column_grain);
        const Index m = begin_of(row + 1, grid.rows, product.m, row_grain) - top;
        const Index n = begin_of(column + 1, grid.columns, product.n, column_grain) - left;
        if (m == 0 || n == 0) return;
        const auto& [_, __, k, a, b, c, accumulate] = product;
        multiply_part(Product<T>{m,
                                 n,
                                 k,
                                 {a.data + top * a.row, a.row, a.column},
                                 {b.data + left * b.column, b.row, b.column},
                                 {c.data + top * c.row + left * c.column, c.row, c.column},
                                 accumulate},
                      by_blas);
        after(top, left, m, n);
    });
}

// The product, and after(top, left, rows, columns) for each part of c that is done, by the thread that has it
// in its cache.
template <class T, class After>
void multiply_and(const Product<T>& product, const After& after) {
    const auto& [m, n, k, a, b, c, accumulate] = product;
    if (m == 0 || n == 0) return;
    if (k == 0 && !accumulate)
        for (Index i = 0; i < m; ++i)
            for (Index j = 0; j < n; ++j) c.data[i * c.row + j * c.column] = T(0);
    const bool by_blas = blas_wanted(m, n, k);
    if (m * n * k >= worth_sharing && num_threads() > 1) return multiply_shared(product, by_blas, after);
    if (k > 0) multiply_part(product, by_blas);
    after(Index(0), Index(0), m, n);
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

// The gradient before the activation, in layer.before, and its sums in or added to grad_bias.
template <class T>
void before_activation(const LinearBackward<T>& layer) {
    const auto& [rows, in, out, grad, x, weight, grad_x, grad_weight, bias, accumulate_weight,
                 accumulate_bias, name, result, before] = layer;
    const T* contiguous_grad = grad.data;
    if (grad.column != 1 || grad.row != out) {
        contiguous_grad = before;
        for (Index i = 0; i < rows; ++i)
            for (Index j = 0; j < out; ++j) before[i * out + j] = grad.data[i * grad.row + j * grad.column];
    }
    if (bias.data && bias.stride == 1) {
        if (!accumulate_bias) std::fill_n(bias.data, out, T(0));
        return activation_backward_summed(*name, contiguous_grad, result, before, rows, out, bias.data);
    }
    activation_backward(*name, contiguous_grad, result, before, rows * out, {});
    if (bias.data) reduce_rows<T>({before, out, 1}, rows, out, bias, accumulate_bias);
}

}  // namespace

template <class T>
void multiply(const Product<T>& product) {
    multiply_and(product, [](Index, Index, Index, Index) {});
}

template <class T>
void linear(const Linear<T>& layer) {
    const auto& [rows, in, out, x, weight, bias, name, result] = layer;
    std::unique_ptr<T[]> holder;
    const T* const addends = bias.data ? contiguous(bias, out, holder) : nullptr;
    multiply_and(
        Product<T>{rows, out, in, x, weight.transposed(), {result, out, 1}, false},
        [&, out = out, name = name, result = result](Index top, Index left, Index height, Index width) {
            finish_layer(name, addends ? addends + left : nullptr, result + top * out + left, out, height,
                         width);
        });
}

template <class T>
void linear_backward(const LinearBackward<T>& layer) {
    const auto& [rows, in, out, grad_result, x, weight, grad_x, grad_weight, grad_bias, accumulate_weight,
                 accumulate_bias, name, result, before] = layer;
    Matrix<const T> grad = grad_result;
    if (name) {
        before_activation(layer);
        grad = {before, out, 1};
    } else if (grad_bias.data) {
        reduce_rows(grad, rows, out, grad_bias, accumulate_bias);
    }
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

double peak_rate(double seconds) {
    using Clock = std::chrono::steady_clock;
    const auto multiply_add = active_kernels().dense.multiply_add_f32;
    std::mutex mutex;
    double rate = 0;
    parallel_for(num_threads(), 1, [&](std::int64_t, std::int64_t) {
        float numbers[2] = {0.5f, 0.5f};
        double operations = 0;
        double elapsed = 0;
        const auto start = Clock::now();
        while (elapsed < seconds) {
            operations += multiply_add(1 << 14, numbers);
            elapsed = std::chrono::duration<double>(Clock::now() - start).count();
        }
        const std::lock_guard lock(mutex);
        rate += operations / elapsed;
    });
    return rate;
}

}  // namespace fastinit::runtime
