#include "runtime/argsort.hpp"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <memory>
#include <tuple>
#include <utility>
#include <vector>

#include "runtime/parallel.hpp"

namespace fastinit::runtime {
namespace {

// A key's place, and as many of its leading bits, after those that chose its bucket, as a place has: equal
// ones are looked up.
template <class Place>
struct Item {
    Place prefix, place;
};

constexpr int most_bucket_bits = 12, most_slot_bits = 13;
constexpr std::int64_t bucket_size = 2048;

// The `count` leading bits.
std::size_t leading_bits(std::uint64_t key, int count) {
    return count == 0 ? 0 : static_cast<std::size_t>(key >> (64 - count));
}

// Two passes over buckets of a size that a core's own cache holds: the leading bits of a key choose its
// bucket, the following ones its slot, which has one key or few.
template <class Place>
class Sorter {
  public:
    Sorter(const std::uint64_t* keys, std::int64_t size, std::int64_t* order)
        : keys_(keys),
          size_(size),
          order_(order),
          bucket_bits_(
              std::min(static_cast<int>(std::bit_width(static_cast<std::uint64_t>(size / bucket_size))),
                       most_bucket_bits)),
          chunks_(2 * num_threads()),
          ends_(static_cast<std::size_t>(chunks_) << bucket_bits_),
          items_(std::make_unique_for_overwrite<Item<Place>[]>(static_cast<std::size_t>(size))),
          sorted_(std::make_unique_for_overwrite<Item<Place>[]>(static_cast<std::size_t>(size))) {}

    bool run(bool (*interrupted)()) {
        const auto in_chunks = [&](void (Sorter::*work)(std::int64_t)) {
            const std::int64_t piece = size_ < bucket_size ? chunks_ : 1;
            return parallel_for(
                chunks_, piece,
                [&](std::int64_t begin, std::int64_t end) {
                    for (; begin < end; ++begin) (this->*work)(begin);
                },
                interrupted);
        };
        if (!in_chunks(&Sorter::count)) return false;
        place_chunks();
        if (!in_chunks(&Sorter::scatter)) return false;
        return parallel_for(
            std::int64_t{1} << bucket_bits_, 16,
            [&](std::int64_t begin, std::int64_t end) {
                for (; begin < end; ++begin) sort_bucket(static_cast<std::size_t>(begin));
            },
            interrupted);
    }

  private:
    std::int64_t* ends_of(std::int64_t chunk) {
        return ends_.data() + (static_cast<std::size_t>(chunk) << bucket_bits_);
    }
    std::int64_t begin_of(std::int64_t chunk) const { return (size_ + chunks_ - 1) / chunks_ * chunk; }
    std::size_t bucket_of(std::int64_t i) const { return leading_bits(keys_[i], bucket_bits_); }

    // How many of a chunk's keys each bucket gets.
    void count(std::int64_t chunk) {
        std::int64_t* const counts = ends_of(chunk);
        const std::int64_t end = std::min(begin_of(chunk + 1), size_);
        for (std::int64_t i = begin_of(chunk); i < end; ++i) ++counts[bucket_of(i)];
    }

    // Where in each bucket each chunk begins: the chunks one after the other, so that equal keys stay in
    // order.
    void place_chunks() {
        std::int64_t place = 0;
        for (std::size_t bucket = 0; bucket < std::size_t{1} << bucket_bits_; ++bucket)
            for (std::int64_t chunk = 0; chunk < chunks_; ++chunk)
                place += std::exchange(ends_of(chunk)[bucket], place);
    }

    void scatter(std::int64_t chunk) {
        std::int64_t* const ends = ends_of(chunk);
        const std::int64_t end = std::min(begin_of(chunk + 1), size_);
        for (std::int64_t i = begin_of(chunk); i < end; ++i) {
            const std::uint64_t rest = keys_[i] << bucket_bits_;
            items_[static_cast<std::size_t>(ends[bucket_of(i)]++)] = {
                static_cast<Place>(rest >> (64 - 8 * sizeof(Place))), static_cast<Place>(i)};
        }
    }

    void sort_bucket(std::size_t bucket) {
        const std::int64_t* const ends = ends_of(chunks_ - 1);
        const auto begin = static_cast<std::size_t>(bucket == 0 ? 0 : ends[bucket - 1]);
        const auto end = static_cast<std::size_t>(ends[bucket]);
        const int bits = std::min(static_cast<int>(std::bit_width(end - begin)), most_slot_bits);
        const auto slot_of = [&](const Item<Place>& item) {
            return static_cast<std::size_t>(item.prefix) >> (8 * static_cast<int>(sizeof(Place)) - bits);
        };
        if (begin == end) return;
        std::size_t slots[(1 << most_slot_bits) + 1];
        std::fill_n(slots, (std::size_t{1} << bits) + 1, std::size_t{0});
        for (std::size_t i = begin; i < end; ++i) ++slots[slot_of(items_[i]) + 1];
        slots[0] = begin;
        for (std::size_t slot = 1; slot < std::size_t{1} << bits; ++slot) slots[slot] += slots[slot - 1];
        for (std::size_t i = begin; i < end; ++i) sorted_[slots[slot_of(items_[i])]++] = items_[i];
        std::size_t slot_begin = begin;
        for (std::size_t slot = 0; slot < std::size_t{1} << bits; slot_begin = slots[slot++])
            if (slots[slot] - slot_begin > 1) sort_slot(&sorted_[slot_begin], &sorted_[0] + slots[slot]);
        for (std::size_t i = begin; i < end; ++i) order_[i] = static_cast<std::int64_t>(sorted_[i].place);
    }

    void sort_slot(Item<Place>* begin, Item<Place>* end) const {
        std::sort(begin, end, [this](const Item<Place>& a, const Item<Place>& b) {
            if (a.prefix != b.prefix) return a.prefix < b.prefix;
            return std::tuple(keys_[a.place], a.place) < std::tuple(keys_[b.place], b.place);
        });
    }

    const std::uint64_t* keys_;
    std::int64_t size_;
    std::int64_t* order_;
    int bucket_bits_;
    std::int64_t chunks_;
    std::vector<std::int64_t> ends_;  // of each chunk's part of each bucket; counts before they are placed
    std::unique_ptr<Item<Place>[]> items_, sorted_;
};

}  // namespace

bool argsort(const std::uint64_t* keys, std::int64_t size, std::int64_t* order, bool (*interrupted)()) {
    if (size <= std::int64_t{1} << 32) return Sorter<std::uint32_t>(keys, size, order).run(interrupted);
    return Sorter<std::uint64_t>(keys, size, order).run(interrupted);
}

}  // namespace fastinit::runtime
