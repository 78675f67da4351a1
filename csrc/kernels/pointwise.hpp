#pragma once

namespace fastinit::kernels {

struct PointwiseTable {};

}  // namespace fastinit::kernels
