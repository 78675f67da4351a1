#pragma once

#include "core/distributions/support.hpp"
#include "core/distributions/words.hpp"
#include "core/math.hpp"

namespace fastinit::core::inline FASTINIT_ISA {

// A uniform u of (0, 1) as its distance from the nearer end, which keeps all its bits: t = u where u <= 1/2,
// else u - 1. u is (n + 1/2) / 2^32 of the word n, or (n + 1/2) / 2^53 of its upper 53 bits; the integer is
// read as a signed one, then converted to the arithmetic's type, then 1/2 is added.
FASTINIT_INLINE F32 folded_uniform(U32 w) {
    return (__builtin_convertvector(bit_cast<I32>(w), F32) + 0.5f) * 0x1p-32f;
}
FASTINIT_INLINE F64 folded_uniform(U64 w) {
    const F64 n = uniform_numerator(w ^ (std::uint64_t{1} << 63)) - 0x1p52;
    return (n + 0.5) * 0x1p-53;
}

// The same of a 32-bit word in the upper half of each lane, with no rounding.
FASTINIT_INLINE F64 folded_uniform_32(U64 w) {
    const U64 biased = (w >> 32) ^ (std::uint64_t{1} << 31);
    const F64 n = bit_cast<F64>(biased | bit_cast<U64>(splat<F64>(0x1p52))) - (0x1p52 + 0x1p31);
    return (n + 0.5) * 0x1p-32;
}

// -log u of a folded u, to a few units in the last place at both ends: u = 2^k m, and where k = 0 it is t,
// not the rounded u, that says how far u is from 1.
FASTINIT_INLINE F32 minus_log(F32 t) {
    constexpr std::int32_t two_thirds = 0x3F2AAAAB;
    const F32 u = t > 0.0f ? t : 1.0f + t;
    const I32 shifted = bit_cast<I32>(u) - two_thirds;
    const F32 k = __builtin_convertvector(shifted >> 23, F32);
    const F32 reduced = bit_cast<F32>((shifted & 0x7FFFFF) + two_thirds) - 1.0f;
    const F32 f = shifted >= 0 ? t : reduced;
    // (log(1 + f) - f) / f^2 on [-1/3, 1/3], within 3.2e-8.
    constexpr float c[] = {-0x1p-1f,       0x1.55552cp-2f,  -0x1.ffffb6p-3f, 0x1.99bf86p-3f, -0x1.557832p-3f,
                           0x1.1fdcf0p-3f, -0x1.f75896p-4f, 0x1.1990bcp-3f,  -0x1.fcd036p-4f};
    return k * -0x1.62e430p-1f - (f + f * f * polynomial(f, c));
}
FASTINIT_INLINE F64 minus_log(F64 t) {
    const F64 u = t > 0.0 ? t : 1.0 + t;
    const LogParts parts = log_parts(u);
    return -log_of({parts.exponent, parts.exponent == 0.0 ? t : parts.fraction});
}

// Exponential with rate arguments[0]: -log(u) / rate. Never 0, at most the dtype's largest value.
template <class D>
class Exponential {
  public:
    using Dtype = D;
    using Real = typename D::Real;
    static constexpr int draws = draws_for<D>;

    explicit Exponential(const double* arguments) : mean_(static_cast<Real>(1.0 / arguments[0])) {}

    static const char* refuse(const double*) { return nullptr; }

    FASTINIT_INLINE Pair<Values<D>> operator()(Pair<Words<D>> words) const {
        return map(words, [this](Words<D> w) __attribute__((always_inline)) {
            return clamp(mean_ * minus_log(folded_uniform(w)), splat<Values<D>>(smallest_positive<D>()),
                         splat<Values<D>>(largest_finite<D>()));
        });
    }

  private:
    Real mean_;
};

}  // namespace fastinit::core::inline FASTINIT_ISA
