#include <pybind11/stl.h>

#include "bindings/register.hpp"
#include "runtime/calls.hpp"
#include "runtime/cpus.hpp"
#include "runtime/dispatch.hpp"
#include "runtime/parallel.hpp"

namespace fastinit::bindings {

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
    // Wrong environment variables are told at import, not at the first fill.
    runtime::active_kernels();
    runtime::num_threads();
}

}  // namespace fastinit::bindings
