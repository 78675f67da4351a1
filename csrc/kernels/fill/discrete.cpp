#include "core/distributions/discrete.hpp"

#include "kernels/fill/filler.hpp"
#include "kernels/fill/rows.hpp"

namespace fastinit::kernels::FASTINIT_ISA {

const FillRow bernoulli_row = whole_row<Bernoulli>;
const FillRow constant_row = row<Constant>;

}  // namespace fastinit::kernels::FASTINIT_ISA
