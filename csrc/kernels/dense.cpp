// The dense product, blocked and packed after Goto and van de Geijn, "Anatomy of high-performance matrix
// multiplication", ACM TOMS 34(3), 2008. This file alone is compiled with contraction on: a product has no
// bits to keep, since a BLAS may run in its place.
#include "kernels/dense.hpp"

namespace fastinit::kernels::FASTINIT_ISA {
namespace {

#if defined(__AVX512F__)
constexpr int vector_bytes = 64;
constexpr Index tile_rows = 8;
#elif defined(__AVX2__)
constexpr int vector_bytes = 32;
constexpr Index tile_rows = 6;
#else
constexpr int vector_bytes = 16;
constexpr Index tile_rows = 6;
#endif
constexpr Index tile_vectors = 2;

template <class T>
struct Blocking {
    typedef T Vector __attribute__((vector_size(vector_bytes), aligned(sizeof(T)), may_alias));
    static constexpr Index lanes = vector_bytes / sizeof(T);
    static constexpr Index tile_columns = tile_vectors * lanes;
    static constexpr Index depth =
        1024 / sizeof(T);                   // a strip of b, depth x tile_columns, stays in the L1 cache
    static constexpr Index rows = 96;       // a block of a, rows x depth, stays in the L2 cache
    static constexpr Index columns = 1024;  // a block of b, depth x columns, stays in the L3 cache
    static_assert(rows % tile_rows == 0 && columns % tile_columns == 0);
    static_assert((rows + columns) * depth * sizeof(T) <= product_workspace_bytes);
};

constexpr Index smaller(Index a, Index b) { return a < b ? a : b; }

// Copies `count` lines of `depth` elements so that each strip of `width` lines lies in memory in the order in
// which a tile reads it; a strip that is not full is filled up with zeros.
template <Index width, class T>
void pack(const T* source, Index line, Index step, Index count, Index depth, T* packed) {
    for (Index start = 0; start < count; start += width) {
        const Index full = smaller(width, count - start);
        for (Index p = 0; p < depth; ++p) {
            const T* from = source + start * line + p * step;
            Index i = 0;
            for (; i < full; ++i) packed[i] = from[i * line];
            for (; i < width; ++i) packed[i] = T(0);
            packed += width;
        }
    }
}

// One tile of c: tile_rows x tile_columns sums over `depth`, held in registers throughout.
template <class T>
void multiply_tile(const T* a, const T* b, Index depth, Matrix<T> c, Index rows, Index columns,
                   bool accumulate) {
    using B = Blocking<T>;
    using Vector = typename B::Vector;
    Vector sums[tile_rows][tile_vectors] = {};
    for (Index p = 0; p < depth; ++p) {
        const Vector* line = reinterpret_cast<const Vector*>(b);
        for (Index i = 0; i < tile_rows; ++i)
            for (Index v = 0; v < tile_vectors; ++v) sums[i][v] += a[i] * line[v];
        a += tile_rows;
        b += B::tile_columns;
    }
    if (rows == tile_rows && columns == B::tile_columns && c.column == 1) {
        for (Index i = 0; i < tile_rows; ++i) {
            Vector* line = reinterpret_cast<Vector*>(c.data + i * c.row);
            for (Index v = 0; v < tile_vectors; ++v) line[v] = accumulate ? line[v] + sums[i][v] : sums[i][v];
        }
        return;
    }
    for (Index i = 0; i < rows; ++i)
        for (Index j = 0; j < columns; ++j) {
            T& out = c.data[i * c.row + j * c.column];
            const T sum = sums[i][j / B::lanes][j % B::lanes];
            out = accumulate ? out + sum : sum;
        }
}

template <class T>
void multiply_blocked(const Product<T>& product, T* workspace) {
    using B = Blocking<T>;
    const auto& [m, n, k, a, b, c, accumulate] = product;
    T* const packed_b = workspace;
    T* const packed_a = workspace + B::columns * B::depth;
    for (Index column = 0; column < n; column += B::columns) {
        const Index columns = smaller(B::columns, n - column);
        for (Index start = 0; start < k; start += B::depth) {
            const Index depth = smaller(B::depth, k - start);
            pack<B::tile_columns>(b.data + start * b.row + column * b.column, b.column, b.row, columns, depth,
                                  packed_b);
            for (Index row = 0; row < m; row += B::rows) {
                const Index rows = smaller(B::rows, m - row);
                pack<tile_rows>(a.data + row * a.row + start * a.column, a.row, a.column, rows, depth,
                                packed_a);
                for (Index j = 0; j < columns; j += B::tile_columns)
                    for (Index i = 0; i < rows; i += tile_rows)
                        multiply_tile<T>(
                            packed_a + i * depth, packed_b + j * depth, depth,
                            {c.data + (row + i) * c.row + (column + j) * c.column, c.row, c.column},
                            smaller(tile_rows, rows - i), smaller(B::tile_columns, columns - j),
                            accumulate || start > 0);
            }
        }
    }
}

// What is too small to pay for packing.
template <class T>
void multiply_directly(const Product<T>& product) {
    const auto& [m, n, k, a, b, c, accumulate] = product;
    for (Index i = 0; i < m; ++i)
        for (Index j = 0; j < n; ++j) {
            const T* left = a.data + i * a.row;
            const T* right = b.data + j * b.column;
            T sum = T(0);
            for (Index p = 0; p < k; ++p) sum += left[p * a.column] * right[p * b.row];
            T& out = c.data[i * c.row + j * c.column];
            out = accumulate ? out + sum : sum;
        }
}

template <class T>
void multiply(const Product<T>& product, void* workspace) {
    if (product.m * product.n * product.k <= 512)
        multiply_directly(product);
    else
        multiply_blocked(product, static_cast<T*>(workspace));
}

}  // namespace

extern const DenseTable dense_table;
const DenseTable dense_table{multiply<float>, multiply<double>};

}  // namespace fastinit::kernels::FASTINIT_ISA
