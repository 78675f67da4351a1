#pragma once

namespace fastinit::runtime {

// The number of threads that a large operation may use: FASTINIT_NUM_THREADS, else the CPUs of this process.
int num_threads();
void set_num_threads(int count);

}  // namespace fastinit::runtime
