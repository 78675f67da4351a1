#pragma once

// Philox4x32-10: (key, counter) -> four random 32-bit words, a pure function.
// Salmon, Moraes, Dror, Shaw: Parallel random numbers: as easy as 1, 2, 3. SC 2011.
//
// What the key and the counter hold is part of the stream and final:
//
//   key      word 0, 1    the seed, lower half first
//   counter  word 0       bits  0-31 of the block number
//            word 1       bits 32-47 of the block number, and above them the 16-bit draw
//            word 2, 3    the stream, lower half first
//
// The element at position p of a stream uses word p & 3 of block p >> 2. Its first word has draw 0; what
// needs more words takes those of the same block and place with draws 1, 2, ...

#include "core/simd.hpp"

namespace fastinit::core::inline FASTINIT_ISA {

// Counter words 0 and 1 as one number: the next block is counter + 1, the next draw counter + next_draw.
inline constexpr std::uint64_t next_draw = std::uint64_t{1} << 48;

// The words of one block in each 64-bit lane: word j in the lower half of words[j]. The upper halves hold
// anything, which saves a mask in every round: the multiplications read lower halves only.
struct BlockWords {
    U64 words[4];
};

class Philox {
  public:
    Philox(std::uint64_t seed, std::uint64_t stream)
        : stream_low_(splat<U64>(stream)), stream_high_(splat<U64>(stream >> 32)) {
        auto low = static_cast<std::uint32_t>(seed), high = static_cast<std::uint32_t>(seed >> 32);
        for (int round = 0; round < rounds; ++round, low += 0x9E3779B9u, high += 0xBB67AE85u) {
            key_low_[round] = splat<U64>(std::uint64_t{low});
            key_high_[round] = splat<U64>(std::uint64_t{high});
        }
    }

    // The blocks whose counter words 0 and 1 are the lower halves of `low` and of `high`, `groups` vectors of
    // them at once: a round is a chain of a multiplication and three quick operations, and one chain leaves
    // the CPU idle.
    template <int groups>
    FASTINIT_INLINE void operator()(const U64 (&low)[groups], const U64 (&high)[groups],
                                    BlockWords (&blocks)[groups]) const {
        const U64 multiplier_0 = splat<U64>(std::uint64_t{0xD2511F53u});
        const U64 multiplier_1 = splat<U64>(std::uint64_t{0xCD9E8D57u});
#pragma GCC unroll 8
        for (int g = 0; g < groups; ++g) blocks[g] = {{low[g], high[g], stream_low_, stream_high_}};
#pragma GCC unroll 10
        for (int round = 0; round < rounds; ++round) {
#pragma GCC unroll 8
            for (int g = 0; g < groups; ++g) {
                auto& c = blocks[g].words;
                const U64 product_0 = multiply_low_halves(multiplier_0, c[0]);
                const U64 product_1 = multiply_low_halves(multiplier_1, c[2]);
                c[0] = (product_1 >> 32) ^ c[1] ^ key_low_[round];
                c[1] = product_1;
                c[2] = (product_0 >> 32) ^ c[3] ^ key_high_[round];
                c[3] = product_0;
            }
        }
    }

  private:
    static constexpr int rounds = 10;
    U64 key_low_[rounds], key_high_[rounds];  // the round keys, made once: here they are memory operands
    U64 stream_low_, stream_high_;
};

}  // namespace fastinit::core::inline FASTINIT_ISA
