#pragma once

#include <pybind11/pybind11.h>

#include <array>
#include <cstdint>
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

    double number(Py_ssize_t i, double otherwise) const { return i < count_ ? number(i) : otherwise; }

    double number(Py_ssize_t i) const {
        const double value = PyFloat_AsDouble(values_[i]);
        if (value == -1.0 && PyErr_Occurred()) throw py::error_already_set();
        return value;
    }

    // An int, or what has an __index__, in [0, 2^64).
    std::uint64_t unsigned_integer(Py_ssize_t i) const {
        const auto index = py::reinterpret_steal<py::object>(PyNumber_Index(values_[i]));
        if (!index) throw py::error_already_set();
        const std::uint64_t value = PyLong_AsUnsignedLongLong(index.ptr());
        if (value == static_cast<std::uint64_t>(-1) && PyErr_Occurred()) throw py::error_already_set();
        return value;
    }

    // The same in [-2^63, 2^63).
    std::int64_t integer(Py_ssize_t i) const {
        const std::int64_t value = PyLong_AsLongLong(values_[i]);
        if (value == -1 && PyErr_Occurred()) throw py::error_already_set();
        return value;
    }

  private:
    PyObject* const* values_;
    Py_ssize_t count_;
};

// Calls `work`, which returns a py::object, as the interpreter wants it: with nullptr and an error set where
// it throws.
template <class Work>
PyObject* guarded(Work&& work) {
    try {
        return work().release().ptr();
    } catch (py::error_already_set& error) {
        error.restore();
    } catch (const py::builtin_exception& error) {
        error.set_error();
    } catch (const std::bad_alloc&) {
        PyErr_NoMemory();
    } catch (const std::invalid_argument& error) {
        PyErr_SetString(PyExc_ValueError, error.what());
    } catch (const std::exception& error) {
        PyErr_SetString(PyExc_RuntimeError, error.what());
    }
    return nullptr;
}

// Turns `py::object function(PyObject* const* values, Py_ssize_t count)` into what a PyMethodDef holds.
template <auto function>
PyObject* fastcall(PyObject*, PyObject* const* values, Py_ssize_t count) {
    return guarded([&] { return function(values, count); });
}

template <auto function>
PyMethodDef fastcall_method(const char* name, const char* doc) {
    return {name, reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(&fastcall<function>)),
            METH_FASTCALL, doc};
}

// What a function calls its arguments, the first `required` of which must be given.
template <std::size_t count>
struct Parameters {
    const char* function;
    std::array<const char*, count> names;
    std::size_t required;

    // The place of the parameter of that name.
    std::size_t find(PyObject* name) const {
        for (std::size_t i = 0; i < count; ++i)
            if (PyUnicode_CompareWithASCIIString(name, names[i]) == 0) return i;
        throw py::type_error(std::string(function) + "() got an unexpected keyword argument " +
                             std::string(py::repr(name)));
    }

    // Brings the arguments, of which those after the first `positional` are named by `keywords`, into the
    // order of the parameters; None for those that are not given.
    std::array<PyObject*, count> in_order(PyObject* const* values, std::size_t positional,
                                          PyObject* keywords) const {
        std::array<PyObject*, count> ordered{};
        if (positional > count)
            throw py::type_error(std::string(function) + "() takes at most " + std::to_string(count) +
                                 " positional arguments but " + std::to_string(positional) + " were given");
        for (std::size_t i = 0; i < positional; ++i) ordered[i] = values[i];
        for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(keywords); ++i) {
            PyObject*& place = ordered[find(PyTuple_GET_ITEM(keywords, i))];
            if (place)
                throw py::type_error(std::string(function) + "() got multiple values for argument " +
                                     std::string(py::repr(PyTuple_GET_ITEM(keywords, i))));
            place = values[positional + static_cast<std::size_t>(i)];
        }
        for (std::size_t i = 0; i < count; ++i) {
            if (ordered[i]) continue;
            if (i < required)
                throw py::type_error(std::string(function) + "() missing required argument '" + names[i] +
                                     "'");
            ordered[i] = Py_None;
        }
        return ordered;
    }
};

// As fastcall, for a function whose arguments may be named. A call that names none costs no more.
template <const auto& parameters, auto function>
PyObject* fastcall_with_keywords(PyObject*, PyObject* const* values, Py_ssize_t count, PyObject* keywords) {
    return guarded([&] {
        if (!keywords) return function(values, count);
        const auto ordered = parameters.in_order(values, static_cast<std::size_t>(count), keywords);
        return function(ordered.data(), static_cast<Py_ssize_t>(ordered.size()));
    });
}

template <const auto& parameters, auto function>
PyMethodDef fastcall_method_with_keywords(const char* doc) {
    return {parameters.function,
            reinterpret_cast<PyCFunction>(
                reinterpret_cast<void (*)()>(&fastcall_with_keywords<parameters, function>)),
            METH_FASTCALL | METH_KEYWORDS, doc};
}

}  // namespace fastinit::bindings
