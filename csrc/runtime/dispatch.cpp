#include "runtime/dispatch.hpp"

#include <cstdlib>
#include <stdexcept>

#ifdef FASTINIT_HAS_avx2
#include <cpuid.h>
#endif

// One declaration per instruction set; the namespaces are those that kernels/*.cpp are compiled into.
#define FASTINIT_DECLARE_ISA(isa)                  \
    namespace fastinit::kernels::isa {             \
    extern const FillTable fill_table;             \
    extern const DenseTable dense_table;           \
    extern const OrthogonalTable orthogonal_table; \
    extern const PointwiseTable pointwise_table;   \
    }
FASTINIT_DECLARE_ISA(baseline)
#ifdef FASTINIT_HAS_avx2
FASTINIT_DECLARE_ISA(avx2)
#endif
#ifdef FASTINIT_HAS_avx512
FASTINIT_DECLARE_ISA(avx512)
#endif
#undef FASTINIT_DECLARE_ISA

namespace fastinit::runtime {
namespace {

struct Candidate {
    Kernels kernels;
    bool (*usable)();
};

// Every feature that the flags in CMakeLists.txt let the compiler use. The built-in function says yes to what
// works on vectors wider than SSE's only where the system saves such registers too (XGETBV).
#ifdef FASTINIT_HAS_avx2
bool has_avx2() {
    unsigned int a, b, c = 0, d;  // F16C is asked of the CPU itself: not every compiler has a name for it
    return __builtin_cpu_supports("popcnt") && __builtin_cpu_supports("avx2") &&
           __builtin_cpu_supports("fma") && __get_cpuid(1, &a, &b, &c, &d) && (c & bit_F16C);
}
#endif
#ifdef FASTINIT_HAS_avx512
bool has_avx512() {
    return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
}
#endif

// The plainest first: the last usable one is the best.
const std::vector<Candidate>& candidates() {
    static const std::vector<Candidate> list{
        {{"baseline", kernels::baseline::fill_table, kernels::baseline::dense_table,
          kernels::baseline::orthogonal_table, kernels::baseline::pointwise_table},
         [] { return true; }},
#ifdef FASTINIT_HAS_avx2
        {{"avx2", kernels::avx2::fill_table, kernels::avx2::dense_table, kernels::avx2::orthogonal_table,
          kernels::avx2::pointwise_table},
         &has_avx2},
#endif
#ifdef FASTINIT_HAS_avx512
        {{"avx512", kernels::avx512::fill_table, kernels::avx512::dense_table,
          kernels::avx512::orthogonal_table, kernels::avx512::pointwise_table},
         &has_avx512},
#endif
    };
    return list;
}

const Kernels& choose_kernels() {
    const char* wanted = std::getenv("FASTINIT_ISA");
    const Kernels* best = nullptr;
    for (const Candidate& candidate : candidates()) {
        if (!candidate.usable()) continue;
        if (wanted && *wanted && std::string(wanted) != candidate.kernels.isa) continue;
        best = &candidate.kernels;
    }
    if (best) return *best;
    std::string message =
        "FASTINIT_ISA is '" + std::string(wanted) + "', but this CPU and this build have only:";
    for (const std::string& isa : usable_isas()) message += " " + isa;
    throw std::runtime_error(message);
}

}  // namespace

const Kernels& active_kernels() {
    static const Kernels& chosen = choose_kernels();
    return chosen;
}

std::vector<std::string> built_isas() {
    std::vector<std::string> names;
    for (const Candidate& candidate : candidates()) names.emplace_back(candidate.kernels.isa);
    return names;
}

std::vector<std::string> usable_isas() {
    std::vector<std::string> names;
    for (const Candidate& candidate : candidates())
        if (candidate.usable()) names.emplace_back(candidate.kernels.isa);
    return names;
}

}  // namespace fastinit::runtime
