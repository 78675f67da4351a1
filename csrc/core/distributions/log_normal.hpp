#pragma once

#include "core/distributions/normal.hpp"
#include "core/distributions/support.hpp"

namespace fastinit::core::inline FASTINIT_ISA {

// What splits a number's significand into halves whose products are exact, and 2^r for |r| <= 1/2 as
// 1 + r polynomial(r), within 8e-9 and 2e-17.
template <class T>
struct BinaryFormat;

template <>
struct BinaryFormat<float> {
    static constexpr std::uint32_t upper_half = 0xFFFFF000, bias = 127;
    static constexpr int fraction_bits = 23;
    static constexpr float to_integer = 0x1.8p23f, exponents = 160.0f;
    static constexpr float exp2[] = {0x1.62e430p-1f, 0x1.ebfbe0p-3f,  0x1.c6af6cp-5f,
                                     0x1.3b2a54p-7f, 0x1.5f0890p-10f, 0x1.44138ap-13f};
};

template <>
struct BinaryFormat<double> {
    static constexpr std::uint64_t upper_half = 0xFFFFFFFFF8000000, bias = 1023;
    static constexpr int fraction_bits = 52;
    static constexpr double to_integer = 0x1.8p52, exponents = 1100.0;
    static constexpr double exp2[] = {0x1.62e42fefa39efp-1,  0x1.ebfbdff82c598p-3,  0x1.c6b08d704a0c2p-5,
                                      0x1.3b2ab6fba1ddap-7,  0x1.5d87fe78a5276p-10, 0x1.430913096fd9fp-13,
                                      0x1.ffcbfc670dcd4p-17, 0x1.62bfd47773353p-20, 0x1.b524fae627834p-24,
                                      0x1.e6063f7217bc6p-28, 0x1.e9d3fe3952179p-32};
};

// A number as the sum of two: twice the precision.
struct Double2 {
    double high, low;
};

// x / log(2), by T. Dekker's product: A floating-point technique for extending the available precision,
// Numerische Mathematik 18 (1971).
inline Double2 over_log_2(double x) {
    constexpr double log2e = 0x1.71547652b82fep+0, rest = 0x1.777d0ffda0d24p-56;
    const auto upper = [](double a) {
        return __builtin_bit_cast(double,
                                  __builtin_bit_cast(std::uint64_t, a) & BinaryFormat<double>::upper_half);
    };
    const double high = x * log2e, a = upper(x), b = upper(log2e);
    const double error = ((a * b - high) + a * (log2e - b) + (x - a) * b) + (x - a) * (log2e - b);
    return {high, error + x * rest};
}

// e^(mean + std z) of the element's standard normal z, as 2^(mean' + std' z): the product is kept in two
// parts, the first exact, so that the result's relative error does not grow with the exponent.
template <class D>
class LogNormal {
  public:
    using Dtype = D;
    using Real = typename D::Real;
    static constexpr int draws = draws_for<D>;

    explicit LogNormal(const double* arguments) {
        const Double2 mean = over_log_2(within(arguments[0], 0x1p20)),
                      std = over_log_2(within(arguments[1], 0x1p99));
        const double whole = static_cast<double>(static_cast<std::int64_t>(mean.high));
        shift_ = static_cast<Scalar>(static_cast<std::int64_t>(whole)) + 2 * Format::bias;
        fraction_ = static_cast<Real>((mean.high - whole) + mean.low);
        std_ = upper(static_cast<Real>(std.high));
        std_rest_ = static_cast<Real>((std.high - static_cast<double>(std_)) + std.low);
        least_ = -Format::exponents - static_cast<Real>(whole);
        most_ = Format::exponents - static_cast<Real>(whole);
    }

    static const char* refuse(const double*) { return nullptr; }

    FASTINIT_INLINE Pair<Values<D>> operator()(Pair<Words<D>> words) const {
        return map(box_muller(words),
                   [this](Values<D> z) __attribute__((always_inline)) { return power(z); });
    }

  private:
    using Format = BinaryFormat<Real>;
    using Scalar = typename UnsignedOf<sizeof(Real)>::type;

    static double within(double x, double limit) { return x < -limit ? -limit : x > limit ? limit : x; }
    static Real upper(Real x) {
        return __builtin_bit_cast(Real,
                                  static_cast<Scalar>(__builtin_bit_cast(Scalar, x) & Format::upper_half));
    }

    FASTINIT_INLINE Values<D> power(Values<D> z) const {
        using V = Values<D>;
        using Bits = Words<D>;
        const V z_upper = bit_cast<V>(bit_cast<Bits>(z) & Format::upper_half);
        const V high = std_ * z_upper;
        const V low = (std_ * (z - z_upper) + std_rest_ * z) + fraction_;
        const V exponent = clamp(high + low, splat<V>(least_), splat<V>(most_));
        const V shifted = exponent + Format::to_integer;
        const V r =
            clamp((high - (shifted - Format::to_integer)) + low, splat<V>(Real(-1)), splat<V>(Real(1)));
        // In two factors, each of them a normal number where the product overflows or is subnormal.
        const Bits both = bit_cast<Bits>(shifted) - bit_cast<Bits>(splat<V>(Format::to_integer)) + shift_;
        const Bits half = both >> 1;
        const V x = (Real(1) + r * polynomial(r, Format::exp2)) * bit_cast<V>(half << Format::fraction_bits) *
                    bit_cast<V>((both - half) << Format::fraction_bits);
        return clamp(x, splat<V>(smallest_positive<D>()), splat<V>(largest_finite<D>()));
    }

    Scalar shift_;
    Real fraction_, std_, std_rest_, least_, most_;
};

}  // namespace fastinit::core::inline FASTINIT_ISA
