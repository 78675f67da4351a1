#include <algorithm>
#include <array>
#include <functional>
#include <initializer_list>
#include <limits>
#include <optional>

#include "bindings/arrays.hpp"
#include "bindings/fastcall.hpp"
#include "bindings/register.hpp"
#include "runtime/calls.hpp"
#include "runtime/optimizer.hpp"

namespace fastinit::bindings {
namespace {

runtime::CallCounter sgd_calls("sgd_step");
runtime::CallCounter adam_calls("adam_step");

using kernels::AdamStep;
using kernels::Moving;
using kernels::SgdStep;

// A list of arrays among the arguments; none where the argument is None.
class Arrays {
  public:
    Arrays(PyObject* list, const char* name) : list_(list), name_(name) {
        if (list && !PyList_Check(list))
            throw py::type_error(std::string(name) + " must be a list of arrays, not " +
                                 Py_TYPE(list)->tp_name);
    }

    explicit operator bool() const { return list_ != nullptr; }

    void check_size(const Arrays& like) const {
        if (list_ && PyList_GET_SIZE(list_) != PyList_GET_SIZE(like.list_))
            throw py::value_error(std::string(name_) + " has " + std::to_string(PyList_GET_SIZE(list_)) +
                                  " arrays, but " + like.name_ + " has " +
                                  std::to_string(PyList_GET_SIZE(like.list_)));
    }

    std::size_t size() const { return static_cast<std::size_t>(PyList_GET_SIZE(list_)); }

    py::array operator[](std::size_t i) const {
        return array_argument(PyList_GET_ITEM(list_, static_cast<Py_ssize_t>(i)), name_);
    }

  private:
    PyObject* list_;
    const char* name_;
};

bool is_contiguous(const py::array& array) {
    return (array.flags() & py::array::c_style) != 0 && well_behaved(array);
}

bool same_shape(const py::array& a, const py::array& b) {
    return a.ndim() == b.ndim() && std::equal(a.shape(), a.shape() + a.ndim(), b.shape());
}

bool lie_apart(const py::array& a, const py::array& b) {
    const auto* first = static_cast<const char*>(a.data());
    const auto* second = static_cast<const char*>(b.data());
    const std::less_equal<const char*> at_most;
    return at_most(first + a.nbytes(), second) || at_most(second + b.nbytes(), first);
}

// The parameters of one dtype that a call moves, and for Adam the step of each.
template <class T>
struct Batch {
    std::vector<Moving<T>> parameters;
    std::vector<AdamStep> steps;
};

struct Call {
    Batch<float> f32;
    Batch<double> f64;
    std::vector<py::array> held;  // keeps their memory while the GIL is released
    py::list left;                // positions of the parameters that are not moved
};

// What belongs to one parameter: itself, its gradient, and the optimiser's state of it.
constexpr std::size_t most_arrays = 5;

struct ArraySet {
    std::array<std::optional<py::array>, most_arrays> arrays;  // an array made for nothing would cost more
    std::size_t count = 0;

    void add(const Arrays& list, std::size_t i) {
        if (list) arrays[count++] = list[i];
    }

    const py::array& value() const { return *arrays[0]; }

    // Whether a kernel can go through all of them: of one floating dtype and shape, contiguous and apart, and
    // writable but for the gradient.
    bool fits() const {
        const int dtype = value().dtype().num();
        if (dtype != py::dtype::num_of<float>() && dtype != py::dtype::num_of<double>()) return false;
        for (std::size_t k = 0; k < count; ++k) {
            const py::array& array = *arrays[k];
            if (!is_contiguous(array) || (k != 1 && !array.writeable())) return false;
            if (array.dtype().num() != dtype || !same_shape(array, value())) return false;
            for (std::size_t other = 0; other < k; ++other)
                if (!lie_apart(array, *arrays[other])) return false;
        }
        return true;
    }

    template <class T>
    Moving<T> memory() {
        const auto data = [&](std::size_t k) { return static_cast<T*>(arrays[k]->mutable_data()); };
        Moving<T> moving{data(0), static_cast<const T*>(arrays[1]->data()), {}, value().size()};
        for (std::size_t k = 2; k < count; ++k) moving.state[k - 2] = data(k);
        return moving;
    }
};

// Puts each parameter that fits among the call's; prepare(i, batch) may still say no. Nothing is written yet.
template <class Prepare>
void collect(Call& call, std::initializer_list<const Arrays*> lists, const Prepare& prepare) {
    const Arrays& parameters = **lists.begin();
    for (const Arrays* list : lists) list->check_size(parameters);
    call.held.reserve(parameters.size() * lists.size());
    call.f32.parameters.reserve(parameters.size());
    for (std::size_t i = 0; i < parameters.size(); ++i) {
        ArraySet set;
        for (const Arrays* list : lists) set.add(*list, i);
        if (!set.fits() || !prepare(i, set)) {
            call.left.append(i);
            continue;
        }
        if (set.value().itemsize() == sizeof(float))
            call.f32.parameters.push_back(set.memory<float>());
        else
            call.f64.parameters.push_back(set.memory<double>());
        for (std::size_t k = 0; k < set.count; ++k) call.held.push_back(*std::move(set.arrays[k]));
    }
}

// sgd_step(parameters, grads, momenta, lr, momentum, dampening, weight_decay, nesterov, maximize)
py::object sgd_step(PyObject* const* values, Py_ssize_t count) {
    const Arguments arguments("sgd_step", values, count, 9, 9);
    sgd_calls.count();
    const Arrays parameters(values[0], "parameters");
    const Arrays grads(values[1], "grads");
    const Arrays momenta(arguments[2], "momenta");
    const SgdStep step{arguments.number(3), arguments.number(4), 1 - arguments.number(5),
                       arguments.number(6), arguments.flag(7),   arguments.flag(8)};
    Call call;
    collect(call, {&parameters, &grads, &momenta}, [](std::size_t, const ArraySet&) { return true; });
    {
        const py::gil_scoped_release released;
        runtime::move(call.f32.parameters, step);
        runtime::move(call.f64.parameters, step);
    }
    return std::move(call.left);
}

// adam_step(parameters, grads, means, squares, largest, steps, lr, beta1, beta2, eps, weight_decay,
// decoupled, maximize)
py::object adam_step(PyObject* const* values, Py_ssize_t count) {
    const Arguments arguments("adam_step", values, count, 13, 13);
    adam_calls.count();
    const Arrays parameters(values[0], "parameters");
    const Arrays grads(values[1], "grads");
    const Arrays means(values[2], "means");
    const Arrays squares(values[3], "squares");
    const Arrays largest(arguments[4], "largest");
    const Arrays steps(values[5], "steps");
    steps.check_size(parameters);
    const double rate = arguments.number(6), beta1 = arguments.number(7), beta2 = arguments.number(8);
    const double eps = arguments.number(9), decay = arguments.number(10);
    const bool decoupled = arguments.flag(11), maximize = arguments.flag(12);
    Call call;
    AdamStep step{};
    float counted =
        std::numeric_limits<float>::quiet_NaN();  // the step's number, which parameters mostly share
    collect(call, {&parameters, &grads, &means, &squares, &largest}, [&](std::size_t i, const ArraySet& set) {
        py::array number = steps[i];
        if (number.ndim() != 0 || number.dtype().num() != py::dtype::num_of<float>() ||
            !is_contiguous(number) || !number.writeable())
            return false;
        auto* const place = static_cast<float*>(number.mutable_data());
        if (*place + 1 != counted) {
            counted = *place + 1;
            step = runtime::adam_step(counted, rate, beta1, beta2, eps, decay, decoupled, maximize);
        }
        *place += 1;
        (set.value().itemsize() == sizeof(float) ? call.f32.steps : call.f64.steps).push_back(step);
        return true;
    });
    {
        const py::gil_scoped_release released;
        runtime::move(call.f32.parameters, call.f32.steps);
        runtime::move(call.f64.parameters, call.f64.steps);
    }
    return std::move(call.left);
}

PyMethodDef methods[] = {
    fastcall_method<sgd_step>("sgd_step",
                              "sgd_step(parameters, grads, momenta, lr, momentum, dampening, weight_decay, "
                              "nesterov, maximize, /)\n--\n\n"
                              "One step of gradient descent; returns the positions it left alone."),
    fastcall_method<adam_step>("adam_step",
                               "adam_step(parameters, grads, means, squares, largest, steps, lr, beta1, "
                               "beta2, eps, weight_decay, decoupled, maximize, /)\n--\n\n"
                               "One step of Adam; returns the positions it left alone."),
    {}};

}  // namespace

void register_optimizer(py::module_& module) {
    if (PyModule_AddFunctions(module.ptr(), methods) < 0) throw py::error_already_set();
}

}  // namespace fastinit::bindings
