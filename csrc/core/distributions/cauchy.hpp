#pragma once

#include "core/distributions/support.hpp"
#include "core/distributions/words.hpp"
#include "core/math.hpp"

namespace fastinit::core::inline FASTINIT_ISA {

// tan(pi/4 y) for |y| <= 1, a polynomial within 5e-9 and 5e-17. pi/4, the first coefficient, is in two parts:
// rounding it alone would cost half a unit.
FASTINIT_INLINE F32 tan_quarter_pi(F32 y) {
    constexpr float c[] = {0x1.fb5444p-13f, 0x1.4abbcep-3f,  0x1.466b22p-5f,  0x1.462882p-7f,
                           0x1.4240d0p-9f,  0x1.6e5ceap-11f, 0x1.ae3954p-15f, 0x1.ae3942p-14f};
    return y * (0x1.92p-1f + polynomial(y * y, c));
}
FASTINIT_INLINE F64 tan_quarter_pi(F64 y) {
    constexpr double c[] = {0x1.fb54442d1846ap-13, 0x1.4abbce625be52p-3,   0x1.466bc6775b1acp-5,
                            0x1.45fff9b4209ecp-7,  0x1.45f4730f68f17p-9,   0x1.45f32619f5bc6p-11,
                            0x1.45f4292f3cabap-13, 0x1.45dc44c88c5c0p-15,  0x1.472c1d595a62ep-17,
                            0x1.3a50cea1f24e2p-19, 0x1.930d47f08407fp-21,  -0x1.a9e46d632e05ap-27,
                            0x1.5e794f59df45cp-23, -0x1.a9e46d637d502p-25, 0x1.1bed9e42538d9p-26};
    return y * (0x1.92p-1 + polynomial(y * y, c));
}

// A uniform y of (-1, 1), symmetric, never 0: (2 n + 1) / 2^31 of the word's lower 31 bits as a signed
// integer n, converted to float32 after the numerator is made; or (2 n + 1) / 2^52 of the 52 bits below
// bit 63.
FASTINIT_INLINE F32 symmetric_uniform(U32 w) {
    return __builtin_convertvector(bit_cast<I32>((w << 1) | 1u), F32) * 0x1p-31f;
}
FASTINIT_INLINE F64 symmetric_uniform(U64 w) {
    const U64 biased = ((w << 1) ^ (std::uint64_t{1} << 63)) >> 12;
    const F64 n = bit_cast<F64>(biased | bit_cast<U64>(splat<F64>(0x1p52))) - (0x1p52 + 0x1p51);
    return (n + 0.5) * 0x1p-51;
}

// Cauchy about the median arguments[0] with the half width arguments[1]: the tangent of a uniform direction.
// Within pi/4 of the axis it is the polynomial's t, and beyond, bit 31 or 63 set, 1 / t: the middle and the
// tails keep all their bits. No value is infinite.
template <class D>
class Cauchy {
  public:
    using Dtype = D;
    using Real = typename D::Real;
    static constexpr int draws = draws_for<D>;

    explicit Cauchy(const double* arguments)
        : median_(static_cast<Real>(arguments[0])), sigma_(static_cast<Real>(arguments[1])) {}

    static const char* refuse(const double*) { return nullptr; }

    FASTINIT_INLINE Pair<Values<D>> operator()(Pair<Words<D>> words) const {
        return map(words, [this](Words<D> w) __attribute__((always_inline)) {
            const Values<D> t = tan_quarter_pi(symmetric_uniform(w));
            const Values<D> standard = bit_cast<Mask<D>>(w) < 0 ? Real(1) / t : t;
            return clamp(median_ + sigma_ * standard, splat<Values<D>>(-largest_finite<D>()),
                         splat<Values<D>>(largest_finite<D>()));
        });
    }

  private:
    Real median_, sigma_;
};

}  // namespace fastinit::core::inline FASTINIT_ISA
