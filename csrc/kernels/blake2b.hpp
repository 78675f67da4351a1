#pragma once

#include <cstddef>
#include <cstdint>

namespace fastinit::kernels {

using Index = std::ptrdiff_t;

inline constexpr Index blake2b_digest_bytes = 64;

// A run of leaves of a tree: all of `leaf_size` bytes but the last one, which may be shorter.
struct Leaves {
    const std::uint8_t* data;
    Index size;  // of all together, in bytes
    std::uint32_t leaf_size;
    std::uint64_t node_offset;  // of the first leaf in its tree
    bool last;                  // whether the last one here is the last of the tree
};

struct Blake2bTable {
    // How many leaves are hashed at once.
    Index lanes;
    // Writes the digests of the leaves [first, first + count), at most `lanes`, one after another.
    void (*hash)(const Leaves& leaves, Index first, Index count, std::uint8_t* digests);
};

}  // namespace fastinit::kernels
