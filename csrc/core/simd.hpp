#pragma once

// One small vector type over the compiler's vector extensions, and the few operations that they lack.
// Everything above is written once over it; what differs between instruction sets is the width, here, and
// these one-liners.
//
// The namespace is one per instruction set (FASTINIT_ISA), so that no function compiled for one CPU can be
// linked into code for another; for the same reason these headers use nothing of the standard library that
// has code.

#include <cstddef>
#include <cstdint>
#include <utility>
#if defined(__SSE2__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

#ifndef FASTINIT_ISA
#error "FASTINIT_ISA names the namespace of the instruction set that this file is compiled for"
#endif

// The width may be given, to try the code of a wider instruction set on a CPU that lacks it.
#ifndef FASTINIT_VECTOR_BYTES
#if defined(__AVX512F__)
#define FASTINIT_VECTOR_BYTES 64
#elif defined(__AVX2__)
#define FASTINIT_VECTOR_BYTES 32
#else
#define FASTINIT_VECTOR_BYTES 16
#endif
#endif

namespace fastinit::core::inline FASTINIT_ISA {

inline constexpr int vector_bytes = FASTINIT_VECTOR_BYTES;

template <class T, int bytes>
struct VectorOf {
    typedef T type __attribute__((vector_size(bytes)));
};

// A full vector of T, and one of half and of a quarter of its size.
template <class T>
using Vector = typename VectorOf<T, vector_bytes>::type;
template <class T>
using HalfVector = typename VectorOf<T, vector_bytes / 2>::type;
template <class T>
using QuarterVector = typename VectorOf<T, vector_bytes / 4>::type;

using U32 = Vector<std::uint32_t>;
using I32 = Vector<std::int32_t>;
using F32 = Vector<float>;
using U64 = Vector<std::uint64_t>;
using I64 = Vector<std::int64_t>;
using F64 = Vector<double>;

template <class V>
inline constexpr int lanes = static_cast<int>(sizeof(V) / sizeof(V{}[0]));

#define FASTINIT_INLINE inline __attribute__((always_inline))

// x in every lane. (x - 0 is x, for -0.0 too.)
template <class V, class T>
FASTINIT_INLINE V splat(T x) {
    return x - V{};
}

// The same bits as another type of vector.
template <class To, class From>
FASTINIT_INLINE To bit_cast(From x) {
    static_assert(sizeof(To) == sizeof(From));
    return (To)x;
}

// The lanes of the pair (a, b) that index(0), index(1), ... name.
template <auto index, class V, std::size_t... i>
FASTINIT_INLINE V shuffle(V a, V b, std::index_sequence<i...>) {
    return __builtin_shufflevector(a, b, index(static_cast<int>(i))...);
}
template <auto index, class V>
FASTINIT_INLINE V shuffle(V a, V b) {
    return shuffle<index>(a, b, std::make_index_sequence<static_cast<std::size_t>(lanes<V>)>{});
}

template <class V>
FASTINIT_INLINE V min(V a, V b) {
    return a < b ? a : b;
}

template <class V>
FASTINIT_INLINE V max(V a, V b) {
    return a > b ? a : b;
}

// x moved into [low, high]; a NaN becomes `low`.
template <class V>
FASTINIT_INLINE V clamp(V x, V low, V high) {
    return min(max(x, low), high);
}

// The 64-bit products of the lower halves of the lanes; the upper halves may hold anything.
FASTINIT_INLINE U64 multiply_low_halves(U64 a, U64 b) {
#if FASTINIT_VECTOR_BYTES == 64 && defined(__AVX512F__)
    return (U64)_mm512_mul_epu32((__m512i)a, (__m512i)b);
#elif FASTINIT_VECTOR_BYTES == 32 && defined(__AVX2__)
    return (U64)_mm256_mul_epu32((__m256i)a, (__m256i)b);
#elif FASTINIT_VECTOR_BYTES == 16 && defined(__SSE2__)
    return (U64)_mm_mul_epu32((__m128i)a, (__m128i)b);
#elif FASTINIT_VECTOR_BYTES == 16 && defined(__aarch64__)
    return (U64)vmull_u32(vmovn_u64((uint64x2_t)a), vmovn_u64((uint64x2_t)b));
#else
    return (a & 0xFFFFFFFFu) * (b & 0xFFFFFFFFu);
#endif
}

// In each 64-bit lane the lower half of a's and, above it, that of b's.
FASTINIT_INLINE U64 join_lower_halves(U64 a, U64 b) {
#if FASTINIT_VECTOR_BYTES == 64 && defined(__AVX512F__)
    return (U64)_mm512_mask_moveldup_ps((__m512)a, 0xAAAA, (__m512)b);
#else
    constexpr auto index = [](int i) { return i % 2 ? lanes<U32> + i - 1 : i; };
    return bit_cast<U64>(shuffle<index>(bit_cast<U32>(a), bit_cast<U32>(b)));
#endif
}

// The same of the upper halves.
FASTINIT_INLINE U64 join_upper_halves(U64 a, U64 b) {
#if FASTINIT_VECTOR_BYTES == 64 && defined(__AVX512F__)
    return (U64)_mm512_mask_movehdup_ps((__m512)b, 0x5555, (__m512)a);
#else
    constexpr auto index = [](int i) { return i % 2 ? lanes<U32> + i : i + 1; };
    return bit_cast<U64>(shuffle<index>(bit_cast<U32>(a), bit_cast<U32>(b)));
#endif
}

// The values of half a vector, in lanes twice as wide. (GCC 12 makes __builtin_convertvector two halves.)
FASTINIT_INLINE F64 widen(HalfVector<float> x) {
#if FASTINIT_VECTOR_BYTES == 64 && defined(__AVX512F__)
    return (F64)_mm512_cvtps_pd((__m256)x);
#elif FASTINIT_VECTOR_BYTES == 32 && defined(__AVX2__)
    return (F64)_mm256_cvtps_pd((__m128)x);
#else
    return __builtin_convertvector(x, F64);
#endif
}
FASTINIT_INLINE U32 widen(HalfVector<std::uint16_t> x) {
#if FASTINIT_VECTOR_BYTES == 64 && defined(__AVX512F__)
    return (U32)_mm512_cvtepu16_epi32((__m256i)x);
#elif FASTINIT_VECTOR_BYTES == 32 && defined(__AVX2__)
    return (U32)_mm256_cvtepu16_epi32((__m128i)x);
#else
    return __builtin_convertvector(x, U32);
#endif
}

// Each lane's bits moved down by `bits`, the lowest ones in at the top.
template <int bits>
FASTINIT_INLINE U64 rotate_right(U64 x) {
#if FASTINIT_VECTOR_BYTES == 64 && defined(__AVX512F__)
    return (U64)_mm512_ror_epi64((__m512i)x, bits);
#else
    if constexpr (bits == 32) {
        constexpr auto other_half = [](int i) { return i ^ 1; };
        return bit_cast<U64>(shuffle<other_half>(bit_cast<U32>(x), bit_cast<U32>(x)));
    }
#if defined(__AVX2__) || defined(__aarch64__)  // which shuffle bytes in one operation
    if constexpr (bits % 8 == 0) {
        using Bytes = Vector<std::uint8_t>;
        constexpr auto byte = [](int i) { return (i & ~7) | ((i + bits / 8) & 7); };
        return bit_cast<U64>(shuffle<byte>(bit_cast<Bytes>(x), bit_cast<Bytes>(x)));
    }
#endif
    return (x >> bits) | (x << (64 - bits));
#endif
}

FASTINIT_INLINE F32 sqrt(F32 x) {
#if FASTINIT_VECTOR_BYTES == 64 && defined(__AVX512F__)
    return (F32)_mm512_sqrt_ps((__m512)x);
#elif FASTINIT_VECTOR_BYTES == 32 && defined(__AVX2__)
    return (F32)_mm256_sqrt_ps((__m256)x);
#elif FASTINIT_VECTOR_BYTES == 16 && defined(__SSE2__)
    return (F32)_mm_sqrt_ps((__m128)x);
#elif FASTINIT_VECTOR_BYTES == 16 && defined(__aarch64__)
    return (F32)vsqrtq_f32((float32x4_t)x);
#else
    for (int i = 0; i < lanes<F32>; ++i) x[i] = __builtin_sqrtf(x[i]);
    return x;
#endif
}

FASTINIT_INLINE F64 sqrt(F64 x) {
#if FASTINIT_VECTOR_BYTES == 64 && defined(__AVX512F__)
    return (F64)_mm512_sqrt_pd((__m512d)x);
#elif FASTINIT_VECTOR_BYTES == 32 && defined(__AVX2__)
    return (F64)_mm256_sqrt_pd((__m256d)x);
#elif FASTINIT_VECTOR_BYTES == 16 && defined(__SSE2__)
    return (F64)_mm_sqrt_pd((__m128d)x);
#elif FASTINIT_VECTOR_BYTES == 16 && defined(__aarch64__)
    return (F64)vsqrtq_f64((float64x2_t)x);
#else
    for (int i = 0; i < lanes<F64>; ++i) x[i] = __builtin_sqrt(x[i]);
    return x;
#endif
}

// Stores x in memory, where `out` is aligned to a vector, without bringing what lies there into the cache.
// Other threads may read it after publish_stores_past_cache().
template <class V>
FASTINIT_INLINE void store_past_cache(void* out, V x) {
#if FASTINIT_VECTOR_BYTES == 64 && defined(__AVX512F__)
    if constexpr (sizeof(V) == 64) return _mm512_stream_si512(static_cast<__m512i*>(out), (__m512i)x);
#endif
#if FASTINIT_VECTOR_BYTES >= 32 && defined(__AVX2__)
    if constexpr (sizeof(V) == 32) return _mm256_stream_si256(static_cast<__m256i*>(out), (__m256i)x);
#endif
#if defined(__SSE2__)
    if constexpr (sizeof(V) == 16) return _mm_stream_si128(static_cast<__m128i*>(out), (__m128i)x);
#endif
    __builtin_memcpy(out, &x, sizeof x);
}

FASTINIT_INLINE void publish_stores_past_cache() {
#if defined(__SSE2__)
    _mm_sfence();
#endif
}

// One bit per lane of a mask or a number: lane i's sign bit is bit i. (A template, since compilers differ in
// which of the types of 64 bits a comparison gives.)
template <class V>
FASTINIT_INLINE std::uint32_t sign_bits(V x) {
    if constexpr (sizeof(x[0]) == 4) {
#if FASTINIT_VECTOR_BYTES == 64 && defined(__AVX512F__)
        return _mm512_movepi32_mask((__m512i)x);
#elif FASTINIT_VECTOR_BYTES == 32 && defined(__AVX2__)
        return static_cast<std::uint32_t>(_mm256_movemask_ps((__m256)x));
#elif FASTINIT_VECTOR_BYTES == 16 && defined(__SSE2__)
        return static_cast<std::uint32_t>(_mm_movemask_ps((__m128)x));
#elif FASTINIT_VECTOR_BYTES == 16 && defined(__aarch64__)
        return vaddvq_u32((uint32x4_t)((int32x4_t)x >> 31) & uint32x4_t{1, 2, 4, 8});
#endif
    } else {
        static_assert(sizeof(x[0]) == 8);
#if FASTINIT_VECTOR_BYTES == 64 && defined(__AVX512F__)
        return _mm512_movepi64_mask((__m512i)x);
#elif FASTINIT_VECTOR_BYTES == 32 && defined(__AVX2__)
        return static_cast<std::uint32_t>(_mm256_movemask_pd((__m256d)x));
#elif FASTINIT_VECTOR_BYTES == 16 && defined(__SSE2__)
        return static_cast<std::uint32_t>(_mm_movemask_pd((__m128d)x));
#elif FASTINIT_VECTOR_BYTES == 16 && defined(__aarch64__)
        return static_cast<std::uint32_t>(vaddvq_u64((uint64x2_t)((int64x2_t)x >> 63) & uint64x2_t{1, 2}));
#endif
    }
    std::uint32_t bits = 0;
    for (int i = 0; i < lanes<V>; ++i) bits |= static_cast<std::uint32_t>(x[i] < 0) << i;
    return bits;
}

}  // namespace fastinit::core::inline FASTINIT_ISA
