#include "core/distributions/log_normal.hpp"

#include "kernels/fill/filler.hpp"
#include "kernels/fill/rows.hpp"

namespace fastinit::kernels::FASTINIT_ISA {

const FillRow log_normal_row = row<LogNormal>;

}  // namespace fastinit::kernels::FASTINIT_ISA
