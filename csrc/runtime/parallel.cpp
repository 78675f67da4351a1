#include "runtime/parallel.hpp"

#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include "runtime/cpus.hpp"

namespace fastinit::runtime {
namespace {

using Clock = std::chrono::steady_clock;
constexpr auto between_questions = std::chrono::milliseconds(20);

// How long a thread looks for work, or for the end of another's, before it sleeps: to be woken takes nearly
// as long as a small product, and a training step offers the next one within microseconds.
constexpr auto patience = std::chrono::microseconds(100);

void relax() {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    asm volatile("yield");
#endif
}

template <class Condition>
void look_for(const Condition& condition) {
    const auto end = Clock::now() + patience;
    do {
        for (int i = 0; i < 32; ++i) {
            if (condition()) return;
            relax();
        }
    } while (Clock::now() < end);
}

// One call of parallel_for. It lives on the caller's stack; `helpers` counts the pool's threads that still
// use it.
struct Job {
    const std::int64_t size, piece;
    const std::function<void(std::int64_t, std::int64_t)>& body;
    std::atomic<std::int64_t> next{0};
    int wanted;                   // helpers that may still join; under the pool's mutex
    std::atomic<int> helpers{0};  // changed under the pool's mutex

    bool run_piece() {
        const std::int64_t begin = next.fetch_add(piece, std::memory_order_relaxed);
        if (begin >= size) return false;
        body(begin, std::min(begin + piece, size));
        return true;
    }
    void drop_rest() { next.store(size, std::memory_order_relaxed); }
};

class Pool {
  public:
    // Offers the job to `job.wanted` threads, of which there are soon that many.
    void offer(Job& job) {
        {
            const std::lock_guard lock(mutex_);
            jobs_.push_back(&job);
            waiting_ = true;
            while (threads_ < job.wanted && add_thread()) {
            }
        }
        work_.notify_all();
    }

    // Returns when no helper uses the job, and none can find it any more.
    void withdraw(Job& job) {
        std::unique_lock lock(mutex_);
        erase(job);
        if (job.helpers == 0) return;
        lock.unlock();
        look_for([&] { return job.helpers == 0; });
        lock.lock();
        left_.wait(lock, [&] { return job.helpers == 0; });
    }

  private:
    bool add_thread() {
        try {
            std::thread([this] { help(); }).detach();
        } catch (const std::system_error&) {
            return false;  // the system grants no more threads: those that there are do the work
        }
        ++threads_;
        return true;
    }

    void erase(Job& job) {
        std::erase(jobs_, &job);
        waiting_ = !jobs_.empty();
    }

    [[noreturn]] void help() {
        std::unique_lock lock(mutex_);
        for (;;) {
            if (jobs_.empty()) {
                lock.unlock();
                look_for([this] { return waiting_.load(); });
                lock.lock();
            }
            work_.wait(lock, [this] { return !jobs_.empty(); });
            Job& job = *jobs_.front();
            ++job.helpers;
            if (--job.wanted == 0) erase(job);
            lock.unlock();
            while (job.run_piece()) {
            }
            lock.lock();
            erase(job);  // nothing is left of it
            if (--job.helpers == 0) left_.notify_all();
        }
    }

    std::mutex mutex_;
    std::condition_variable work_, left_;
    std::vector<Job*> jobs_;
    std::atomic<bool> waiting_{false};  // whether there are any; changed under the mutex
    int threads_ = 0;
};

// Never destroyed: its threads wait on it until the process ends. A forked child has none of the threads, and
// perhaps a mutex that one of them held, so it forgets the pool and makes another.
std::atomic<Pool*> current_pool{nullptr};

Pool& pool() {
    static const bool forgotten_in_children = [] {
        return pthread_atfork(nullptr, nullptr, [] { current_pool.store(nullptr); }) == 0;
    }();
    (void)forgotten_in_children;
    if (Pool* existing = current_pool.load()) return *existing;
    auto* made = new Pool;
    Pool* expected = nullptr;
    if (current_pool.compare_exchange_strong(expected, made)) return *made;
    delete made;
    return *expected;
}

int initial_threads() {
    const char* text = std::getenv("FASTINIT_NUM_THREADS");
    if (!text || !*text) return usable_cpus();
    int count = 0;
    const char* end = text + std::strlen(text);
    const auto [rest, error] = std::from_chars(text, end, count);
    if (error != std::errc{} || rest != end || count < 1)
        throw std::runtime_error("FASTINIT_NUM_THREADS must be a whole number of at least 1, not '" +
                                 std::string(text) + "'");
    return count;
}

std::atomic<int>& thread_count() {
    static std::atomic<int> count{initial_threads()};
    return count;
}

}  // namespace

int num_threads() { return thread_count(); }

void set_num_threads(int count) {
    if (count < 1)
        throw std::invalid_argument("the number of threads must be at least 1, not " + std::to_string(count));
    thread_count() = count;
}

bool parallel_for(std::int64_t size, std::int64_t piece,
                  const std::function<void(std::int64_t, std::int64_t)>& body,
                  const std::function<bool()>& interrupted) {
    if (size <= piece) {
        if (size > 0) body(0, size);
        return true;
    }
    const std::int64_t pieces = (size + piece - 1) / piece;
    Job job{size, piece, body, {}, static_cast<int>(std::min<std::int64_t>(num_threads(), pieces)) - 1};
    const bool shared = job.wanted > 0;
    if (shared) pool().offer(job);
    auto asked = Clock::now();
    bool stopped = false;
    while (job.run_piece()) {
        if (!interrupted || Clock::now() - asked < between_questions) continue;
        if ((stopped = interrupted())) job.drop_rest();
        asked = Clock::now();
    }
    if (shared) pool().withdraw(job);
    return !stopped;
}

}  // namespace fastinit::runtime
