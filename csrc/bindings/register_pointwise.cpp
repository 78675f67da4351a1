#include <string_view>

#include "bindings/activations.hpp"
#include "bindings/arrays.hpp"
#include "bindings/fastcall.hpp"
#include "bindings/register.hpp"
#include "runtime/calls.hpp"
#include "runtime/pointwise.hpp"

namespace fastinit::bindings {
namespace {

runtime::CallCounter activation_calls("activation");
runtime::CallCounter activation_backward_calls("activation_backward");

using kernels::Activation;
using kernels::ActivationParameters;
using kernels::RowActivation;

// Python's strings for the names; a name written out in a program is interned, so its address mostly tells
// it.
struct Name {
    const char* text;
    PyObject* interned;
};

// In the order of the enumerations.
Name activation_names[] = {{"relu", nullptr},      {"leaky_relu", nullptr}, {"gelu", nullptr},
                           {"gelu_tanh", nullptr}, {"silu", nullptr},       {"sigmoid", nullptr},
                           {"tanh", nullptr},      {"softplus", nullptr},   {"elu", nullptr},
                           {"selu", nullptr}};
Name row_activation_names[] = {{"softmax", nullptr}, {"log_softmax", nullptr}};
Name no_activation[] = {{"none", nullptr}};

template <std::size_t count>
void intern(Name (&names)[count]) {
    for (Name& name : names) name.interned = PyUnicode_InternFromString(name.text);
}

template <class Enumeration, std::size_t count>
std::optional<Enumeration> find(const Name (&names)[count], PyObject* wanted) {
    for (std::size_t i = 0; i < count; ++i)
        if (names[i].interned == wanted) return static_cast<Enumeration>(i);
    if (!PyUnicode_Check(wanted)) return std::nullopt;
    for (std::size_t i = 0; i < count; ++i)
        if (PyUnicode_CompareWithASCIIString(wanted, names[i].text) == 0) return static_cast<Enumeration>(i);
    return std::nullopt;
}

// The last dimension and the number of rows of that length.
struct Rows {
    explicit Rows(const py::array& array)
        : columns(array.ndim() ? array.shape(array.ndim() - 1) : 1),
          count(columns ? array.size() / columns : 0) {}
    Index columns;
    Index count;
};

// What a name stands for: an activation of elements, one of rows, or neither for "none".
struct Choice {
    explicit Choice(PyObject* name) {
        if (const auto found = row_activation_named(name)) {
            along_rows = true;
            row = *found;
        } else if (const auto other = activation_named(name)) {
            elementwise = true;
            activation = *other;
        }
    }

    bool along_rows = false;
    bool elementwise = false;
    RowActivation row{};
    Activation activation{};
};

// activation(name, x, first=0, second=0)
py::object activation(PyObject* const* values, Py_ssize_t count) {
    const Arguments arguments("activation", values, count, 2, 4);
    activation_calls.count();
    const py::array x = contiguous(array_argument(values[1], "x"));
    const ActivationParameters parameters{arguments.number(2, 0), arguments.number(3, 0)};
    py::array result = empty_like(x);
    const Choice choice(values[0]);
    with_element_type(x, "activation", [&]<class T>() {
        const auto* from = static_cast<const T*>(x.data());
        auto* to = static_cast<T*>(result.mutable_data());
        const Rows rows(x);
        const Index size = x.size();
        const py::gil_scoped_release released;
        if (choice.along_rows)
            runtime::row_activation(choice.row, from, to, rows.count, rows.columns);
        else if (choice.elementwise)
            runtime::activation(choice.activation, from, to, size, parameters);
        else
            std::copy(from, from + size, to);
    });
    return result;
}

// activation_backward(name, grad, saved, first=0, second=0)
py::object activation_backward(PyObject* const* values, Py_ssize_t count) {
    const Arguments arguments("activation_backward", values, count, 3, 5);
    activation_backward_calls.count();
    const py::array grad = contiguous(array_argument(values[1], "grad"));
    const py::array saved = contiguous(array_argument(values[2], "saved"));
    if (grad.dtype().num() != saved.dtype().num())
        throw py::type_error("activation_backward: grad is " + dtype_name(grad) + ", but saved is " +
                             dtype_name(saved));
    if (grad.ndim() != saved.ndim() || !std::equal(grad.shape(), grad.shape() + grad.ndim(), saved.shape()))
        throw py::value_error("activation_backward: grad and saved have different shapes");
    const ActivationParameters parameters{arguments.number(3, 0), arguments.number(4, 0)};
    py::array result = empty_like(grad);
    const Choice choice(values[0]);
    with_element_type(grad, "activation_backward", [&]<class T>() {
        const auto* from = static_cast<const T*>(grad.data());
        const auto* kept = static_cast<const T*>(saved.data());
        auto* to = static_cast<T*>(result.mutable_data());
        const Rows rows(grad);
        const Index size = grad.size();
        const py::gil_scoped_release released;
        if (choice.along_rows)
            runtime::row_activation_backward(choice.row, from, kept, to, rows.count, rows.columns);
        else if (choice.elementwise)
            runtime::activation_backward(choice.activation, from, kept, to, size, parameters);
        else
            std::copy(from, from + size, to);
    });
    return result;
}

PyMethodDef methods[] = {fastcall_method<activation>("activation",
                                                     "activation(name, x, first=0.0, second=0.0, /)\n--\n\n"
                                                     "The activation of that name, as a new array."),
                         fastcall_method<activation_backward>(
                             "activation_backward",
                             "activation_backward(name, grad, saved, first=0.0, second=0.0, /)\n--\n\n"
                             "Its gradient; saved is the result for relu, sigmoid, tanh, softmax and "
                             "log_softmax, else the input."),
                         {}};

}  // namespace

std::optional<Activation> activation_named(PyObject* name) {
    if (const auto found = find<Activation>(activation_names, name)) return found;
    if (find<int>(no_activation, name)) return std::nullopt;
    throw py::value_error("unknown activation " + std::string(py::repr(name)));
}

std::optional<RowActivation> row_activation_named(PyObject* name) {
    return find<RowActivation>(row_activation_names, name);
}

void register_pointwise(py::module_& module) {
    intern(activation_names);
    intern(row_activation_names);
    intern(no_activation);
    if (PyModule_AddFunctions(module.ptr(), methods) < 0) throw py::error_already_set();
}

}  // namespace fastinit::bindings
