#pragma once

#include <pybind11/pybind11.h>

namespace fastinit::bindings::tape {

namespace py = pybind11;

// Whole operations on tensors, checks and record included, as METH_FASTCALL functions take their arguments.
// Each returns None where the operands are not of the common kind, for Python to take the general way.

py::object linear_layer(PyObject* const* values, Py_ssize_t count);
py::object sum_of_all(PyObject* const* values, Py_ssize_t count);

}  // namespace fastinit::bindings::tape
