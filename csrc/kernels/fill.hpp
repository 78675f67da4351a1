#pragma once

namespace fastinit::kernels {

struct FillTable {};

}  // namespace fastinit::kernels
