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

// Philox, a block per 64-bit lane: each word is in a lower half, and the upper halves may hold anything,
// which saves a mask in every round, since the multiplications read lower halves only.
class Philox {
  public:
    // Word 0 of the counter of each block, as what a round makes of it first: its product with the round's
    // multiplier. The product of the block that is n further on is n * step more, for as long as word 0 does
    // not overflow.
    static constexpr std::uint64_t step = 0xD2511F53u;
    FASTINIT_INLINE static U64 product_of(U64 low) { return multiply_low_halves(splat<U64>(step), low); }

    // What the last round mixes into the words: they are joined in vectors of the width that is wanted.
    struct LastRound {
        U64 product_0, product_1, word_1, word_3;
    };

    Philox(std::uint64_t seed, std::uint64_t stream)
        : stream_low_(splat<U64>(stream)), stream_high_(splat<U64>(stream >> 32)) {
        auto low = static_cast<std::uint32_t>(seed), high = static_cast<std::uint32_t>(seed >> 32);
        for (int round = 0; round < rounds; ++round, low += 0x9E3779B9u, high += 0xBB67AE85u) {
            key_low_[round] = splat<U64>(std::uint64_t{low} | std::uint64_t{low} << 32);
            key_high_[round] = splat<U64>(std::uint64_t{high} | std::uint64_t{high} << 32);
        }
        last_keys_ = join_lower_halves(key_low_[rounds - 1], key_high_[rounds - 1]);
    }

    // The blocks of the counters whose word 0 is in `products` and whose word 1 is `high`, `groups` vectors
    // of them at once: a round is a chain of a multiplication and two quick operations, and one chain leaves
    // the CPU idle.
    template <int groups>
    FASTINIT_INLINE void operator()(const U64 (&products)[groups], const U64 (&high)[groups],
                                    LastRound (&blocks)[groups]) const {
        const U64 multiplier_1 = splat<U64>(std::uint64_t{0xCD9E8D57u});
#pragma GCC unroll 8
        for (int g = 0; g < groups; ++g)
            blocks[g] = {products[g], multiply_low_halves(multiplier_1, stream_low_), high[g], stream_high_};
#pragma GCC unroll 10
        for (int round = 0; round < rounds - 1; ++round) {
#pragma GCC unroll 8
            for (int g = 0; g < groups; ++g) {
                auto& b = blocks[g];
                const U64 word_0 = (b.product_1 >> 32) ^ b.word_1 ^ key_low_[round];
                const U64 word_2 = (b.product_0 >> 32) ^ b.word_3 ^ key_high_[round];
                b = {product_of(word_0), multiply_low_halves(multiplier_1, word_2), b.product_1, b.product_0};
            }
        }
    }

    // Two words of a block per lane: words 0 and, above them, 2; words 1 and 3.
    FASTINIT_INLINE void words32(const LastRound& b, U64& words_02, U64& words_13) const {
        words_02 =
            join_upper_halves(b.product_1, b.product_0) ^ join_lower_halves(b.word_1, b.word_3) ^ last_keys_;
        words_13 = join_lower_halves(b.product_1, b.product_0);
    }

    // A word of one block per lane and, above it, the same word of another: word 0, 1, 2 and 3.
    FASTINIT_INLINE void words64(const LastRound& lower, const LastRound& upper, U64 (&words)[4]) const {
        words[0] = join_upper_halves(lower.product_1, upper.product_1) ^
                   join_lower_halves(lower.word_1, upper.word_1) ^ key_low_[rounds - 1];
        words[1] = join_lower_halves(lower.product_1, upper.product_1);
        words[2] = join_upper_halves(lower.product_0, upper.product_0) ^
                   join_lower_halves(lower.word_3, upper.word_3) ^ key_high_[rounds - 1];
        words[3] = join_lower_halves(lower.product_0, upper.product_0);
    }

  private:
    static constexpr int rounds = 10;
    U64 key_low_[rounds], key_high_[rounds];  // the round keys, made once: here they are memory operands
    U64 last_keys_, stream_low_, stream_high_;
};

}  // namespace fastinit::core::inline FASTINIT_ISA
