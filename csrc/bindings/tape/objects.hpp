#pragma once

#include <pybind11/numpy.h>

#include <cstdint>

namespace fastinit::bindings::tape {

namespace py = pybind11;

// What the tape knows of a tensor; the base of fastinit.Tensor. A field that holds nothing is null or None.
struct Variable {
    PyObject_HEAD PyObject* array;
    PyObject* node;     // that made it
    PyObject* grad;     // a tensor
    PyObject* view;     // how it looks into another's memory
    PyObject* counter;  // a list of one number: the version, shared by all who share the memory
    PyObject* hooks;
    PyObject* post_hooks;
    PyObject* accumulator;  // a weak reference to what stands for it in the graph
    char requires_grad;     // of a leaf
};

// A recorded operation; the base of the classes named as PyTorch's (AddBackward0).
struct Node {
    PyObject_HEAD PyObject* edges;  // a tuple: where the gradient of each input goes
    PyObject* backward;  // maps the gradient of the output to those of the inputs; None once it was freed
    PyObject* saved;     // a tuple of the values that it reads, each with the version it had
    PyObject* hooks;
    PyObject* retainer;
    PyObject* weak_references;
    long long order;     // smaller in nodes recorded later: a heap then hands out the latest first
    std::uint64_t flow;  // the backward pass that has a gradient waiting here, and where it has it
    std::size_t slot;
};

inline bool is_none(PyObject* field) { return !field || field == Py_None; }

// Puts `value` in a field.
inline void put(PyObject*& field, py::object value) {
    PyObject* former = field;
    field = value.release().ptr();
    Py_XDECREF(former);
}

inline Node* as_node(PyObject* object) { return reinterpret_cast<Node*>(object); }
inline Variable* as_variable(PyObject* object) { return reinterpret_cast<Variable*>(object); }

bool is_variable(PyObject* object);
bool is_node(PyObject* object);

// Whether operations of this thread are recorded.
bool& recording();

// What is written in Python and called from here; see autograd/compiled.py.
struct PythonSide {
    PyObject* result_class;  // of what operations return
    PyObject* adopt;         // the ndarray for anything that is none: a NumPy scalar, say
    PyObject* node_class;    // the class of the nodes of a name
    PyObject* add;           // the sum of two arrays
    PyObject* add_grad;      // adds an array to the .grad of a leaf
    PyObject* call_hooks;    // what the hooks make of a gradient
    PyObject* quietly;       // calls a function with NumPy's warnings off
};

PythonSide& python_side();

// A new tensor over `array`.
py::object wrap(py::object array);

// The same for an ndarray, without a look at it.
py::object wrap_array(py::array array);

// The counter that a tensor shares with its views, made at the first call; and what it counts.
PyObject* version_counter(Variable* variable);
long long version_of(PyObject* counter);
void count_write(Variable* variable);

// Where the gradient of a tensor goes: the node that made it, itself if it is a leaf that requires grad, or
// None.
py::object edge_of(PyObject* variable);

// Whether what is made of a tensor with that edge is recorded. A view that no_grad kept out of the graph has
// none, but requires grad as its base does: what is made of it is recorded, and leads nowhere.
bool joins_graph(PyObject* object, const py::object& edge);

// A node that is the newest of all. `name` is that of its class.
py::object new_node(PyObject* name, py::object edges, py::object backward, py::object saved);

}  // namespace fastinit::bindings::tape
