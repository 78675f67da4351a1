// AᵀA x without AᵀA, and without a second reading of A from memory: a few lines of it stay in a core's cache
// between the product with x and that with its transpose.
#include "kernels/gram.hpp"

#include "core/dtypes.hpp"
#include "core/float_environment.hpp"
#include "core/simd.hpp"
#include "kernels/widening.hpp"

namespace fastinit::kernels::FASTINIT_ISA {
namespace {

using core::FloatEnvironment;
using core::lanes;
using core::splat;
using core::Vector;

// So many lines share each reading of the vector that they are multiplied with.
constexpr int together = 4;

// The most positions of lines that are taken at a time across them, and how many values of all lines then
// stay in the cache.
constexpr Index widest = 256, narrowest = 16, cached = 1 << 17;

// How many vectors of T hold the values of one of Real.
template <class D, class T>
constexpr int vectors = lanes<Vector<typename D::Real>> / lanes<Vector<T>>;

// So many values make a step along a line.
template <class D>
constexpr int step = lanes<Vector<typename D::Real>>;

template <class D, class T>
FASTINIT_INLINE void load_as(Vector<T> (&to)[vectors<D, T>], const typename D::Stored* from) {
    if constexpr (sizeof(T) == sizeof(typename D::Real))
        to[0] = load_wide<D>(from);
    else
        load_float64<D>(to, from);
}

template <class D>
struct Lines {
    const typename D::Stored* values;
    Index stride;

    Lines at(Index line, Index position) const { return {values + line * stride + position, stride}; }
    auto operator()(Index line, Index position) const { return D::widen(values[line * stride + position]); }
};

// products[k] = line k times x.
template <int count, class D, class T>
FASTINIT_INLINE void multiply(Lines<D> matrix, Index length, const T* x, T* products) {
    using V = Vector<T>;
    V sums[count][vectors<D, T>];
    for (int k = 0; k < count; ++k)
        for (int v = 0; v < vectors<D, T>; ++v) sums[k][v] = V{};
    Index j = 0;
    for (; j + step<D> <= length; j += step<D>) {
        V factors[vectors<D, T>], values[vectors<D, T>];
        for (int v = 0; v < vectors<D, T>; ++v) factors[v] = load<V>(x + j + v * lanes<V>);
        for (int k = 0; k < count; ++k) {
            load_as<D, T>(values, matrix.values + k * matrix.stride + j);
            for (int v = 0; v < vectors<D, T>; ++v) sums[k][v] += values[v] * factors[v];
        }
    }
    T partial[count][lanes<V>];
    for (int k = 0; k < count; ++k) {
        V sum = sums[k][0];
        for (int v = 1; v < vectors<D, T>; ++v) sum += sums[k][v];
        __builtin_memcpy(partial[k], &sum, sizeof sum);
    }
    for (int k = 0; k < count; ++k) {
        products[k] = 0;
        for (const T each : partial[k]) products[k] += each;
        for (Index rest = j; rest < length; ++rest) products[k] += T(matrix(k, rest)) * x[rest];
    }
}

// y += factors[0] line 0 + factors[1] line 1 + ...
template <int count, class D, class T>
FASTINIT_INLINE void add_scaled(Lines<D> matrix, Index length, const T* factors, T* y) {
    using V = Vector<T>;
    V scales[count];
    for (int k = 0; k < count; ++k) scales[k] = splat<V>(factors[k]);
    Index j = 0;
    for (; j + step<D> <= length; j += step<D>) {
        V sums[vectors<D, T>], values[vectors<D, T>];
        for (int v = 0; v < vectors<D, T>; ++v) sums[v] = load<V>(y + j + v * lanes<V>);
        for (int k = 0; k < count; ++k) {
            load_as<D, T>(values, matrix.values + k * matrix.stride + j);
            for (int v = 0; v < vectors<D, T>; ++v) sums[v] += values[v] * scales[k];
        }
        for (int v = 0; v < vectors<D, T>; ++v)
            __builtin_memcpy(y + j + v * lanes<V>, &sums[v], sizeof sums[v]);
    }
    for (; j < length; ++j)
        for (int k = 0; k < count; ++k) y[j] += T(matrix(k, j)) * factors[k];
}

template <class D, class T>
__attribute__((noinline)) void sum_along(Lines<D> matrix, Index lines, Index length, const T* x, T* y) {
    T products[together];
    Index line = 0;
    for (; line + together <= lines; line += together) {
        multiply<together>(matrix.at(line, 0), length, x, products);
        add_scaled<together>(matrix.at(line, 0), length, products, y);
    }
    for (; line < lines; ++line) {
        multiply<1>(matrix.at(line, 0), length, x, products);
        add_scaled<1>(matrix.at(line, 0), length, products, y);
    }
}

template <class D, class T>
__attribute__((noinline)) void sum_across(Lines<D> matrix, Index lines, Index length, const T* x, T* y) {
    const Index fitting = cached / lines / narrowest * narrowest;
    const Index width = fitting < narrowest ? narrowest : fitting > widest ? widest : fitting;
    T sums[widest], products[together];
    for (Index start = 0; start < length; start += width) {
        const Index size = length - start < width ? length - start : width;
        for (Index j = 0; j < size; ++j) sums[j] = 0;
        Index line = 0;
        for (; line + together <= lines; line += together)
            add_scaled<together>(matrix.at(line, start), size, x + line, sums);
        for (; line < lines; ++line) add_scaled<1>(matrix.at(line, start), size, x + line, sums);
        for (line = 0; line + together <= lines; line += together) {
            multiply<together>(matrix.at(line, start), size, sums, products);
            for (int k = 0; k < together; ++k) y[line + k] += products[k];
        }
        for (; line < lines; ++line) {
            multiply<1>(matrix.at(line, start), size, sums, products);
            y[line] += products[0];
        }
    }
}

template <class D, class T>
void along(const void* matrix, Index lines, Index length, Index stride, const T* x, T* y) {
    const FloatEnvironment environment;
    sum_along(Lines<D>{static_cast<const typename D::Stored*>(matrix), stride}, lines, length, x, y);
}

template <class D, class T>
void across(const void* matrix, Index lines, Index length, Index stride, const T* x, T* y) {
    const FloatEnvironment environment;
    sum_across(Lines<D>{static_cast<const typename D::Stored*>(matrix), stride}, lines, length, x, y);
}

template <class D>
constexpr GramKernel kernel{{&along<D, float>, &across<D, float>}, {&along<D, double>, &across<D, double>}};
template <>
constexpr GramKernel kernel<core::Float64>{{},
                                           {&along<core::Float64, double>, &across<core::Float64, double>}};

}  // namespace

extern const GramTable gram_table;
const GramTable gram_table{kernel<core::Float16>, kernel<core::BFloat16>, kernel<core::Float32>,
                           kernel<core::Float64>};

}  // namespace fastinit::kernels::FASTINIT_ISA
