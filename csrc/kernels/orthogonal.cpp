// Random orthogonal matrices after Stewart, "The efficient generation of random orthogonal matrices with an
// application to condition estimators", SIAM J. Numer. Anal. 17(3), 1980. With normal vectors x_k of rows - k
// elements, the reflectors H_k that take x_k to a multiple of the first axis, and the signs D that make those
// multiples positive, the first columns of H_0 H_1 ... D are uniform over all matrices of orthonormal
// columns.
//
// Reflectors are applied by panels V, as in Joffrain, Low, Quintana-Orti, van de Geijn and Van Zee,
// "Accumulating Householder transformations, revisited", ACM TOMS 32(2), 2006: V'Q holds what each reflector
// would find if it came first; the products of the vectors with one another say what those that come before
// it take away.
//
// No bit may depend on the machine: see ordered_product.hpp.
#include "kernels/orthogonal.hpp"

#include "core/float_environment.hpp"
#include "kernels/ordered_product.hpp"

namespace fastinit::kernels::FASTINIT_ISA {
namespace {

using core::FloatEnvironment;

// Scales each column of normals to a reflector's vector.
template <class T>
__attribute__((noinline)) void make_vectors(const Panel<T>& panel) {
    const Index columns = panel.columns;
    double square[panel_columns] = {}, scale[panel_columns];
    for (Index i = 0; i < panel.rows; ++i) {
        T* x = panel.vectors + i * columns;
        for (Index k = i + 1; k < columns; ++k) x[k] = 0;
        for (Index k = 0; k < columns; ++k)
            square[k] += static_cast<double>(x[k]) * static_cast<double>(x[k]);
    }
    for (Index k = 0; k < columns; ++k) {
        const double norm = __builtin_sqrt(square[k]);
        T& axis = panel.vectors[k * columns + k];
        const double first = static_cast<double>(axis);
        const double sign = first < 0 ? -1 : 1;
        // A reflector takes x to -sign * norm along the axis. The last of a square matrix has one element to
        // turn: it stays as it is, and keeps its sign.
        const bool reflects = panel.rows - k > 1 && norm > 0;
        panel.signs[k] = static_cast<T>(reflects ? -sign : sign);
        // v = x + sign * norm * axis has v'v = 2 norm (norm + |first|); scaled so that v'v = 2.
        scale[k] = reflects ? 1 / __builtin_sqrt(norm * (norm + sign * first)) : 0;
        axis = static_cast<T>((first + sign * norm) * scale[k]);
    }
    for (Index i = 0; i < panel.rows; ++i) {
        T* x = panel.vectors + i * columns;
        for (Index k = 0; k < columns; ++k)
            if (k != i) x[k] = static_cast<T>(static_cast<double>(x[k]) * scale[k]);
    }
}

template <class T>
__attribute__((noinline)) void multiply_vectors(const Panel<T>& panel) {
    const Index columns = panel.columns;
    StripRow<T> strip[rows_at_once<T>], sums[panel_columns];
    for (Index l = 0; l < columns; l += strip_columns<T>) {
        const Index width = columns - l < strip_columns<T> ? columns - l : strip_columns<T>;
        __builtin_memset(sums, 0, sizeof sums);
        __builtin_memset(strip, 0, sizeof strip);
        for (Index i = 0; i < panel.rows; i += rows_at_once<T>) {
            const Index rows = panel.rows - i < rows_at_once<T> ? panel.rows - i : rows_at_once<T>;
            const T* v = panel.vectors + i * columns;
            for (Index j = 0; j < rows; ++j)
                __builtin_memcpy(strip + j, v + j * columns + l, static_cast<std::size_t>(width) * sizeof(T));
            add_products<T>({v, columns, rows}, strip, sums);
        }
        for (Index k = 0; k < columns; ++k)
            __builtin_memcpy(panel.products + k * columns + l, sums + k,
                             static_cast<std::size_t>(width) * sizeof(T));
    }
}

template <class T>
void reflect(const Panel<T>& panel) {
    const FloatEnvironment environment;
    make_vectors(panel);
    multiply_vectors(panel);
}

template <class T>
__attribute__((noinline)) void apply_panel(const Panel<T>& panel, StripRow<T>* strip) {
    const PanelRows<T> rows{panel.vectors, panel.columns, panel.rows};
    StripRow<T> sums[panel_columns] = {};
    add_products(rows, strip, sums);
    for (Index l = panel.columns - 1; l > 0; --l)
        for (Index k = 0; k < l; ++k)
            for (Index g = 0; g < tile_vectors; ++g)
                sums[k].at[g] -= panel.products[k * panel.columns + l] * sums[l].at[g];
    subtract_products(rows, sums, strip);
}

template <class T>
void apply(const Panel<T>& panel, T* strip) {
    const FloatEnvironment environment;
    apply_panel(panel, reinterpret_cast<StripRow<T>*>(strip));
}

template <class T>
__attribute__((noinline)) void store_scaled(const T* strip, double unrounded_gain, const Box<T>& box) {
    const T gain = static_cast<T>(unrounded_gain);
    constexpr Index square = 16;  // rows whose part of the strip stays in the L1 cache
    for (Index begin = 0; begin < box.rows; begin += square) {
        const Index end = box.rows - begin < square ? box.rows : begin + square;
        if (box.column_stride == 1) {
            for (Index i = begin; i < end; ++i)
                for (Index j = 0; j < box.columns; ++j)
                    box.data[i * box.row_stride + j] = strip[i * strip_columns<T> + j] * gain;
        } else {
            for (Index j = 0; j < box.columns; ++j)
                for (Index i = begin; i < end; ++i)
                    box.data[i * box.row_stride + j * box.column_stride] =
                        strip[i * strip_columns<T> + j] * gain;
        }
    }
}

template <class T>
void store(const T* strip, double gain, const Box<T>& box) {
    const FloatEnvironment environment;
    store_scaled(strip, gain, box);
}

template <class T>
constexpr OrthogonalKernel<T> kernel{&reflect<T>, strip_columns<T>, &apply<T>, &store<T>};

}  // namespace

extern const OrthogonalTable orthogonal_table;
const OrthogonalTable orthogonal_table{kernel<float>, kernel<double>};

}  // namespace fastinit::kernels::FASTINIT_ISA
