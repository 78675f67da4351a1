#pragma once

// Words -> values. A distribution is made of its arguments for one dtype D; it turns two vectors of words
// into two of values. Lane i of `first` and of `second` hold words that lie side by side in one block (0 and
// 1, or 2 and 3), so a distribution may use the two together; each lane is otherwise on its own.
//
//   Dtype     the D it was made for
//   draws     the draws of an element's block that one evaluation reads: 2 for the 64-bit words of float64
//   refuse    why the arguments cannot be filled into D: nullptr if they can
//   tries     for a rejecting distribution only: how often it is tried before `Fallback`; try k reads the
//             draws from k * draws on, and the sign bits of `rejected` tell which lanes are to be tried again

#include "core/dtypes.hpp"

namespace fastinit::core::inline FASTINIT_ISA {

template <class V>
struct Pair {
    V first, second;
};
template <class V>
Pair(V, V) -> Pair<V>;

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

template <class Values>
FASTINIT_INLINE auto map(Pair<Values> x, auto f) {
    return Pair{f(x.first), f(x.second)};
}

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
