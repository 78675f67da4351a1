#pragma once

#include <atomic>
#include <chrono>
#include <thread>

namespace fastinit::runtime {

// Lets every thread of a long computation know when its caller wants it to end. Only the thread that made it
// asks, and only now and then; the others learn from it.
class Interruption {
  public:
    explicit Interruption(bool (*interrupted)()) : interrupted_(interrupted) {}

    // Whether the work is to be dropped. Must be called more often than the caller should have to wait.
    bool operator()() {
        constexpr auto between_questions = std::chrono::milliseconds(20);
        if (std::this_thread::get_id() == caller_ && !stopped_.load(std::memory_order_relaxed)) {
            const auto now = std::chrono::steady_clock::now();
            if (now - asked_ >= between_questions) {
                if (interrupted_()) stopped_.store(true, std::memory_order_relaxed);
                asked_ = std::chrono::steady_clock::now();
            }
        }
        return stopped_.load(std::memory_order_relaxed);
    }

  private:
    bool (*const interrupted_)();
    const std::thread::id caller_ = std::this_thread::get_id();
    std::chrono::steady_clock::time_point asked_ = std::chrono::steady_clock::now();
    std::atomic<bool> stopped_{false};
};

}  // namespace fastinit::runtime
