#include "bindings/arrays.hpp"
#include "bindings/fastcall.hpp"
#include "bindings/register.hpp"
#include "runtime/argsort.hpp"

namespace fastinit::bindings {
namespace {

bool interrupted() {
    const py::gil_scoped_acquire gil;
    return PyErr_CheckSignals() != 0;
}

// argsort(keys)
py::object argsort(PyObject* const* values, Py_ssize_t count) {
    const Arguments arguments("argsort", values, count, 1, 1);
    const py::array keys = array_argument(values[0], "keys");
    if (keys.ndim() != 1 || keys.dtype().kind() != 'u' || keys.itemsize() != 8)
        throw py::value_error("argsort: expected a vector of uint64");
    const py::array held = contiguous(keys);
    py::array_t<std::int64_t> order(held.size());
    const auto* from = static_cast<const std::uint64_t*>(held.data());
    std::int64_t* const to = order.mutable_data();
    bool finished;
    {
        const py::gil_scoped_release released;
        finished = runtime::argsort(from, held.size(), to, &interrupted);
    }
    if (!finished) throw py::error_already_set();
    return order;
}

PyMethodDef methods[] = {
    fastcall_method<argsort>("argsort", "The order of 64-bit words, equal ones by place."), {}};

}  // namespace

void register_argsort(py::module_& module) {
    if (PyModule_AddFunctions(module.ptr(), methods) < 0) throw py::error_already_set();
}

}  // namespace fastinit::bindings
