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

class Kept {
  public:
    // A kept block of as many bytes, the one that was given back last; null if there is none.
    void* find(std::size_t bytes) {
        const std::lock_guard lock(mutex_);
        const auto found = std::find_if(blocks_.rbegin(), blocks_.rend(),
                                        [=](const Block& block) { return block.bytes == bytes; });
        if (found == blocks_.rend()) return nullptr;
        void* const memory = found->memory;
        bytes_ -= bytes;
        blocks_.erase(std::next(found).base());
        return memory;
    }

    void add(void* memory, std::size_t bytes) {
        const std::lock_guard lock(mutex_);
        try {
            blocks_.push_back({memory, bytes});
        } catch (const std::bad_alloc&) {
            std::free(memory);
            return;
        }
        bytes_ += bytes;
    }

    // Returns to the system blocks of at least as many bytes, or all; the longest kept first.
    void drop(std::size_t bytes) {
        const std::lock_guard lock(mutex_);
        auto last = blocks_.begin();
        for (std::size_t dropped = 0; last != blocks_.end() && dropped < bytes; ++last) {
            std::free(last->memory);
            dropped += last->bytes;
            bytes_ -= last->bytes;
        }
        blocks_.erase(blocks_.begin(), last);
    }

    std::size_t bytes() {
        const std::lock_guard lock(mutex_);
        return bytes_;
    }

    std::mutex& mutex() { return mutex_; }

  private:
    struct Block {
        void* memory;
        std::size_t bytes;
    };

    std::mutex mutex_;
    std::vector<Block> blocks_;  // in the order in which they were given back
    std::size_t bytes_ = 0;
};

// Never destroyed: arrays may outlive everything else. A fork waits until no thread is inside.
Kept& kept() {
    static Kept* const all = [] {
        auto* made = new Kept;
        pthread_atfork([] { kept().mutex().lock(); }, [] { kept().mutex().unlock(); },
                       [] { kept().mutex().unlock(); });
        return made;
    }();
    return *all;
}

// Lets the system take the pages, as they are, when it needs some.
void offer_to_system(void* memory, std::size_t bytes) {
#if defined(__linux__) && defined(MADV_FREE)
    madvise(memory, bytes, MADV_FREE);
#else
    (void)memory, (void)bytes;
#endif
}

}  // namespace

void* take_memory(std::size_t bytes) {
    const std::size_t size = whole_pages(bytes);
    if (void* const memory = kept().find(size)) return memory;
    kept().drop(size);
    void* const memory = std::aligned_alloc(page, size);
    if (memory) prefer_huge_pages(memory, size);
    return memory;
}

void give_memory(void* memory, std::size_t bytes) {
    const std::size_t size = whole_pages(bytes);
    offer_to_system(memory, size);
    kept().add(memory, size);
}

std::size_t kept_bytes() { return kept().bytes(); }

}  // namespace fastinit::runtime
