#include "runtime/orthogonal.hpp"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>
#include <vector>

#include "runtime/dispatch.hpp"
#include "runtime/fill.hpp"
#include "runtime/interruption.hpp"
#include "runtime/parallel.hpp"

namespace fastinit::runtime {
namespace {

using kernels::Box;
using kernels::Index;
using kernels::Panel;

struct Free {
    void operator()(void* memory) const { std::free(memory); }
};

template <class T>
using Memory = std::unique_ptr<T, Free>;

constexpr Index line = 64;  // bytes: no two threads write to one line of the cache

template <class T>
Index whole_lines(Index elements) {
    constexpr Index of_line = line / static_cast<Index>(sizeof(T));
    return (elements + of_line - 1) / of_line * of_line;
}

template <class T>
Memory<T> allocate(Index elements) {
    Memory<T> memory{static_cast<T*>(
        std::aligned_alloc(line, static_cast<std::size_t>(whole_lines<T>(elements)) * sizeof(T)))};
    if (!memory) throw std::bad_alloc();
    return memory;
}

template <class T>
const kernels::OrthogonalKernel<T>& kernel() {
    if constexpr (std::is_same_v<T, float>)
        return active_kernels().orthogonal.f32;
    else
        return active_kernels().orthogonal.f64;
}

template <class T>
const kernels::FillKernel& normal_kernel() {
    constexpr auto dtype = std::is_same_v<T, float> ? kernels::Dtype::float32 : kernels::Dtype::float64;
    return (*active_kernels().fill.normal)[dtype];
}

// The reflectors of a matrix that is at least as high as wide.
template <class T>
class Reflectors {
  public:
    // Of the first `columns` columns of `matrix`, or of its transpose where `transposed`.
    Reflectors(const Orthogonal& matrix, bool transposed, Index columns) {
        const Index rows = transposed ? matrix.columns : matrix.rows;
        Index size = 0;
        const auto take = [&size](Index elements) {
            return std::exchange(size, size + whole_lines<T>(elements));
        };
        std::vector<Index> begin;
        for (Index first = 0; first < columns; first += kernels::panel_columns) {
            const Index width = std::min(kernels::panel_columns, columns - first);
            for (const Index part : {(rows - first) * width, width * width, width})
                begin.push_back(take(part));
        }
        memory_ = allocate<T>(size);
        auto part = begin.begin();
        for (Index first = 0; first < columns; first += kernels::panel_columns) {
            const Panel<T> panel{rows - first, std::min(kernels::panel_columns, columns - first),
                                 memory_.get() + *part++, memory_.get() + *part++, memory_.get() + *part++};
            constexpr Index element = sizeof(T);
            const Dimension along{panel.rows, panel.columns * element, rows, first};
            const Dimension across{panel.columns, element, transposed ? matrix.rows : matrix.columns, first};
            const Dimension tap{1, element, matrix.taps, matrix.tap};
            normals_.push_back(
                make_target(reinterpret_cast<char*>(panel.vectors), element,
                            transposed ? std::vector{across, along, tap} : std::vector{along, across, tap},
                            matrix.position));
            kernels::Fill& fill = normals_.back().fill;
            fill.seed = matrix.seed;
            fill.stream = matrix.stream;
            fill.arguments[1] = 1;  // the standard deviation
            panels_.push_back(panel);
        }
    }

    Index panels() const { return static_cast<Index>(panels_.size()); }
    const Panel<T>& panel(Index i) const { return panels_[static_cast<std::size_t>(i)]; }

    void make(Index i) const {
        const Target& normals = normals_[static_cast<std::size_t>(i)];
        normal_kernel<T>().range(normals.fill, 0, normals.size);
        kernel<T>().reflect(panel(i));
    }

  private:
    Memory<T> memory_;
    std::vector<Panel<T>> panels_;
    std::vector<Target> normals_;
};

// Makes the columns [begin, end) of the matrix in a strip, from row 0 on; false if it was interrupted.
template <class T>
bool make_strip(const Reflectors<T>& reflectors, Index begin, Index end, T* strip,
                Interruption& interruption) {
    const Index stride = kernel<T>().strip_columns;
    std::memset(strip, 0, static_cast<std::size_t>(reflectors.panel(0).rows * stride) * sizeof(T));
    for (Index j = begin; j < end; ++j)
        strip[j * stride + j - begin] =
            reflectors.panel(j / kernels::panel_columns).signs[j % kernels::panel_columns];
    // The later reflectors find 0 in the rows that they turn.
    for (Index i = (end - 1) / kernels::panel_columns; i >= 0; --i) {
        if (interruption()) return false;
        kernel<T>().apply(reflectors.panel(i), strip + i * kernels::panel_columns * stride);
    }
    return true;
}

// A store may take long, since memory that was never touched before has to be found for it.
template <class T>
void store_strip(const T* strip, double gain, Box<T> box, Interruption& interruption) {
    constexpr Index at_once = 256;
    const Index rows = box.rows;
    for (Index i = 0; i < rows && !interruption(); i += at_once) {
        box.rows = std::min(at_once, rows - i);
        kernel<T>().store(strip + i * kernel<T>().strip_columns, gain, box);
        box.data += at_once * box.row_stride;
    }
}

}  // namespace

template <class T>
bool fill_orthogonal(const Orthogonal& matrix, Box<T> box, Index row, Index column, double gain,
                     bool (*interrupted)()) {
    const bool wide = matrix.rows < matrix.columns;
    if (wide) {
        std::swap(box.rows, box.columns);
        std::swap(box.row_stride, box.column_stride);
        std::swap(row, column);
    }
    const Index end = column + box.columns;
    const Reflectors<T> reflectors(matrix, wide, end);
    const Index rows = reflectors.panel(0).rows;

    constexpr Index alone = 1 << 22;  // fewer operations are sooner done than handed out
    const Index width = kernel<T>().strip_columns;
    const Index strips = (box.columns + width - 1) / width;
    const bool small = rows * end * box.columns < alone;
    const Index workers = small ? 1 : std::min<Index>(num_threads(), strips);
    const Index workspace = whole_lines<T>(rows * width);
    const Memory<T> workspaces = allocate<T>(workers * workspace);

    Interruption interruption(interrupted);
    parallel_for(reflectors.panels(), small ? reflectors.panels() : 1, [&](Index first, Index last) {
        for (Index i = first; i < last && !interruption(); ++i) reflectors.make(i);
    });
    if (interruption()) return false;
    std::atomic<Index> left{strips};
    parallel_for(workers, 1, [&](Index worker, Index) {
        T* const strip = workspaces.get() + worker * workspace;
        // The last columns pass through the most reflectors: with them first, no thread is left with a long
        // one.
        for (Index i; (i = --left) >= 0;) {
            const Index begin = i * width, columns = std::min(width, box.columns - begin);
            if (!make_strip(reflectors, column + begin, column + begin + columns, strip, interruption))
                return;
            store_strip(
                strip + row * width, gain,
                {box.data + begin * box.column_stride, box.rows, columns, box.row_stride, box.column_stride},
                interruption);
        }
    });
    return !interruption();
}

template bool fill_orthogonal(const Orthogonal&, Box<float>, Index, Index, double, bool (*)());
template bool fill_orthogonal(const Orthogonal&, Box<double>, Index, Index, double, bool (*)());

}  // namespace fastinit::runtime
