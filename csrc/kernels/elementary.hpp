#pragma once

// Elementary functions of one element, without branches or tables, so that a loop over them becomes vector
// code. They are good to a few units in the last place; tests/test_core_pointwise.py holds the bounds. No
// library function is called and contraction is off, so every instruction set gives the same bits.
//
// All are inlined by force: a call in a loop would keep it from becoming vector code. The polynomials are
// near-minimax (Chebyshev) fits, the highest power first.

#include <cstdint>

namespace fastinit::kernels::FASTINIT_ISA {
namespace {

template <class T>
struct Format;

template <>
struct Format<float> {
    using Bits = std::uint32_t;
    static constexpr int mantissa_bits = 23;
    static constexpr Bits bias = 127;
    static constexpr Bits upper_half = 0xFFFFF000;  // of the mantissa: its square is exact
    static constexpr float to_integer = 0x1.8p23f;  // added, it leaves the nearest integer in the lowest bits
    static constexpr float ln2_high = 0x1.62e4p-1f;  // times any exponent: exact
    static constexpr float ln2_low = 0x1.7f7d1cp-20f;
    static constexpr float smallest_exponent = -104;  // exp of it is 0
    static constexpr float largest_exponent = 89;     // exp of it is infinite
    static constexpr float normal_limit = 15;         // the normal distribution has nothing beyond it
};

template <>
struct Format<double> {
    using Bits = std::uint64_t;
    static constexpr int mantissa_bits = 52;
    static constexpr Bits bias = 1023;
    static constexpr Bits upper_half = 0xFFFFFFFFF8000000;
    static constexpr double to_integer = 0x1.8p52;
    static constexpr double ln2_high = 0x1.62e42feep-1;
    static constexpr double ln2_low = 0x1.a39ef35793c76p-33;
    static constexpr double smallest_exponent = -746;
    static constexpr double largest_exponent = 710;
    static constexpr double normal_limit = 39;
};

template <class T>
constexpr bool single = sizeof(T) == sizeof(float);

template <class T>
[[gnu::always_inline]] inline typename Format<T>::Bits bits_of(T x) {
    return __builtin_bit_cast(typename Format<T>::Bits, x);
}

// 2 to the power of (exponent - bias).
template <class T>
[[gnu::always_inline]] inline T power_of_two(typename Format<T>::Bits exponent) {
    return __builtin_bit_cast(T, exponent << Format<T>::mantissa_bits);
}

// The value nearest to x in [low, high]; a NaN stays one.
template <class T>
[[gnu::always_inline]] inline T clamp(T x, T low, T high) {
    const T at_least = x < low ? low : x;
    return at_least > high ? high : at_least;
}

template <class T>
[[gnu::always_inline]] inline T absolute(T x) {
    return x < T(0) ? -x : x;
}

template <class T>
[[gnu::always_inline]] inline T with_sign_of(T sign, T size) {
    constexpr auto sign_bit = typename Format<T>::Bits(1) << (8 * sizeof(T) - 1);
    return __builtin_bit_cast(T, (bits_of(size) & ~sign_bit) | (bits_of(sign) & sign_bit));
}

template <class T, class... Coefficients>
[[gnu::always_inline]] inline T polynomial(T x, Coefficients... coefficients) {
    T sum = 0;
    ((sum = sum * x + T(coefficients)), ...);
    return sum;
}

// x + low = n ln 2 + remainder, with n an integer and the remainder in [-ln 2 / 2, ln 2 / 2] or, by `low`, a
// little out of it: what exp(x + low) is made of.
template <class T>
struct Exponent {
    typename Format<T>::Bits n;
    T remainder_expm1;  // exp(remainder) - 1

    [[gnu::always_inline]] explicit Exponent(T x, T low = 0) {
        using F = Format<T>;
        const T shifted = x * T(1.44269504088896340736) + F::to_integer;
        n = bits_of(shifted) - bits_of(F::to_integer);
        const T whole = shifted - F::to_integer;
        const T r = ((x - whole * F::ln2_high) - whole * F::ln2_low) + low;
        remainder_expm1 = r + r * r * series(r);
    }

    // (exp(r) - 1 - r) / r^2
    [[gnu::always_inline]] static T series(T r) {
        if constexpr (single<T>)
            return polynomial(r, 0.001393239037863490, 0.008368148074471533, 0.04166651424430991,
                              0.16666544668652638, 0.5);
        else
            return polynomial(r, 2.0920996110607114309e-9, 2.5114052198478247525e-8, 2.7557257224580902046e-7,
                              2.7557232408078179847e-6, 2.480158733959483143e-5, 1.9841269894491793928e-4,
                              1.3888888888879379499e-3, 8.3333333333200171901e-3, 4.1666666666666673328e-2,
                              1.6666666666666675995e-1, 0.5);
    }
};

// exp(x + low), low small.
template <class T>
[[gnu::always_inline]] inline T exp(T x, T low = 0) {
    using F = Format<T>;
    const Exponent<T> parts(clamp(x, F::smallest_exponent, F::largest_exponent), low);
    // In two factors, each of them a normal number where the product overflows or is subnormal.
    const auto both = parts.n + 2 * F::bias;
    const auto half = both >> 1;
    return (T(1) + parts.remainder_expm1) * power_of_two<T>(half) * power_of_two<T>(both - half);
}

// exp(x) - 1 for x <= 0.
template <class T>
[[gnu::always_inline]] inline T expm1_of_negative(T x) {
    const Exponent<T> parts(clamp(x, T(-60), T(0)));
    const T scale = power_of_two<T>(parts.n + Format<T>::bias);
    return scale * parts.remainder_expm1 + (scale - T(1));
}

template <class T>
[[gnu::always_inline]] inline T tanh(T x) {
    const T e = expm1_of_negative(T(-2) * absolute(x));
    return with_sign_of(x, e / (e + T(2)));
}

// 1 / (1 + exp(-x)), with the exponential that does not overflow.
template <class T>
[[gnu::always_inline]] inline T sigmoid(T x) {
    const T e = exp(-absolute(x));
    return (x < T(0) ? e : T(1)) / (T(1) + e);
}

// Its derivative, sigmoid(x) * sigmoid(-x).
template <class T>
[[gnu::always_inline]] inline T sigmoid_slope(T x) {
    const T e = exp(-absolute(x));
    return e / ((T(1) + e) * (T(1) + e));
}

// log(1 + exp(-x)) for x >= 0: with s = y / (2 + y), log(1 + y) = 2 artanh(s).
template <class T>
[[gnu::always_inline]] inline T log1p_of_exp_of_minus(T x) {
    const T y = exp(-x);
    const T s = y / (T(2) + y);
    const T square = s * s;
    T series;  // (2 artanh(s) - 2 s) / s^3
    if constexpr (single<T>)
        series = polynomial(square, 0.2322432922402335, 0.2170657580088037, 0.28592357994302838,
                            0.3999970633195972, 0.66666667320527412);
    else
        series = polynomial(square, 0.14938828485979847019, 0.052834122281372712085, 0.092319442733682474862,
                            0.094571632072114846741, 0.10531837812039883673, 0.11764394102673769388,
                            0.13333345323305978498, 0.15384615076709172748, 0.18181818186880556257,
                            0.222222222221727887, 0.28571428571428821812, 0.39999999999999999502,
                            0.66666666666666666667);
    return T(2) * s + s * square * series;
}

// exp(-z^2 / 2); z^2 is taken in two parts, since exp makes a relative error of its argument's absolute one.
template <class T>
[[gnu::always_inline]] inline T exp_of_half_square(T z) {
    const T upper = __builtin_bit_cast(T, bits_of(z) & Format<T>::upper_half);
    return exp(T(-0.5) * upper * upper, T(-0.5) * (z - upper) * (z + upper));
}

// The normal distribution function. Its tail is exp(-z^2 / 2) / (1 + z) times a function that varies little:
// a polynomial in (z - k) / (z + k), after Shepherd and Laframboise, Math. Comp. 36 (1981).
template <class T>
[[gnu::always_inline]] inline T normal_cdf(T x) {
    const T size = absolute(x);
    const T z = size > Format<T>::normal_limit ? Format<T>::normal_limit : size;
    T series;
    if constexpr (single<T>)
        series = polynomial((z - T(4)) / (z + T(4)), -7.437454417e-5, -6.673718492e-5, 0.0006908448556,
                            -0.0002999187613, -0.005002140853, 0.01793944948, -0.03219781535, 0.0286000328,
                            0.01399963659, -0.09670346798, 0.4720532064);
    else
        series = polynomial((z - T(5)) / (z + T(5)), 7.7194626715840142e-10, 4.03764581349584373e-9,
                            3.52815728973958493e-10, -3.20857549709559573e-8, -2.19581153889231805e-8,
                            1.98962329299333363e-7, 1.24714200992489402e-7, -1.31000897002288534e-6,
                            -6.8956834512062498e-8, 9.06120579539712189e-6, -9.89646889628134009e-6,
                            -0.0000536080381450158207, 0.000182334202515313972, 7.79169120014375813e-6,
                            -0.00167607234885064919, 0.00652200065624484579, -0.0151704154024859984,
                            0.0245369632444597626, -0.0264010429662949579, 0.0100023523852050807,
                            0.031030368425963229, -0.0915522818340088125, 0.461515829850037775);
    const T tail = exp_of_half_square(z) * series / (T(1) + z);
    return x < T(0) ? tail : T(1) - tail;
}

// Its derivative.
template <class T>
[[gnu::always_inline]] inline T normal_density(T x) {
    const T size = absolute(x);
    return T(0.39894228040143267794) *
           exp_of_half_square(size > Format<T>::normal_limit ? Format<T>::normal_limit : size);
}

}  // namespace
}  // namespace fastinit::kernels::FASTINIT_ISA
