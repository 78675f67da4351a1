#include "bindings/register.hpp"

PYBIND11_MODULE(_core, module) {
    module.doc() = "The compiled kernels of fastinit: fills, dense products, pointwise functions.";
    fastinit::bindings::register_config(module);
    fastinit::bindings::register_dense(module);
    fastinit::bindings::register_fill(module);
    fastinit::bindings::register_generator(module);
    fastinit::bindings::register_orthogonal(module);
    fastinit::bindings::register_pointwise(module);
}
