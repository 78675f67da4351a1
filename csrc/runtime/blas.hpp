#pragma once

#include <string>

#include "kernels/dense.hpp"

namespace fastinit::runtime {

// Which road a product takes: by its size, always our own kernel, or the BLAS wherever it can express the
// strides.
enum class BlasUse { automatic, none, openblas };

// FASTINIT_BLAS=none|openblas at the start, else automatic. Throws std::runtime_error for another word.
BlasUse blas_use();
void set_blas_use(BlasUse use);

// Whether a product of this size goes to the BLAS, when there is one.
bool blas_wanted(kernels::Index m, kernels::Index n, kernels::Index k);

// Loads OpenBLAS from the directory, under the names of the package scipy-openblas32. Tells whether it is
// there; a second call does nothing.
bool load_blas(const std::string& directory);

bool blas_loaded();

// The loaded library's configuration ("OpenBLAS 0.3.34 ... Haswell"), or an empty string.
std::string blas_config();

// Hands the product to the loaded BLAS, on the calling thread. False, and nothing done, where none is loaded
// or where its interface cannot express the strides.
bool multiply_by_blas(const kernels::Product<float>& product);
bool multiply_by_blas(const kernels::Product<double>& product);

enum class Solved { yes, not_positive, no_blas };

// Solves A x = b for `count` vectors of n elements, which the solutions replace, on the calling thread, by
// the Cholesky factors of A, a symmetric matrix whose elements they replace.
Solved solve_by_blas(kernels::Index n, kernels::Index count, double* a, double* b);

}  // namespace fastinit::runtime
