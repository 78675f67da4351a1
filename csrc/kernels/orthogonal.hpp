#pragma once

#include <cstddef>

namespace fastinit::kernels {

using Index = std::ptrdiff_t;

// How many reflectors are applied together. The order of the sums follows it, and so do the bits.
inline constexpr Index panel_columns = 32;

// Up to panel_columns Householder reflectors, I - v v', that follow one another. Reflector k begins at row k
// of the panel, whose rows are those of the matrix from the first reflector's on.
template <class T>
struct Panel {
    Index rows, columns;
    T* vectors;   // rows x columns: column k holds vector k, 0 above its row k
    T* products;  // columns x columns: v_k' v_l at (k, l), l > k
    T* signs;     // columns: that of the multiple of the axis which reflector k takes its normals to
};

// A box of rows and columns of a matrix, in memory of any strides, counted in elements.
template <class T>
struct Box {
    T* data;
    Index rows, columns, row_stride, column_stride;
};

template <class T>
struct OrthogonalKernel {
    // Turns a panel of normals into that of their reflectors.
    void (*reflect)(const Panel<T>&);
    // The columns of a strip: a matrix of so many columns, contiguous, aligned to 64 bytes.
    Index strip_columns;
    // Applies the panel's reflectors, the last first, to a strip of the same rows.
    void (*apply)(const Panel<T>&, T* strip);
    // Writes the strip's first columns, times gain rounded to T.
    void (*store)(const T* strip, double gain, const Box<T>&);
};

struct OrthogonalTable {
    OrthogonalKernel<float> f32;
    OrthogonalKernel<double> f64;
};

}  // namespace fastinit::kernels
