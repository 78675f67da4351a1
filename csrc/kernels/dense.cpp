#include "kernels/dense.hpp"

namespace fastinit::kernels::FASTINIT_ISA {

extern const DenseTable dense_table;
const DenseTable dense_table{};

}  // namespace fastinit::kernels::FASTINIT_ISA
