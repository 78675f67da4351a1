#pragma once

// The floating-point types of the arrays that are filled: how a float32 result is rounded to each, and what
// lies next to a number in each.

#include "core/simd.hpp"

namespace fastinit::core::inline FASTINIT_ISA {

// An array's element type: `Real` is what its values are computed in, `Stored` what memory holds.
struct Float64 {
    using Real = double;
    using Stored = double;
    static double widen(double x) { return x; }
    static double narrow(double x) { return x; }
};

struct Float32 {
    using Real = float;
    using Stored = float;
    static float widen(float x) { return x; }
    static float narrow(float x) { return x; }
};

struct BFloat16 {
    using Real = float;
    using Stored = std::uint16_t;

    // Rounded to the nearest, ties to even, in the lower half of each lane.
    FASTINIT_INLINE static U32 narrow(F32 x) {
        const U32 bits = bit_cast<U32>(x);
        return (bits + 0x7FFFu + ((bits >> 16) & 1u)) >> 16;
    }
    static Stored narrow(float x) { return static_cast<Stored>(narrow(splat<F32>(x))[0]); }
    FASTINIT_INLINE static F32 widen(HalfVector<Stored> bits) {
        return bit_cast<F32>(core::widen(bits) << 16);
    }
    static float widen(Stored bits) {
        return __builtin_bit_cast(float, static_cast<std::uint32_t>(bits) << 16);
    }
};

struct Float16 {
    using Real = float;
    using Stored = std::uint16_t;

    // Rounded to the nearest, ties to even, in the lower half of each lane.
    FASTINIT_INLINE static U32 narrow(F32 x) {
#if FASTINIT_VECTOR_BYTES == 64 && defined(__AVX512F__)
        return (U32)_mm512_cvtepu16_epi32(_mm512_cvtps_ph((__m512)x, _MM_FROUND_TO_NEAREST_INT));
#elif FASTINIT_VECTOR_BYTES == 32 && defined(__F16C__)
        return (U32)_mm256_cvtepu16_epi32(_mm256_cvtps_ph((__m256)x, _MM_FROUND_TO_NEAREST_INT));
#elif FASTINIT_VECTOR_BYTES == 16 && defined(__aarch64__)
        return (U32)vmovl_u16((uint16x4_t)vcvt_f16_f32((float32x4_t)x));
#else
        const U32 sign = bit_cast<U32>(x) & 0x80000000u;
        const U32 magnitude = bit_cast<U32>(x) ^ sign;
        const U32 normal = (magnitude - (112u << 23) + 0xFFFu + ((magnitude >> 13) & 1u)) >> 13;
        // 1/2 + x has the spacing of float16's subnormals: the addition rounds.
        const U32 subnormal = bit_cast<U32>(bit_cast<F32>(magnitude) + 0.5f) - 0x3F000000u;
        const U32 finite = magnitude < 0x38800000u ? subnormal : normal;
        const U32 special = magnitude > 0x7F800000u ? splat<U32>(0x7E00u) : splat<U32>(0x7C00u);
        return (magnitude < 0x47800000u ? finite : special) | (sign >> 16);
#endif
    }
    static Stored narrow(float x) { return static_cast<Stored>(narrow(splat<F32>(x))[0]); }
    FASTINIT_INLINE static F32 widen(HalfVector<Stored> x) {
#if FASTINIT_VECTOR_BYTES == 64 && defined(__AVX512F__)
        return (F32)_mm512_cvtph_ps((__m256i)x);
#elif FASTINIT_VECTOR_BYTES == 32 && defined(__F16C__)
        return (F32)_mm256_cvtph_ps((__m128i)x);
#else
        const U32 bits = core::widen(x);
        const U32 magnitude = (bits & 0x7FFFu) << 13;
        // Where the exponent is 0, 2^-14 + x less 2^-14: to multiply subnormals is slow.
        const U32 subnormal = bit_cast<U32>(bit_cast<F32>(magnitude + 0x38800000u) - 0x1p-14f);
        const U32 finite = magnitude < 0x00800000u ? subnormal : magnitude + 0x38000000u;
        return bit_cast<F32>((magnitude < 0x0F800000u ? finite : magnitude | 0x7F800000u) | (bits & 0x8000u)
                                                                                                << 16);
#endif
    }
    static float widen(Stored bits) {
        const float magnitude = __builtin_bit_cast(float, (bits & 0x7FFFu) << 13) * 0x1p112f;
        const float value = (bits & 0x7C00u) == 0x7C00u ? __builtin_inff() : magnitude;
        return (bits & 0x8000u) ? -value : value;
    }
};

// Raw words, for those who make their own values of them.
struct Word32 {
    using Real = std::uint32_t;
    using Stored = std::uint32_t;
};
struct Word64 {
    using Real = std::uint64_t;
    using Stored = std::uint64_t;
};

template <int bytes>
struct UnsignedOf;
template <>
struct UnsignedOf<2> {
    using type = std::uint16_t;
};
template <>
struct UnsignedOf<4> {
    using type = std::uint32_t;
};
template <>
struct UnsignedOf<8> {
    using type = std::uint64_t;
};

// The value of the type that is nearest to x, ties to even; a half type's is that of float32, rounded again.
template <class D>
typename D::Real rounded(double x) {
    return D::widen(D::narrow(static_cast<typename D::Real>(x)));
}

// The least value of the type above `value`, which is one itself.
template <class D>
typename D::Real next_above(typename D::Real value) {
    using Bits = typename UnsignedOf<sizeof(typename D::Stored)>::type;
    constexpr auto negative_zero = static_cast<Bits>(Bits{1} << (8 * sizeof(Bits) - 1));
    const auto bits = __builtin_bit_cast(Bits, D::narrow(value));
    const auto next = bits == negative_zero ? 1 : (bits & negative_zero) ? bits - 1 : bits + 1;
    return D::widen(__builtin_bit_cast(typename D::Stored, static_cast<Bits>(next)));
}

// The least value of the type that is not below x.
template <class D>
typename D::Real least_at_or_above(double x) {
    typename D::Real value = rounded<D>(x);
    while (static_cast<double>(value) < x)
        value = next_above<D>(value);  // twice at most: a half type rounds twice
    return value;
}

// The largest value of the type that is not above x.
template <class D>
typename D::Real largest_at_or_below(double x) {
    return -least_at_or_above<D>(-x);
}

// The largest value of the type below x.
template <class D>
typename D::Real largest_below(double x) {
    const typename D::Real value = largest_at_or_below<D>(x);
    return static_cast<double>(value) < x ? value : -next_above<D>(-value);
}

}  // namespace fastinit::core::inline FASTINIT_ISA
