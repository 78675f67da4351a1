#pragma once

#include <pybind11/pybind11.h>

#include <optional>

#include "kernels/pointwise.hpp"

namespace fastinit::bindings {

// The activation of that name ("relu", "gelu_tanh"), or nothing for "none". Raises ValueError for another
// name.
std::optional<kernels::Activation> activation_named(PyObject* name);

// The same for softmax and log_softmax: nothing where the name is not one of them.
std::optional<kernels::RowActivation> row_activation_named(PyObject* name);

}  // namespace fastinit::bindings
