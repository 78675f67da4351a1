#pragma once

#include <vector>

#include "kernels/optimizer.hpp"

namespace fastinit::runtime {

using kernels::AdamStep;
using kernels::Index;
using kernels::Moving;
using kernels::SgdStep;

// Steps over all parameters of one dtype, on several threads where they are many elements together. Where
// parameters share memory they are moved one after the other.

template <class T>
void move(const std::vector<Moving<T>>& parameters, const SgdStep& step);

// Each parameter has a step of its own: parameters may have joined at different times.
template <class T>
void move(const std::vector<Moving<T>>& parameters, const std::vector<AdamStep>& steps);

// What Adam's step number `count` is made of.
AdamStep adam_step(double count, double rate, double beta1, double beta2, double eps, double decay,
                   bool decoupled, bool maximize);

}  // namespace fastinit::runtime
