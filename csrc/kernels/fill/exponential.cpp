#include "core/distributions/exponential.hpp"

#include "kernels/fill/filler.hpp"
#include "kernels/fill/rows.hpp"

namespace fastinit::kernels::FASTINIT_ISA {

const FillRow exponential_row = row<Exponential>;

}  // namespace fastinit::kernels::FASTINIT_ISA
