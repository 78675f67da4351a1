#include "bindings/activations.hpp"
#include "bindings/arrays.hpp"
#include "bindings/blas.hpp"
#include "bindings/fastcall.hpp"
#include "bindings/register.hpp"
#include "runtime/blas.hpp"
#include "runtime/calls.hpp"
#include "runtime/dense.hpp"

namespace fastinit::bindings {
namespace {

runtime::CallCounter linear_calls("linear");
runtime::CallCounter linear_backward_calls("linear_backward");
runtime::CallCounter matmul_calls("matmul");

using kernels::Activation;
using kernels::Product;
using runtime::BlasUse;
using runtime::Vector;

[[noreturn]] void runtime_error(const std::string& message) {
    PyErr_SetString(PyExc_RuntimeError, message.c_str());
    throw py::error_already_set();
}

template <class T>
Vector<T> as_vector(const Matrix<T>& matrix) {
    return {matrix.data, matrix.column};
}

void check_features(const py::array& x, Index rows, const py::array& weight, bool has_bias) {
    if (x.shape(x.ndim() - 1) != weight.shape(1))
        runtime_error("mat1 and mat2 shapes cannot be multiplied (" +
                      shape_text(rows, x.shape(x.ndim() - 1)) + " and " +
                      shape_text(weight.shape(1), weight.shape(0)) + ")");
    if (x.dtype().num() != weight.dtype().num())
        runtime_error(has_bias ? "mat1 and mat2 must have the same dtype, but got " + dtype_name(x) +
                                     " and " + dtype_name(weight)
                               : "expected m1 and m2 to have the same dtype, but got: " + c_type_name(x) +
                                     " != " + c_type_name(weight));
}

void check_bias(const py::array& bias, Index rows, const py::array& weight) {
    if (bias.dtype().num() != weight.dtype().num())
        runtime_error("self and mat2 must have the same dtype, but got " + dtype_name(bias) + " and " +
                      dtype_name(weight));
    const Index out = weight.shape(0);
    if (bias.ndim() != 1 || bias.shape(0) != out)
        runtime_error(
            "The expanded size of the tensor (" + std::to_string(out) + ") must match the existing size (" +
            std::to_string(bias.ndim() ? bias.shape(bias.ndim() - 1) : 0) +
            ") at non-singleton dimension 1.  Target sizes: [" + std::to_string(rows) + ", " +
            std::to_string(out) + "].  Tensor sizes: " + std::string(py::str(py::list(bias.attr("shape")))));
}

// linear(x, weight, bias=None, activation="none")
py::object linear(PyObject* const* values, Py_ssize_t count) {
    const Arguments arguments("linear", values, count, 2, 4);
    linear_calls.count();
    py::array x = array_argument(arguments[0], "x");
    py::array weight = array_argument(arguments[1], "weight");
    if (x.ndim() < 1 || weight.ndim() != 2)
        runtime_error("linear: x must have at least 1 dimension and weight 2, but they have " +
                      std::to_string(x.ndim()) + " and " + std::to_string(weight.ndim()));
    const Index rows = leading_size(x);
    py::array bias = no_array();
    if (arguments[2]) {
        bias = array_argument(arguments[2], "bias");
        check_bias(bias, rows, weight);
    }
    check_features(x, rows, weight, arguments[2] != nullptr);
    const auto activation = arguments[3] ? activation_named(arguments[3]) : std::nullopt;

    return with_element_type(x, "linear", [&]<class T>() -> py::object {
        const Index in = weight.shape(1);
        const Index out = weight.shape(0);
        std::vector<py::ssize_t> shape(x.shape(), x.shape() + x.ndim());
        shape.back() = out;
        py::array result = empty(x, shape);
        const runtime::Linear<T> layer{rows,
                                       in,
                                       out,
                                       readable_matrix<T>(x),
                                       readable_matrix<T>(weight),
                                       arguments[2] ? as_vector(readable_matrix<T>(bias)) : Vector<const T>{},
                                       activation ? &*activation : nullptr,
                                       static_cast<T*>(result.mutable_data())};
        find_blas_for(rows, out, in);
        {
            const py::gil_scoped_release released;
            runtime::linear(layer);
        }
        return result;
    });
}

void check_shape(const py::array& array, const char* name, const py::array& like,
                 const std::vector<py::ssize_t>& shape) {
    if (array.dtype().num() != like.dtype().num())
        runtime_error(std::string("linear_backward: ") + name + " must have the dtype " + dtype_name(like) +
                      ", but got " + dtype_name(array));
    if (array.ndim() == static_cast<py::ssize_t>(shape.size()) &&
        std::equal(shape.begin(), shape.end(), array.shape()))
        return;
    runtime_error(std::string("linear_backward: ") + name + " must have the shape " +
                  std::string(py::str(py::cast(shape))) + ", but got " +
                  std::string(py::str(py::list(array.attr("shape")))));
}

// linear_backward(grad_output, x, weight, grad_x, grad_weight, grad_bias, accumulate_weight=False,
// accumulate_bias=False,
//                 activation="none", output=None)
py::object linear_backward(PyObject* const* values, Py_ssize_t count) {
    const Arguments arguments("linear_backward", values, count, 6, 10);
    linear_backward_calls.count();
    py::array grad = array_argument(arguments[0], "grad_output");
    py::array x = array_argument(arguments[1], "x");
    py::array weight = array_argument(arguments[2], "weight");
    const auto optional_array = [&](Py_ssize_t i, const char* name) {
        return arguments[i] ? std::optional(array_argument(arguments[i], name)) : std::nullopt;
    };
    auto grad_x = optional_array(3, "grad_x");
    auto grad_weight = optional_array(4, "grad_weight");
    auto grad_bias = optional_array(5, "grad_bias");
    auto output = optional_array(9, "output");
    py::array before = no_array();  // the activation
    const auto activation = arguments[8] ? activation_named(arguments[8]) : std::nullopt;

    if (x.ndim() < 1 || weight.ndim() != 2)
        runtime_error("linear_backward: x must have at least 1 dimension and weight 2, but they have " +
                      std::to_string(x.ndim()) + " and " + std::to_string(weight.ndim()));
    const Index rows = leading_size(x);
    const Index in = weight.shape(1);
    const Index out = weight.shape(0);
    check_features(x, rows, weight, false);
    std::vector<py::ssize_t> shape(x.shape(), x.shape() + x.ndim());
    if (grad_x) check_shape(*grad_x, "grad_x", x, shape);
    shape.back() = out;
    check_shape(grad, "grad_output", x, shape);
    if (grad_weight) check_shape(*grad_weight, "grad_weight", x, {out, in});
    if (grad_bias) check_shape(*grad_bias, "grad_bias", x, {out});
    if (activation) {
        if (!output || (*activation != Activation::relu && *activation != Activation::sigmoid &&
                        *activation != Activation::tanh))
            throw py::value_error(
                "linear_backward: the gradient of relu, sigmoid and tanh alone can be taken from output");
        check_shape(*output, "output", x, shape);
        output = contiguous(*output);
        before = empty_like(*output);
    }

    with_element_type(x, "linear_backward", [&]<class T>() {
        const runtime::LinearBackward<T> layer{
            rows,
            in,
            out,
            readable_matrix<T>(grad),
            readable_matrix<T>(x),
            readable_matrix<T>(weight),
            grad_x ? writable_matrix<T>(*grad_x, "grad_x") : Matrix<T>{},
            grad_weight ? writable_matrix<T>(*grad_weight, "grad_weight") : Matrix<T>{},
            grad_bias ? as_vector(writable_matrix<T>(*grad_bias, "grad_bias")) : Vector<T>{},
            arguments.flag(6),
            arguments.flag(7),
            activation ? &*activation : nullptr,
            activation ? static_cast<const T*>(output->data()) : nullptr,
            activation ? static_cast<T*>(before.mutable_data()) : nullptr};
        find_blas_for(rows, out, in);
        const py::gil_scoped_release released;
        runtime::linear_backward(layer);
    });
    return py::none();
}

// The leading dimensions of two stacks of matrices, broadcast against each other.
struct Batch {
    std::vector<py::ssize_t> shape;
    std::vector<py::ssize_t> steps[2];  // of a and of b, in bytes; 0 where a dimension is repeated
    Index size = 1;

    Batch(const py::array& a, const py::array& b) {
        const py::ssize_t dimensions = std::max(a.ndim(), b.ndim()) - 2;
        for (py::ssize_t d = 0; d < dimensions; ++d) {
            py::ssize_t extent[2] = {1, 1};
            py::ssize_t step[2] = {0, 0};
            for (int operand : {0, 1}) {
                const py::array& array = operand == 0 ? a : b;
                const py::ssize_t own = d - (dimensions - (array.ndim() - 2));
                if (own < 0 || array.shape(own) == 1) continue;
                extent[operand] = array.shape(own);
                step[operand] = array.strides(own);
            }
            if (extent[0] != extent[1] && extent[0] != 1 && extent[1] != 1)
                runtime_error("The size of tensor a (" + std::to_string(extent[0]) +
                              ") must match the size of tensor b (" + std::to_string(extent[1]) +
                              ") at non-singleton dimension " + std::to_string(d));
            shape.push_back(extent[0] == 1 ? extent[1] : extent[0]);
            for (int operand : {0, 1}) steps[operand].push_back(step[operand]);
            size *= shape.back();
        }
    }

    // How many bytes into its operand the i-th matrix begins.
    py::ssize_t offset(Index i, int operand) const {
        py::ssize_t bytes = 0;
        for (std::size_t d = shape.size(); d-- > 0; i /= shape[d]) bytes += i % shape[d] * steps[operand][d];
        return bytes;
    }
};

// The i-th matrix of a stack.
template <class T>
Matrix<const T> matrix_of(const py::array& stack, py::ssize_t offset) {
    constexpr py::ssize_t size = sizeof(T);
    return {reinterpret_cast<const T*>(static_cast<const char*>(stack.data()) + offset),
            stack.strides(stack.ndim() - 2) / size, stack.strides(stack.ndim() - 1) / size};
}

// matmul(a, b)
py::object matmul(PyObject* const* values, Py_ssize_t count) {
    const Arguments arguments("matmul", values, count, 2, 2);
    matmul_calls.count();
    py::array a = array_argument(values[0], "a");
    py::array b = array_argument(values[1], "b");
    if (a.ndim() < 2 || b.ndim() < 2)
        runtime_error("matmul: a and b must have at least 2 dimensions, but they have " +
                      std::to_string(a.ndim()) + " and " + std::to_string(b.ndim()));
    const bool one_product = b.ndim() == 2;  // a stack times one matrix: all its rows at once
    const Batch batch(a, b);
    const Index m = one_product ? leading_size(a) : a.shape(a.ndim() - 2);
    const Index k = a.shape(a.ndim() - 1);
    const Index n = b.shape(b.ndim() - 1);
    const Index depth = b.shape(b.ndim() - 2);
    if (k != depth && one_product)
        runtime_error("mat1 and mat2 shapes cannot be multiplied (" + shape_text(m, k) + " and " +
                      shape_text(depth, n) + ")");
    if (k != depth)
        runtime_error("Expected size for first two dimensions of batch2 tensor to be: [" +
                      std::to_string(batch.size) + ", " + std::to_string(k) + "] but got: [" +
                      std::to_string(batch.size) + ", " + std::to_string(depth) + "].");
    if (a.dtype().num() != b.dtype().num())
        runtime_error(one_product ? "expected m1 and m2 to have the same dtype, but got: " + c_type_name(a) +
                                        " != " + c_type_name(b)
                                  : "expected scalar type " + dtype_name(a) + " but found " + dtype_name(b));
    return with_element_type(a, "matmul", [&]<class T>() -> py::object {
        std::vector<py::ssize_t> shape = batch.shape;
        shape.push_back(a.shape(a.ndim() - 2));
        shape.push_back(n);
        py::array result = empty(a, shape);
        auto* out = static_cast<T*>(result.mutable_data());
        find_blas_for(m, n, k);
        if (one_product) {
            const Product<T> product{m,           n,    k, readable_matrix<T>(a), readable_matrix<T>(b),
                                     {out, n, 1}, false};
            const py::gil_scoped_release released;
            runtime::multiply(product);
            return result;
        }
        if (!well_behaved(a)) a = contiguous(a);
        if (!well_behaved(b)) b = contiguous(b);
        const Batch stacks(a, b);
        const py::gil_scoped_release released;
        for (Index i = 0; i < stacks.size; ++i)
            runtime::multiply(Product<T>{m,
                                         n,
                                         k,
                                         matrix_of<T>(a, stacks.offset(i, 0)),
                                         matrix_of<T>(b, stacks.offset(i, 1)),
                                         {out + i * m * n, n, 1},
                                         false});
        return result;
    });
}

std::string blas() {
    find_blas();
    return runtime::blas_config();
}

void use_blas(const std::string& use) {
    if (use == "auto")
        runtime::set_blas_use(BlasUse::automatic);
    else if (use == "none")
        runtime::set_blas_use(BlasUse::none);
    else if (use == "openblas")
        runtime::set_blas_use(BlasUse::openblas);
    else
        throw py::value_error("use_blas: expected auto, none or openblas, got '" + use + "'");
}

PyMethodDef methods[] = {
    fastcall_method<linear>("linear",
                            "linear(x, weight, bias=None, activation='none', /)\n--\n\n"
                            "activation(x @ weight.T + bias), as a new array."),
    fastcall_method<linear_backward>(
        "linear_backward",
        "linear_backward(grad_output, x, weight, grad_x, grad_weight, grad_bias, "
        "accumulate_weight=False, accumulate_bias=False, activation='none', output=None, "
        "/)\n--\n\nThe gradients of linear, written or added into the arrays given."),
    fastcall_method<matmul>("matmul", "matmul(a, b, /)\n--\n\na @ b, stacks of matrices included."),
    {}};

}  // namespace

void register_dense(py::module_& module) {
    if (PyModule_AddFunctions(module.ptr(), methods) < 0) throw py::error_already_set();
    module.def("blas", &blas);
    module.def("peak_rate", &runtime::peak_rate, py::call_guard<py::gil_scoped_release>());
    module.def("use_blas", &use_blas);
    runtime::blas_use();  // a wrong FASTINIT_BLAS is told at import, not at the first product
}

}  // namespace fastinit::bindings
