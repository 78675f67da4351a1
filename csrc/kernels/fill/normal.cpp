#include "core/distributions/normal.hpp"

#include "kernels/fill/filler.hpp"
#include "kernels/fill/rows.hpp"

namespace fastinit::kernels::FASTINIT_ISA {

const FillRow normal_row = row<Normal>;

}  // namespace fastinit::kernels::FASTINIT_ISA
