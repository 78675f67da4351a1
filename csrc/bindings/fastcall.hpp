#pragma once

#include <pybind11/pybind11.h>

#include <stdexcept>
#include <string>

namespace fastinit::bindings {

namespace py = pybind11;

// The positional arguments of one call, as the interpreter hands them over. For the functions that a small
// network calls most: a call through pybind11's own dispatcher costs more than such a network's products.
class Arguments {
  public:
    Arguments(const char* function, PyObject* const* values, Py_ssize_t count, Py_ssize_t fewest,
              Py_ssize_t most)
        : values_(values), count_(count) {
        if (count < fewest || count > most)
            throw py::type_error(std::string(function) + "() takes " + std::to_string(fewest) + " to " +
                                 std::to_string(most) + " positional arguments but " + std::to_string(count) +
                                 " were given");
    }

    // nullptr where the argument is None or was not given.
    PyObject* operator[](Py_ssize_t i) const {
        return i < count_ && values_[i] != Py_None ? values_[i] : nullptr;
    }

    bool flag(Py_ssize_t i) const {
        const int truth = i < count_ ? PyObject_IsTrue(values_[i]) : 0;
        if (truth < 0) throw py::error_already_set();
        return truth != 0;
    }

    double number(Py_ssize_t i, double otherwise) const {
        if (i >= count_) return otherwise;
        const double value = PyFloat_AsDouble(values_[i]);
        if (value == -1.0 && PyErr_Occurred()) throw py::error_already_set();
        return value;
    }

  private:
    PyObject* const* values_;
    Py_ssize_t count_;
};

// Turns `py::object function(PyObject* const* values, Py_ssize_t count)` into what a PyMethodDef holds.
template <auto function>
PyObject* fastcall(PyObject*, PyObject* const* values, Py_ssize_t count) {
    try {
        return function(values, count).release().ptr();
    } catch (py::error_already_set& error) {
        error.restore();
    } catch (const py::builtin_exception& error) {
        error.set_error();
    } catch (const std::bad_alloc&) {
        PyErr_NoMemory();
    } catch (const std::exception& error) {
        PyErr_SetString(PyExc_RuntimeError, error.what());
    }
    return nullptr;
}

template <auto function>
PyMethodDef fastcall_method(const char* name, const char* doc) {
    return {name, reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(&fastcall<function>)),
            METH_FASTCALL, doc};
}

}  // namespace fastinit::bindings
