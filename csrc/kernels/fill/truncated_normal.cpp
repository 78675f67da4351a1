#include "core/distributions/truncated_normal.hpp"

#include "kernels/fill/filler.hpp"
#include "kernels/fill/rows.hpp"

namespace fastinit::kernels::FASTINIT_ISA {

namespace {

// Which of the ways depends on the arguments alone: they give different bits.
template <class D>
void fill_trunc_normal(const Fill& fill, std::int64_t begin, std::int64_t end) {
    const FloatEnvironment environment;
    if constexpr (sizeof(typename D::Real) == 4) {
        if (CentralTruncatedNormal<D>::fits(fill.arguments))
            return fill_box<CentralTruncatedNormal<D>>(fill, begin, end);
    }
    if (TruncatedNormal<D>::pays(fill.arguments))
        fill_box<TruncatedNormal<D>>(fill, begin, end);
    else
        fill_box<InverseTruncatedNormal<D>>(fill, begin, end);
}

template <class D>
constexpr FillKernel trunc_normal_kernel{&refuse<TruncatedNormal<D>>, &fill_trunc_normal<D>};

}  // namespace

const FillRow trunc_normal_row{{trunc_normal_kernel<Float16>, trunc_normal_kernel<BFloat16>,
                                trunc_normal_kernel<Float32>, trunc_normal_kernel<Float64>}};

}  // namespace fastinit::kernels::FASTINIT_ISA
