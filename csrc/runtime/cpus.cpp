#include "runtime/cpus.hpp"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <sstream>
#include <string>
#include <thread>

#if defined(__linux__)
#include <sched.h>
#endif

namespace fastinit::runtime {
namespace {

int cpus_by_affinity() {
#if defined(__linux__)
    // The mask of a machine with more CPUs than a cpu_set_t has bits does not fit: then ask with a larger
    // one.
    for (int bits = CPU_SETSIZE; bits <= (1 << 20); bits *= 2) {
        cpu_set_t* set = CPU_ALLOC(static_cast<std::size_t>(bits));
        if (!set) break;
        const std::size_t size = CPU_ALLOC_SIZE(static_cast<std::size_t>(bits));
        const int count = sched_getaffinity(0, size, set) == 0 ? CPU_COUNT_S(size, set) : 0;
        CPU_FREE(set);
        if (count > 0) return count;
    }
#endif
    return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

// The CPUs' worth of time that one cgroup grants; infinite where it sets no limit.
double quota_of_v2(const std::string& folder) {
    std::ifstream file(folder + "/cpu.max");
    std::string quota;
    double period;
    if (!(file >> quota >> period) || quota == "max" || period <= 0) return INFINITY;
    return std::strtod(quota.c_str(), nullptr) / period;
}

double quota_of_v1(const std::string& folder) {
    std::ifstream quota_file(folder + "/cpu.cfs_quota_us"), period_file(folder + "/cpu.cfs_period_us");
    double quota, period;
    if (!(quota_file >> quota) || !(period_file >> period) || quota <= 0 || period <= 0) return INFINITY;
    return quota / period;
}

// The least quota of this process's cgroup and of those above it.
double cpus_by_quota(const std::string& root) {
    double least = INFINITY;
    std::ifstream groups(root + "/proc/self/cgroup");
    const std::string folder = root + "/sys/fs/cgroup";
    for (std::string line; std::getline(groups, line);) {  // "0::/path" (v2) or "4:cpu,cpuacct:/path" (v1)
        const auto first = line.find(':');
        const auto second = first == std::string::npos ? first : line.find(':', first + 1);
        if (second == std::string::npos) continue;
        std::string controllers = line.substr(first, second - first + 1);
        const bool v2 = controllers == "::";
        controllers.front() = controllers.back() = ',';
        if (!v2 && controllers.find(",cpu,") == std::string::npos) continue;
        for (std::string path = line.substr(second + 1);; path.erase(path.rfind('/'))) {
            if (path == "/") path.clear();
            least = std::min(least, v2 ? quota_of_v2(folder + path) : quota_of_v1(folder + "/cpu" + path));
            if (path.find('/') == std::string::npos) break;
        }
    }
    return least;
}

}  // namespace

int usable_cpus(const std::string& root) {
    const int cpus = cpus_by_affinity();
    const double quota = cpus_by_quota(root);
    return quota < cpus ? std::max(1, static_cast<int>(std::ceil(quota))) : cpus;
}

}  // namespace fastinit::runtime
