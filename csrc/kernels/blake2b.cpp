// BLAKE2b (RFC 7693) of the leaves of a tree (section 2.10 of the BLAKE2 paper by Aumasson, Neves,
// Wilcox-O'Hearn and Winnerlein, 2013): fanout 0, that is any number of leaves, depth 2, digests of 64 bytes.
// One leaf has nothing to do in parallel, so each lane of a vector hashes a leaf of its own.
#include "kernels/blake2b.hpp"

#include "core/simd.hpp"

namespace fastinit::kernels::FASTINIT_ISA {
namespace {

using core::lanes;
using core::rotate_right;
using core::splat;
using core::U64;

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "BLAKE2b reads its words from memory as they lie");

constexpr Index block_bytes = 128, block_words = 16;
constexpr int rounds = 12;

constexpr std::uint64_t initial[8] = {0x6A09E667F3BCC908, 0xBB67AE8584CAA73B, 0x3C6EF372FE94F82B,
                                      0xA54FF53A5F1D36F1, 0x510E527FADE682D1, 0x9B05688C2B3E6C1F,
                                      0x1F83D9ABFB41BD6B, 0x5BE0CD19137E2179};

// Which word of the block each step of a round takes.
constexpr unsigned char schedule[rounds][block_words] = {
    {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
    {14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3},
    {11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4},
    {7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8},
    {9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13},
    {2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9},
    {12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11},
    {13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10},
    {6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5},
    {10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0},
    {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
    {14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3}};

// The state of a leaf before its first block: the parameters, over the initial words.
void start(const Leaves& leaves, Index leaf, U64 (&state)[8], int lane) {
    constexpr std::uint64_t fanout = 0, depth = 2;
    const std::uint64_t parameters[3] = {
        blake2b_digest_bytes | fanout << 16 | depth << 24 | std::uint64_t{leaves.leaf_size} << 32,
        leaves.node_offset + static_cast<std::uint64_t>(leaf),
        std::uint64_t{blake2b_digest_bytes} << 8,  // the inner digests; the depth of a leaf is 0
    };
    for (int i = 0; i < 8; ++i) state[i][lane] = initial[i] ^ (i < 3 ? parameters[i] : 0);
}

// Of each pair of rows `step` apart, exchanges the upper steps of the one with the lower steps of the other.
template <int step>
FASTINIT_INLINE void exchange(U64 (&rows)[lanes<U64>]) {
    constexpr int n = lanes<U64>;
    constexpr auto lower = [](int i) { return i & step ? n + i - step : i; };
    constexpr auto upper = [](int i) { return i & step ? n + i : i + step; };
    for (int i = 0; i < n; ++i) {
        if (i & step) continue;
        const U64 a = rows[i], b = rows[i + step];
        rows[i] = core::shuffle<lower>(a, b);
        rows[i + step] = core::shuffle<upper>(a, b);
    }
    if constexpr (2 * step < n) exchange<2 * step>(rows);
}

// The words of a block in each lane.
FASTINIT_INLINE void load(const std::uint8_t* const* blocks, U64 (&words)[block_words]) {
    constexpr int n = lanes<U64>;
    for (int first = 0; first < block_words; first += n) {
        U64 rows[n];
        for (int lane = 0; lane < n; ++lane)
            __builtin_memcpy(&rows[lane], blocks[lane] + first * 8, sizeof rows[lane]);
        exchange<1>(rows);  // rows become columns
        for (int i = 0; i < n; ++i) words[first + i] = rows[i];
    }
}

FASTINIT_INLINE void mix(U64& a, U64& b, U64& c, U64& d, U64 x, U64 y) {
    a = a + b + x;
    d = rotate_right<32>(d ^ a);
    c = c + d;
    b = rotate_right<24>(b ^ c);
    a = a + b + y;
    d = rotate_right<16>(d ^ a);
    c = c + d;
    b = rotate_right<63>(b ^ c);
}

template <int round>
FASTINIT_INLINE void mix_all(U64 (&v)[16], const U64 (&words)[block_words]) {
    constexpr auto& at = schedule[round];
    mix(v[0], v[4], v[8], v[12], words[at[0]], words[at[1]]);
    mix(v[1], v[5], v[9], v[13], words[at[2]], words[at[3]]);
    mix(v[2], v[6], v[10], v[14], words[at[4]], words[at[5]]);
    mix(v[3], v[7], v[11], v[15], words[at[6]], words[at[7]]);
    mix(v[0], v[5], v[10], v[15], words[at[8]], words[at[9]]);
    mix(v[1], v[6], v[11], v[12], words[at[10]], words[at[11]]);
    mix(v[2], v[7], v[8], v[13], words[at[12]], words[at[13]]);
    mix(v[3], v[4], v[9], v[14], words[at[14]], words[at[15]]);
}

template <std::size_t... round>
FASTINIT_INLINE void mix_rounds(U64 (&v)[16], const U64 (&words)[block_words],
                                std::index_sequence<round...>) {
    (mix_all<static_cast<int>(round)>(v, words), ...);
}

void hash(const Leaves& leaves, Index first, Index count, std::uint8_t* digests) {
    constexpr int n = lanes<U64>;
    U64 state[8] = {}, sizes{}, blocks = splat<U64>(std::uint64_t{1}), last_node{};
    const std::uint8_t* data[n];
    std::uint8_t ends[n][block_bytes] = {};  // the last block of each leaf, filled up with zeros
    std::uint64_t most_blocks = 1;
    for (int lane = 0; lane < n; ++lane) {
        data[lane] = leaves.data;
        if (lane >= count) continue;  // an idle lane reads the zeros of `ends`
        const Index begin = (first + lane) * static_cast<Index>(leaves.leaf_size);
        const Index rest = leaves.size - begin;
        const bool is_last = rest <= static_cast<Index>(leaves.leaf_size);
        const Index size = is_last ? rest : static_cast<Index>(leaves.leaf_size);
        start(leaves, first + lane, state, lane);
        data[lane] += begin;
        const Index before_end = size == 0 ? 0 : (size - 1) / block_bytes * block_bytes;
        if (size > 0)
            __builtin_memcpy(ends[lane], data[lane] + before_end,
                             static_cast<std::size_t>(size - before_end));
        sizes[lane] = static_cast<std::uint64_t>(size);
        blocks[lane] = static_cast<std::uint64_t>(before_end / block_bytes + 1);
        if (blocks[lane] > most_blocks) most_blocks = blocks[lane];
        if (is_last && leaves.last) last_node[lane] = ~std::uint64_t{0};
    }
    for (std::uint64_t block = 0; block < most_blocks; ++block) {
        const std::uint8_t* from[n];
        for (int lane = 0; lane < n; ++lane)
            from[lane] = block + 1 < blocks[lane] ? data[lane] + block * block_bytes : ends[lane];
        U64 words[block_words];
        load(from, words);
        const U64 number = splat<U64>(block + 1);
        const U64 done = number * static_cast<std::uint64_t>(block_bytes);
        const auto is_final = number == blocks;
        U64 v[16];
        for (int i = 0; i < 8; ++i) v[i] = state[i];
        for (int i = 0; i < 8; ++i) v[8 + i] = splat<U64>(initial[i]);
        v[12] ^= is_final ? sizes : done;  // a leaf has fewer than 2^64 bytes: v[13] stays
        v[14] ^= (U64)is_final;
        v[15] ^= (U64)is_final & last_node;
        mix_rounds(v, words, std::make_index_sequence<rounds>());
        const auto is_over = number > blocks;
        for (int i = 0; i < 8; ++i) state[i] = is_over ? state[i] : state[i] ^ v[i] ^ v[8 + i];
    }
    for (Index lane = 0; lane < count; ++lane)
        for (int i = 0; i < 8; ++i) {
            const std::uint64_t word = state[i][lane];
            __builtin_memcpy(digests + lane * blake2b_digest_bytes + i * 8, &word, sizeof word);
        }
}

}  // namespace

extern const Blake2bTable blake2b_table;
const Blake2bTable blake2b_table{lanes<U64>, &hash};

}  // namespace fastinit::kernels::FASTINIT_ISA
