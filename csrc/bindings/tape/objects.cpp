#include "bindings/tape/objects.hpp"

#include <structmember.h>

#include <atomic>
#include <cstddef>

#include "bindings/fastcall.hpp"
#include "bindings/register.hpp"

namespace fastinit::bindings::tape {
namespace {

PyTypeObject* variable_type = nullptr;
PyTypeObject* node_type = nullptr;
std::atomic<long long> nodes_made{0};

// What the interpreter asks of a type whose instances hold the objects in `fields`.
template <class T, PyObject* T::*... fields>
struct Holder {
    static T* self(PyObject* object) { return reinterpret_cast<T*>(object); }

    static int traverse(PyObject* object, visitproc visit, void* arg) {
        Py_VISIT(Py_TYPE(object));
        int stopped = 0;
        const auto visit_field = [&](PyObject* field) {
            if (!stopped && field) stopped = visit(field, arg);
        };
        (visit_field(self(object)->*fields), ...);
        return stopped;
    }

    static int clear(PyObject* object) {
        const auto clear_field = [](PyObject*& field) { Py_CLEAR(field); };
        (clear_field(self(object)->*fields), ...);
        return 0;
    }

    static void deallocate(PyObject* object) {
        PyTypeObject* const type = Py_TYPE(object);
        PyObject_GC_UnTrack(object);
        if constexpr (requires(T t) { t.weak_references; })
            if (self(object)->weak_references) PyObject_ClearWeakRefs(object);
        clear(object);
        type->tp_free(object);
        Py_DECREF(type);
    }
};

using VariableHolder =
    Holder<Variable, &Variable::array, &Variable::node, &Variable::grad, &Variable::view, &Variable::counter,
           &Variable::hooks, &Variable::post_hooks, &Variable::accumulator>;
using NodeHolder = Holder<Node, &Node::edges, &Node::backward, &Node::saved, &Node::hooks, &Node::retainer>;

PyMemberDef variable_members[] = {{"_array", T_OBJECT, offsetof(Variable, array), 0, nullptr},
                                  {"_node", T_OBJECT, offsetof(Variable, node), 0, nullptr},
                                  {"_grad", T_OBJECT, offsetof(Variable, grad), 0, nullptr},
                                  {"_view", T_OBJECT, offsetof(Variable, view), 0, nullptr},
                                  {"_counter", T_OBJECT, offsetof(Variable, counter), 0, nullptr},
                                  {"_hooks", T_OBJECT, offsetof(Variable, hooks), 0, nullptr},
                                  {"_post_hooks", T_OBJECT, offsetof(Variable, post_hooks), 0, nullptr},
                                  {"_accumulator", T_OBJECT, offsetof(Variable, accumulator), 0, nullptr},
                                  {"_requires_grad", T_BOOL, offsetof(Variable, requires_grad), 0, nullptr},
                                  {}};

PyMemberDef node_members[] = {
    {"edges", T_OBJECT, offsetof(Node, edges), 0, nullptr},
    {"backward", T_OBJECT, offsetof(Node, backward), 0, nullptr},
    {"saved", T_OBJECT, offsetof(Node, saved), 0, nullptr},
    {"hooks", T_OBJECT, offsetof(Node, hooks), 0, nullptr},
    {"retainer", T_OBJECT, offsetof(Node, retainer), 0, nullptr},
    {"order", T_LONGLONG, offsetof(Node, order), READONLY, nullptr},
    {"__weaklistoffset__", T_PYSSIZET, offsetof(Node, weak_references), READONLY, nullptr},
    {}};

// Node(edges, backward, saved)
int node_init(PyObject* object, PyObject* arguments, PyObject*) {
    PyObject *edges, *backward, *saved;
    if (!PyArg_ParseTuple(arguments, "O!OO!", &PyTuple_Type, &edges, &backward, &PyTuple_Type, &saved))
        return -1;
    Node* node = as_node(object);
    put(node->edges, py::reinterpret_borrow<py::object>(edges));
    put(node->backward, py::reinterpret_borrow<py::object>(backward));
    put(node->saved, py::reinterpret_borrow<py::object>(saved));
    node->order = --nodes_made;
    return 0;
}

PyType_Slot variable_slots[] = {{Py_tp_members, variable_members},
                                {Py_tp_traverse, reinterpret_cast<void*>(&VariableHolder::traverse)},
                                {Py_tp_clear, reinterpret_cast<void*>(&VariableHolder::clear)},
                                {Py_tp_dealloc, reinterpret_cast<void*>(&VariableHolder::deallocate)},
                                {}};

PyType_Slot node_slots[] = {{Py_tp_members, node_members},
                            {Py_tp_init, reinterpret_cast<void*>(&node_init)},
                            {Py_tp_traverse, reinterpret_cast<void*>(&NodeHolder::traverse)},
                            {Py_tp_clear, reinterpret_cast<void*>(&NodeHolder::clear)},
                            {Py_tp_dealloc, reinterpret_cast<void*>(&NodeHolder::deallocate)},
                            {}};

constexpr unsigned flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC;

PyType_Spec variable_spec{"fastinit._core.VariableBase", sizeof(Variable), 0, flags, variable_slots};
PyType_Spec node_spec{"fastinit._core.NodeBase", sizeof(Node), 0, flags, node_slots};

PyTypeObject* add_type(py::module_& module, PyType_Spec& spec, const char* name) {
    PyObject* type = PyType_FromSpec(&spec);
    if (!type) throw py::error_already_set();
    module.add_object(name, type);
    return reinterpret_cast<PyTypeObject*>(type);
}

// Its attribute `enabled` is the state of the calling thread, whichever object is asked.
PyObject* get_enabled(PyObject*, void*) { return PyBool_FromLong(recording()); }

int set_enabled(PyObject*, PyObject* value, void*) {
    const int enabled = value ? PyObject_IsTrue(value) : 0;
    if (enabled >= 0) recording() = enabled != 0;
    return enabled < 0 ? -1 : 0;
}

PyGetSetDef grad_mode_attributes[] = {{"enabled", get_enabled, set_enabled, nullptr, nullptr}, {}};
PyType_Slot grad_mode_slots[] = {{Py_tp_getset, grad_mode_attributes}, {}};
PyType_Spec grad_mode_spec{"fastinit._core.GradMode", sizeof(PyObject), 0, Py_TPFLAGS_DEFAULT,
                           grad_mode_slots};

}  // namespace

bool is_variable(PyObject* object) { return PyObject_TypeCheck(object, variable_type) != 0; }
bool is_node(PyObject* object) { return PyObject_TypeCheck(object, node_type) != 0; }

bool& recording() {
    thread_local bool enabled = true;
    return enabled;
}

PythonSide& python_side() {
    static PythonSide side{};
    return side;
}

py::object wrap_array(py::array array) {
    auto* const type = reinterpret_cast<PyTypeObject*>(python_side().result_class);
    auto tensor = py::reinterpret_steal<py::object>(type->tp_alloc(type, 0));
    if (!tensor) throw py::error_already_set();
    as_variable(tensor.ptr())->array = array.release().ptr();
    return tensor;
}

py::object wrap(py::object array) {
    if (Py_TYPE(array.ptr()) != py::detail::npy_api::get().PyArray_Type_)
        array = py::reinterpret_steal<py::object>(PyObject_CallOneArg(python_side().adopt, array.ptr()));
    if (!array) throw py::error_already_set();
    return wrap_array(py::reinterpret_steal<py::array>(array.release()));
}

PyObject* version_counter(Variable* variable) {
    if (is_none(variable->counter)) {
        py::list counter(1);
        counter[0] = py::int_(0);
        put(variable->counter, std::move(counter));
    }
    return variable->counter;
}

long long version_of(PyObject* counter) {
    const long long version = PyLong_AsLongLong(PyList_GET_ITEM(counter, 0));
    if (version == -1 && PyErr_Occurred()) throw py::error_already_set();
    return version;
}

void count_write(Variable* variable) {
    PyObject* const counter = version_counter(variable);
    PyList_SetItem(counter, 0, py::int_(version_of(counter) + 1).release().ptr());
}

py::object edge_of(PyObject* object) {
    Variable* const variable = as_variable(object);
    if (!is_none(variable->view)) {
        static PyObject* const name = PyUnicode_InternFromString("_edge");
        auto edge = py::reinterpret_steal<py::object>(PyObject_CallMethodNoArgs(object, name));
        if (!edge) throw py::error_already_set();
        return edge;
    }
    if (!is_none(variable->node)) return py::reinterpret_borrow<py::object>(variable->node);
    if (variable->requires_grad) return py::reinterpret_borrow<py::object>(object);
    return py::none();
}

bool joins_graph(PyObject* object, const py::object& edge) {
    if (!edge.is_none()) return true;
    if (!is_variable(object) || is_none(as_variable(object)->view)) return false;
    static PyObject* const name = PyUnicode_InternFromString("requires_grad");
    const auto flag = py::reinterpret_steal<py::object>(PyObject_GetAttr(object, name));
    if (!flag) throw py::error_already_set();
    return flag.ptr() == Py_True;
}

py::object new_node(PyObject* name, py::object edges, py::object backward, py::object saved) {
    static PyObject* const classes = PyDict_New();
    PyObject* kind = PyDict_GetItemWithError(classes, name);
    if (!kind) {
        if (PyErr_Occurred()) throw py::error_already_set();
        auto made = py::reinterpret_steal<py::object>(PyObject_CallOneArg(python_side().node_class, name));
        if (!made || PyDict_SetItem(classes, name, made.ptr()) != 0) throw py::error_already_set();
        kind = made.ptr();
    }
    auto* const type = reinterpret_cast<PyTypeObject*>(kind);
    auto object = py::reinterpret_steal<py::object>(type->tp_alloc(type, 0));
    if (!object) throw py::error_already_set();
    Node* const node = as_node(object.ptr());
    node->edges = edges.release().ptr();
    node->backward = backward.release().ptr();
    node->saved = saved.release().ptr();
    node->order = --nodes_made;
    return object;
}

}  // namespace fastinit::bindings::tape

namespace fastinit::bindings {

void register_tape_objects(py::module_& module) {
    using namespace tape;
    variable_type = add_type(module, variable_spec, "VariableBase");
    node_type = add_type(module, node_spec, "NodeBase");
    add_type(module, grad_mode_spec, "GradMode");
    module.def("set_python_side", [](py::object result_class, py::object adopt, py::object node_class,
                                     py::object add, py::object add_grad, py::object call_hooks,
                                     py::object quietly) {
        python_side() = {result_class.release().ptr(), adopt.release().ptr(),    node_class.release().ptr(),
                         add.release().ptr(),          add_grad.release().ptr(), call_hooks.release().ptr(),
                         quietly.release().ptr()};
    });
}

}  // namespace fastinit::bindings
