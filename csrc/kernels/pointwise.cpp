#include "kernels/pointwise.hpp"

namespace fastinit::kernels::FASTINIT_ISA {

extern const PointwiseTable pointwise_table;
const PointwiseTable pointwise_table{};

}  // namespace fastinit::kernels::FASTINIT_ISA
