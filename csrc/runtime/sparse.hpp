#pragma once

#include <cstdint>

namespace fastinit::runtime {

// A matrix of elements of `itemsize` bytes, its strides in bytes.
struct Elements {
    char* data;
    std::int64_t itemsize, rows, row_stride, column_stride;
};

// One key for each element of whole columns, row after row.
struct Keys {
    const std::uint64_t* data;
    std::int64_t rows, columns;
};

// Zeroes in each column the elements of the `count` least keys; of equal keys, those of the lower rows. The
// elements are those of the keys' columns, and of the rows from first_row on.
void zero_least(const Elements& elements, std::int64_t first_row, const Keys& keys, std::int64_t count);

}  // namespace fastinit::runtime
