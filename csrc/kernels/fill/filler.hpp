#pragma once

// The loops over memory that every fill shares: tiles of a contiguous range, rows of a box, and the elements
// that are left over or rejected. A distribution is compiled into them in a file of its own.

#include "core/float_environment.hpp"
#include "core/integers.hpp"
#include "core/philox.hpp"
#include "kernels/fill.hpp"
#include "kernels/fill/tile.hpp"

namespace fastinit::kernels::FASTINIT_ISA {

template <class Distribution>
class Filler {
  public:
    using D = typename Distribution::Dtype;
    using Stored = typename D::Stored;

    explicit Filler(const Fill& fill)
        : distribution_(fill.arguments),
          philox_(fill.seed, fill.stream),
          first_(fill.draw * next_draw),
          fill_(fill) {}

    // A row of `count` elements, whose positions are `step` and whose addresses are `stride` apart.
    void row(char* out, std::uint64_t position, std::int64_t count, std::int64_t stride, std::int64_t step) {
        if (step != 1) {
            for (; count > 0; --count, out += stride, position += static_cast<std::uint64_t>(step))
                push_part(out, position, 1, stride);
            return;
        }
        if (position % 4 != 0 && count > 0) {
            const std::int64_t head =
                count < 4 - static_cast<int>(position % 4) ? count : 4 - static_cast<int>(position % 4);
            push_part(out, position, head, stride);
            out += head * stride, position += static_cast<std::uint64_t>(head), count -= head;
        }
        if (stride == sizeof(Stored)) {
            bool past_cache = fill_.past_cache && !rejects;
            if (past_cache) {
                const auto short_of = -reinterpret_cast<std::uintptr_t>(out) % past_cache_alignment<D>;
                past_cache = short_of % block_bytes == 0;
                for (auto n = short_of / block_bytes; past_cache && n > 0 && count >= 4; --n) {
                    push_part(out, position, 4, stride);
                    out += block_bytes, position += 4, count -= 4;
                }
            }
            const std::int64_t tiles = count / tile_size;
            if (past_cache)
                contiguous<true>(reinterpret_cast<Stored*>(out), position / 4, tiles);
            else
                contiguous<false>(reinterpret_cast<Stored*>(out), position / 4, tiles);
            out += tiles * tile_size * stride, position += static_cast<std::uint64_t>(tiles * tile_size);
            count -= tiles * tile_size;
        }
        for (; count > 0; count -= 4, out += 4 * stride, position += 4)
            push_part(out, position, count < 4 ? count : 4, stride);
    }

    // Fills what is still pending.
    void finish() {
        while (pending_count_ > 0) fill_pending();
        if (fill_.past_cache) publish_stores_past_cache();
    }

  private:
    // A block that is not, or not yet, filled: of its elements those in the bits of `wanted`, the one of word
    // 0 at `out` (which may lie outside of the array, if that one is not wanted).
    struct Pending {
        std::uint64_t counter;
        char* out;
        std::int64_t stride;
        std::uint32_t wanted;
    };

    // What a tile has to be told of its elements: in `masks` the sign bits of those that are to be tried
    // again, as they are computed, and in `any` whether there are some.
    struct Rejected {
        Mask<D> masks[groups][vectors<D>] = {}, any = {};

        FASTINIT_INLINE void bits(std::uint64_t (&in_group)[groups]) {
            for (int g = 0; g < groups; ++g) in_group[g] = bits_in_order(masks[g]);
        }
    };

    // Makes a tile of the blocks with these counters, lanes in the order block_in_lane, by the distribution
    // or by its fallback.
    template <bool past_cache, class Any>
    FASTINIT_INLINE static void make(const Any& distribution, const Philox& philox,
                                     const U64 (&products)[groups], const U64 (&high)[groups], Stored* out,
                                     Rejected& rejected) {
        Philox::LastRound blocks[groups] = {}, more[groups] = {};
        if constexpr (Any::draws >= 1) philox(products, high, blocks);
        if constexpr (Any::draws == 2) {
            U64 next[groups];
            for (int g = 0; g < groups; ++g) next[g] = high[g] + static_cast<std::uint32_t>(next_draw >> 32);
            philox(products, next, more);
        }
#pragma GCC unroll 4
        for (int g = 0; g < groups; ++g) {
            U64 words[vectors<D>] = {};
            if constexpr (Any::draws >= 1 && vectors<D> == 2) philox.words32(blocks[g], words[0], words[1]);
            if constexpr (Any::draws >= 1 && vectors<D> == 4) philox.words64(more[g], blocks[g], words);
            Values<D> values[vectors<D>];
#pragma GCC unroll 2
            for (int i = 0; i < vectors<D>; i += 2) {
                const Pair<Words<D>> pair{bit_cast<Words<D>>(words[i]), bit_cast<Words<D>>(words[i + 1])};
                Pair<Values<D>> made;
                if constexpr (requires { Any::tries; }) {
                    Pair<Mask<D>> mask;
                    made = distribution(pair, mask);
                    rejected.masks[g][i] = mask.first, rejected.masks[g][i + 1] = mask.second;
                    rejected.any |= mask.first | mask.second;
                } else {
                    made = distribution(pair);
                }
                values[i] = made.first, values[i + 1] = made.second;
            }
            store_group<D, past_cache>(out + g * 4 * group_blocks, values);
        }
    }

    static constexpr bool rejects = requires { Distribution::tries; };
    static constexpr int block_bytes = 4 * sizeof(Stored);

    // Whole tiles. Counter word 1 stays the same but where the block number passes a multiple of 2^32: within
    // a run of tiles that do not, the compiler moves what depends on it alone out of the loop, a
    // multiplication of the second round with it.
    template <bool past_cache>
    void contiguous(Stored* out, std::uint64_t block, std::int64_t tiles) {
        while (tiles > 0) {
            const std::uint64_t to_carry = ((~block & 0xFFFFFFFFu) + 1) / tile_blocks;
            if (to_carry == 0) {
                for (int i = 0; i < tile_blocks; ++i)
                    push({first_ + block + static_cast<unsigned>(i), reinterpret_cast<char*>(out + 4 * i),
                          sizeof(Stored), 15u});
                out += tile_size, block += tile_blocks, tiles -= 1;
                continue;
            }
            const std::int64_t run =
                static_cast<std::uint64_t>(tiles) < to_carry ? tiles : static_cast<std::int64_t>(to_carry);
            run_of_tiles<past_cache>(out, first_ + block, run);
            out += run * tile_size, block += static_cast<std::uint64_t>(run) * tile_blocks, tiles -= run;
        }
    }

    template <bool past_cache>
    void run_of_tiles(Stored* out, std::uint64_t counter, std::int64_t tiles) {
        U64 lane_blocks;
        for (int i = 0; i < group_blocks; ++i) lane_blocks[i] = static_cast<unsigned>(block_in_lane(i));
        U64 products[groups], high[groups];
        for (int g = 0; g < groups; ++g) {
            products[g] =
                Philox::product_of(lane_blocks + (counter + static_cast<unsigned>(g * group_blocks)));
            high[g] = splat<U64>(counter >> 32);
        }
        while (tiles > 0) {
            // What a stretch of tiles rejects is noted in a few bytes each, and tried again after it.
            constexpr int stretch = 64;
            std::uint32_t again[rejects ? stretch * tile_blocks : 1];
            int count = 0;
            const int length = tiles < stretch ? static_cast<int>(tiles) : stretch;
            for (int tile = 0; tile < length; ++tile) {
                Rejected rejected;
                make<past_cache>(distribution_, philox_, products, high, out + tile * tile_size, rejected);
                for (int g = 0; g < groups; ++g) products[g] += tile_blocks * Philox::step;
                if constexpr (rejects)
                    if (sign_bits(rejected.any) != 0) note(rejected, tile * tile_blocks, again, count);
            }
            for (int i = 0; i < count; ++i) {
                const std::uint32_t block = again[i] >> 4;
                push({counter + block + Distribution::draws * next_draw,
                      reinterpret_cast<char*>(out + 4 * block), sizeof(Stored), again[i] & 15u});
            }
            counter += static_cast<std::uint64_t>(length) * tile_blocks;
            out += length * tile_size;
            tiles -= length;
        }
    }

    // Appends to `again` the blocks of a tile that have rejected elements: the number of the block, `first`
    // that of the tile's first, above a bit for each of its elements.
    static void note(Rejected& rejected, int first, std::uint32_t* again, int& count) {
        std::uint64_t in_group[groups];
        rejected.bits(in_group);
        for (int g = 0; g < groups; ++g, first += group_blocks)
            for (std::uint64_t bits = in_group[g]; bits != 0;) {
                const int block = __builtin_ctzll(bits) / 4;
                const auto wanted = static_cast<std::uint32_t>(bits >> (4 * block)) & 15u;
                bits ^= std::uint64_t{wanted} << (4 * block);
                again[count++] = static_cast<std::uint32_t>(first + block) << 4 | wanted;
            }
    }

    // `count` elements of one block.
    void push_part(char* out, std::uint64_t position, std::int64_t count, std::int64_t stride) {
        const auto word = static_cast<std::int64_t>(position % 4);
        push({first_ + position / 4, out - word * stride, stride, ((1u << count) - 1u) << word});
    }

    void push(const Pending& part) {
        pending_[pending_count_++] = part;
        if (pending_count_ >= tile_blocks) fill_pending();
    }

    // Fills up to a tile of what is pending; what is rejected is pending again, at its next draw.
    __attribute__((noinline)) void fill_pending() {
        const int count = pending_count_ < tile_blocks ? pending_count_ : tile_blocks;
        pending_count_ -= count;
        Pending parts[tile_blocks];
        U64 products[groups], high[groups];
        bool exhausted = false;
        for (int i = 0; i < tile_blocks; ++i) {
            const Pending& part = pending_[pending_count_ + (i < count ? i : 0)];
            parts[i] = part;
            const int lane = lane_of_block(i % group_blocks);
            products[i / group_blocks][lane] = (part.counter & 0xFFFFFFFFu) * Philox::step;
            high[i / group_blocks][lane] = part.counter >> 32;
            exhausted |= tries_of(part) >= max_tries();
        }
        Stored made[tile_size], last[tile_size];
        std::uint64_t rejected[groups] = {};
        Rejected masks;
        make<false>(distribution_, philox_, products, high, made, masks);
        if constexpr (rejects) masks.bits(rejected);
        if constexpr (rejects)
            if (exhausted) make_fallback(products, high, last);
        for (int i = 0; i < count; ++i) {
            Pending& part = parts[i];
            auto again =
                static_cast<std::uint32_t>(rejected[i / group_blocks] >> (4 * (i % group_blocks))) & 15u;
            const Stored* from = made + 4 * i;
            if (rejects && exhausted && tries_of(part) >= max_tries()) again = 0, from = last + 4 * i;
            const std::uint32_t write = part.wanted & ~again;
            for (int word = 0; word < 4; ++word)
                if (write >> word & 1u)
                    __builtin_memcpy(part.out + word * part.stride, from + word, sizeof(Stored));
            if (rejects && (part.wanted & again)) {
                part.wanted &= again;
                part.counter += Distribution::draws * next_draw;
                pending_[pending_count_++] = part;
            }
        }
    }

    static constexpr std::uint64_t max_tries() {
        if constexpr (rejects) return Distribution::tries;
        return ~std::uint64_t{0};
    }
    std::uint64_t tries_of(const Pending& part) const {
        if constexpr (rejects) return (part.counter - first_) / (next_draw * Distribution::draws);
        return 0;
    }

    __attribute__((noinline)) void make_fallback(const U64 (&products)[groups], const U64 (&high)[groups],
                                                 Stored* out) const {
        if constexpr (rejects) {
            Rejected none;
            make<false>(typename Distribution::Fallback(fill_.arguments), philox_, products, high, out, none);
        }
    }

    const Distribution distribution_;
    const Philox philox_;
    const std::uint64_t first_;
    const Fill& fill_;
    int pending_count_ = 0;
    Pending pending_[2 * tile_blocks];
};

template <class Distribution>
__attribute__((noinline)) void fill_box(const Fill& fill, std::int64_t begin, std::int64_t end) {
    Filler<Distribution> filler(fill);
    const int last = fill.axes - 1;
    std::int64_t index[max_axes];
    char* out = fill.data;
    std::uint64_t position = fill.position;
    for (std::int64_t axis = last, rest = begin; axis >= 0; --axis) {
        const Axis& a = fill.axis[axis];
        index[axis] = rest % a.size;
        rest /= a.size;
        out += index[axis] * a.stride;
        position += static_cast<std::uint64_t>(index[axis] * a.step);
    }
    for (std::int64_t left = end - begin;;) {
        const Axis& inner = fill.axis[last];
        const std::int64_t in_row = inner.size - index[last];
        const std::int64_t count = left < in_row ? left : in_row;
        filler.row(out, position, count, inner.stride, inner.step);
        if ((left -= count) == 0) break;
        out -= index[last] * inner.stride;
        position -= static_cast<std::uint64_t>(index[last] * inner.step);
        index[last] = 0;
        for (int axis = last - 1; axis >= 0; --axis) {
            const Axis& a = fill.axis[axis];
            out += a.stride;
            position += static_cast<std::uint64_t>(a.step);
            if (++index[axis] < a.size) break;
            out -= a.size * a.stride;
            position -= static_cast<std::uint64_t>(a.size * a.step);
            index[axis] = 0;
        }
    }
    filler.finish();
}

template <class Distribution>
void fill_range(const Fill& fill, std::int64_t begin, std::int64_t end) {
    const FloatEnvironment environment;
    fill_box<Distribution>(fill, begin, end);
}

template <class Distribution>
__attribute__((noinline)) const char* refuse_here(const double* arguments) {
    return Distribution::refuse(arguments);
}

template <class Distribution>
const char* refuse(const double* arguments) {
    const FloatEnvironment environment;
    return refuse_here<Distribution>(arguments);
}

template <class Distribution>
constexpr FillKernel kernel{&refuse<Distribution>, &fill_range<Distribution>};

// For the floating-point types, and for all.
template <template <class> class Distribution>
constexpr FillRow row{{kernel<Distribution<Float16>>, kernel<Distribution<BFloat16>>,
                       kernel<Distribution<Float32>>, kernel<Distribution<Float64>>}};
template <template <class> class Distribution>
constexpr FillRow whole_row{
    {kernel<Distribution<Float16>>, kernel<Distribution<BFloat16>>, kernel<Distribution<Float32>>,
     kernel<Distribution<Float64>>, kernel<Distribution<UInt8>>, kernel<Distribution<Int8>>,
     kernel<Distribution<Int16>>, kernel<Distribution<Int32>>, kernel<Distribution<Int64>>}};

}  // namespace fastinit::kernels::FASTINIT_ISA
