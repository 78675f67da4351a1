#pragma once

#include <cstddef>

namespace fastinit::kernels {

using Index = std::ptrdiff_t;

// A random matrix of orthonormal columns, of at least as many rows, as a product of Householder reflectors.
template <class T>
struct Orthonormal {
    Index rows, columns;
    T* vectors;  // columns x rows: row k holds vector k, which begins at its element k
    T* signs;    // one per column
    T* result;   // rows x columns
};

template <class T>
struct OrthonormalKernel {
    // Turns the normal vectors [begin, end) into those of reflectors, I - v v', and finds their signs.
    void (*reflect)(const Orthonormal<T>&, Index begin, Index end);
    // How many columns of the result `form` makes at once, and the elements of workspace per row that it
    // needs.
    Index block;
    // Makes a block of columns, or what is left of one, from `first` on. Workspace: aligned to 64 bytes.
    void (*form)(const Orthonormal<T>&, Index first, T* workspace);
};

struct OrthogonalTable {
    OrthonormalKernel<float> f32;
    OrthonormalKernel<double> f64;
};

}  // namespace fastinit::kernels
