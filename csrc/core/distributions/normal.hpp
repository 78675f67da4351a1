#pragma once

#include "core/distributions/words.hpp"
#include "core/math.hpp"

namespace fastinit::core::inline FASTINIT_ISA {

// The length of a pair of independent standard normals: sqrt(-2 log u), where u = (n + 1/2) / 2^31 of the
// word's upper 31 bits n, or (n + 1/2) / 2^53 of its upper 53, converted to D's arithmetic before and after
// the sum. u is never 0, and small u keep all their bits, since it is they that make the tails: 6.66 standard
// deviations, or 8.65.
FASTINIT_INLINE F32 normal_radius(U32 w) {
    return sqrt(minus_twice_log<31>(__builtin_convertvector(bit_cast<I32>(w >> 1), F32) + 0.5f));
}
FASTINIT_INLINE F64 normal_radius(U64 w) {
    return sqrt(-2.0 * log(uniform_numerator(w) * 0x1p-53 + 0x1p-54));
}

// Two independent standard normals: G. Box and M. Muller, A note on the generation of random normal deviates,
// 1958.
template <class Bits>
FASTINIT_INLINE auto box_muller(Pair<Bits> words) {
    const auto radius = normal_radius(words.first);
    const auto unit = direction(words.second);
    return Pair{radius * unit.x, radius * unit.y};
}

template <class D>
class Normal {
  public:
    using Dtype = D;
    using Real = typename D::Real;
    static constexpr int draws = draws_for<D>;

    explicit Normal(const double* arguments)
        : mean_(static_cast<Real>(arguments[0])), std_(static_cast<Real>(arguments[1])) {}

    static const char* refuse(const double*) { return nullptr; }

    FASTINIT_INLINE Pair<Values<D>> operator()(Pair<Words<D>> words) const {
        return map(box_muller(words), [this](Values<D> z) { return mean_ + std_ * z; });
    }

  private:
    Real mean_, std_;
};

}  // namespace fastinit::core::inline FASTINIT_ISA
