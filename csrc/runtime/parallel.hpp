#pragma once

#include <cstdint>
#include <functional>

namespace fastinit::runtime {

// The number of threads that a large operation may use: what set_num_threads said, else FASTINIT_NUM_THREADS,
// else the CPUs of this process.
int num_threads();

// Throws std::invalid_argument where count < 1.
void set_num_threads(int count);

// Calls body(begin, end) for pieces that together are [0, size), each but the last of `piece` elements, on up
// to num_threads() threads, the calling one among them; returns when all are done. Which thread gets which
// piece is left to chance, so a body must give the same result whatever the pieces. It must not throw.
//
// `interrupted`, if given, is asked now and then on the calling thread; once it answers true, pieces not yet
// begun are dropped and the function returns false.
//
// Any number of threads may call it at once; they share the pool's. Threads sleep once there has been
// nothing to do for a tenth of a millisecond. After a fork the child has a pool of its own.
bool parallel_for(std::int64_t size, std::int64_t piece,
                  const std::function<void(std::int64_t, std::int64_t)>& body,
                  const std::function<bool()>& interrupted = {});

}  // namespace fastinit::runtime
