#include "bindings/register.hpp"

// It needs no GIL: what is shared is written at import alone, or is atomic, or has a mutex. A tensor that one
// thread writes to while another uses it is the caller's to guard, as in PyTorch.
PYBIND11_MODULE(_core, module, pybind11::mod_gil_not_used()) {
    module.doc() = "The compiled part of fastinit: fills, dense products, pointwise functions, and the tape.";
    fastinit::bindings::register_argsort(module);
    fastinit::bindings::register_arrays(module);
    fastinit::bindings::register_blake2b(module);
    fastinit::bindings::register_config(module);
    fastinit::bindings::register_dense(module);
    fastinit::bindings::register_dlpack(module);
    fastinit::bindings::register_fill(module);
    fastinit::bindings::register_generator(module);
    fastinit::bindings::register_gram(module);
    fastinit::bindings::register_loss(module);
    fastinit::bindings::register_moments(module);
    fastinit::bindings::register_optimizer(module);
    fastinit::bindings::register_orthogonal(module);
    fastinit::bindings::register_pointwise(module);
    fastinit::bindings::register_sparse(module);
    fastinit::bindings::register_tape_objects(module);
    fastinit::bindings::register_tape_rule(module);
    fastinit::bindings::register_tape_record(module);
    fastinit::bindings::register_tape_engine(module);
    fastinit::bindings::register_tape_layers(module);
    fastinit::bindings::register_torch(module);
}
