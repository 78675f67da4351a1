#pragma once

#include "kernels/fill.hpp"

namespace fastinit::kernels::FASTINIT_ISA {

extern const FillRow bernoulli_row, constant_row, masked_uniform_row, normal_row, trunc_normal_row,
    uniform_row;
extern const FillKernel words32_kernel, words64_kernel;

}  // namespace fastinit::kernels::FASTINIT_ISA
