#pragma once

// Products of a panel of columns with a strip of vectors, whose bits no machine changes: every sum runs in
// the rising order of its index, a product and an addition at a time. The lanes of a vector are columns of
// the strip, which never meet, so neither its width nor the shape of a tile enters a result.

#include "core/simd.hpp"
#include "kernels/orthogonal.hpp"

namespace fastinit::kernels::FASTINIT_ISA {

using core::Vector;

// A tile of so many sums stays in registers, with what they are made of: the rows of a tile by the vectors of
// a row of the strip.
inline constexpr Index tile_rows = 4;
inline constexpr Index tile_vectors = core::vector_bytes == 64 ? 4 : 2;

// One row of the strip.
template <class T>
struct StripRow {
    Vector<T> at[tile_vectors];
};

template <class T>
inline constexpr Index strip_columns = tile_vectors * core::lanes<Vector<T>>;

// As many rows of a panel as leave room in the L1 cache for those of the strip.
template <class T>
inline constexpr Index rows_at_once = Index{16384} / (panel_columns * static_cast<Index>(sizeof(T)));

// Columns [0, columns) of a panel: row i begins at data + i * columns.
template <class T>
struct PanelRows {
    const T* data;
    Index columns, rows;
};

template <class T, Index size>
void add_tile(const PanelRows<T>& panel, Index first, const StripRow<T>* strip, StripRow<T>* sums) {
    Vector<T> sum[size][tile_vectors];
    for (Index k = 0; k < size; ++k)
        for (Index g = 0; g < tile_vectors; ++g) sum[k][g] = sums[k].at[g];
    const T* v = panel.data + first;
    for (Index i = 0; i < panel.rows; ++i, v += panel.columns) {
        __builtin_prefetch(v + rows_at_once<T> * panel.columns);  // what the next rows will need
        for (Index k = 0; k < size; ++k)
            for (Index g = 0; g < tile_vectors; ++g) sum[k][g] += v[k] * strip[i].at[g];
    }
    for (Index k = 0; k < size; ++k)
        for (Index g = 0; g < tile_vectors; ++g) sums[k].at[g] = sum[k][g];
}

// sums += panel' strip: to sums[k], the products of the panel's column k with the strip, the first row first.
template <class T>
void add_products(PanelRows<T> panel, const StripRow<T>* strip, StripRow<T>* sums) {
    const Index rows = panel.rows;
    for (Index i = 0; i < rows; i += rows_at_once<T>) {
        panel.rows = rows - i < rows_at_once<T> ? rows - i : rows_at_once<T>;
        Index k = 0;
        for (; k + tile_rows <= panel.columns; k += tile_rows)
            add_tile<T, tile_rows>(panel, k, strip + i, sums + k);
        for (; k < panel.columns; ++k) add_tile<T, 1>(panel, k, strip + i, sums + k);
        panel.data += rows_at_once<T> * panel.columns;
    }
}

template <class T, Index size>
void subtract_tile(const T* v, Index columns, const StripRow<T>* factors, StripRow<T>* strip) {
    Vector<T> row[size][tile_vectors];
    for (Index i = 0; i < size; ++i)
        for (Index g = 0; g < tile_vectors; ++g) row[i][g] = strip[i].at[g];
    for (Index k = 0; k < columns; ++k)
        for (Index i = 0; i < size; ++i)
            for (Index g = 0; g < tile_vectors; ++g) row[i][g] -= v[i * columns + k] * factors[k].at[g];
    for (Index i = 0; i < size; ++i)
        for (Index g = 0; g < tile_vectors; ++g) strip[i].at[g] = row[i][g];
}

// strip -= panel factors: from each row, the products of the panel's columns with the rows of factors, the
// first column first.
template <class T>
void subtract_products(const PanelRows<T>& panel, const StripRow<T>* factors, StripRow<T>* strip) {
    Index i = 0;
    for (; i + tile_rows <= panel.rows; i += tile_rows)
        subtract_tile<T, tile_rows>(panel.data + i * panel.columns, panel.columns, factors, strip + i);
    for (; i < panel.rows; ++i)
        subtract_tile<T, 1>(panel.data + i * panel.columns, panel.columns, factors, strip + i);
}

}  // namespace fastinit::kernels::FASTINIT_ISA
