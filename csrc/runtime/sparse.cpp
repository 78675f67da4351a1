#include "runtime/sparse.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <vector>

#include "runtime/parallel.hpp"

namespace fastinit::runtime {
namespace {

constexpr std::int64_t columns_at_once = 8;  // whose keys in one row lie in one line of the cache

// The keys below `key` are among the least of a column, and those that equal it up to row `last`.
struct Limit {
    std::uint64_t key;
    std::int64_t last;

    bool covers(std::uint64_t other, std::int64_t row) const {
        return other < key || (other == key && row <= last);
    }
};

// Where the last of the `count` least of keys that are uniform is to be looked for. It is found elsewhere
// too, if more slowly: nothing but the time depends on the window.
struct Window {
    std::uint64_t least, size;

    Window(std::int64_t count, std::int64_t rows) {
        const double n = static_cast<double>(rows), mean = static_cast<double>(count) / n;
        const double margin = (6 * std::sqrt(n * mean * (1 - mean)) + 8) / n;
        least = key_at(mean - margin);
        size = key_at(mean + margin) - least;
    }

  private:
    static std::uint64_t key_at(double part) {
        if (part >= 1) return ~std::uint64_t{0};
        return part <= 0 ? 0 : static_cast<std::uint64_t>(std::ldexp(part, 64));
    }
};

using Column = std::vector<std::uint64_t>;

// The limit of one column: `found` holds its keys inside the window, and as many as `below` lie below it.
Limit limit_of(const Keys& keys, std::int64_t column, std::int64_t count, std::int64_t below, Column& found) {
    const auto key = [&](std::int64_t row) { return keys.data[row * keys.columns + column]; };
    if (count <= below || count > below + static_cast<std::int64_t>(found.size())) {
        found.clear();
        for (std::int64_t row = 0; row < keys.rows; ++row) found.push_back(key(row));
        below = 0;
    }
    const auto nth = found.begin() + (count - below - 1);
    std::nth_element(found.begin(), nth, found.end());
    const std::uint64_t greatest = *nth;
    // Equal keys: once in 2^64 pairs.
    if (std::find(nth + 1, found.end(), greatest) == found.end()) return {greatest, keys.rows};
    std::int64_t equal = std::count(found.begin(), nth + 1, greatest);
    std::int64_t last = 0;
    while (key(last) != greatest || --equal > 0) ++last;
    return {greatest, last};
}

// The limits of the columns [begin, end). Each of `found` has room for a column.
void find_limits(const Keys& keys, std::int64_t begin, std::int64_t end, std::int64_t count,
                 const Window& window, Column* found, Limit* limits) {
    const auto columns = static_cast<std::size_t>(end - begin);
    std::int64_t below[columns_at_once] = {};
    for (std::size_t j = 0; j < columns; ++j) found[j].clear();
    for (std::int64_t row = 0; row < keys.rows; ++row)
        for (std::size_t j = 0; j < columns; ++j) {
            const std::uint64_t key = keys.data[row * keys.columns + begin + static_cast<std::int64_t>(j)];
            below[j] += key < window.least;
            if (key - window.least <= window.size) found[j].push_back(key);
        }
    for (std::size_t j = 0; j < columns; ++j)
        limits[j] = limit_of(keys, begin + static_cast<std::int64_t>(j), count, below[j], found[j]);
}

template <class Bits>
void zero_columns(const Elements& elements, std::int64_t first_row, const Keys& keys, std::int64_t begin,
                  std::int64_t end, const Limit* limits) {
    for (std::int64_t i = 0; i < elements.rows; ++i) {
        const std::int64_t row = first_row + i;
        for (std::int64_t j = begin; j < end; ++j) {
            auto& element = *reinterpret_cast<Bits*>(elements.data + i * elements.row_stride +
                                                     j * elements.column_stride);
            const bool zero = limits[j - begin].covers(keys.data[row * keys.columns + j], row);
            element = zero ? Bits{0} : element;
        }
    }
}

}  // namespace

void zero_least(const Elements& elements, std::int64_t first_row, const Keys& keys, std::int64_t count) {
    if (count == 0 || keys.rows == 0) return;
    const Window window(count, keys.rows);
    const auto zero = elements.itemsize == 2   ? &zero_columns<std::uint16_t>
                      : elements.itemsize == 4 ? &zero_columns<std::uint32_t>
                                               : &zero_columns<std::uint64_t>;
    const std::int64_t together = std::min(columns_at_once, keys.columns);
    constexpr std::int64_t alone = 1 << 14;  // so few keys are sooner compared than handed out
    const std::int64_t groups = (keys.columns + columns_at_once - 1) / columns_at_once;
    const std::int64_t workers =
        keys.rows * keys.columns < alone ? 1 : std::min<std::int64_t>(num_threads(), groups);
    // What may fail is done before the work is handed out.
    std::vector<Column> found(static_cast<std::size_t>(workers * together));
    for (Column& column : found) column.reserve(static_cast<std::size_t>(keys.rows));
    std::atomic<std::int64_t> next{0};
    parallel_for(workers, 1, [&](std::int64_t worker, std::int64_t) {
        for (std::int64_t begin; (begin = columns_at_once * next++) < keys.columns;) {
            const std::int64_t end = std::min(begin + columns_at_once, keys.columns);
            Limit limits[columns_at_once];
            find_limits(keys, begin, end, count, window, &found[static_cast<std::size_t>(worker * together)],
                        limits);
            zero(elements, first_row, keys, begin, end, limits);
        }
    });
}

}  // namespace fastinit::runtime
