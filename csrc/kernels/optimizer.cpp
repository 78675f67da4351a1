// The optimisers' steps, each one pass over memory: it is memory that bounds them.
#include "kernels/optimizer.hpp"

#include "core/simd.hpp"

namespace fastinit::kernels::FASTINIT_ISA {
namespace {

using core::lanes;
using core::Vector;

// A full vector of an array, or the first `count` elements of one, which then are its last.
template <class T>
struct Whole {
    FASTINIT_INLINE Vector<T> load(const T* from) const {
        Vector<T> x;
        __builtin_memcpy(&x, from, sizeof x);
        return x;
    }
    FASTINIT_INLINE void store(T* to, Vector<T> x) const { __builtin_memcpy(to, &x, sizeof x); }
};

template <class T>
struct Rest {
    Index count;

    FASTINIT_INLINE Vector<T> load(const T* from) const {
        Vector<T> x{};
        for (Index i = 0; i < count; ++i) x[i] = from[i];
        return x;
    }
    FASTINIT_INLINE void store(T* to, Vector<T> x) const {
        for (Index i = 0; i < count; ++i) to[i] = x[i];
    }
};

// Calls move(i, memory) where each vector of `size` elements begins; memory loads and stores it.
template <class T, class Move>
FASTINIT_INLINE void in_vectors(Index size, Move move) {
    Index i = 0;
    for (; i + lanes<Vector<T>> <= size; i += lanes<Vector<T>>) move(i, Whole<T>{});
    if (i < size) move(i, Rest<T>{size - i});
}

template <class T>
void sgd(const Moving<T>& moving, const SgdStep& step) {
    using V = Vector<T>;
    const T rate = T(step.rate), momentum = T(step.momentum), share = T(step.share), decay = T(step.decay);
    const bool nesterov = step.nesterov, maximize = step.maximize;
    T* const value = moving.value;
    const T* const grad = moving.grad;
    T* const kept = moving.state[0];
    in_vectors<T>(moving.size, [=](Index i, auto memory) {
        const V x = memory.load(value + i);
        V direction = memory.load(grad + i);
        if (maximize) direction = -direction;
        if (decay != 0) direction = direction + x * decay;
        if (kept) {
            const V moved = memory.load(kept + i) * momentum + direction * share;
            memory.store(kept + i, moved);
            direction = nesterov ? direction + moved * momentum : moved;
        }
        memory.store(value + i, x - direction * rate);
    });
}

// The larger, and a NaN where either is one.
template <class V>
FASTINIT_INLINE V larger(V a, V b) {
    return a > b || a != a ? a : b;
}

template <class T>
void adam(const Moving<T>& moving, const AdamStep& step) {
    using V = Vector<T>;
    T* const value = moving.value;
    const T* const grad = moving.grad;
    const auto [mean, square, largest] = moving.state;
    const T shrink = T(step.shrink), decay = T(step.decay), eps = T(step.eps), rate = T(step.rate);
    const T beta1 = T(step.beta1), beta2 = T(step.beta2);
    const T share1 = T(1 - step.beta1), share2 = T(1 - step.beta2);
    // From whichever end is nearer: with a beta of 0 the mean is the gradient itself.
    const bool from_mean = 1 - step.beta1 < 0.5;
    const bool maximize = step.maximize;
    in_vectors<T>(moving.size, [=](Index i, auto memory) {
        const V x = memory.load(value + i) * shrink;
        V g = memory.load(grad + i);
        if (maximize) g = -g;
        if (decay != 0) g = g + x * decay;
        V m = memory.load(mean + i);
        m = from_mean ? m + (g - m) * share1 : g - (g - m) * beta1;
        memory.store(mean + i, m);
        V v = memory.load(square + i) * beta2 + g * share2 * g;
        memory.store(square + i, v);
        if (largest) {
            v = larger(memory.load(largest + i), v);
            memory.store(largest + i, v);
        }
        memory.store(value + i, x - m * rate / (core::sqrt(v) + eps));
    });
}

}  // namespace

extern const OptimizerTable optimizer_table;
const OptimizerTable optimizer_table{sgd<float>, sgd<double>, adam<float>, adam<double>};

}  // namespace fastinit::kernels::FASTINIT_ISA
