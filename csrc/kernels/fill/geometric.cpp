#include "core/distributions/geometric.hpp"

#include "kernels/fill/filler.hpp"
#include "kernels/fill/rows.hpp"

namespace fastinit::kernels::FASTINIT_ISA {

const FillRow geometric_row = whole_row<Geometric>;

}  // namespace fastinit::kernels::FASTINIT_ISA
