#include "bindings/fastcall.hpp"
#include "bindings/register.hpp"
#include "bindings/tape/objects.hpp"

// How operations written in Python enter the graph.
namespace fastinit::bindings::tape {
namespace {

// The values that a backward will read, each as (version counter, version, array, class of the maker).
py::tuple saved_values(PyObject* variables, Variable* result, PyObject* name) {
    const Py_ssize_t count = PyTuple_GET_SIZE(variables);
    py::tuple values(count + (result ? 1 : 0));
    for (Py_ssize_t i = 0; i < count; ++i) {
        Variable* const variable = as_variable(PyTuple_GET_ITEM(variables, i));
        PyObject* const counter = version_counter(variable);
        PyObject* const maker =
            reinterpret_cast<PyObject*>(Py_TYPE(variable->node ? variable->node : Py_None));
        PyObject* const value = PyTuple_Pack(4, counter, PyList_GET_ITEM(counter, 0), variable->array, maker);
        if (!value) throw py::error_already_set();
        PyTuple_SET_ITEM(values.ptr(), i, value);
    }
    if (result) {
        PyObject* const counter = version_counter(result);
        PyObject* const value = PyTuple_Pack(4, counter, PyList_GET_ITEM(counter, 0), result->array, name);
        if (!value) throw py::error_already_set();
        PyTuple_SET_ITEM(values.ptr(), count, value);
    }
    return values;
}

// record(array, name, inputs, backward, saved=(), saves_result=False)
py::object record(PyObject* const* values, Py_ssize_t count) {
    const Arguments arguments("record", values, count, 4, 6);
    py::object tensor = wrap(py::reinterpret_borrow<py::object>(values[0]));
    if (!recording()) return tensor;
    PyObject* const inputs = values[2];
    const Py_ssize_t size = PyTuple_GET_SIZE(inputs);
    py::tuple edges(size);
    bool tracked = false;
    for (Py_ssize_t i = 0; i < size; ++i) {
        PyObject* const input = PyTuple_GET_ITEM(inputs, i);
        py::object edge = is_variable(input) ? edge_of(input) : py::none();
        tracked |= joins_graph(input, edge);
        PyTuple_SET_ITEM(edges.ptr(), i, edge.release().ptr());
    }
    if (!tracked) return tensor;
    static PyObject* const nothing = PyTuple_New(0);
    py::object node = new_node(values[1], std::move(edges), py::reinterpret_borrow<py::object>(values[3]),
                               py::reinterpret_borrow<py::object>(nothing));
    PyObject* const saved = arguments[4] ? arguments[4] : nothing;
    const bool saves_result = arguments.flag(5);
    if (saves_result || PyTuple_GET_SIZE(saved) > 0)
        put(as_node(node.ptr())->saved,
            saved_values(saved, saves_result ? as_variable(tensor.ptr()) : nullptr,
                         reinterpret_cast<PyObject*>(Py_TYPE(node.ptr()))));
    put(as_variable(tensor.ptr())->node, std::move(node));
    return tensor;
}

py::object wrap_argument(PyObject* const* values, Py_ssize_t count) {
    const Arguments arguments("wrap", values, count, 1, 1);
    return wrap(py::reinterpret_borrow<py::object>(values[0]));
}

constexpr Parameters<6> record_parameters{
    "record", {"array", "name", "inputs", "backward", "saved", "saves_result"}, 4};

PyMethodDef methods[] = {
    fastcall_method_with_keywords<record_parameters, record>(
        "record(array, name, inputs, backward, saved=(), *, saves_result=False)\n--\n\n"
        "array as a tensor, recorded where the mode and an input ask for it."),
    fastcall_method<wrap_argument>("wrap", "wrap(array, /)\n--\n\nA tensor over the array itself."),
    {}};

}  // namespace
}  // namespace fastinit::bindings::tape

namespace fastinit::bindings {

void register_tape_record(py::module_& module) {
    if (PyModule_AddFunctions(module.ptr(), tape::methods) != 0) throw py::error_already_set();
}

}  // namespace fastinit::bindings
