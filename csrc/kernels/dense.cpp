// The dense product, blocked and packed after Goto and van de Geijn, "Anatomy of high-performance matrix
// multiplication", ACM TOMS 34(3), 2008. This file alone is compiled with contraction on: a product has no
// bits to keep, since a BLAS may run in its place.
#include "kernels/dense.hpp"

#include <cstdint>

namespace fastinit::kernels::FASTINIT_ISA {
namespace {

constexpr Index never = PTRDIFF_MAX;

#if defined(__AVX512F__)
constexpr Index vector_bytes = 64;
constexpr Index registers = 32;
constexpr Index tile_rows = 8;
constexpr Index worth_a_blas = never;
#elif defined(__AVX2__)
constexpr Index vector_bytes = 32;
constexpr Index registers = 16;
constexpr Index tile_rows = 6;
constexpr Index worth_a_blas = 1 << 18;
#else
constexpr Index vector_bytes = 16;
constexpr Index registers = 16;
constexpr Index tile_rows = 6;
constexpr Index worth_a_blas = 1 << 18;
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

template <class T>
void store(T& out, T sum, bool accumulate) {
    out = accumulate ? out + sum : sum;
}

// Lines of elements: element p of line i is data[i * line + p * step].
template <class T>
struct Lines {
    const T* data;
    Index line;
    Index step;

    Lines from(Index i, Index p) const { return {data + i * line + p * step, line, step}; }
};

// A square block of so many lines and elements is transposed in registers.
template <class T>
struct Square {
    static constexpr Index size = 16 / sizeof(T);
    typedef T Vector __attribute__((vector_size(16), aligned(sizeof(T)), may_alias));

    // to[p * to_step + i] = from[i * from_line + p]
    static void transpose(const T* from, Index from_line, T* to, Index to_step) {
        const auto line = [=](Index i) { return *reinterpret_cast<const Vector*>(from + i * from_line); };
        const auto store = [=](Index p, Vector v) { *reinterpret_cast<Vector*>(to + p * to_step) = v; };
        if constexpr (size == 2) {
            store(0, __builtin_shufflevector(line(0), line(1), 0, 2));
            store(1, __builtin_shufflevector(line(0), line(1), 1, 3));
        } else {
            const Vector low01 = __builtin_shufflevector(line(0), line(1), 0, 4, 1, 5);
            const Vector low23 = __builtin_shufflevector(line(2), line(3), 0, 4, 1, 5);
            const Vector high01 = __builtin_shufflevector(line(0), line(1), 2, 6, 3, 7);
            const Vector high23 = __builtin_shufflevector(line(2), line(3), 2, 6, 3, 7);
            store(0, __builtin_shufflevector(low01, low23, 0, 1, 4, 5));
            store(1, __builtin_shufflevector(low01, low23, 2, 3, 6, 7));
            store(2, __builtin_shufflevector(high01, high23, 0, 1, 4, 5));
            store(3, __builtin_shufflevector(high01, high23, 2, 3, 6, 7));
        }
    }
};

// Copies one strip of `count` <= width lines.
template <Index width, class T>
void pack_strip(Lines<T> lines, Index count, Index depth, T* packed) {
    constexpr Index square = Square<T>::size;
    if (count == width && lines.line == 1) {
        for (Index p = 0; p < depth; ++p)
            for (Index i = 0; i < width; ++i) packed[p * width + i] = lines.data[p * lines.step + i];
        return;
    }
    Index done = 0;
    if (width % square == 0 && lines.step == 1) {
        // Few lines are read at a time, since those a power of two apart share places in the cache; and
        // little of each, so that what is packed stays there until it is filled.
        constexpr Index together = 64;
        const Index whole = depth - depth % square;
        const Index squares = count - count % square;
        for (Index first = 0; first < whole; first += together)
            for (Index i = 0; i < squares; i += square)
                for (Index p = first; p < smaller(first + together, whole); p += square)
                    Square<T>::transpose(lines.from(i, p).data, lines.line, packed + p * width + i, width);
        for (Index p = whole; p < depth; ++p)
            for (Index i = 0; i < squares; ++i) packed[p * width + i] = *lines.from(i, p).data;
        done = squares;
    }
    for (Index i = done; i < count; ++i)
        for (Index p = 0; p < depth; ++p) packed[p * width + i] = *lines.from(i, p).data;
    for (Index i = count; i < width; ++i)
        for (Index p = 0; p < depth; ++p) packed[p * width + i] = T(0);
}

// Copies `count` lines of `depth` elements so that each strip of `width` lines lies in memory in the order in
// which a tile reads it; a strip that is not full is filled up with zeros.
template <Index width, class T>
void pack(Lines<T> lines, Index count, Index depth, T* packed) {
    Index start = 0;
    if (lines.line == 1 && width >= 16) {  // a few rows of memory at a time, each read from end to end
        constexpr Index together = 8;
        const Index whole = count - count % width;
        for (Index first = 0; first < depth; first += together)
            for (start = 0; start < whole; start += width)
                pack_strip<width>(lines.from(start, first), width, smaller(together, depth - first),
                                  packed + start * depth + first * width);
    }
    for (; start < count; start += width)
        pack_strip<width>(lines.from(start, 0), smaller(width, count - start), depth, packed + start * depth);
}

// One tile of c: sums over `depth` of the lines a and of the rows of b, `columns` <= tile_columns elements
// each.
template <class T>
struct Tile {
    Lines<T> a;
    const T* b;
    Index b_row;
    Index depth;
    Matrix<T> c;
    Index columns;
    bool accumulate;
};

// What a tile's sums are kept in: registers, as long as every loop over them is unrolled.
template <class T, Index rows, Index vectors>
using Sums = typename Blocking<T>::Vector[rows][vectors];

// Into rows that are contiguous, `vectors` whole vectors of each.
template <bool accumulate, class T, Index rows, Index vectors>
void write_rows(const Sums<T, rows, vectors>& sums, T* c, Index c_row) {
#pragma GCC unroll 8
    for (Index i = 0; i < rows; ++i) {
        auto* line = reinterpret_cast<typename Blocking<T>::Vector*>(c + i * c_row);
#pragma GCC unroll 2
        for (Index v = 0; v < vectors; ++v) line[v] = accumulate ? line[v] + sums[i][v] : sums[i][v];
    }
}

// Into any rows and columns, through a copy in memory.
template <class T, Index rows, Index vectors>
void write_copied(const Sums<T, rows, vectors>& sums, const Tile<T>& tile) {
    constexpr Index lanes = Blocking<T>::lanes;
    const auto& [a, b, b_row, depth, c, columns, accumulate] = tile;
    T lines[rows][vectors * lanes];
    write_rows<false, T, rows, vectors>(sums, &lines[0][0], vectors * lanes);
    for (Index j = 0; j < columns; ++j)
        for (Index i = 0; i < rows; ++i) store(c.data[i * c.row + j * c.column], lines[i][j], accumulate);
}

template <class T, Index rows, Index vectors>
void multiply_tile(const Tile<T>& tile) {
    using Vector = typename Blocking<T>::Vector;
    const Matrix<T>& c = tile.c;
    if (c.column == 1)  // before they are added to
        for (Index i = 0; i < rows; ++i)
            for (Index v = 0; v < vectors; ++v)
                __builtin_prefetch(c.data + i * c.row + v * Blocking<T>::lanes, 1);
    Sums<T, rows, vectors> sums;
    for (auto& row : sums)
        for (Vector& sum : row) sum = Vector{};
    const T* a = tile.a.data;
    const T* b = tile.b;
    for (Index p = 0; p < tile.depth; ++p, a += tile.a.step, b += tile.b_row) {
        const auto* line = reinterpret_cast<const Vector*>(b);
        for (Index i = 0; i < rows; ++i)
            for (Index v = 0; v < vectors; ++v) sums[i][v] += a[i * tile.a.line] * line[v];
    }
    if (c.column != 1 || tile.columns != vectors * Blocking<T>::lanes)
        write_copied<T, rows, vectors>(sums, tile);
    else if (tile.accumulate)
        write_rows<true, T, rows, vectors>(sums, c.data, c.row);
    else
        write_rows<false, T, rows, vectors>(sums, c.data, c.row);
}

// For the first 1 to tile_rows rows, and as few vectors as the columns fill.
template <class T, Index rows = tile_rows>
void multiply_tile_of(Index wanted, const Tile<T>& tile) {
    static_assert(tile_vectors == 2);
    if constexpr (rows > 1)
        if (wanted < rows) return multiply_tile_of<T, rows - 1>(wanted, tile);
    if (tile.columns > Blocking<T>::lanes)
        multiply_tile<T, rows, 2>(tile);
    else
        multiply_tile<T, rows, 1>(tile);
}

template <class T>
void multiply_blocked(const Product<T>& product, T* workspace) {
    using B = Blocking<T>;
    const auto& [m, n, k, a, b, c, accumulate] = product;
    const Lines<T> a_lines{a.data, a.row, a.column};
    const Lines<T> b_lines{b.data, b.column, b.row};
    const bool pack_a = a.column != 1 && n > 4 * B::tile_columns;
    const bool pack_b = m > tile_rows || b.column != 1;
    T* const packed_b = workspace;
    T* const packed_a = workspace + B::columns * B::depth;
    for (Index column = 0; column < n; column += B::columns) {
        const Index columns = smaller(B::columns, n - column);
        const Index whole = pack_b ? 0 : columns - columns % B::tile_columns;
        for (Index start = 0; start < k; start += B::depth) {
            const Index depth = smaller(B::depth, k - start);
            pack<B::tile_columns>(b_lines.from(column + whole, start), columns - whole, depth,
                                  packed_b + whole * depth);
            for (Index row = 0; row < m; row += B::rows) {
                const Index rows = smaller(B::rows, m - row);
                const Lines<T> block = a_lines.from(row, start);
                if (pack_a) pack<tile_rows>(block, rows, depth, packed_a);
                // The bindings by name: Clang's lambdas take none along before version 16.
                const auto tile_at = [&, b = b, c = c, accumulate = accumulate](Index i, Index j) {
                    const bool packed = j >= whole;
                    const Tile<T> tile{
                        pack_a ? Lines<T>{packed_a + i * depth, 1, tile_rows} : block.from(i, 0),
                        packed ? packed_b + j * depth : b_lines.from(column + j, start).data,
                        packed ? B::tile_columns : b.row,
                        depth,
                        {c.data + (row + i) * c.row + (column + j) * c.column, c.row, c.column},
                        smaller(B::tile_columns, columns - j),
                        accumulate || start > 0};
                    multiply_tile_of(rows - i, tile);
                };
                // c row by row where all of b stays in the L1 cache, and where the sums are so short that
                // it is c that takes the time.
                if (columns * depth <= B::tile_columns * B::depth || 4 * depth <= B::depth) {
                    for (Index i = 0; i < rows; i += tile_rows)
                        for (Index j = 0; j < columns; j += B::tile_columns) tile_at(i, j);
                } else {
                    for (Index j = 0; j < columns; j += B::tile_columns)
                        for (Index i = 0; i < rows; i += tile_rows) tile_at(i, j);
                }
            }
        }
    }
}

// The sum of the lanes, by halves.
template <class T, Index size>
T sum_of_lanes(const T* vector) {
    if constexpr (size == 1) {
        return vector[0];
    } else {
        typedef T Half __attribute__((vector_size(size / 2 * sizeof(T)), aligned(sizeof(T)), may_alias));
        const Half sum =
            *reinterpret_cast<const Half*>(vector) + *reinterpret_cast<const Half*>(vector + size / 2);
        return sum_of_lanes<T, size / 2>(reinterpret_cast<const T*>(&sum));
    }
}

// rows x columns sums of products of lines that are contiguous along the sum: nothing to pack.
template <class T, Index rows, Index columns>
void multiply_lines(const T* a, Index a_line, const T* b, Index b_line, Index depth, Matrix<T> c,
                    bool accumulate) {
    using B = Blocking<T>;
    using Vector = typename B::Vector;
    Vector sums[rows][columns];
    for (Index i = 0; i < rows; ++i)
        for (Index j = 0; j < columns; ++j) sums[i][j] = Vector{};
    Index p = 0;
    for (; p + B::lanes <= depth; p += B::lanes)
        for (Index i = 0; i < rows; ++i) {
            const Vector left = *reinterpret_cast<const Vector*>(a + i * a_line + p);
            for (Index j = 0; j < columns; ++j)
                sums[i][j] += left * *reinterpret_cast<const Vector*>(b + j * b_line + p);
        }
    for (Index i = 0; i < rows; ++i)
        for (Index j = 0; j < columns; ++j) {
            T sum = sum_of_lanes<T, B::lanes>(reinterpret_cast<const T*>(&sums[i][j]));
            for (Index q = p; q < depth; ++q) sum += a[i * a_line + q] * b[j * b_line + q];
            store(c.data[i * c.row + j * c.column], sum, accumulate);
        }
}

template <class T, Index rows>
void multiply_rows_by_lines(const Product<T>& product, Index row) {
    constexpr Index together = (registers - 4) / rows;
    const auto& [m, n, k, a, b, c, accumulate] = product;
    const T* left = a.data + row * a.row;
    Index j = 0;
    for (; j + together <= n; j += together)
        multiply_lines<T, rows, together>(left, a.row, b.data + j * b.column, b.column, k,
                                          {c.data + row * c.row + j * c.column, c.row, c.column}, accumulate);
    for (; j < n; ++j)
        multiply_lines<T, rows, 1>(left, a.row, b.data + j * b.column, b.column, k,
                                   {c.data + row * c.row + j * c.column, c.row, c.column}, accumulate);
}

template <class T>
void multiply_by_lines(const Product<T>& product) {
    Index i = 0;
    for (; i + 4 <= product.m; i += 4) multiply_rows_by_lines<T, 4>(product, i);
    switch (product.m - i) {
        case 3:
            return multiply_rows_by_lines<T, 3>(product, i);
        case 2:
            return multiply_rows_by_lines<T, 2>(product, i);
        case 1:
            return multiply_rows_by_lines<T, 1>(product, i);
        default:
            return;
    }
}

// What is too small to pay for vectors.
template <class T>
void multiply_directly(const Product<T>& product) {
    const auto& [m, n, k, a, b, c, accumulate] = product;
    for (Index i = 0; i < m; ++i)
        for (Index j = 0; j < n; ++j) {
            const T* left = a.data + i * a.row;
            const T* right = b.data + j * b.column;
            T sum = T(0);
            for (Index p = 0; p < k; ++p) sum += left[p * a.column] * right[p * b.row];
            store(c.data[i * c.row + j * c.column], sum, accumulate);
        }
}

template <class T>
void multiply(const Product<T>& product, void* workspace) {
    const auto& [m, n, k, a, b, c, accumulate] = product;
    if (m * n * k <= 256 || !workspace) return multiply_directly(product);
    if (a.column == 1 && b.row == 1 && m <= 4) return multiply_by_lines(product);
    // To pack a large b that has to be transposed for it costs more than to write c transposed, if a is
    // small.
    if (b.row == 1 && b.column != 1 && a.column == 1 && m <= 64 && n >= 4 * m)
        return multiply_blocked(
            Product<T>{n, m, k, b.transposed(), a.transposed(), c.transposed(), accumulate},
            static_cast<T*>(workspace));
    multiply_blocked(product, static_cast<T*>(workspace));
}

// In independent chains: more of them than operations wait for each other.
double multiply_add(Index rounds, float numbers[2]) {
    using Vector = Blocking<float>::Vector;
    constexpr Index chains = 12;
    const Vector factor = numbers[0] - Vector{};
    const Vector summand = numbers[1] - Vector{};
    Vector sums[chains];
    for (Index c = 0; c < chains; ++c) sums[c] = summand * static_cast<float>(c);
    for (Index i = 0; i < rounds; ++i)
        for (Vector& sum : sums) sum = sum * factor + summand;
    Vector total{};
    for (const Vector& sum : sums) total += sum;
    numbers[1] = total[0] / static_cast<float>(chains) * (1 - factor[0]);  // the limit is the summand again
    return 2.0 * static_cast<double>(rounds * chains * Blocking<float>::lanes);
}

}  // namespace

extern const DenseTable dense_table;
const DenseTable dense_table{multiply<float>, multiply<double>, worth_a_blas, multiply_add};

}  // namespace fastinit::kernels::FASTINIT_ISA
