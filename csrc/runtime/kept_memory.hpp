#pragma once

#include <cstddef>

namespace fastinit::runtime {

// Memory of large arrays that is kept when it is given back, for the next array of the same size: a training
// step frees the gradients of the step before, and the system would clear their pages before it hands them
// out again, which takes longer than a pass over them.
//
// What the arrays take and what is kept are never together more than nine eighths of the most that the arrays
// have taken so far: beyond, memory is asked for only after kept memory of other sizes has gone back to the
// system. Where there is little memory left, the system may take kept blocks of 4 MiB and more at any time.

// At least as many bytes, aligned to a page, uninitialised; null where there is no memory.
void* take_memory(std::size_t bytes);

// Gives back what take_memory returned for as many bytes.
void give_memory(void* memory, std::size_t bytes);

// How many bytes are kept.
std::size_t kept_bytes();

}  // namespace fastinit::runtime
