#pragma once

// log, sine and cosine, the normal distribution function and its inverse, each a fixed sequence of + - * / sqrt and
// integer operations: compiled with contraction off, they give the same bits on every CPU. Nothing here calls libm.

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

// The natural logarithm of normal x > 0, within 1 ulp: x = 2^k m with m in [sqrt(1/2), sqrt(2)), and a polynomial
// for log(m) with the coefficients of Cephes (S. Moshier, logf.c).
FASTINIT_INLINE F32 log(F32 x) {
    constexpr std::int32_t sqrt_half = 0x3F3504F3;
    const I32 shifted = bit_cast<I32>(x) - sqrt_half;
    const I32 exponent = shifted >> 23;
    const F32 f = bit_cast<F32>((shifted & 0x7FFFFF) + sqrt_half) - 1.0f;
    const F32 k = __builtin_convertvector(exponent, F32);
    constexpr float c[] = {3.3333331174e-1f,  -2.4999993993e-1f, 2.0000714765e-1f,  -1.6668057665e-1f, 1.4249322787e-1f,
                           -1.2420140846e-1f, 1.1676998740e-1f,  -1.1514610310e-1f, 7.0376836292e-2f};
    const F32 square = f * f;
    const F32 tail = f * square * polynomial(f, c) - k * 2.12194440e-4f - 0.5f * square;
    return k * 0.693359375f + (f + tail);
}

// The same for float64, within 1 ulp: log(1 + f) = 2 atanh(f / (2 + f)), as fdlibm's e_log.c.
FASTINIT_INLINE F64 log(F64 x) {
    constexpr std::uint64_t sqrt_half = 0x3FE6A09E667F3BCD, one = 0x3FF0000000000000;
    const U64 shifted = bit_cast<U64>(x) - sqrt_half;
    const F64 f = bit_cast<F64>((shifted & 0xFFFFFFFFFFFFF) + sqrt_half) - 1.0;
    // 1023 more than the exponent, put into the last bits of 2^52: a conversion that every CPU has.
    const F64 k = bit_cast<F64>(((shifted + one) >> 52) | bit_cast<U64>(splat<F64>(0x1p52))) - (0x1p52 + 1023.0);
    constexpr double c[] = {6.666666666666735130e-01, 3.999999999940941908e-01, 2.857142874366239149e-01,
                            2.222219843214978396e-01, 1.818357216161805012e-01, 1.531383769920937332e-01,
                            1.479819860511658591e-01};
    const F64 s = f / (2.0 + f);
    const F64 z = s * s;
    const F64 half_square = 0.5 * f * f;
    const F64 tail = s * (half_square + z * polynomial(z, c)) + k * 1.90821492927058770002e-10;
    return k * 6.93147180369123816490e-01 - ((half_square - tail) - f);
}

template <class V>
struct SinCos {
    V sin, cos;
};

// sin and cos of 2 pi w / 2^32. The quadrant and the angle in it, in [-pi/4, pi/4), are exact in the integer.
FASTINIT_INLINE SinCos<F32> sincos_turns(U32 w) {
    const U32 quadrant = w + (1u << 29);  // in bits 31 and 30
    const F32 x = __builtin_convertvector(bit_cast<I32>(w << 2), F32) * 0x1.921fb6p-32f;  // 2 pi / 2^34
    const F32 z = x * x;
    constexpr float s[] = {-1.6666654611e-1f, 8.3321608736e-3f, -1.9515295891e-4f};
    constexpr float c[] = {4.166664568298827e-2f, -1.388731625493765e-3f, 2.443315711809948e-5f};
    const F32 sin = x + x * z * polynomial(z, s);
    const F32 cos = 1.0f - (0.5f * z - z * z * polynomial(z, c));
    const I32 odd = bit_cast<I32>(quadrant << 1) >> 31;
    constexpr std::uint32_t sign = 1u << 31;
    return {bit_cast<F32>(bit_cast<U32>(odd ? cos : sin) ^ (quadrant & sign)),
            bit_cast<F32>(bit_cast<U32>(odd ? sin : cos) ^ ((quadrant + (1u << 30)) & sign))};
}

// sin and cos of 2 pi w / 2^64, from the upper 53 bits of w.
FASTINIT_INLINE SinCos<F64> sincos_turns(U64 w) {
    const U64 quadrant = w + (std::uint64_t{1} << 61);  // in bits 63 and 62
    // The angle in the quadrant as a signed 51-bit number, put into the last bits of 1.5 * 2^52.
    const U64 angle = ((quadrant & 0x3FFFFFFFFFFFFFFF) >> 11) - (std::uint64_t{1} << 50);
    constexpr double magic = 0x1.8p52;
    const F64 turns = bit_cast<F64>(angle + bit_cast<U64>(splat<F64>(magic))) - magic;
    const F64 x = turns * 0x1.921fb54442d18p-51;  // 2 pi / 2^53
    const F64 z = x * x;
    constexpr double s[] = {-1.66666666666666324348e-01, 8.33333333332248946124e-03, -1.98412698298579493134e-04,
                            2.75573137070700676789e-06,  -2.50507602534068634195e-08, 1.58969099521155010221e-10};
    constexpr double c[] = {4.16666666666666019037e-02, -1.38888888888741095749e-03, 2.48015872894767294178e-05,
                            -2.75573143513906633035e-07, 2.08757232129817482790e-09, -1.13596475577881948265e-11};
    const F64 sin = x + x * z * polynomial(z, s);
    const F64 cos = 1.0 - (0.5 * z - z * z * polynomial(z, c));
    const I64 odd = bit_cast<I64>(bit_cast<U64>(I64{}) - ((quadrant >> 62) & 1));
    constexpr std::uint64_t sign = std::uint64_t{1} << 63;
    return {bit_cast<F64>(bit_cast<U64>(odd ? cos : sin) ^ (quadrant & sign)),
            bit_cast<F64>(bit_cast<U64>(odd ? sin : cos) ^ ((quadrant + (std::uint64_t{1} << 62)) & sign))};
}

// The normal quantile: z with P(Z > z) = q, given q and -log q, for q <= 1/2; |error| < 1e-15 z out to z = 38.
// M. Wichura, Algorithm AS 241: the percentage points of the normal distribution, Applied Statistics 37 (1988).
FASTINIT_INLINE F64 upper_normal_quantile(F64 q, F64 minus_log_q) {
    constexpr double central_numerator[] = {3.3871328727963666080e0,  1.3314166789178437745e2, 1.9715909503065514427e3,
                                            1.3731693765509461125e4,  4.5921953931549871457e4, 6.7265770927008700853e4,
                                            3.3430575583588128105e4,  2.5090809287301226727e3};
    constexpr double central_denominator[] = {1.0,                     4.2313330701600911252e1, 6.8718700749205790830e2,
                                              5.3941960214247511077e3, 2.1213794301586595867e4, 3.9307895800092710610e4,
                                              2.8729085735721942674e4, 5.2264952788528545610e3};
    constexpr double near_numerator[] = {1.42343711074968357734e0,  4.63033784615654529590e0,  5.76949722146069140550e0,
                                         3.64784832476320460504e0,  1.27045825245236838258e0,  2.41780725177450611770e-1,
                                         2.27238449892691845833e-2, 7.74545014278341407640e-4};
    constexpr double near_denominator[] = {1.0,                       2.05319162663775882187e0,  1.67638483018380384940e0,
                                           6.89767334985100004550e-1, 1.48103976427480074590e-1, 1.51986665636164571966e-2,
                                           5.47593808499534494600e-4, 1.05075007164441684324e-9};
    constexpr double far_numerator[] = {6.65790464350110377720e0,  5.46378491116411436990e0,  1.78482653991729133580e0,
                                        2.96560571828504891230e-1, 2.65321895265761230930e-2, 1.24266094738807843860e-3,
                                        2.71155556874348757815e-5, 2.01033439929228813265e-7};
    constexpr double far_denominator[] = {1.0,                       5.99832206555887937690e-1, 1.36929880922735805310e-1,
                                          1.48753612908506148525e-2, 7.86869131145613259100e-4, 1.84631831751005468180e-5,
                                          1.42151175831644588870e-7, 2.04426310338993978564e-15};
    const F64 c = 0.5 - q;
    const F64 r = sqrt(minus_log_q);
    const F64 s = 0.180625 - c * c;
    const F64 central = c * polynomial(s, central_numerator) / polynomial(s, central_denominator);
    const F64 near = polynomial(r - 1.6, near_numerator) / polynomial(r - 1.6, near_denominator);
    const F64 tail = bits_of(r > 5.0) == 0
                         ? near
                         : (r > 5.0 ? polynomial(r - 5.0, far_numerator) / polynomial(r - 5.0, far_denominator) : near);
    return c <= 0.425 ? central : tail;
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

// An upper tail probability of the standard normal, P(Z > x) = e^log_scale * scaled: kept in two factors, since
// beyond x = 38 it is below what float64 can hold.
struct UpperTail {
    double scaled, log_scale;
    double value() const { return scaled * exp(log_scale); }
};

inline UpperTail upper_normal_tail(double x) {
    constexpr double inverse_sqrt_2pi = 0.398942280401432677940;
    if (x < 0.0) return {1.0 - upper_normal_tail(-x).value(), 0.0};
    if (x < 1.0) {  // G. Marsaglia, Evaluating the normal distribution, Journal of Statistical Software 11 (2004)
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
