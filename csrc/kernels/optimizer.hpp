#pragma once

#include <cstddef>

namespace fastinit::kernels {

using Index = std::ptrdiff_t;

// Elements of a parameter and what belongs to each of them, in contiguous arrays that lie apart. `state` is
// what the optimiser keeps from step to step: for SGD the momentum, or none; for Adam the means of the
// gradient and of its square and, with AMSGrad, the largest mean of squares so far, or none.
template <class T>
struct Moving {
    T* value;
    const T* grad;
    T* state[3];
    Index size;

    // Its elements [begin, end).
    Moving part(Index begin, Index end) const {
        Moving some{value + begin, grad + begin, {}, end - begin};
        for (int i = 0; i < 3; ++i) some.state[i] = state[i] ? state[i] + begin : nullptr;
        return some;
    }
};

// One step of stochastic gradient descent. Numbers are rounded to the dtype of the elements.
struct SgdStep {
    double rate;
    double momentum;
    double share;  // of a new gradient in the momentum: 1 - dampening
    double decay;
    bool nesterov;
    bool maximize;
};

// One step of Adam (Kingma and Ba, ICLR 2015), in the form that ends their section 2: with the correction of
// the second mean's bias taken out of the denominator, an element costs one division less, which where the
// arrays are in the cache is a third of the time.
struct AdamStep {
    double rate;  // over the first mean's bias, times the root of the second's
    double beta1, beta2;
    double eps;     // times that root
    double decay;   // added to the gradient as so much of the value
    double shrink;  // what the value is multiplied by first: 1, or less where decay is decoupled
    bool maximize;
};

// Each element is moved by itself, in one order of rounded operations: the bits do not depend on the
// instruction set, nor on how the elements are cut into parts.
struct OptimizerTable {
    void (*sgd_f32)(const Moving<float>&, const SgdStep&);
    void (*sgd_f64)(const Moving<double>&, const SgdStep&);
    void (*adam_f32)(const Moving<float>&, const AdamStep&);
    void (*adam_f64)(const Moving<double>&, const AdamStep&);
};

}  // namespace fastinit::kernels
