#include "runtime/kept_memory.hpp"

#include <pthread.h>

#include <algorithm>
#include <cstdlib>
#include <mutex>
#include <new>
#include <vector>
#if defined(__linux__)
#include <sys/mman.h>
#endif

#include "runtime/pages.hpp"

namespace fastinit::runtime {
namespace {

constexpr std::size_t page = 4096;

std::size_t whole_pages(std::size_t bytes) { return (bytes + page - 1) / page * page; }

// From here on a block may have huge pages, and is worth the time that it takes to tell the system about it.
constexpr std::size_t huge = 4 << 20;

void* from_system(std::size_t bytes) {
    void* const memory = std::aligned_alloc(page, bytes);
    if (memory && bytes >= huge) prefer_huge_pages(memory, bytes);
    return memory;
}

// Lets the system take the pages, as they are, when it needs some.
void offer_to_system([[maybe_unused]] void* memory, [[maybe_unused]] std::size_t bytes) {
#if defined(__linux__) && defined(MADV_FREE)
    if (bytes >= huge) madvise(memory, bytes, MADV_FREE);
#endif
}

class Kept {
  public:
    void* take(std::size_t bytes) {
        const std::lock_guard lock(mutex_);
        void* memory = find(bytes);
        if (!memory) {
            const std::size_t most = std::max(most_taken_, taken_ + bytes);
            const std::size_t together = taken_ + bytes + kept_;
            const std::size_t limit = most + most / 8;
            if (together > limit) drop(together - limit);
            memory = from_system(bytes);
        }
        if (!memory && kept_ > 0) {
            drop(kept_);
            memory = from_system(bytes);
        }
        if (!memory) return nullptr;
        taken_ += bytes;
        most_taken_ = std::max(most_taken_, taken_);
        return memory;
    }

    void give(void* memory, std::size_t bytes) {
        const std::lock_guard lock(mutex_);
        taken_ -= bytes;
        try {
            blocks_.push_back({memory, bytes});
        } catch (const std::bad_alloc&) {
            std::free(memory);
            return;
        }
        kept_ += bytes;
    }

    std::size_t bytes() {
        const std::lock_guard lock(mutex_);
        return kept_;
    }

    std::mutex& mutex() { return mutex_; }

  private:
    struct Block {
        void* memory;
        std::size_t bytes;
    };

    // The block of as many bytes that was given back last, no longer kept; null if there is none.
    void* find(std::size_t bytes) {
        const auto found = std::find_if(blocks_.rbegin(), blocks_.rend(),
                                        [=](const Block& block) { return block.bytes == bytes; });
        if (found == blocks_.rend()) return nullptr;
        void* const memory = found->memory;
        blocks_.erase(std::next(found).base());
        kept_ -= bytes;
        return memory;
    }

    // Returns to the system blocks of at least as many bytes, or all; the longest kept first.
    void drop(std::size_t bytes) {
        auto last = blocks_.begin();
        for (std::size_t dropped = 0; last != blocks_.end() && dropped < bytes; ++last) {
            std::free(last->memory);
            dropped += last->bytes;
            kept_ -= last->bytes;
        }
        blocks_.erase(blocks_.begin(), last);
    }

    std::mutex mutex_;
    std::vector<Block> blocks_;  // in the order in which they were given back
    std::size_t kept_ = 0, taken_ = 0, most_taken_ = 0;
};

// Never destroyed: arrays may outlive everything else. A fork waits until no thread is inside.
Kept& kept() {
    static Kept* const all = [] {
        pthread_atfork([] { kept().mutex().lock(); }, [] { kept().mutex().unlock(); },
                       [] { kept().mutex().unlock(); });
        return new Kept;
    }();
    return *all;
}

}  // namespace

void* take_memory(std::size_t bytes) { return kept().take(whole_pages(bytes)); }

void give_memory(void* memory, std::size_t bytes) {
    offer_to_system(memory, whole_pages(bytes));
    kept().give(memory, whole_pages(bytes));
}

std::size_t kept_bytes() { return kept().bytes(); }

}  // namespace fastinit::runtime
