#include "bindings/arrays.hpp"
#include "bindings/register.hpp"
#include "runtime/calls.hpp"
#include "runtime/sparse.hpp"

namespace fastinit::bindings {
namespace {

runtime::CallCounter zero_least_calls("zero_least");

void zero_least(const py::object& array_object, const py::object& keys_object, std::int64_t count,
                std::int64_t first_row) {
    zero_least_calls.count();
    py::array array = array_argument(array_object.ptr(), "array");
    const py::array keys = array_argument(keys_object.ptr(), "keys");
    check_writable(array);
    if (array.ndim() != 2 || (array.itemsize() != 2 && array.itemsize() != 4 && array.itemsize() != 8))
        throw py::value_error("the array must be a matrix of elements of 2, 4 or 8 bytes");
    if (keys.ndim() != 2 || keys.dtype().num() != py::dtype::num_of<std::uint64_t>() ||
        (keys.flags() & py::array::c_style) == 0 || !well_behaved(keys))
        throw py::value_error("keys must be a C-contiguous matrix of uint64");
    if (keys.shape(1) != array.shape(1) || first_row < 0 || first_row > keys.shape(0) - array.shape(0))
        throw py::value_error("the array must be rows of the matrix of the keys");
    if (count < 0 || count > keys.shape(0))
        throw py::value_error("count must be between 0 and the number of keys in a column");
    const runtime::Elements elements{static_cast<char*>(array.mutable_data()), array.itemsize(),
                                     array.shape(0), array.strides(0), array.strides(1)};
    const runtime::Keys all{static_cast<const std::uint64_t*>(keys.data()), keys.shape(0), keys.shape(1)};
    const py::gil_scoped_release released;
    runtime::zero_least(elements, first_row, all, count);
}

}  // namespace

void register_sparse(py::module_& module) {
    module.def("zero_least", &zero_least, py::arg("array"), py::arg("keys"), py::arg("count"),
               py::arg("first_row") = 0);
}

}  // namespace fastinit::bindings
