#pragma once

// Sums and maxima over a row of elements.

#include <cstddef>

namespace fastinit::kernels::FASTINIT_ISA {
namespace {

// A row is reduced in this many interleaved parts: vector code, and the same order of additions on every
// machine.
constexpr std::ptrdiff_t parts = 16;

// The sum of term(j) over the row.
template <class T, class Term>
T sum_over(std::ptrdiff_t columns, Term term) {
    using Index = std::ptrdiff_t;
    T partial[parts] = {};
    Index j = 0;
    for (; j + parts <= columns; j += parts)
        for (Index lane = 0; lane < parts; ++lane) partial[lane] += term(j + lane);
    for (Index lane = 0; j + lane < columns; ++lane) partial[lane] += term(j + lane);
    for (Index width = parts / 2; width > 0; width /= 2)
        for (Index lane = 0; lane < width; ++lane) partial[lane] += partial[lane + width];
    return partial[0];
}

template <class T>
T largest(const T* row, std::ptrdiff_t columns) {
    using Index = std::ptrdiff_t;
    T most[parts];
    for (T& value : most) value = row[0];
    Index j = 0;
    for (; j + parts <= columns; j += parts)
        for (Index lane = 0; lane < parts; ++lane)
            most[lane] = row[j + lane] > most[lane] ? row[j + lane] : most[lane];
    for (Index lane = 0; j + lane < columns; ++lane)
        most[lane] = row[j + lane] > most[lane] ? row[j + lane] : most[lane];
    for (Index lane = 1; lane < parts; ++lane) most[0] = most[lane] > most[0] ? most[lane] : most[0];
    return most[0];
}

}  // namespace
}  // namespace fastinit::kernels::FASTINIT_ISA
