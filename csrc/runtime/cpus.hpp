#pragma once

#include <string>

namespace fastinit::runtime {

// The CPUs that this process may use: those of its affinity mask, or fewer where a cgroup's quota grants less
// time. The files that tell of cgroups are looked for under `root`.
int usable_cpus(const std::string& root = "");

}  // namespace fastinit::runtime
