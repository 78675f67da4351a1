#pragma once

#include <cstddef>

namespace fastinit::kernels {

using Index = std::ptrdiff_t;

// A matrix by its strides, counted in elements: element (i, j) is data[i * row + j * column].
template <class T>
struct Matrix {
    T* data;
    Index row;
    Index column;

    Matrix transposed() const { return {data, column, row}; }
};

// c = a @ b, or c += a @ b where `accumulate`; a is m x k, b is k x n, c is m x n and overlaps neither.
template <class T>
struct Product {
    Index m, n, k;
    Matrix<const T> a;
    Matrix<const T> b;
    Matrix<T> c;
    bool accumulate;
};

// What a product wants besides its operands, aligned to 64 bytes: room for packed blocks of a and b. Without
// it, slow.
inline constexpr std::size_t product_workspace_bytes = 5u << 18;

struct DenseTable {
    void (*product_f32)(const Product<float>&, void* workspace);
    void (*product_f64)(const Product<double>&, void* workspace);
};

}  // namespace fastinit::kernels
