#pragma once

namespace fastinit::kernels {

struct DenseTable {};

}  // namespace fastinit::kernels
