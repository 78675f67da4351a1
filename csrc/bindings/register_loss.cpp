#include <optional>
#include <string>

#include "bindings/arrays.hpp"
#include "bindings/fastcall.hpp"
#include "bindings/register.hpp"
#include "runtime/calls.hpp"
#include "runtime/loss.hpp"

namespace fastinit::bindings {
namespace {

runtime::CallCounter cross_entropy_calls("cross_entropy");
runtime::CallCounter cross_entropy_backward_calls("cross_entropy_backward");
runtime::CallCounter mse_calls("mse_loss");
runtime::CallCounter mse_backward_calls("mse_loss_backward");

using kernels::Classes;

enum class Reduction { none, mean, sum };

Reduction reduction_named(PyObject* name) {
    if (PyUnicode_Check(name)) {
        if (PyUnicode_CompareWithASCIIString(name, "mean") == 0) return Reduction::mean;
        if (PyUnicode_CompareWithASCIIString(name, "sum") == 0) return Reduction::sum;
        if (PyUnicode_CompareWithASCIIString(name, "none") == 0) return Reduction::none;
    }
    throw py::value_error(std::string(py::str(name)) + " is not a valid value for reduction");
}

template <class T>
T* data_of(py::array& array) {
    return static_cast<T*>(array.mutable_data());
}

template <class T>
const T* data_of(const py::array& array) {
    return static_cast<const T*>(array.data());
}

bool same_kind(const py::array& a, const py::array& b) {
    return a.dtype().num() == b.dtype().num() && a.ndim() == b.ndim() &&
           std::equal(a.shape(), a.shape() + a.ndim(), b.shape());
}

// The gradient of a loss: one number, or one for each of `size` elements.
struct LossGradient {
    py::array array = no_array();
    Index stride;

    LossGradient(PyObject* object, const py::array& like, Index size, const char* function)
        : array(contiguous(array_argument(object, "grad"))), stride(array.ndim() == 0 ? 0 : 1) {
        if (array.dtype().num() != like.dtype().num() || (stride != 0 && array.size() != size))
            throw py::value_error(std::string(function) + ": grad fits neither the loss nor its elements");
    }
};

// Rows of logits with their classes, which are int64.
struct Rows {
    py::array target = no_array();
    Classes classes;

    Rows(const py::array& x, PyObject* object, std::int64_t ignored, const char* function)
        : target(contiguous(array_argument(object, "target"))) {
        if (x.ndim() != 2 || x.shape(1) == 0 || target.ndim() != 1 || target.shape(0) != x.shape(0) ||
            target.dtype().num() != py::dtype::num_of<std::int64_t>())
            throw py::value_error(std::string(function) +
                                  ": expected rows of logits, and for each row an int64 class");
        classes = {data_of<std::int64_t>(std::as_const(target)), ignored, x.shape(0), x.shape(1)};
    }

    // How many rows count. Raises IndexError where one of them has no such class.
    Index kept() const {
        Index kept = 0;
        for (Index i = 0; i < classes.rows; ++i) {
            const std::int64_t at = classes.target[i];
            if (at == classes.ignored) continue;
            if (at < 0 || at >= classes.columns)
                throw py::index_error("Target " + std::to_string(at) + " is out of bounds.");
            ++kept;
        }
        return kept;
    }
};

// cross_entropy(x, target, ignore_index, reduction, keep)
py::object cross_entropy(PyObject* const* values, Py_ssize_t count) {
    const Arguments arguments("cross_entropy", values, count, 5, 5);
    cross_entropy_calls.count();
    const py::array x = contiguous(array_argument(values[0], "x"));
    const Rows rows(x, values[1], arguments.integer(2), "cross_entropy");
    const Reduction reduction = reduction_named(values[3]);
    const bool keep = arguments.flag(4);
    const Index kept = rows.kept();
    return with_element_type(x, "cross_entropy", [&]<class T>() -> py::object {
        std::optional<py::array> exponentials;
        if (keep) exponentials = empty_like(x);
        const py::ssize_t shape[] = {rows.classes.rows};
        py::array sums = empty(x, shape);
        py::array losses = empty(x, shape);
        T* const each = data_of<T>(losses);
        double total = 0;
        {
            T* const stored = exponentials ? data_of<T>(*exponentials) : nullptr;
            T* const row_sums = data_of<T>(sums);
            const py::gil_scoped_release released;
            runtime::cross_entropy(rows.classes, data_of<T>(x), stored, row_sums, each);
            if (reduction != Reduction::none)
                for (Index i = 0; i < rows.classes.rows; ++i) total += double(each[i]);
        }
        py::array loss = losses;
        if (reduction != Reduction::none) {
            loss = empty(x, {});
            *data_of<T>(loss) = T(reduction == Reduction::sum ? total : total / double(kept));
        }
        if (!exponentials) return py::make_tuple(loss, kept, py::none(), py::none());
        return py::make_tuple(loss, kept, *exponentials, sums);
    });
}

// cross_entropy_backward(exponentials, sums, target, ignore_index, grad, divisor)
py::object cross_entropy_backward(PyObject* const* values, Py_ssize_t count) {
    const Arguments arguments("cross_entropy_backward", values, count, 6, 6);
    cross_entropy_backward_calls.count();
    const py::array exponentials = contiguous(array_argument(values[0], "exponentials"));
    const py::array sums = contiguous(array_argument(values[1], "sums"));
    const Rows rows(exponentials, values[2], arguments.integer(3), "cross_entropy_backward");
    rows.kept();  // the target may have been changed, and a wrong class would be written to
    const LossGradient grad(values[4], exponentials, rows.classes.rows, "cross_entropy_backward");
    const double divisor = arguments.number(5);
    if (sums.ndim() != 1 || sums.shape(0) != rows.classes.rows ||
        sums.dtype().num() != exponentials.dtype().num())
        throw py::value_error("cross_entropy_backward: expected a sum for each row");
    py::array result = empty_like(exponentials);
    with_element_type(exponentials, "cross_entropy_backward", [&]<class T>() {
        T* const out = data_of<T>(result);
        const py::gil_scoped_release released;
        runtime::cross_entropy_backward(rows.classes, data_of<T>(exponentials), data_of<T>(sums),
                                        data_of<T>(grad.array), grad.stride, T(divisor), out);
    });
    return result;
}

// Two arrays of one dtype and shape.
struct Pair {
    py::array x, y;

    Pair(PyObject* const* values, const char* function)
        : x(contiguous(array_argument(values[0], "x"))), y(contiguous(array_argument(values[1], "y"))) {
        if (!same_kind(x, y))
            throw py::value_error(std::string(function) + ": x and y differ in dtype or shape");
    }
};

// mse_loss(x, y, reduction)
py::object mse_loss(PyObject* const* values, Py_ssize_t count) {
    const Arguments arguments("mse_loss", values, count, 3, 3);
    mse_calls.count();
    const Pair pair(values, "mse_loss");
    const Reduction reduction = reduction_named(values[2]);
    return with_element_type(pair.x, "mse_loss", [&]<class T>() -> py::object {
        const auto* x = data_of<T>(pair.x);
        const auto* y = data_of<T>(pair.y);
        const Index size = pair.x.size();
        py::array loss = reduction == Reduction::none ? empty_like(pair.x) : empty(pair.x, {});
        T* const out = data_of<T>(loss);
        {
            const py::gil_scoped_release released;
            if (reduction == Reduction::none)
                runtime::squares(x, y, out, size);
            else
                *out = T(runtime::sum_of_squares(x, y, size) /
                         (reduction == Reduction::mean ? double(size) : 1.0));
        }
        return loss;
    });
}

// mse_loss_backward(x, y, grad, divisor)
py::object mse_loss_backward(PyObject* const* values, Py_ssize_t count) {
    const Arguments arguments("mse_loss_backward", values, count, 4, 4);
    mse_backward_calls.count();
    const Pair pair(values, "mse_loss_backward");
    const LossGradient grad(values[2], pair.x, pair.x.size(), "mse_loss_backward");
    const double divisor = arguments.number(3);
    py::array result = empty_like(pair.x);
    with_element_type(pair.x, "mse_loss_backward", [&]<class T>() {
        T* const out = data_of<T>(result);
        const py::gil_scoped_release released;
        runtime::squares_backward(data_of<T>(pair.x), data_of<T>(pair.y), data_of<T>(grad.array), grad.stride,
                                  T(divisor), out, pair.x.size());
    });
    return result;
}

PyMethodDef methods[] = {
    fastcall_method<cross_entropy>("cross_entropy",
                                   "cross_entropy(x, target, ignore_index, reduction, keep, /)\n--\n\n"
                                   "The loss, the rows that count, and what its gradient is made of."),
    fastcall_method<cross_entropy_backward>(
        "cross_entropy_backward",
        "cross_entropy_backward(exponentials, sums, target, ignore_index, grad, divisor, /)\n--\n\n"
        "The gradient of the logits."),
    fastcall_method<mse_loss>("mse_loss",
                              "mse_loss(x, y, reduction, /)\n--\n\nThe squared differences, reduced."),
    fastcall_method<mse_loss_backward>("mse_loss_backward",
                                       "mse_loss_backward(x, y, grad, divisor, /)\n--\n\nThe gradient of x."),
    {}};

}  // namespace

void register_loss(py::module_& module) {
    if (PyModule_AddFunctions(module.ptr(), methods) < 0) throw py::error_already_set();
}

}  // namespace fastinit::bindings
