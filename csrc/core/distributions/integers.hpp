#pragma once

#include "core/distributions/words.hpp"
#include "core/integers.hpp"

namespace fastinit::core::inline FASTINIT_ISA {

// The range [first, first + span] of integers, whose bits the arguments are.
struct Range {
    explicit Range(const double* arguments)
        : first(__builtin_bit_cast(std::int64_t, arguments[0])),
          span(static_cast<std::uint64_t>(__builtin_bit_cast(std::int64_t, arguments[1])) -
               static_cast<std::uint64_t>(first)) {}

    bool in_one_word() const { return span <= 0xFFFFFFFFu; }
    bool in_int32() const {
        return first >= -0x7FFFFFFF - 1 && first + static_cast<std::int64_t>(span) <= 0x7FFFFFFF;
    }

    std::int64_t first;
    std::uint64_t span;
};

// A floating-point type whose values are made in lanes of 64 bits.
template <class D>
struct Wide {
    using Real = double;
    using Stored = typename D::Stored;
    FASTINIT_INLINE static auto narrow(F64 x) {
        const auto x32 = __builtin_convertvector(x, HalfVector<float>);
        if constexpr (sizeof(Stored) == 4) {
            return x32;
        } else {
            const auto bits = (HalfVector<std::uint32_t>)x32;
            return __builtin_convertvector((bits + 0x7FFFu + ((bits >> 16) & 1u)) >> 16,
                                           QuarterVector<Stored>);
        }
    }
};

// A signed 64-bit integer, rounded: its two halves go into the last bits of 2^84 and of 2^52.
FASTINIT_INLINE F64 to_float64(I64 x) {
    const U64 bits = bit_cast<U64>(x);
    const U64 high = ((bits >> 32) ^ (std::uint64_t{1} << 31)) | bit_cast<U64>(splat<F64>(0x1p84));
    const U64 low = (bits & 0xFFFFFFFFu) | bit_cast<U64>(splat<F64>(0x1p52));
    return (bit_cast<F64>(high) - (0x1p84 + 0x1p63 + 0x1p52)) + bit_cast<F64>(low);
}

// Integers of a range, each exactly as likely: the upper half of word x (span + 1), tried again at the next
// draw where the lower half is among the 2^bits mod (span + 1) least, which would favour some values.
// D. Lemire, Fast random integer generation in an interval, ACM Trans. Model. Comput. Simul. 29 (2019).
// `bits` are those of the word: 32, or 64 for a span that needs them. After `tries`, each of which fails with
// a probability below 1/2, the next word is taken as it comes.
template <class D, int bits>
class AnyInteger {
  public:
    using Dtype = D;
    using Real = typename D::Real;
    static constexpr int draws = bits / 32;

    explicit AnyInteger(const double* arguments) {
        const Range range(arguments);
        first_ = range.first;
        span_ = range.span;
        const std::uint64_t bound = range.span + 1;  // 0 is 2^64
        unfair_ = bound == 0 ? 0 : bits == 64 ? (0 - bound) % bound : (std::uint64_t{1} << 32) % bound;
    }

    static const char* refuse(const double*) { return nullptr; }

    FASTINIT_INLINE Pair<Values<D>> operator()(Pair<Words<D>> words) const {
        return map(words,
                   [this](Words<D> w) __attribute__((always_inline)) { return value(multiply(w).high); });
    }
    FASTINIT_INLINE Pair<Values<D>> operator()(Pair<Words<D>> words, Pair<Mask<D>>& rejected) const {
        const auto first = multiply(words.first), second = multiply(words.second);
        const auto unfair = splat<Words<D>>(static_cast<Scalar>(unfair_));
        rejected = {first.low < unfair, second.low < unfair};
        return {value(first.high), value(second.high)};
    }

  private:
    using Scalar = typename UnsignedOf<sizeof(Real)>::type;

    template <class V>
    struct Product {
        V high, low;
    };

    // word x (span + 1) as word x span + word, since span + 1 may be too large.
    FASTINIT_INLINE Product<U32> multiply(U32 words) const {
        const U64 even = bit_cast<U64>(words) & 0xFFFFFFFFu, odd = bit_cast<U64>(words) >> 32;
        const U64 span = splat<U64>(span_);
        const U64 p = multiply_low_halves(even, span) + even, q = multiply_low_halves(odd, span) + odd;
        return {bit_cast<U32>((p >> 32) | (q & 0xFFFFFFFF00000000u)),
                bit_cast<U32>((p & 0xFFFFFFFFu) | (q << 32))};
    }
    FASTINIT_INLINE Product<U64> multiply(U64 word) const {
        const U64 span = splat<U64>(span_);
        if constexpr (bits == 32) {
            const U64 w = word >> 32, p = multiply_low_halves(w, span) + w;
            return {p >> 32, p & 0xFFFFFFFFu};
        } else {
            const U64 span_high = span >> 32, word_high = word >> 32;
            const U64 low_low = multiply_low_halves(word, span),
                      high_low = multiply_low_halves(word_high, span);
            const U64 low_high = multiply_low_halves(word, span_high);
            const U64 middle = (low_low >> 32) + (high_low & 0xFFFFFFFFu) + (low_high & 0xFFFFFFFFu);
            const U64 high = multiply_low_halves(word_high, span_high) + (high_low >> 32) + (low_high >> 32) +
                             (middle >> 32);
            const U64 low = (low_low & 0xFFFFFFFFu) | (middle << 32), sum = low + word;
            return {high - bit_cast<U64>(sum < low), sum};  // a mask is -1
        }
    }

    FASTINIT_INLINE Values<D> value(U32 offset) const {
        const I32 x = bit_cast<I32>(offset + static_cast<std::uint32_t>(first_));
        if constexpr (std::is_same_v<Real, float>)
            return __builtin_convertvector(x, F32);
        else
            return x;
    }
    FASTINIT_INLINE Values<D> value(U64 offset) const {
        const I64 x = bit_cast<I64>(offset + static_cast<std::uint64_t>(first_));
        if constexpr (std::is_same_v<Real, double>)
            return to_float64(x);
        else
            return x;
    }

    std::int64_t first_;
    std::uint64_t span_, unfair_;
};

template <class D, int bits>
class Integers : public AnyInteger<D, bits> {
  public:
    using Fallback = AnyInteger<D, bits>;
    static constexpr int tries = 64;

    using AnyInteger<D, bits>::AnyInteger;
};

}  // namespace fastinit::core::inline FASTINIT_ISA
