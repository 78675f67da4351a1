#pragma once

// Values of any floating-point type as vectors of what they are computed with, and as vectors of float64.

#include <utility>

#include "core/dtypes.hpp"
#include "core/simd.hpp"

namespace fastinit::kernels::FASTINIT_ISA {
namespace {

template <class V>
FASTINIT_INLINE V load(const void* from) {
    V x;
    __builtin_memcpy(&x, from, sizeof x);
    return x;
}

// A full vector of values as they are computed with.
template <class D>
FASTINIT_INLINE core::Vector<typename D::Real> load_wide(const typename D::Stored* from) {
    if constexpr (sizeof(typename D::Stored) < sizeof(typename D::Real))
        return D::widen(load<core::HalfVector<typename D::Stored>>(from));
    else
        return load<core::Vector<typename D::Real>>(from);
}

template <int first, std::size_t... i>
FASTINIT_INLINE core::F64 widen_half(core::F32 x, std::index_sequence<i...>) {
    return core::widen(
        core::HalfVector<float>(__builtin_shufflevector(x, x, first + static_cast<int>(i)...)));
}

// The vectors of float64 that hold a vector's values.
FASTINIT_INLINE void store_wide(core::F64* to, core::F64 x) { *to = x; }
FASTINIT_INLINE void store_wide(core::F64* to, core::F32 x) {
    constexpr int half = core::lanes<core::F64>;
    constexpr auto index = std::make_index_sequence<static_cast<std::size_t>(half)>{};
    to[0] = widen_half<0>(x, index);
    to[1] = widen_half<half>(x, index);
}

// A full vector of values as float64.
template <class D>
FASTINIT_INLINE void load_float64(core::F64* to, const typename D::Stored* from) {
    if constexpr (sizeof(typename D::Stored) == sizeof(float)) {
        to[0] = core::widen(load<core::HalfVector<float>>(from));
        to[1] = core::widen(load<core::HalfVector<float>>(from + core::lanes<core::F64>));
    } else {
        store_wide(to, load_wide<D>(from));
    }
}

}  // namespace
}  // namespace fastinit::kernels::FASTINIT_ISA
