#include "kernels/fill/rows.hpp"

namespace fastinit::kernels::FASTINIT_ISA {

extern const FillTable fill_table;
const FillTable fill_table{
    .uniform = &uniform_row,
    .normal = &normal_row,
    .trunc_normal = &trunc_normal_row,
    .masked_uniform = &masked_uniform_row,
    .bernoulli = &bernoulli_row,
    .constant = &constant_row,
    .exponential = &exponential_row,
    .log_normal = &log_normal_row,
    .cauchy = &cauchy_row,
    .geometric = &geometric_row,
    .integers = &integers_row,
    .words32 = &words32_kernel,
    .words64 = &words64_kernel,
};

}  // namespace fastinit::kernels::FASTINIT_ISA
