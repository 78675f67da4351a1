#include <pybind11/stl.h>

#include <cfenv>

#include "bindings/fastcall.hpp"
#include "bindings/register.hpp"
#include "runtime/calls.hpp"
#include "runtime/cpus.hpp"
#include "runtime/dispatch.hpp"
#include "runtime/parallel.hpp"

namespace fastinit::bindings {
namespace {

// in_default_float_environment(function, args, kwargs): calls it with rounding to nearest, subnormals kept
// and no traps, whatever its thread has set.
py::object in_default_float_environment(PyObject* const* values, Py_ssize_t count) {
    const Arguments arguments("in_default_float_environment", values, count, 3, 3);
    std::fenv_t caller_s;
    std::fegetenv(&caller_s);
    std::fesetenv(FE_DFL_ENV);
    PyObject* result = PyObject_Call(arguments[0], arguments[1], arguments[2]);
    std::fesetenv(&caller_s);
    if (!result) throw py::error_already_set();
    return py::reinterpret_steal<py::object>(result);
}

PyMethodDef methods[] = {
    fastcall_method<in_default_float_environment>("in_default_float_environment",
                                                  "Calls a function as if the thread had set nothing."),
    {}};

}  // namespace

void register_config(pybind11::module_& module) {
    module.attr("__version__") = FASTINIT_VERSION;
    module.def("isa", [] { return runtime::active_kernels().isa; });
    module.def("built_isas", &runtime::built_isas);
    module.def("usable_isas", &runtime::usable_isas);
    module.def("usable_cpus", &runtime::usable_cpus, pybind11::arg("root") = "");
    module.def("use_isa", &runtime::use_isa, pybind11::arg("isa"), pybind11::pos_only());
    module.def("get_num_threads", &runtime::num_threads);
    module.def("set_num_threads", &runtime::set_num_threads);
    module.def("calls", &runtime::CallCounter::all);
    module.def("reset_calls", &runtime::CallCounter::reset);
    if (PyModule_AddFunctions(module.ptr(), methods) < 0) throw py::error_already_set();
    // Wrong environment variables are told at import, not at the first fill.
    runtime::active_kernels();
    runtime::num_threads();
}

}  // namespace fastinit::bindings
