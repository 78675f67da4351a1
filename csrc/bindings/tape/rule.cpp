#include "bindings/tape/rule.hpp"

#include <utility>

#include "bindings/arrays.hpp"
#include "bindings/fastcall.hpp"
#include "bindings/register.hpp"

namespace fastinit::bindings::tape {
namespace {

struct CompiledBackward {
    PyObject_HEAD Rule* rule;
};

PyTypeObject* type = nullptr;

CompiledBackward* as_backward(PyObject* object) { return reinterpret_cast<CompiledBackward*>(object); }

int traverse(PyObject* object, visitproc visit, void* arg) {
    Py_VISIT(Py_TYPE(object));
    return as_backward(object)->rule ? as_backward(object)->rule->traverse(visit, arg) : 0;
}

int clear(PyObject* object) {
    delete std::exchange(as_backward(object)->rule, nullptr);
    return 0;
}

void deallocate(PyObject* object) {
    PyObject_GC_UnTrack(object);
    clear(object);
    type->tp_free(object);
    Py_DECREF(reinterpret_cast<PyObject*>(type));
}

PyObject* call(PyObject* object, PyObject* arguments, PyObject*) {
    return guarded([&]() -> py::object {
        PyObject* grad;
        if (!PyArg_ParseTuple(arguments, "O", &grad)) throw py::error_already_set();
        Rule& rule = *as_backward(object)->rule;
        Gradients gradients = rule.gradients(array_argument(grad, "grad"), accumulating());
        py::tuple result(rule.inputs());
        for (std::size_t i = 0; i < rule.inputs(); ++i) result[i] = gradients[i] ? gradients[i] : py::none();
        return result;
    });
}

PyType_Slot slots[] = {{Py_tp_call, reinterpret_cast<void*>(&call)},
                       {Py_tp_traverse, reinterpret_cast<void*>(&traverse)},
                       {Py_tp_clear, reinterpret_cast<void*>(&clear)},
                       {Py_tp_dealloc, reinterpret_cast<void*>(&deallocate)},
                       {}};
PyType_Spec spec{"fastinit._core.CompiledBackward", sizeof(CompiledBackward), 0,
                 Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION, slots};

}  // namespace

Version::Version(Variable* variable)
    : counter_(py::reinterpret_borrow<py::object>(version_counter(variable))),
      version_(version_of(counter_.ptr())),
      array_(py::reinterpret_borrow<py::object>(variable->array)),
      maker_(py::reinterpret_borrow<py::object>(
          reinterpret_cast<PyObject*>(Py_TYPE(variable->node ? variable->node : Py_None)))) {}

py::object backward_of(std::unique_ptr<Rule> rule) {
    auto object = py::reinterpret_steal<py::object>(type->tp_alloc(type, 0));
    if (!object) throw py::error_already_set();
    as_backward(object.ptr())->rule = rule.release();
    return object;
}

Rule* rule_of(PyObject* backward) {
    return Py_TYPE(backward) == type ? as_backward(backward)->rule : nullptr;
}

bool& accumulating() {
    thread_local bool state = false;
    return state;
}

}  // namespace fastinit::bindings::tape

namespace fastinit::bindings {

void register_tape_rule(py::module_& module) {
    PyObject* made = PyType_FromSpec(&tape::spec);
    if (!made) throw py::error_already_set();
    tape::type = reinterpret_cast<PyTypeObject*>(made);
    module.add_object("CompiledBackward", made);
}

}  // namespace fastinit::bindings
