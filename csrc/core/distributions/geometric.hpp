#pragma once

#include "core/distributions/exponential.hpp"

namespace fastinit::core::inline FASTINIT_ISA {

// x rounded down, for x >= 0.
FASTINIT_INLINE F64 floor(F64 x) {
    const F64 nearest = (x + 0x1p52) - 0x1p52;
    const F64 below = nearest > x ? nearest - 1.0 : nearest;
    return x < 0x1p52 ? below : x;
}

// An integer of [0, 2^63), held as a float64: its halves go into the last bits of two.
FASTINIT_INLINE I64 to_int64(F64 x) {
    const F64 high = floor(x * 0x1p-32), low = x - high * 0x1p32;
    return bit_cast<I64>((bit_cast<U64>(high + 0x1p52) << 32) | (bit_cast<U64>(low + 0x1p52) & 0xFFFFFFFFu));
}

// The number of trials up to the first success, each with the probability p = arguments[0]: the least k >= 1
// with u >= (1 - p)^k, as 1 + floor(log u / log(1 - p)), in float64. P(k = 1) is p to the last bit of the
// word. A value that the dtype cannot hold is its largest (of int64: the largest that is also a float64).
template <class D>
class Geometric {
  public:
    using Dtype = D;
    using Real = typename D::Real;
    static constexpr int draws = draws_for<D>;

    explicit Geometric(const double* arguments) : most_(most()) {
        const double p = arguments[0];
        inverse_ = 1.0 / minus_log(splat<F64>(p > 0.5 ? 1.0 - p : -p))[0];
    }

    static const char* refuse(const double*) { return nullptr; }

    FASTINIT_INLINE Pair<Values<D>> operator()(Pair<Words<D>> words) const { return map(words, *this); }

    FASTINIT_INLINE Values<D> operator()(U64 w) const {
        const F64 x = value(folded_uniform(w));
        if constexpr (std::is_same_v<Real, double>)
            return x;
        else
            return to_int64(x);
    }

    FASTINIT_INLINE Values<D> operator()(U32 w) const {
        const U64 pairs = bit_cast<U64>(w);
        return bit_cast<Values<D>>(narrow(pairs << 32) | (narrow(pairs) << 32));
    }

  private:
    static double most() {
        if constexpr (std::is_same_v<Real, std::int64_t>)
            return 0x1.fffffffffffffp62;
        else if constexpr (std::is_same_v<Real, std::int32_t>)
            return static_cast<double>(D::largest);
        else
            return static_cast<double>(largest_finite<D>());
    }

    FASTINIT_INLINE F64 value(F64 t) const {
        return min(floor(minus_log(t) * inverse_) + 1.0, splat<F64>(most_));
    }

    // The bits of the value of the word in the upper half of each lane, in the lower half.
    FASTINIT_INLINE U64 narrow(U64 w) const {
        const HalfVector<Real> x = __builtin_convertvector(value(folded_uniform_32(w)), HalfVector<Real>);
        return __builtin_convertvector((HalfVector<std::uint32_t>)x, U64);
    }

    double inverse_, most_;
};

}  // namespace fastinit::core::inline FASTINIT_ISA
