#pragma once

// The ends of what a dtype can hold: values that leave it are moved to them.

#include "core/dtypes.hpp"
#include "core/integers.hpp"

namespace fastinit::core::inline FASTINIT_ISA {

template <class D>
typename D::Real smallest_positive() {
    return next_above<D>(0);
}

template <class D>
typename D::Real largest_finite() {
    return -next_above<D>(D::widen(D::narrow(static_cast<typename D::Real>(-__builtin_inf()))));
}

}  // namespace fastinit::core::inline FASTINIT_ISA
