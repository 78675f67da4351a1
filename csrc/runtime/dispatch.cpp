#include "runtime/dispatch.hpp"

#include <algorithm>
#include <atomic>
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
    extern const LossTable loss_table;             \
    extern const OptimizerTable optimizer_table;   \
    extern const OrthogonalTable orthogonal_table; \
    extern const PointwiseTable pointwise_table;   \
    extern const Blake2bTable blake2b_table;       \
    extern const MomentsTable moments_table;       \
    extern const GramTable gram_table;             \
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
          kernels::baseline::loss_table, kernels::baseline::optimizer_table,
          kernels::baseline::orthogonal_table, kernels::baseline::pointwise_table,
          kernels::baseline::blake2b_table, kernels::baseline::moments_table, kernels::baseline::gram_table},
         [] { return true; }},
#ifdef FASTINIT_HAS_avx2
        {{"avx2", kernels::avx2::fill_table, kernels::avx2::dense_table, kernels::avx2::loss_table,
          kernels::avx2::optimizer_table, kernels::avx2::orthogonal_table, kernels::avx2::pointwise_table,
          kernels::avx2::blake2b_table, kernels::avx2::moments_table, kernels::avx2::gram_table},
         &has_avx2},
#endif
#ifdef FASTINIT_HAS_avx512
        {{"avx512", kernels::avx512::fill_table, kernels::avx512::dense_table, kernels::avx512::loss_table,
          kernels::avx512::optimizer_table, kernels::avx512::orthogonal_table,
          kernels::avx512::pointwise_table, kernels::avx512::blake2b_table, kernels::avx512::moments_table,
          kernels::avx512::gram_table},
         &has_avx512},
#endif
    };
    return list;
}

const Kernels& best_kernels() {
    const Kernels* best = nullptr;
    for (const Candidate& candidate : candidates())
        if (candidate.usable()) best = &candidate.kernels;
    return *best;
}

std::string joined(const std::vector<std::string>& names) {
    std::string text;
    for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
    return text;
}

// The kernels of the instruction set that `source` names.
const Kernels& kernels_of(const std::string& isa, const std::string& source) {
    const auto found =
        std::ranges::find(candidates(), isa, [](const Candidate& c) -> std::string { return c.kernels.isa; });
    if (found == candidates().end())
        throw std::invalid_argument(source + " must be one of " + joined(built_isas()) + ", not '" + isa +
                                    "'");
    if (!found->usable())
        throw std::invalid_argument(source + " is '" + isa + "', which this CPU lacks; it has " +
                                    joined(usable_isas()));
    return found->kernels;
}

std::atomic<const Kernels*>& active() {
    static std::atomic<const Kernels*> kernels = [] {
        const char* wanted = std::getenv("FASTINIT_ISA");
        return wanted && *wanted ? &kernels_of(wanted, "FASTINIT_ISA") : &best_kernels();
    }();
    return kernels;
}

}  // namespace

const Kernels& active_kernels() { return *active().load(std::memory_order_relaxed); }

void use_isa(const std::string& isa) { active() = &kernels_of(isa, "isa"); }

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
