#include <string>

#include "bindings/arrays.hpp"
#include "bindings/fastcall.hpp"
#include "bindings/register.hpp"
#include "runtime/moments.hpp"

namespace fastinit::bindings {
namespace {

using kernels::MomentsKernel;
using kernels::MomentsTable;

const MomentsKernel MomentsTable::* row_for(const py::dtype& dtype) {
    if (dtype.kind() == 'f') switch (dtype.itemsize()) {
            case 2:
                return &MomentsTable::float16;
            case 4:
                return &MomentsTable::float32;
            case 8:
                return &MomentsTable::float64;
        }
    if (dtype.kind() == 'V' && is_bfloat16(dtype)) return &MomentsTable::bfloat16;
    throw py::value_error("moments: expected an array of float16, bfloat16, float32 or float64, not " +
                          std::string(py::str(dtype)));
}

// moments(array)
py::object moments(PyObject* const* values, Py_ssize_t count) {
    const Arguments arguments("moments", values, count, 1, 1);
    const py::array array = array_argument(values[0], "array");
    const auto row = row_for(array.dtype());
    if (array.ndim() != 1 || (array.flags() & py::array::c_style) == 0 || !well_behaved(array))
        throw py::value_error("moments: expected a contiguous vector, aligned and in native byte order");
    const void* const data = array.data();
    const auto [shift, found] = [&] {
        const py::gil_scoped_release released;
        return runtime::moments(row, data, array.size(), array.itemsize());
    }();
    return py::make_tuple(found.nans, found.zeros, shift, found.sum, found.squares, found.least, found.most);
}

PyMethodDef methods[] = {
    fastcall_method<moments>("moments",
                             "moments(array, /)\n--\n\nWhat the statistics of a vector are made of."),
    {}};

}  // namespace

void register_moments(py::module_& module) {
    if (PyModule_AddFunctions(module.ptr(), methods) < 0) throw py::error_already_set();
}

}  // namespace fastinit::bindings
