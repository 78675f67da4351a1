#include "kernels/fill.hpp"

namespace fastinit::kernels::FASTINIT_ISA {

extern const FillTable fill_table;
const FillTable fill_table{};

}  // namespace fastinit::kernels::FASTINIT_ISA
