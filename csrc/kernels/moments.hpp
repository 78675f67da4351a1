#pragma once

#include <cstddef>
#include <cstdint>

namespace fastinit::kernels {

using Index = std::ptrdiff_t;

// What the statistics of some values are made of. NaN is counted, and left out of the rest.
struct Moments {
    Index nans = 0, zeros = 0;
    double sum = 0, squares = 0;  // of the differences from the shift
    double least = __builtin_inf(), most = -__builtin_inf();
};

struct MomentsKernel {
    // The first value that is finite; 0 where none is.
    double (*first_finite)(const void* values, Index size);
    // `shift`: a value of the dtype.
    Moments (*moments)(const void* values, Index size, double shift);
};

struct MomentsTable {
    MomentsKernel float16, bfloat16, float32, float64;
};

}  // namespace fastinit::kernels
