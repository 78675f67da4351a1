#pragma once

#include "kernels/moments.hpp"

namespace fastinit::runtime {

using kernels::Index;
using kernels::Moments;
using kernels::MomentsKernel;
using kernels::MomentsTable;

struct ShiftedMoments {
    double shift;
    Moments moments;
};

// The moments of an array about the first of its values that is finite, on several threads where it is
// large. They depend neither on how many, nor on the instruction set.
ShiftedMoments moments(const MomentsKernel MomentsTable::* dtype, const void* values, Index size,
                       Index itemsize);

}  // namespace fastinit::runtime
