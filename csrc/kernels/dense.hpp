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
    Index worth_a_blas;  // the multiplications from which on OpenBLAS is the quicker, as measured
    // Multiplies and adds `rounds` times in registers, as fast as the arithmetic units will, from numbers in
    // [0, 1) and back into them: the rate that a product of float32 cannot pass. Returns how many operations
    // that were, a multiplication and an addition each one.
    double (*multiply_add_f32)(Index rounds, float numbers[2]);
};

}  // namespace fastinit::kernels
