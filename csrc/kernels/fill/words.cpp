#include "core/distributions/words.hpp"

#include "kernels/fill/filler.hpp"
#include "kernels/fill/rows.hpp"

namespace fastinit::kernels::FASTINIT_ISA {

const FillKernel words32_kernel = kernel<RandomWords<Word32>>;
const FillKernel words64_kernel = kernel<RandomWords<Word64>>;

}  // namespace fastinit::kernels::FASTINIT_ISA
