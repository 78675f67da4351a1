#include "core/distributions/cauchy.hpp"

#include "kernels/fill/filler.hpp"
#include "kernels/fill/rows.hpp"

namespace fastinit::kernels::FASTINIT_ISA {

const FillRow cauchy_row = row<Cauchy>;

}  // namespace fastinit::kernels::FASTINIT_ISA
