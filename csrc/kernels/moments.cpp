// Counts, sums and extremes of values, in one pass. The sums are of differences from one of the values, in
// float64: exactly 0 for a constant, and accurate where the mean is far larger than the deviation.
#include "kernels/moments.hpp"

#include "core/dtypes.hpp"
#include "core/float_environment.hpp"
#include "core/simd.hpp"
#include "kernels/widening.hpp"

namespace fastinit::kernels::FASTINIT_ISA {
namespace {

using core::F64;
using core::FloatEnvironment;
using core::lanes;
using core::splat;
using core::Vector;

// Value i is summed in part i % parts: the same order of additions whatever the width of a vector.
constexpr int parts = 16;
constexpr int sum_vectors = parts / lanes<F64>;

template <class D>
class Summer {
    using Real = typename D::Real;
    using Stored = typename D::Stored;
    using V = Vector<Real>;
    static constexpr int vectors = parts / lanes<V>;
    static constexpr int wide = sum_vectors / vectors;  // vectors of float64 to one of Real

  public:
    explicit Summer(Real shift) : shift_(splat<V>(shift)), wide_shift_(splat<F64>(double(shift))) {
        for (int k = 0; k < vectors; ++k) {
            least_[k] = splat<V>(Real(__builtin_inf()));
            most_[k] = -least_[k];
        }
    }

    // Takes `parts` values.
    FASTINIT_INLINE void add(const Stored* values) {
        for (int k = 0; k < vectors; ++k) {
            const V x = load_wide<D>(values + k * lanes<V>);
            least_[k] = core::min(x, least_[k]);  // a NaN leaves the second
            most_[k] = core::max(x, most_[k]);
            const auto is_number = x == x;
            numbers_[k] -= is_number;
            zeros_[k] -= x == V{};
            F64 differences[wide];
            store_wide(differences, is_number ? x : shift_);
            for (int w = 0; w < wide; ++w) {
                const F64 difference = differences[w] - wide_shift_;
                sums_[k * wide + w] += difference;
                squares_[k * wide + w] += difference * difference;
            }
        }
    }

    // The moments of `size` values that were added.
    Moments finish(Index size) const {
        Moments result;
        Index numbers = 0;
        for (int k = 0; k < vectors; ++k)
            for (int i = 0; i < lanes<V>; ++i) {
                numbers += Index(numbers_[k][i]);
                result.zeros += Index(zeros_[k][i]);
                const double least = double(least_[k][i]), most = double(most_[k][i]);
                result.least = least < result.least ? least : result.least;
                result.most = most > result.most ? most : result.most;
            }
        result.nans = size - numbers;
        result.sum = total(sums_);
        result.squares = total(squares_);
        return result;
    }

  private:
    using Counts = decltype(V{} == V{});

    static double total(const F64 (&sums)[sum_vectors]) {
        double partial[parts];
        __builtin_memcpy(partial, sums, sizeof partial);
        for (int width = parts / 2; width > 0; width /= 2)
            for (int i = 0; i < width; ++i) partial[i] += partial[i + width];
        return partial[0];
    }

    V shift_;
    F64 wide_shift_;
    V least_[vectors], most_[vectors];
    Counts numbers_[vectors] = {}, zeros_[vectors] = {};
    F64 sums_[sum_vectors] = {}, squares_[sum_vectors] = {};
};

template <class D>
__attribute__((noinline)) Moments sum(const typename D::Stored* values, Index size, double shift) {
    Summer<D> summer(static_cast<typename D::Real>(shift));
    Index i = 0;
    for (; i + parts <= size; i += parts) summer.add(values + i);
    if (i < size) {
        typename D::Stored rest[parts];  // filled up with NaN, which takes no part
        for (auto& value : rest) value = D::narrow(static_cast<typename D::Real>(__builtin_nan("")));
        __builtin_memcpy(rest, values + i, static_cast<std::size_t>(size - i) * sizeof *values);
        summer.add(rest);
    }
    return summer.finish(size);
}

template <class D>
Moments moments(const void* values, Index size, double shift) {
    const FloatEnvironment environment;
    return sum<D>(static_cast<const typename D::Stored*>(values), size, shift);
}

template <class D>
__attribute__((noinline)) double find_finite(const typename D::Stored* values, Index size) {
    for (Index i = 0; i < size; ++i) {
        const double x = double(D::widen(values[i]));
        if (x - x == 0) return x;
    }
    return 0;
}

template <class D>
double first_finite(const void* values, Index size) {
    const FloatEnvironment environment;
    return find_finite<D>(static_cast<const typename D::Stored*>(values), size);
}

template <class D>
constexpr MomentsKernel kernel{&first_finite<D>, &moments<D>};

}  // namespace

extern const MomentsTable moments_table;
const MomentsTable moments_table{kernel<core::Float16>, kernel<core::BFloat16>, kernel<core::Float32>,
                                 kernel<core::Float64>};

}  // namespace fastinit::kernels::FASTINIT_ISA
