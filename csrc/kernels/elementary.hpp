#pragma once

namespace fastinit::kernels::FASTINIT_ISA {
namespace {

inline float exp(float x) { return __builtin_expf(x); }
inline double exp(double x) { return __builtin_exp(x); }
inline float expm1(float x) { return __builtin_expm1f(x); }
inline double expm1(double x) { return __builtin_expm1(x); }
inline float log(float x) { return __builtin_logf(x); }
inline double log(double x) { return __builtin_log(x); }
inline float tanh(float x) { return __builtin_tanhf(x); }
inline double tanh(double x) { return __builtin_tanh(x); }
inline float erfc(float x) { return __builtin_erfcf(x); }
inline double erfc(double x) { return __builtin_erfc(x); }
inline float log1p_of_exp_of_minus(float x) { return __builtin_log1pf(__builtin_expf(-x)); }
inline double log1p_of_exp_of_minus(double x) { return __builtin_log1p(__builtin_exp(-x)); }

template <class T>
T sigmoid(T x) {
    return T(1) / (T(1) + exp(-x));
}

// The normal distribution function.
template <class T>
T normal_cdf(T x) {
    return T(0.5) * erfc(x * T(-0.70710678118654752440));
}

// Its derivative.
template <class T>
T normal_density(T x) {
    return T(0.39894228040143267794) * exp(T(-0.5) * x * x);
}

}  // namespace
}  // namespace fastinit::kernels::FASTINIT_ISA
