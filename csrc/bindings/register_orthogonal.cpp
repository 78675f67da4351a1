#include <pybind11/stl.h>

#include <array>

#include "bindings/arrays.hpp"
#include "bindings/register.hpp"
#include "runtime/calls.hpp"
#include "runtime/orthogonal.hpp"

namespace fastinit::bindings {
namespace {

runtime::CallCounter orthogonal_calls("fill_orthogonal");

void fill_orthogonal(const py::object& object, double gain, std::uint64_t seed, std::uint64_t stream,
                     std::uint64_t position, std::array<Index, 2> global_shape, std::array<Index, 2> start,
                     std::int64_t taps, std::int64_t tap) {
    orthogonal_calls.count();
    if (has_no_memory(object.ptr())) return;
    py::array array = array_argument(object.ptr(), "array");
    if (array.ndim() != 2) throw py::value_error("the array must be a matrix");
    check_writable(array);
    for (std::size_t i = 0; i < 2; ++i) {
        const Index size = array.shape(static_cast<py::ssize_t>(i));
        if (size < 1 || start[i] < 0 || global_shape[i] < size || start[i] > global_shape[i] - size)
            throw py::value_error("the box must be of one element at least and inside its matrix");
    }
    const runtime::Orthogonal matrix{global_shape[0], global_shape[1], taps, tap, seed, stream, position};
    const auto interrupted = [] {
        const py::gil_scoped_acquire gil;
        return PyErr_CheckSignals() != 0;
    };
    const bool finished = with_element_type(array, "fill_orthogonal", [&]<class T>() {
        constexpr Index element = sizeof(T);
        const kernels::Box<T> box{static_cast<T*>(array.mutable_data()), array.shape(0), array.shape(1),
                                  array.strides(0) / element, array.strides(1) / element};
        const py::gil_scoped_release released;
        return runtime::fill_orthogonal(matrix, box, start[0], start[1], gain, interrupted);
    });
    if (!finished) throw py::error_already_set();
}

}  // namespace

void register_orthogonal(py::module_& module) {
    module.def("fill_orthogonal", &fill_orthogonal, py::arg("array"), py::arg("gain"), py::arg("seed"),
               py::arg("stream"), py::arg("position"), py::arg("global_shape"), py::arg("start"),
               py::arg("taps") = 1, py::arg("tap") = 0);
}

}  // namespace fastinit::bindings
