#pragma once

#include "core/distributions/words.hpp"

namespace fastinit::core::inline FASTINIT_ISA {

// 1 with probability p, else 0: the element's first word, over 2^32, is below p.
template <class D>
class Bernoulli {
  public:
    using Dtype = D;
    using Real = typename D::Real;
    static constexpr int draws = 1;

    explicit Bernoulli(const double* arguments) {
        const double scaled = arguments[0] * 0x1p32;
        auto count = scaled > 0.0 ? static_cast<std::uint64_t>(scaled < 0x1p32 ? scaled : 0x1p32) : 0;
        if (static_cast<double>(count) < scaled && count < (std::uint64_t{1} << 32)) ++count;
        none_ = count == 0;
        last_ = static_cast<std::uint32_t>(count - 1);
    }

    static const char* refuse(const double*) { return nullptr; }

    FASTINIT_INLINE Pair<Values<D>> operator()(Pair<Words<D>> words) const {
        return map(words, [this](Words<D> w) __attribute__((always_inline)) {
            using Scalar = typename UnsignedOf<sizeof(Real)>::type;
            if constexpr (sizeof(Real) == 8) w >>= 32;
            const auto one = bit_cast<Words<D>>(splat<Values<D>>(none_ ? Real(0) : Real(1)));
            return bit_cast<Values<D>>(bit_cast<Words<D>>(w <= Scalar{last_}) & one);
        });
    }

  private:
    bool none_;
    std::uint32_t last_;
};

// One value everywhere; no word is read.
template <class D>
class Constant {
  public:
    using Dtype = D;
    using Real = typename D::Real;
    static constexpr int draws = 0;

    explicit Constant(const double* arguments)
        : value_(arguments[0] == arguments[0] ? static_cast<Real>(arguments[0]) : Real(__builtin_nanf(""))) {}

    static const char* refuse(const double*) { return nullptr; }

    FASTINIT_INLINE Pair<Values<D>> operator()(Pair<Words<D>>) const {
        return {splat<Values<D>>(value_), splat<Values<D>>(value_)};
    }

  private:
    Real value_;
};

}  // namespace fastinit::core::inline FASTINIT_ISA
