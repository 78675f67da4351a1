#include "core/distributions/uniform.hpp"

#include "kernels/fill/filler.hpp"
#include "kernels/fill/rows.hpp"

namespace fastinit::kernels::FASTINIT_ISA {

const FillRow uniform_row = row<Uniform>;
const FillRow masked_uniform_row = row<MaskedUniform>;

}  // namespace fastinit::kernels::FASTINIT_ISA
