#pragma once

#include "core/distributions/words.hpp"

namespace fastinit::core::inline FASTINIT_ISA {

// Uniform on [low, high), the words' upper 24 or 53 bits; `low` if both are equal.
template <class D>
class Uniform {
  public:
    using Dtype = D;
    using Real = typename D::Real;
    static constexpr int draws = draws_for<D>;

    explicit Uniform(const double* arguments)
        : low_(static_cast<Real>(arguments[0])),
          scale_(static_cast<Real>(arguments[1] - arguments[0]) *
                 (sizeof(Real) == 4 ? Real(0x1p-24) : Real(0x1p-53))),
          least_(least_at_or_above<D>(arguments[0])),
          most_(largest_below<D>(arguments[1])) {
        if (arguments[0] == arguments[1]) least_ = most_ = rounded<D>(arguments[0]);
        if (!rounds) low_ = least_;
    }

    static const char* refuse(const double* arguments) {
        const Uniform made(arguments);
        return made.least_ > made.most_ ? "the dtype has no value in [low, high)" : nullptr;
    }

    // low + (high - low) * u can round to `high`, and rounding to a half type more so: hence the clamp.
    FASTINIT_INLINE Values<D> operator()(Words<D> words) const {
        const Values<D> x = low_ + uniform_numerator(words) * scale_;
        const auto least = splat<Values<D>>(least_), most = splat<Values<D>>(most_);
        return rounds ? clamp(x, least, most) : min(x, most);
    }
    FASTINIT_INLINE Pair<Values<D>> operator()(Pair<Words<D>> words) const { return map(words, *this); }

  private:
    static constexpr bool rounds = sizeof(typename D::Stored) != sizeof(Real);  // to a half type, in the end
    Real low_, scale_, least_, most_;
};

// Uniform on [low, high), then times 0 where the value, rounded to D, is below `threshold` in magnitude.
template <class D>
class MaskedUniform {
  public:
    using Dtype = D;
    using Real = typename D::Real;
    static constexpr int draws = draws_for<D>;

    explicit MaskedUniform(const double* arguments)
        : uniform_(arguments), threshold_(least_that_rounds_to(rounded<D>(arguments[2]))) {}

    static const char* refuse(const double* arguments) { return Uniform<D>::refuse(arguments); }

    FASTINIT_INLINE Pair<Values<D>> operator()(Pair<Words<D>> words) const {
        return map(words, [this](Words<D> w) __attribute__((always_inline)) {
            using Bits = Words<D>;
            constexpr auto sign = static_cast<Scalar>(std::uint64_t{1} << (8 * sizeof(Real) - 1));
            const Values<D> x = uniform_(w);
            const Values<D> magnitude = bit_cast<Values<D>>(bit_cast<Bits>(x) & (sign - 1));
            const Bits keep = bit_cast<Bits>(magnitude >= threshold_) | sign;
            return bit_cast<Values<D>>(bit_cast<Bits>(x) & keep);  // the sign of zero is that of x
        });
    }

  private:
    using Scalar = typename UnsignedOf<sizeof(Real)>::type;

    // The least x >= 0 that is `threshold` or more once rounded to D: the mask then needs no rounded value.
    static Real least_that_rounds_to(Real threshold) {
        if constexpr (sizeof(typename D::Stored) == sizeof(Real)) {
            return threshold;
        } else {
            std::uint32_t above = 0, least = 0x7F800000u;  // the bits of positive floats are in their order
            if (!(threshold <= __builtin_bit_cast(float, least))) return threshold;
            while (above < least) {
                const std::uint32_t middle = above + (least - above) / 2;
                if (rounded<D>(static_cast<double>(__builtin_bit_cast(float, middle))) >= threshold)
                    least = middle;
                else
                    above = middle + 1;
            }
            return __builtin_bit_cast(float, least);
        }
    }

    Uniform<D> uniform_;
    Real threshold_;
};

}  // namespace fastinit::core::inline FASTINIT_ISA
