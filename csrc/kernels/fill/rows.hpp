#pragma once

#include "kernels/fill.hpp"

namespace fastinit::kernels::FASTINIT_ISA {

extern const FillRow bernoulli_row, cauchy_row, constant_row, exponential_row, geometric_row, integers_row,
    log_normal_row, masked_uniform_row, normal_row, trunc_normal_row, uniform_row;
extern const FillKernel words32_kernel, words64_kernel;

}  // namespace fastinit::kernels::FASTINIT_ISA
