#pragma once

// Words -> values. A distribution is made of its arguments for one dtype D; it turns two vectors of words
// into two of values. Lane i of `first` and of `second` hold words that lie side by side in one block (0 and
// 1, or 2 and 3), so a distribution may use the two together; each lane is otherwise on its own.
//
//   Dtype     the D it was made for
//   draws     the draws of an element's block that one evaluation reads: 2 for the 64-bit words of float64
//   refuse    why the arguments cannot be filled into D: nullptr if they can
//   tries     for a rejecting distribution only: how often it is tried before `Fallback`; try k reads the
//   draws from
//             k * draws on, and `rejected` tells which lanes are to be tried again

#include "core/dtypes.hpp"
#include "core/math.hpp"

namespace fastinit::core::inline FASTINIT_ISA {

template <class V>
struct Pair {
    V first, second;
};

// Words as wide as D's arithmetic; a 64-bit word is the element's word at one draw above its word at the
// next.
template <class D>
using Words = Vector<typename UnsignedOf<sizeof(typename D::Real)>::type>;
template <class D>
using Values = Vector<typename D::Real>;
template <class D>
using Mask = std::conditional_t<sizeof(typename D::Real) == 8, I64, I32>;

template <class D>
inline constexpr int draws_for = sizeof(typename D::Real) / 4;

// w / 2^32 in [0, 1), from the upper 24 bits: the multiples of 2^-24.
FASTINIT_INLINE F32 uniform_numerator(U32 w) { return __builtin_convertvector(bit_cast<I32>(w >> 8), F32); }

// The upper 53 bits of w as a number: its two halves go into the last bits of 2^84 and of 2^52.
FASTINIT_INLINE F64 uniform_numerator(U64 w) {
    const U64 high = (w >> 43) | bit_cast<U64>(splat<F64>(0x1p84));
    const U64 low = ((w >> 11) & 0xFFFFFFFFu) | bit_cast<U64>(splat<F64>(0x1p52));
    return (bit_cast<F64>(high) - (0x1p84 + 0x1p52)) + bit_cast<F64>(low);
}

// The length of a pair of independent standard normals: sqrt(-2 log u), where u = (n + 1/2) / 2^31 of the
// word's upper 31 bits n, or (n + 1/2) / 2^53 of its upper 53, converted to D's arithmetic before and after
// the sum. u is never 0, and small u keep all their bits, since it is they that make the tails: 6.66 standard
// deviations, or 8.65.
FASTINIT_INLINE F32 normal_radius(U32 w) {
    return sqrt(minus_twice_log<31>(__builtin_convertvector(bit_cast<I32>(w >> 1), F32) + 0.5f));
}
FASTINIT_INLINE F64 normal_radius(U64 w) {
    return sqrt(-2.0 * log(uniform_numerator(w) * 0x1p-53 + 0x1p-54));
}

// Two independent standard normals: G. Box and M. Muller, A note on the generation of random normal deviates,
// 1958.
template <class Bits>
FASTINIT_INLINE auto box_muller(Pair<Bits> words) {
    const auto radius = normal_radius(words.first);
    const auto unit = direction(words.second);
    return Pair{radius * unit.x, radius * unit.y};
}

template <class Values>
FASTINIT_INLINE auto map(Pair<Values> x, auto f) {
    return Pair{f(x.first), f(x.second)};
}

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
    }

    static const char* refuse(const double* arguments) {
        const Uniform made(arguments);
        return made.least_ > made.most_ ? "the dtype has no value in [low, high)" : nullptr;
    }

    // low + (high - low) * u can round to `high`, and rounding to a half type more so: hence the clamp.
    FASTINIT_INLINE Values<D> operator()(Words<D> words) const {
        const Values<D> x = low_ + uniform_numerator(words) * scale_;
        return clamp(x, splat<Values<D>>(least_), splat<Values<D>>(most_));
    }
    FASTINIT_INLINE Pair<Values<D>> operator()(Pair<Words<D>> words) const { return map(words, *this); }

  private:
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
            constexpr auto sign = Bits{}[0] + (std::uint64_t{1} << (8 * sizeof(Real) - 1));
            const Values<D> x = uniform_(w);
            const Values<D> magnitude =
                bit_cast<Values<D>>(bit_cast<Bits>(x) & static_cast<Scalar>(sign - 1));
            const Bits keep = bit_cast<Bits>(magnitude >= threshold_) | static_cast<Scalar>(sign);
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

template <class D>
class Normal {
  public:
    using Dtype = D;
    using Real = typename D::Real;
    static constexpr int draws = draws_for<D>;

    explicit Normal(const double* arguments)
        : mean_(static_cast<Real>(arguments[0])), std_(static_cast<Real>(arguments[1])) {}

    static const char* refuse(const double*) { return nullptr; }

    FASTINIT_INLINE Pair<Values<D>> operator()(Pair<Words<D>> words) const {
        return map(box_muller(words), [this](Values<D> z) { return mean_ + std_ * z; });
    }

  private:
    Real mean_, std_;
};

// What both ways to a truncated normal begin with: arguments (mean, std, a, b), and the bounds in units of
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
        above_high_ = above_high.scaled * exp(above_high.log_scale - log_unit_);
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

    // Whether the bounds keep so much of the distribution that trying is quicker than inverting.
    static bool pays(const double* arguments) {
        const Truncation<D> bounds(arguments);
        return upper_normal_tail(bounds.low).value() - upper_normal_tail(bounds.high).value() >= 0.5;
    }

    FASTINIT_INLINE Pair<Values<D>> operator()(Pair<Words<D>> words, Pair<Mask<D>>& rejected) const {
        const auto z = box_muller(words);
        rejected = map(z, [this](Values<D> x) { return (x < low_) | (x > high_); });
        return map(z, [this](Values<D> x) {
            return clamp(mean_ + std_ * x, splat<Values<D>>(bounds_.least), splat<Values<D>>(bounds_.most));
        });
    }

  private:
    Truncation<D> bounds_;
    Real mean_, std_, low_, high_;
};

// 1 with probability p, else 0: the element's first word, over 2^32, is below p.
template <class D>
class Bernoulli {
  public:
    using Dtype = D;
    using Real = typename D::Real;
    static constexpr int draws = 1;

    explicit Bernoulli(const double* arguments) {
        const double scaled = arguments[0] * 0x1p32;
        auto count = scaled > 0.0 ? static_cast<std::uint64_t>(scaled < 0x1p32 ? scaled : 0x1p32) : 0;
        if (static_cast<double>(count) < scaled && count < (std::uint64_t{1} << 32)) ++count;
        none_ = count == 0;
        last_ = static_cast<std::uint32_t>(count - 1);
    }

    static const char* refuse(const double*) { return nullptr; }

    FASTINIT_INLINE Pair<Values<D>> operator()(Pair<Words<D>> words) const {
        return map(words, [this](Words<D> w) __attribute__((always_inline)) {
            using Scalar = typename UnsignedOf<sizeof(Real)>::type;
            if constexpr (sizeof(Real) == 8) w >>= 32;
            const auto one = bit_cast<Words<D>>(splat<Values<D>>(none_ ? Real(0) : Real(1)));
            return bit_cast<Values<D>>(bit_cast<Words<D>>(w <= Scalar{last_}) & one);
        });
    }

  private:
    bool none_;
    std::uint32_t last_;
};

// One value everywhere; no word is read.
template <class D>
class Constant {
  public:
    using Dtype = D;
    using Real = typename D::Real;
    static constexpr int draws = 0;

    explicit Constant(const double* arguments)
        : value_(arguments[0] == arguments[0] ? static_cast<Real>(arguments[0]) : Real(__builtin_nanf(""))) {}

    static const char* refuse(const double*) { return nullptr; }

    FASTINIT_INLINE Pair<Values<D>> operator()(Pair<Words<D>>) const {
        return {splat<Values<D>>(value_), splat<Values<D>>(value_)};
    }

  private:
    Real value_;
};

// The words themselves.
template <class D>
class RandomWords {
  public:
    using Dtype = D;
    static constexpr int draws = draws_for<D>;

    explicit RandomWords(const double*) {}

    static const char* refuse(const double*) { return nullptr; }

    FASTINIT_INLINE Pair<Words<D>> operator()(Pair<Words<D>> words) const { return words; }
};

}  // namespace fastinit::core::inline FASTINIT_ISA
