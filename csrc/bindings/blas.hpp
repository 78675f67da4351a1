#pragma once

#include "kernels/dense.hpp"

namespace fastinit::bindings {

// Loads OpenBLAS if the package is there, at the first call.
void find_blas();

// The same before a product that is large enough for it. A machine without OpenBLAS goes without, unless it
// was asked for by name: RuntimeError.
void find_blas_for(kernels::Index m, kernels::Index n, kernels::Index k);

}  // namespace fastinit::bindings
