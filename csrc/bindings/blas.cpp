#include "bindings/blas.hpp"

#include <pybind11/pybind11.h>

#include <atomic>
#include <stdexcept>
#include <string>

#include "runtime/blas.hpp"

namespace fastinit::bindings {

namespace py = pybind11;

void find_blas() {
    static std::atomic<bool> looked{false};
    if (looked) return;
    try {
        runtime::load_blas(
            py::cast<std::string>(py::module_::import("scipy_openblas32").attr("get_lib_dir")()));
    } catch (py::error_already_set& error) {
        if (!error.matches(PyExc_ImportError)) throw;
    }
    looked = true;
}

void find_blas_for(kernels::Index m, kernels::Index n, kernels::Index k) {
    if (!runtime::blas_wanted(m, n, k)) return;
    find_blas();
    if (runtime::blas_use() == runtime::BlasUse::openblas && !runtime::blas_loaded())
        throw std::runtime_error(
            "OpenBLAS was asked for, but the package scipy-openblas32 is not installed or has no library");
}

}  // namespace fastinit::bindings
