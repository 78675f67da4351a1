#pragma once

#include <pybind11/pybind11.h>

namespace fastinit::bindings {

void register_argsort(pybind11::module_& module);
void register_arrays(pybind11::module_& module);
void register_blake2b(pybind11::module_& module);
void register_config(pybind11::module_& module);
void register_dense(pybind11::module_& module);
void register_dlpack(pybind11::module_& module);
void register_fill(pybind11::module_& module);
void register_generator(pybind11::module_& module);
void register_gram(pybind11::module_& module);
void register_loss(pybind11::module_& module);
void register_moments(pybind11::module_& module);
void register_optimizer(pybind11::module_& module);
void register_orthogonal(pybind11::module_& module);
void register_pointwise(pybind11::module_& module);
void register_sparse(pybind11::module_& module);
void register_tape_engine(pybind11::module_& module);
void register_tape_layers(pybind11::module_& module);
void register_tape_objects(pybind11::module_& module);
void register_tape_record(pybind11::module_& module);
void register_tape_rule(pybind11::module_& module);
void register_torch(pybind11::module_& module);

}  // namespace fastinit::bindings
