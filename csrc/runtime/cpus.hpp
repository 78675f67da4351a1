#pragma once

namespace fastinit::runtime {

// The CPUs that this process may use: those of its affinity mask, or fewer where a cgroup's quota grants less
// time.
int usable_cpus();

}  // namespace fastinit::runtime
