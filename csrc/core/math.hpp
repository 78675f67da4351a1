#pragma once

// Logarithm, sine and cosine, the normal distribution function and its inverse, each a fixed sequence of + -
// * / sqrt and integer operations: compiled with contraction off, they give the same bits on every CPU.
// Nothing here calls libm.

#include "core/simd.hpp"

namespace fastinit::core::inline FASTINIT_ISA {

// c[0] + c[1] x + c[2] x^2 + ..., by Horner's rule.
template <class V, class T, int n>
FASTINIT_INLINE V polynomial(V x, const T (&c)[n]) {
    V sum = splat<V>(c[n - 1]);
#pragma GCC unroll 16
    for (int i = n - 2; i >= 0; --i) sum = sum * x + c[i];
    return sum;
}

// -2 log(x / 2^scale) for normal x > 0: x = 2^k m with m in [2/3, 4/3), and for -2 log(m) a polynomial,
// fitted for the least relative error (2.6e-8). Where x / 2^scale is near 1, k = scale: nothing cancels.
template <int scale>
FASTINIT_INLINE F32 minus_twice_log(F32 x) {
    constexpr std::int32_t two_thirds = 0x3F2AAAAB;
    const I32 shifted = bit_cast<I32>(x) - (two_thirds + (scale << 23));
    const F32 k = __builtin_convertvector(shifted >> 23, F32);
    const F32 f = bit_cast<F32>((shifted & 0x7FFFFF) + two_thirds) - 1.0f;
    constexpr float c[] = {-2.0f,          0x1.ffffd6p-1f,  -0x1.5554fap-1f, 0x1.001480p-1f, -0x1.99d428p-2f,
                           0x1.5032eap-2f, -0x1.1ea258p-2f, 0x1.3b2846p-2f,  -0x1.1f427ap-2f};
    return k * -0x1.62e430p+0f + f * polynomial(f, c);
}

// x = 2^exponent (1 + fraction), with 1 + fraction in [sqrt(1/2), sqrt(2)).
struct LogParts {
    F64 exponent, fraction;
};

FASTINIT_INLINE LogParts log_parts(F64 x) {
    constexpr std::uint64_t sqrt_half = 0x3FE6A09E667F3BCD, one = 0x3FF0000000000000;
    const U64 shifted = bit_cast<U64>(x) - sqrt_half;
    // 1023 more than the exponent, put into the last bits of 2^52: a conversion that every CPU has.
    return {bit_cast<F64>(((shifted + one) >> 52) | bit_cast<U64>(splat<F64>(0x1p52))) - (0x1p52 + 1023.0),
            bit_cast<F64>((shifted & 0xFFFFFFFFFFFFF) + sqrt_half) - 1.0};
}

// The natural logarithm of what has these parts, within 1 ulp: log(1 + f) = 2 atanh(f / (2 + f)), as in
// fdlibm's e_log.c.
FASTINIT_INLINE F64 log_of(LogParts x) {
    constexpr double c[] = {6.666666666666735130e-01, 3.999999999940941908e-01, 2.857142874366239149e-01,
                            2.222219843214978396e-01, 1.818357216161805012e-01, 1.531383769920937332e-01,
                            1.479819860511658591e-01};
    const F64 k = x.exponent, f = x.fraction;
    const F64 s = f / (2.0 + f);
    const F64 z = s * s;
    const F64 half_square = 0.5 * f * f;
    const F64 tail = s * (half_square + z * polynomial(z, c)) + k * 1.90821492927058770002e-10;
    return k * 6.93147180369123816490e-01 - ((half_square - tail) - f);
}

// The natural logarithm of normal x > 0, within 1 ulp.
FASTINIT_INLINE F64 log(F64 x) { return log_of(log_parts(x)); }

// A point of the unit circle.
template <class V>
struct Direction {
    V x, y;
};

// A uniform direction. The circle is four arcs of a quarter, each centred on half an axis: bit 31 of w says
// whether its larger coordinate is negative, bit 30 whether that is y, and the bits below are the angle from
// the axis in
// [-pi/4, pi/4), signed, where sine and cosine both keep their relative accuracy.
FASTINIT_INLINE Direction<F32> direction(U32 w) {
    const F32 angle = __builtin_convertvector(bit_cast<I32>(w << 2), F32) * 0x1.921fb6p-32f;  // 2 pi / 2^34
    const F32 z = angle * angle;
    constexpr float s[] = {-0x1.555546p-3f, 0x1.11073ap-7f, -0x1.9943e0p-13f};
    constexpr float c[] = {1.0f, -0.5f, 0x1.55554ap-5f, -0x1.6c0c34p-10f, 0x1.99eb9cp-16f};
    const F32 small = angle + angle * z * polynomial(z, s);
    const F32 large = bit_cast<F32>(bit_cast<U32>(polynomial(z, c)) ^ (w & 0x80000000u));
    const auto along_y = bit_cast<I32>(w << 1) < 0;
    return {along_y ? small : large, along_y ? large : small};
}

// The same of the upper 53 bits of w: its bits 63 and 62 choose the arc, and the angle has 51 bits.
FASTINIT_INLINE Direction<F64> direction(U64 w) {
    // The signed angle, put into the last bits of 1.5 * 2^52: a conversion that every CPU has.
    const U64 biased = ((w ^ (std::uint64_t{1} << 61)) & 0x3FFFFFFFFFFFFFFF) >> 11;
    const F64 turns = bit_cast<F64>(biased | bit_cast<U64>(splat<F64>(0x1p52))) - (0x1p52 + 0x1p50);
    const F64 angle = turns * 0x1.921fb54442d18p-51;  // 2 pi / 2^53
    const F64 z = angle * angle;
    constexpr double s[] = {-1.66666666666666324348e-01, 8.33333333332248946124e-03,
                            -1.98412698298579493134e-04, 2.75573137070700676789e-06,
                            -2.50507602534068634195e-08, 1.58969099521155010221e-10};
    constexpr double c[] = {4.16666666666666019037e-02, -1.38888888888741095749e-03,
                            2.48015872894767294178e-05, -2.75573143513906633035e-07,
                            2.08757232129817482790e-09, -1.13596475577881948265e-11};
    const F64 small = angle + angle * z * polynomial(z, s);
    const F64 cosine = 1.0 - (0.5 * z - z * z * polynomial(z, c));
    const F64 large = bit_cast<F64>(bit_cast<U64>(cosine) ^ (w & (std::uint64_t{1} << 63)));
    const auto along_y = bit_cast<I64>(w << 1) < 0;
    return {along_y ? small : large, along_y ? large : small};
}

// The normal quantile near the middle: z with P(Z < z) = 1/2 + q, for |z| <= 2.015; |error| < 8e-7. A
// rational function of the squared distance to where it begins to rise, fitted for the least relative error
// (8e-8).
FASTINIT_INLINE F32 central_normal_quantile(F32 q) {
    constexpr float numerator[] = {0x1.0dc38ep+2f, 0x1.cdc79cp+7f, 0x1.8eb3aep+11f, 0x1.44c4bep+13f,
                                   0x1.d36362p+11f};
    constexpr float denominator[] = {1.0f, 0x1.f3fa16p+5f, 0x1.0a552ep+10f, 0x1.3a25c6p+12f, 0x1.0f10b2p+12f};
    const F32 v = 0x1.d40752p-3f - q * q;
    return q * polynomial(v, numerator) / polynomial(v, denominator);
}

// The normal quantile: z with P(Z > z) = q, given q and -log q, for q <= 1/2; |error| < 1e-15 z out to z
// = 38. M. Wichura, Algorithm AS 241: the percentage points of the normal distribution, Applied Statistics 37
// (1988).
FASTINIT_INLINE F64 upper_normal_quantile(F64 q, F64 minus_log_q) {
    constexpr double central_numerator[] = {
        3.3871328727963666080e0, 1.3314166789178437745e2, 1.9715909503065514427e3, 1.3731693765509461125e4,
        4.5921953931549871457e4, 6.7265770927008700853e4, 3.3430575583588128105e4, 2.5090809287301226727e3};
    constexpr double central_denominator[] = {1.0,
                                              4.2313330701600911252e1,
                                              6.8718700749205790830e2,
                                              5.3941960214247511077e3,
                                              2.1213794301586595867e4,
                                              3.9307895800092710610e4,
                                              2.8729085735721942674e4,
                                              5.2264952788528545610e3};
    constexpr double near_numerator[] = {1.42343711074968357734e0,  4.63033784615654529590e0,
                                         5.76949722146069140550e0,  3.64784832476320460504e0,
                                         1.27045825245236838258e0,  2.41780725177450611770e-1,
                                         2.27238449892691845833e-2, 7.74545014278341407640e-4};
    constexpr double near_denominator[] = {1.0,
                                           2.05319162663775882187e0,
                                           1.67638483018380384940e0,
                                           6.89767334985100004550e-1,
                                           1.48103976427480074590e-1,
                                           1.51986665636164571966e-2,
                                           5.47593808499534494600e-4,
                                           1.05075007164441684324e-9};
    constexpr double far_numerator[] = {6.65790464350110377720e0,  5.46378491116411436990e0,
                                        1.78482653991729133580e0,  2.96560571828504891230e-1,
                                        2.65321895265761230930e-2, 1.24266094738807843860e-3,
                                        2.71155556874348757815e-5, 2.01033439929228813265e-7};
    constexpr double far_denominator[] = {1.0,
                                          5.99832206555887937690e-1,
                                          1.36929880922735805310e-1,
                                          1.48753612908506148525e-2,
                                          7.86869131145613259100e-4,
                                          1.84631831751005468180e-5,
                                          1.42151175831644588870e-7,
                                          2.04426310338993978564e-15};
    const F64 c = 0.5 - q;
    const F64 r = sqrt(minus_log_q);
    const F64 s = 0.180625 - c * c;
    // Each of the three is left out where no lane needs it: that changes the time, not the bits.
    F64 z{};
    if (sign_bits(c <= 0.425) != 0)
        z = c * polynomial(s, central_numerator) / polynomial(s, central_denominator);
    if (sign_bits(c > 0.425) != 0) {
        const F64 near = polynomial(r - 1.6, near_numerator) / polynomial(r - 1.6, near_denominator);
        z = c > 0.425 ? near : z;
    }
    if (sign_bits(r > 5.0) != 0) {
        const F64 far = polynomial(r - 5.0, far_numerator) / polynomial(r - 5.0, far_denominator);
        z = r > 5.0 ? far : z;
    }
    return z;
}

// The functions below are evaluated a few times per fill, for its bounds.

// e^x, within 2 ulp; 0 below the range of float64.
inline double exp(double x) {
    if (x < -708.0) return 0.0;
    if (x > 709.0) return __builtin_inf();
    const auto k = static_cast<std::int64_t>(x * 1.44269504088896338700 + (x < 0 ? -0.5 : 0.5));
    const auto kd = static_cast<double>(k);
    const double r = (x - kd * 6.93147180369123816490e-01) - kd * 1.90821492927058770002e-10;
    double sum = 1.0;
    for (int i = 17; i > 0; --i) sum = 1.0 + sum * (r / i);
    return sum * __builtin_bit_cast(double, (k + 1023) << 52);
}

// An upper tail probability of the standard normal, P(Z > x) = e^log_scale * scaled: kept in two factors,
// since beyond x = 38 it is below what float64 can hold.
struct UpperTail {
    double scaled, log_scale;
    double value() const { return scaled * exp(log_scale); }
};

inline UpperTail upper_normal_tail(double x) {
    constexpr double inverse_sqrt_2pi = 0.398942280401432677940;
    if (x < 0.0) return {1.0 - upper_normal_tail(-x).value(), 0.0};
    if (x <
        1.0) {  // G. Marsaglia, Evaluating the normal distribution, Journal of Statistical Software 11 (2004)
        double term = x, sum = x;
        for (int i = 3; i < 60; i += 2) {
            term *= x * x / i;
            sum += term;
        }
        return {0.5 - inverse_sqrt_2pi * exp(-0.5 * x * x) * sum, 0.0};
    }
    if (x == __builtin_inf()) return {0.0, 0.0};
    double fraction = x;  // Laplace's continued fraction for Mills' ratio
    for (int i = 200; i > 0; --i) fraction = x + i / fraction;
    return {inverse_sqrt_2pi / fraction, -0.5 * x * x};
}

}  // namespace fastinit::core::inline FASTINIT_ISA
