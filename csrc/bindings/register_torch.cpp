#include <array>

#include "bindings/arrays.hpp"
#include "bindings/fastcall.hpp"
#include "bindings/register.hpp"
#include "kernels/fill.hpp"

namespace fastinit::bindings {
namespace {

// What is asked of a tensor of PyTorch's, by name: nothing of PyTorch is included or linked.
enum Name : std::size_t {
    data_ptr,
    dtype,
    is_conj,
    is_cpu,
    is_neg,
    is_nested,
    layout,
    nbytes,
    shape,
    storage_offset,
    stride,
    untyped_storage,
    names
};
constexpr std::array<const char*, names> spelling = {
    "data_ptr", "dtype",  "is_conj", "is_cpu",         "is_neg", "is_nested",
    "layout",   "nbytes", "shape",   "storage_offset", "stride", "untyped_storage"};
std::array<PyObject*, names> interned{};

py::object checked(PyObject* result) {
    if (!result) throw py::error_already_set();
    return py::reinterpret_steal<py::object>(result);
}

py::object attribute(py::handle object, Name name) {
    return checked(PyObject_GetAttr(object.ptr(), interned[name]));
}

py::object call(py::handle object, Name name) {
    return checked(PyObject_CallMethodNoArgs(object.ptr(), interned[name]));
}

py::ssize_t as_integer(py::handle object) {
    const py::ssize_t value = PyLong_AsSsize_t(object.ptr());
    if (value == -1 && PyErr_Occurred()) throw py::error_already_set();
    return value;
}

bool is_true(const py::object& answer) { return answer.ptr() == Py_True; }

// The sizes, or the strides; how many there are.
py::ssize_t read_integers(py::handle tuple, std::array<py::ssize_t, kernels::max_axes>& integers) {
    if (!PyTuple_Check(tuple.ptr()) || PyTuple_GET_SIZE(tuple.ptr()) > kernels::max_axes)
        throw py::type_error("a tensor's shape and strides must be tuples of integers, of at most " +
                             std::to_string(kernels::max_axes) + " dimensions");
    const py::ssize_t count = PyTuple_GET_SIZE(tuple.ptr());
    for (py::ssize_t d = 0; d < count; ++d)
        integers[static_cast<std::size_t>(d)] = as_integer(PyTuple_GET_ITEM(tuple.ptr(), d));
    return count;
}

// torch_array(tensor, dtypes, strided)
py::object torch_array(PyObject* const* values, Py_ssize_t count) {
    const Arguments arguments("torch_array", values, count, 3, 3);
    const py::handle tensor = values[0];
    PyObject* const descriptor =
        PyDict_GetItemWithError(values[1], attribute(tensor, dtype).ptr());  // borrowed
    if (!descriptor) {
        if (PyErr_Occurred()) throw py::error_already_set();
        return py::none();
    }
    const bool plain = is_true(attribute(tensor, is_cpu)) && attribute(tensor, layout).ptr() == values[2] &&
                       !is_true(attribute(tensor, is_nested)) && !is_true(call(tensor, is_neg));
    const auto element = py::reinterpret_borrow<py::dtype>(descriptor);
    if (!plain || (element.kind() == 'c' && is_true(call(tensor, is_conj)))) return py::none();

    std::array<py::ssize_t, kernels::max_axes> sizes, strides;
    const py::ssize_t dimensions = read_integers(attribute(tensor, shape), sizes);
    if (read_integers(call(tensor, stride), strides) != dimensions) return py::none();
    const py::ssize_t itemsize = element.itemsize();
    py::ssize_t last = 0;  // the offset of the last element from the first, in elements
    bool empty = false;
    for (std::size_t d = 0; d < static_cast<std::size_t>(dimensions); ++d) {
        empty = empty || sizes[d] == 0;
        last += (sizes[d] - 1) * strides[d];
        strides[d] *= itemsize;
    }

    const auto& numpy = py::detail::npy_api::get();
    void* address = nullptr;
    if (!empty) {
        address = PyLong_AsVoidPtr(call(tensor, data_ptr).ptr());
        if (!address && PyErr_Occurred()) throw py::error_already_set();
        // Who frees a tensor's storage, as sharded training does between uses, leaves its shape.
        const py::ssize_t end = as_integer(call(tensor, storage_offset)) + last + 1;
        if (!address || end > as_integer(call(call(tensor, untyped_storage), nbytes)) / itemsize)
            return py::none();
    }
    Py_INCREF(descriptor);  // which the array takes
    py::object array = checked(numpy.PyArray_NewFromDescr_(
        numpy.PyArray_Type_, descriptor, static_cast<int>(dimensions), sizes.data(),
        empty ? nullptr : strides.data(), address, py::detail::npy_api::NPY_ARRAY_WRITEABLE_, nullptr));
    if (!empty && numpy.PyArray_SetBaseObject_(array.ptr(), Py_NewRef(tensor.ptr())) < 0)
        throw py::error_already_set();
    return array;
}

PyMethodDef methods[] = {
    fastcall_method<torch_array>("torch_array", "The memory of a tensor of PyTorch's as an array, or None."),
    {}};

}  // namespace

void register_torch(py::module_& module) {
    for (std::size_t name = 0; name < names; ++name) {
        interned[name] = PyUnicode_InternFromString(spelling[name]);
        if (!interned[name]) throw py::error_already_set();
    }
    if (PyModule_AddFunctions(module.ptr(), methods) < 0) throw py::error_already_set();
}

}  // namespace fastinit::bindings
