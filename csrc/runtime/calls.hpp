#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <string>

namespace fastinit::runtime {

// Counts how often a kernel was reached, so that a test can show that Python took no way around it.
// Made once, as a static object of a binding file; `name` must live as long as the program.
class CallCounter {
  public:
    explicit CallCounter(const char* name) noexcept : name_(name), next_(first()) { first() = this; }
    CallCounter(const CallCounter&) = delete;
    CallCounter& operator=(const CallCounter&) = delete;

    void count() noexcept { calls_.fetch_add(1, std::memory_order_relaxed); }

    // The calls by kernel since the last reset(), kernels that were not called left out.
    static std::map<std::string, std::uint64_t> all() {
        std::map<std::string, std::uint64_t> calls;
        for (const CallCounter* counter = first(); counter; counter = counter->next_)
            if (const std::uint64_t n = counter->calls_.load(std::memory_order_relaxed))
                calls[counter->name_] += n;
        return calls;
    }

    static void reset() noexcept {
        for (CallCounter* counter = first(); counter; counter = counter->next_)
            counter->calls_.store(0, std::memory_order_relaxed);
    }

  private:
    static CallCounter*& first() noexcept {
        static CallCounter* head = nullptr;
        return head;
    }

    const char* const name_;
    CallCounter* const next_;
    std::atomic<std::uint64_t> calls_{0};
};

}  // namespace fastinit::runtime
