#pragma once

// A tile: the blocks that the innermost loop makes at once, the order of their values in vectors and in
// memory, and how they are stored.

#include "core/distributions/words.hpp"

namespace fastinit::kernels::FASTINIT_ISA {

using namespace core;

// A tile is what the innermost loop makes at once: four groups of blocks, a block per 64-bit lane.
constexpr int groups = 4;
constexpr int group_blocks = lanes<U64>;
constexpr int tile_blocks = groups * group_blocks;
constexpr int tile_size = 4 * tile_blocks;

// Which of a group's blocks is in a lane. The interleavings below work within 128 bits, two lanes; this order
// makes what they give the order of memory.
constexpr int block_in_lane(int lane) { return lane / 2 + lane % 2 * (group_blocks / 2); }
constexpr int lane_of_block(int block) { return block % (group_blocks / 2) * 2 + block / (group_blocks / 2); }

// Interleaves the lower (upper = 0) or the upper halves of each 128 bits of a and b.
template <int upper, class V>
FASTINIT_INLINE V interleave(V a, V b) {
    constexpr int in_128_bits = 16 / sizeof(V{}[0]);
    constexpr auto index = [](int i) {
        const int place = i % in_128_bits;
        return i / in_128_bits * in_128_bits + upper * (in_128_bits / 2) + place / 2 + (place % 2) * lanes<V>;
    };
    return shuffle<index>(a, b);
}

// Interleaves the lower or the upper halves of a and b by units of 128 bits.
template <int upper, class V>
FASTINIT_INLINE V interleave_128(V a, V b) {
    constexpr int in_128_bits = 16 / sizeof(V{}[0]), units = sizeof(V) / 16;
    if constexpr (units == 1) return upper ? b : a;
    constexpr auto index = [](int i) {
        const int unit = i / in_128_bits + upper * units;
        return (unit / 2) * in_128_bits + i % in_128_bits + (unit % 2) * lanes<V>;
    };
    return shuffle<index>(a, b);
}

// A group's words, values or masks, one vector for two elements of each block (32-bit types: words 0 and 2 in
// x[0], 1 and 3 in x[1]) or for one (64-bit types), put into the order of memory.
template <class V>
FASTINIT_INLINE void put_in_order(V (&x)[2]) {
    const V low = interleave<0>(x[0], x[1]), high = interleave<1>(x[0], x[1]);
    x[0] = low, x[1] = high;
}

template <class V>
FASTINIT_INLINE void put_in_order(V (&x)[4]) {
    const V low_01 = interleave<0>(x[0], x[1]), low_23 = interleave<0>(x[2], x[3]);
    const V high_01 = interleave<1>(x[0], x[1]), high_23 = interleave<1>(x[2], x[3]);
    x[0] = interleave_128<0>(low_01, low_23), x[1] = interleave_128<1>(low_01, low_23);
    x[2] = interleave_128<0>(high_01, high_23), x[3] = interleave_128<1>(high_01, high_23);
}

// One bit per element of a group, in the order of memory, from the sign bits of the masks.
template <class V, int count>
FASTINIT_INLINE std::uint64_t bits_in_order(V (&masks)[count]) {
    put_in_order(masks);
    std::uint64_t bits = 0;
    for (int i = 0; i < count; ++i) bits |= std::uint64_t{sign_bits(masks[i])} << (i * lanes<V>);
    return bits;
}

template <class D>
constexpr int vectors = 4 * sizeof(typename D::Real) / 8;  // of a group

// What a tile has to be aligned to, in order to be stored past the cache: whole vectors, which a start at one
// block or another finds wherever the blocks are no longer than what the allocators of large arrays align to,
// 16 bytes.
template <class D>
constexpr int past_cache_alignment = sizeof(typename D::Stored) == 8 ? 16 : vector_bytes;

template <class D, bool past_cache, class V>
FASTINIT_INLINE void store(typename D::Stored* out, V x) {
    if constexpr (past_cache && sizeof x == past_cache_alignment<D>) {
        store_past_cache(out, x);
    } else if constexpr (past_cache && sizeof(typename D::Stored) == 8) {
        using Part = double __attribute__((vector_size(16)));
        Part parts[sizeof x / sizeof(Part)];
        __builtin_memcpy(parts, &x, sizeof x);
        for (unsigned i = 0; i < sizeof x / sizeof(Part); ++i) store_past_cache(out + 2 * i, parts[i]);
    } else {
        __builtin_memcpy(out, &x, sizeof x);
    }
}

template <class D, bool past_cache>
FASTINIT_INLINE void store_group(typename D::Stored* out, Values<D> (&values)[vectors<D>]) {
    if constexpr (sizeof(typename D::Real) == 8 && sizeof(typename D::Stored) < 8) {
        put_in_order(values);
        for (int i = 0; i < vectors<D>; ++i)
            store<D, past_cache>(out + i * lanes<Values<D>>, D::narrow(values[i]));
    } else if constexpr (sizeof(typename D::Stored) == 1) {
        // Two neighbours in the lowest bytes of each 32 bits: their halves joined, a lane of 64 has a block.
        const U64 pairs = bit_cast<U64>(D::narrow(values[0]) | (D::narrow(values[1]) << 8));
        const U64 blocks = pairs | (pairs >> 16);
        store<D, past_cache>(
            out, __builtin_convertvector(shuffle<lane_of_block>(blocks, blocks), HalfVector<std::uint32_t>));
    } else if constexpr (sizeof(typename D::Stored) == 2) {
        // Two neighbours fill 32 bits, so a lane of 64 is a block already.
        const U64 blocks = bit_cast<U64>(D::narrow(values[0]) | (D::narrow(values[1]) << 16));
        store<D, past_cache>(out, shuffle<lane_of_block>(blocks, blocks));
    } else {
        put_in_order(values);
        for (int i = 0; i < vectors<D>; ++i) store<D, past_cache>(out + i * lanes<Values<D>>, values[i]);
    }
}

}  // namespace fastinit::kernels::FASTINIT_ISA
