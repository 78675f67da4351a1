#include "runtime/blake2b.hpp"

#include <algorithm>

#include "runtime/dispatch.hpp"
#include "runtime/parallel.hpp"

namespace fastinit::runtime {

Index leaf_count(const Leaves& leaves) {
    const auto leaf_size = static_cast<Index>(leaves.leaf_size);
    return std::max<Index>(1, leaves.size / leaf_size + (leaves.size % leaf_size != 0));
}

bool is_whole(const Leaves& leaves) {
    return leaves.size != 0 && leaves.size % static_cast<Index>(leaves.leaf_size) == 0;
}

void blake2b_leaves(const Leaves& leaves, std::uint8_t* digests) {
    const kernels::Blake2bTable& kernel = active_kernels().blake2b;
    parallel_for(leaf_count(leaves), kernel.lanes, [&](std::int64_t begin, std::int64_t end) {
        kernel.hash(leaves, begin, end - begin, digests + begin * kernels::blake2b_digest_bytes);
    });
}

}  // namespace fastinit::runtime
