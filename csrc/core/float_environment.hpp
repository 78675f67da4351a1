#pragma once

// Callers change the rounding mode and let subnormals flush to zero; the stream's bits must not follow them.

#include "core/simd.hpp"

namespace fastinit::core::inline FASTINIT_ISA {

// Round to nearest, subnormals kept, no traps, for as long as it lives; then the thread's own settings again.
// What computes has to be in another function, not inlined: the compiler may move arithmetic across this
// one's.
class FloatEnvironment {
  public:
#if defined(__SSE2__)
    FloatEnvironment() : saved_(_mm_getcsr()) { _mm_setcsr(0x1F80); }
    ~FloatEnvironment() { _mm_setcsr(saved_); }

  private:
    unsigned int saved_;
#elif defined(__aarch64__)
    FloatEnvironment() {
        asm volatile("mrs %0, fpcr" : "=r"(saved_));
        asm volatile("msr fpcr, %0" : : "r"(std::uint64_t{0}));
    }
    ~FloatEnvironment() { asm volatile("msr fpcr, %0" : : "r"(saved_)); }

  private:
    std::uint64_t saved_;
#endif
  public:
    FloatEnvironment(const FloatEnvironment&) = delete;
    FloatEnvironment& operator=(const FloatEnvironment&) = delete;
};

}  // namespace fastinit::core::inline FASTINIT_ISA
