#include <pybind11/critical_section.h>

#include "bindings/fastcall.hpp"
#include "bindings/register.hpp"
#include "runtime/fill.hpp"

namespace fastinit::bindings {
namespace {

PyObject* place_name = nullptr;  // "_place", interned

// take(generator, numel)
//
// generator._place is a tuple (seed, stream, position), which is replaced, never changed. Nothing between
// reading it and writing it lets another thread run: no Python code, and no new container, for which garbage
// might be collected.
py::object take(PyObject* const* values, Py_ssize_t count) {
    const Arguments arguments("take", values, count, 2, 2);
    const py::handle generator = values[0];
    int overflow = 0;
    const std::int64_t elements = PyLong_AsLongLongAndOverflow(values[1], &overflow);
    if (elements == -1 && PyErr_Occurred()) throw py::error_already_set();
    py::tuple next(3);

    const py::scoped_critical_section alone(generator);
    const auto place = py::reinterpret_steal<py::object>(PyObject_GetAttr(generator.ptr(), place_name));
    if (!place) throw py::error_already_set();
    if (!PyTuple_Check(place.ptr()) || PyTuple_GET_SIZE(place.ptr()) != 3)
        throw py::type_error("take: generator._place must be a tuple (seed, stream, position)");
    const std::uint64_t position = PyLong_AsUnsignedLongLong(PyTuple_GET_ITEM(place.ptr(), 2));
    if (position == static_cast<std::uint64_t>(-1) && PyErr_Occurred()) throw py::error_already_set();
    const auto following = overflow || elements < 0
                               ? std::nullopt
                               : runtime::position_after(position, static_cast<std::uint64_t>(elements));
    if (!following)
        throw py::value_error("a fill of " + std::string(py::str(values[1])) + " elements from position " +
                              std::to_string(position) +
                              " would pass position 2^50: reseed the generator or fork it");
    for (Py_ssize_t i : {0, 1}) PyTuple_SET_ITEM(next.ptr(), i, Py_NewRef(PyTuple_GET_ITEM(place.ptr(), i)));
    PyObject* const last = PyLong_FromUnsignedLongLong(*following);
    if (!last) throw py::error_already_set();
    PyTuple_SET_ITEM(next.ptr(), 2, last);
    if (PyObject_SetAttr(generator.ptr(), place_name, next.ptr()) < 0) throw py::error_already_set();
    return place;
}

PyMethodDef methods[] = {fastcall_method<take>("take", "Takes the positions of one fill from a generator."),
                         {}};

}  // namespace

void register_generator(py::module_& module) {
    place_name = PyUnicode_InternFromString("_place");
    if (!place_name || PyModule_AddFunctions(module.ptr(), methods) < 0) throw py::error_already_set();
}

}  // namespace fastinit::bindings
