#pragma once

#include "core/distributions/normal.hpp"

namespace fastinit::core::inline FASTINIT_ISA {

// What every way to a truncated normal begins with: arguments (mean, std, a, b), and the bounds in units of
// std.
template <class D>
struct Truncation {
    using Real = typename D::Real;

    explicit Truncation(const double* arguments)
        : mean(arguments[0]),
          std(arguments[1]),
          low((arguments[2] - mean) / std),
          high((arguments[3] - mean) / std),
          least(least_at_or_above<D>(arguments[2])),
          most(largest_at_or_below<D>(arguments[3])) {
        if (arguments[2] == arguments[3]) least = most = rounded<D>(arguments[2]);
    }

    double mean, std, low, high;
    Real least, most;
};

// A normal under the condition that it lies in [a, b], by the inverse of its distribution function, in
// float64.
template <class D>
class InverseTruncatedNormal {
  public:
    using Dtype = D;
    static constexpr int draws = draws_for<D>;

    explicit InverseTruncatedNormal(const double* arguments) : bounds_(arguments) {
        // Mirrored if need be, so that the bound nearer to the middle is the lower one; all probabilities are
        // in units of its upper tail, which may be too small for a float64.
        mirrored_ = bounds_.low < 0.0 && bounds_.high < -bounds_.low;
        const double low = mirrored_ ? -bounds_.high : bounds_.low;
        const double high = mirrored_ ? -bounds_.low : bounds_.high;
        const UpperTail above_low = upper_normal_tail(low), above_high = upper_normal_tail(high);
        log_unit_ = low > 0.0 ? above_low.log_scale : 0.0;
        unit_ = exp(log_unit_);
        // Above infinity there is nothing, in units however small: 0 times an infinite factor would be a NaN.
        above_high_ =
            high == __builtin_inf() ? 0.0 : above_high.scaled * exp(above_high.log_scale - log_unit_);
        const double above = above_low.scaled * exp(above_low.log_scale - log_unit_);
        between_ = above - above_high_;
        below_low_ = low > 0.0 ? __builtin_inf() : upper_normal_tail(-low).value();
    }

    FASTINIT_INLINE Pair<Values<D>> operator()(Pair<Words<D>> words) const { return map(words, *this); }

    FASTINIT_INLINE F64 operator()(U64 w) const { return value(uniform_numerator(w) * 0x1p-53 + 0x1p-54); }

    FASTINIT_INLINE F32 operator()(U32 w) const {
        const U64 pairs = bit_cast<U64>(w);
        return bit_cast<F32>(narrow(pairs & 0xFFFFFFFFu) | (narrow(pairs >> 32) << 32));
    }

  private:
    // z = quantile(P(Z > low) - u P(low < Z < high)), from the nearer tail so that nothing cancels.
    FASTINIT_INLINE F64 value(F64 u) const {
        if (mirrored_) u = 1.0 - u;
        const F64 above = above_high_ + (1.0 - u) * between_;
        const F64 below = below_low_ + u * between_;
        const I64 lower_half = below < above;
        const F64 tail = min(above, below);
        const F64 z = upper_normal_quantile(tail * unit_, -(log(tail) + log_unit_));
        const F64 signed_z = (mirrored_ ? ~lower_half : lower_half) ? -z : z;
        const F64 x = bounds_.mean + bounds_.std * signed_z;
        if constexpr (sizeof(typename D::Real) == 8)
            return clamp(x, splat<F64>(bounds_.least), splat<F64>(bounds_.most));
        else
            return x;
    }

    // The value of a 32-bit word as the bits of a float32, both in the lower halves of the lanes.
    FASTINIT_INLINE U64 narrow(U64 w) const {
        const F64 u = (bit_cast<F64>(w | bit_cast<U64>(splat<F64>(0x1p52))) - (0x1p52 - 0.5)) * 0x1p-32;
        using Half = float __attribute__((vector_size(vector_bytes / 2)));
        using HalfBits = std::uint32_t __attribute__((vector_size(vector_bytes / 2)));
        Half x = __builtin_convertvector(value(u), Half);
        x = x > bounds_.least ? x : bounds_.least - Half{};
        x = x < bounds_.most ? x : bounds_.most - Half{};
        return __builtin_convertvector((HalfBits)x, U64);
    }

    Truncation<D> bounds_;
    bool mirrored_;
    double log_unit_, unit_, above_high_, between_, below_low_;
};

// A normal under the condition that it lies within two std of its mean, on both sides alike, by the inverse
// of its distribution function, in float32: between such bounds it is smooth enough.
template <class D>
class CentralTruncatedNormal {
  public:
    using Dtype = D;
    static constexpr int draws = 1;

    explicit CentralTruncatedNormal(const double* arguments)
        : bounds_(arguments),
          mean_(static_cast<float>(bounds_.mean)),
          std_(static_cast<float>(bounds_.std)),
          probability_(static_cast<float>(1.0 - 2.0 * upper_normal_tail(bounds_.high).value())) {}

    // Whether it is for these arguments. The approximation ends at 2.015, and a mean of 1e-9 std off the
    // middle changes nothing that a float32 shows. Not inlined, for the same reason as below.
    __attribute__((noinline)) static bool fits(const double* arguments) {
        const Truncation<D> bounds(arguments);
        const double off = bounds.low + bounds.high;
        return bounds.high > 0.0 && bounds.high <= 2.015 && off <= 1e-9 && off >= -1e-9;
    }

    // z = quantile(1/2 + u P(low < Z < high)), u = n / 2^32 of the word n as a signed number, less its sign
    // bit.
    FASTINIT_INLINE F32 operator()(U32 words) const {
        const F32 u = __builtin_convertvector(bit_cast<I32>(words ^ 0x80000000u), F32) * 0x1p-32f;
        const F32 x = mean_ + std_ * central_normal_quantile(u * probability_);
        return clamp(x, splat<F32>(bounds_.least), splat<F32>(bounds_.most));
    }
    FASTINIT_INLINE Pair<F32> operator()(Pair<U32> words) const { return map(words, *this); }

  private:
    Truncation<D> bounds_;
    float mean_, std_, probability_;
};

// A normal under the condition that it lies in [a, b], by trying normals until one does. For bounds that keep
// most of the distribution: try k of an element is the normal that the element has at draw k.
template <class D>
class TruncatedNormal {
  public:
    using Dtype = D;
    using Real = typename D::Real;
    using Fallback = InverseTruncatedNormal<D>;
    static constexpr int draws = draws_for<D>;
    static constexpr int tries = 16;

    explicit TruncatedNormal(const double* arguments)
        : bounds_(arguments),
          mean_(static_cast<Real>(bounds_.mean)),
          std_(static_cast<Real>(bounds_.std)),
          low_(static_cast<Real>(bounds_.low)),
          high_(static_cast<Real>(bounds_.high)) {}

    static const char* refuse(const double* arguments) {
        const Truncation<D> bounds(arguments);
        return bounds.least > bounds.most ? "the dtype has no value in [a, b]" : nullptr;
    }

    // Whether the bounds keep so much of the distribution that trying is quicker than inverting. Not inlined:
    // it is called where the float environment has just been set.
    __attribute__((noinline)) static bool pays(const double* arguments) {
        const Truncation<D> bounds(arguments);
        return upper_normal_tail(bounds.low).value() - upper_normal_tail(bounds.high).value() >= 0.5;
    }

    FASTINIT_INLINE Pair<Values<D>> operator()(Pair<Words<D>> words, Pair<Mask<D>>& rejected) const {
        const auto z = box_muller(words);
        rejected = map(z, [this](Values<D> x) -> Mask<D> {
            return bit_cast<Mask<D>>(x - low_) | bit_cast<Mask<D>>(high_ - x);
        });
        return map(z, [this](Values<D> x) {
            return clamp(mean_ + std_ * x, splat<Values<D>>(bounds_.least), splat<Values<D>>(bounds_.most));
        });
    }

  private:
    Truncation<D> bounds_;
    Real mean_, std_, low_, high_;
};

}  // namespace fastinit::core::inline FASTINIT_ISA
