#pragma once

// The integer types of the arrays that are filled. Their values are computed in lanes of 32 bits, or of 64
// for int64; what does not fit wraps around. bool is filled as uint8.

#include "core/simd.hpp"

namespace fastinit::core::inline FASTINIT_ISA {

template <class T>
struct SmallInteger {
    using Real = std::int32_t;
    using Stored = T;
    static constexpr Real largest = sizeof(T) == 4 ? 0x7FFFFFFF
                                    : T(-1) > T(0) ? 0xFF
                                                   : (1 << (8 * sizeof(T) - 1)) - 1;

    // In the lowest bits of each lane, zeros above.
    FASTINIT_INLINE static U32 narrow(I32 x) {
        return bit_cast<U32>(x) & static_cast<std::uint32_t>((std::uint64_t{1} << (8 * sizeof(T))) - 1);
    }
};

using UInt8 = SmallInteger<std::uint8_t>;
using Int8 = SmallInteger<std::int8_t>;
using Int16 = SmallInteger<std::int16_t>;
using Int32 = SmallInteger<std::int32_t>;

struct Int64 {
    using Real = std::int64_t;
    using Stored = std::int64_t;
};

}  // namespace fastinit::core::inline FASTINIT_ISA
