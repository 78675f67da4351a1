// Random orthogonal matrices after Stewart, "The efficient generation of random orthogonal matrices with an
// application to condition estimators", SIAM J. Numer. Anal. 17(3), 1980. With normal vectors x_k of rows - k
// elements, the reflectors H_k that take x_k to a multiple of the first axis, and the signs D that make those
// multiples positive, the first columns of H_0 H_1 ... D are uniform over all matrices of orthonormal
// columns.
//
// No bit may depend on the machine: every sum runs over the rows in rising order, and the lanes of a vector
// are columns, which never meet.
#include "kernels/orthogonal.hpp"

#include "core/float_environment.hpp"
#include "core/simd.hpp"

namespace fastinit::kernels::FASTINIT_ISA {
namespace {

using core::FloatEnvironment;
using core::Vector;

constexpr int width = 4;  // vectors per row of a block: as many sums in flight as an addition takes cycles

template <class T>
constexpr Index block = width * core::lanes<Vector<T>>;

template <class T>
__attribute__((noinline)) void make_reflector(T* x, Index size, T& axis_sign) {
    double square = 0;
    for (Index i = 0; i < size; ++i) square += static_cast<double>(x[i]) * static_cast<double>(x[i]);
    const double norm = __builtin_sqrt(square);
    const double first = static_cast<double>(x[0]);
    const double sign = first < 0 ? -1 : 1;
    // A reflector takes x to -sign * norm along the axis. The last of a square matrix has one element to
    // turn: it stays as it is, and keeps its sign.
    const bool reflects = size > 1 && norm > 0;
    axis_sign = static_cast<T>(reflects ? -sign : sign);
    // v = x + sign * norm * axis has v'v = 2 norm (norm + |first|); scaled so that v'v = 2.
    const double scale = reflects ? 1 / __builtin_sqrt(norm * (norm + sign * first)) : 0;
    x[0] = static_cast<T>((first + sign * norm) * scale);
    for (Index i = 1; i < size; ++i) x[i] = static_cast<T>(static_cast<double>(x[i]) * scale);
}

template <class T>
void reflect(const Orthonormal<T>& q, Index begin, Index end) {
    const FloatEnvironment environment;
    for (Index k = begin; k < end; ++k) make_reflector(q.vectors + k * q.rows + k, q.rows - k, q.signs[k]);
}

template <class T>
__attribute__((noinline)) void form_columns(const Orthonormal<T>& q, Index first, T* workspace) {
    using V = Vector<T>;
    V(*a)[width] = reinterpret_cast<V(*)[width]>(workspace);
    const Index end = first + block<T> < q.columns ? first + block<T> : q.columns;

    // These columns of D. The reflectors from `end` on find them 0 in the rows that they turn.
    __builtin_memset(workspace, 0, static_cast<std::size_t>(q.rows * block<T>) * sizeof(T));
    for (Index j = first; j < end; ++j) workspace[j * block<T> + j - first] = q.signs[j];

    // a -= v (v'a) for each reflector, the last first; the same pass over `a` sums v'a for the one after it.
    const T* v = q.vectors + (end - 1) * q.rows;
    V sum[width] = {};
    for (Index i = end - 1; i < q.rows; ++i)
        for (int g = 0; g < width; ++g) sum[g] += v[i] * a[i][g];
    for (Index k = end - 1; k > 0; --k) {
        const T* next = v - q.rows;
        V next_sum[width];
        for (int g = 0; g < width; ++g) next_sum[g] = next[k - 1] * a[k - 1][g];
        for (Index i = k; i < q.rows; ++i)
            for (int g = 0; g < width; ++g) {
                a[i][g] -= v[i] * sum[g];
                next_sum[g] += next[i] * a[i][g];
            }
        for (int g = 0; g < width; ++g) sum[g] = next_sum[g];
        v = next;
    }
    for (Index i = 0; i < q.rows; ++i) {
        for (int g = 0; g < width; ++g) a[i][g] -= v[i] * sum[g];
        for (Index j = first; j < end; ++j) q.result[i * q.columns + j] = workspace[i * block<T> + j - first];
    }
}

template <class T>
void form(const Orthonormal<T>& q, Index first, T* workspace) {
    const FloatEnvironment environment;
    form_columns(q, first, workspace);
}

template <class T>
constexpr OrthonormalKernel<T> kernel{&reflect<T>, block<T>, &form<T>};

}  // namespace

extern const OrthogonalTable orthogonal_table;
const OrthogonalTable orthogonal_table{kernel<float>, kernel<double>};

}  // namespace fastinit::kernels::FASTINIT_ISA
