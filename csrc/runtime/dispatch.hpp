#pragma once

#include <string>
#include <vector>

#include "kernels/blake2b.hpp"
#include "kernels/dense.hpp"
#include "kernels/fill.hpp"
#include "kernels/gram.hpp"
#include "kernels/loss.hpp"
#include "kernels/moments.hpp"
#include "kernels/optimizer.hpp"
#include "kernels/orthogonal.hpp"
#include "kernels/pointwise.hpp"

namespace fastinit::runtime {

// The kernels of one instruction set.
struct Kernels {
    const char* isa;
    const kernels::FillTable& fill;
    const kernels::DenseTable& dense;
    const kernels::LossTable& loss;
    const kernels::OptimizerTable& optimizer;
    const kernels::OrthogonalTable& orthogonal;
    const kernels::PointwiseTable& pointwise;
    const kernels::Blake2bTable& blake2b;
    const kernels::MomentsTable& moments;
    const kernels::GramTable& gram;
};

// The kernels in use: the best that was built and that this CPU has, or the one that FASTINIT_ISA names.
// Throws std::invalid_argument where FASTINIT_ISA names one that is not to be had.
const Kernels& active_kernels();

// Has another instruction set's kernels used from now on. Throws std::invalid_argument where there is none.
void use_isa(const std::string& isa);

// Every instruction set that was built, the plainest first.
std::vector<std::string> built_isas();

// Those of them that this CPU can run.
std::vector<std::string> usable_isas();

}  // namespace fastinit::runtime
