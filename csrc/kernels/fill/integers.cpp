#include "core/distributions/integers.hpp"

#include "kernels/fill/filler.hpp"
#include "kernels/fill/rows.hpp"

namespace fastinit::kernels::FASTINIT_ISA {

namespace {

template <class D>
const char* refuse_integers(const double*) {
    return nullptr;
}

// The range decides how many bits of the stream an element reads, the same for every dtype that holds it.
template <class D>
void fill_integers(const Fill& fill, std::int64_t begin, std::int64_t end) {
    const FloatEnvironment environment;
    const Range range(fill.arguments);
    using Lanes64 = std::conditional_t<sizeof(typename D::Real) == 8, D, Wide<D>>;
    constexpr bool always_in_32_bits =
        std::is_same_v<typename D::Real, std::int32_t> || std::is_same_v<D, Float16>;
    if constexpr (sizeof(typename D::Real) == 4) {
        if (always_in_32_bits || (range.in_one_word() && range.in_int32()))
            return fill_box<Integers<D, 32>>(fill, begin, end);
    }
    if constexpr (!always_in_32_bits) {
        if (range.in_one_word())
            fill_box<Integers<Lanes64, 32>>(fill, begin, end);
        else
            fill_box<Integers<Lanes64, 64>>(fill, begin, end);
    }
}

template <class D>
constexpr FillKernel integers_kernel{&refuse_integers<D>, &fill_integers<D>};

}  // namespace

// Two's complement: uint8 and int8 are one.
const FillRow integers_row{{integers_kernel<Float16>, integers_kernel<BFloat16>, integers_kernel<Float32>,
                            integers_kernel<Float64>, integers_kernel<UInt8>, integers_kernel<UInt8>,
                            integers_kernel<Int16>, integers_kernel<Int32>, integers_kernel<Int64>}};

}  // namespace fastinit::kernels::FASTINIT_ISA
