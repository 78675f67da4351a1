#include <optional>

#include "bindings/activations.hpp"
#include "bindings/arrays.hpp"
#include "bindings/blas.hpp"
#include "bindings/fastcall.hpp"
#include "bindings/tape/layers.hpp"
#include "bindings/tape/rule.hpp"
#include "runtime/calls.hpp"
#include "runtime/dense.hpp"

// A linear layer with its activation: one call forward, checks and record included, and one backward.
namespace fastinit::bindings::tape {
namespace {

runtime::CallCounter linear_calls("linear");
runtime::CallCounter linear_backward_calls("linear_backward");

using kernels::Activation;
using runtime::Vector;

// Smaller products are done before another thread could have taken the interpreter.
constexpr Index worth_releasing = 1 << 15;

class Released {
  public:
    explicit Released(bool worth_it) : state_(worth_it ? PyEval_SaveThread() : nullptr) {}
    Released(const Released&) = delete;
    Released& operator=(const Released&) = delete;
    ~Released() {
        if (state_) PyEval_RestoreThread(state_);
    }

  private:
    PyThreadState* state_;
};

template <class T>
Vector<T> as_vector(const Matrix<T>& matrix) {
    return {matrix.data, matrix.column};
}

py::array array_of(PyObject* variable) {
    return py::reinterpret_borrow<py::array>(as_variable(variable)->array);
}

// Where the compiled product writes the gradient of a parameter.
struct Destination {
    py::array array = no_array();
    bool accumulate = false;
    bool returned = true;  // the array goes on along the edge; else it is the memory of .grad already

    // `variable` is a leaf that requires grad, or the result of another operation.
    Destination(PyObject* object, const py::array& like, bool accumulating) {
        Variable* const leaf = as_variable(object);
        const bool direct = accumulating && leaf->requires_grad && is_none(leaf->node) &&
                            is_none(leaf->view) && is_none(leaf->hooks) && is_none(leaf->post_hooks) &&
                            (like.flags() & py::array::c_style) != 0;
        if (direct && !is_none(leaf->grad) && holds_memory(leaf->grad, like)) {
            count_write(as_variable(leaf->grad));
            array = array_of(leaf->grad);
            accumulate = true;
            returned = false;
            return;
        }
        array = empty_like(like);
        if (!direct || !is_none(leaf->grad)) return;
        put(leaf->grad, wrap_array(array));
        returned = false;
    }

    // Whether the gradient there is can be added to by a product: a user may have put any tensor there.
    static bool holds_memory(PyObject* grad, const py::array& like) {
        if (!is_plain_array(as_variable(grad)->array)) return false;
        const py::array held = array_of(grad);
        return held.writeable() && (held.flags() & (py::array::c_style | py::array::f_style)) != 0 &&
               well_behaved(held) && held.dtype().num() == like.dtype().num() && held.ndim() == like.ndim() &&
               std::equal(like.shape(), like.shape() + like.ndim(), held.shape());
    }
};

class LinearRule final : public Rule {
  public:
    LinearRule(PyObject* input, PyObject* weight, PyObject* bias, bool wants_input, bool wants_weight,
               bool wants_bias, std::optional<Activation> activation, const py::array& result,
               Variable* output)
        : x_(array_of(input)),
          weight_array_(array_of(weight)),
          bias_array_(bias ? array_of(bias) : no_array()),
          weight_(py::reinterpret_borrow<py::object>(weight)),
          bias_(py::reinterpret_borrow<py::object>(bias ? bias : nullptr)),
          wants_{wants_input, wants_weight, wants_bias},
          activation_(activation),
          versions_{Version(as_variable(input)), Version(as_variable(weight)), Version()} {
        if (!activation) return;
        result_ = result;
        versions_[2] = Version(output);
    }

    std::size_t inputs() const override { return bias_ ? 3 : 2; }

    bool saves() const override { return true; }

    const Version* changed() const override {
        for (const Version& version : versions_)
            if (!version.is_current()) return &version;
        return nullptr;
    }

    Gradients gradients(py::array grad, bool accumulating) override {
        linear_backward_calls.count();
        return x_.dtype().num() == py::dtype::num_of<float>()
                   ? compute<float>(std::move(grad), accumulating)
                   : compute<double>(std::move(grad), accumulating);
    }

    int traverse(visitproc visit, void* argument) const override {
        if (const int stopped = visit(weight_.ptr(), argument)) return stopped;
        return bias_ ? visit(bias_.ptr(), argument) : 0;
    }

  private:
    // Whether the array may be written over: whoever calls holds the one reference to it.
    static bool is_ours(const py::array& grad) {
        return grad.ref_count() == 1 && owns_memory(grad) && grad.writeable() &&
               (grad.flags() & py::array::c_style) != 0;
    }

    template <class T>
    Gradients compute(py::array grad, bool accumulating) {
        const Index rows = leading_size(x_);
        const Index in = weight_array_.shape(1);
        const Index out = weight_array_.shape(0);
        Gradients results;
        std::optional<Destination> to_weight;
        std::optional<Destination> to_bias;
        py::array grad_x = no_array();
        py::array before =
            no_array();  // the activation: in the place of the gradient where nobody else can see that
        if (activation_) before = is_ours(grad) ? grad : empty_like(result_);
        if (wants_[0]) grad_x = empty_like(x_);
        if (wants_[1]) to_weight.emplace(weight_.ptr(), weight_array_, accumulating);
        if (wants_[2]) to_bias.emplace(bias_.ptr(), bias_array_, accumulating);
        const runtime::LinearBackward<T> layer{
            rows,
            in,
            out,
            readable_matrix<T>(grad),
            readable_matrix<T>(x_),
            readable_matrix<T>(weight_array_),
            wants_[0] ? writable_matrix<T>(grad_x, "grad_x") : Matrix<T>{},
            to_weight ? writable_matrix<T>(to_weight->array, "weight.grad") : Matrix<T>{},
            to_bias ? as_vector(writable_matrix<T>(to_bias->array, "bias.grad")) : Vector<T>{},
            to_weight && to_weight->accumulate,
            to_bias && to_bias->accumulate,
            activation_ ? &*activation_ : nullptr,
            activation_ ? static_cast<const T*>(result_.data()) : nullptr,
            activation_ ? static_cast<T*>(before.mutable_data()) : nullptr};
        find_blas_for(rows, out, in);
        {
            const Released released(rows * in * out >= worth_releasing);
            runtime::linear_backward(layer);
        }
        if (wants_[0]) results[0] = std::move(grad_x);
        if (to_weight && to_weight->returned) results[1] = std::move(to_weight->array);
        if (to_bias && to_bias->returned) results[2] = std::move(to_bias->array);
        return results;
    }

    py::array x_;
    py::array weight_array_,
        bias_array_;                 // as they were: a user may set their .data before the backward pass
    py::array result_ = no_array();  // where there is an activation
    py::object weight_;
    py::object bias_;  // null for none
    bool wants_[3];
    std::optional<Activation> activation_;
    Version versions_[3];
};

// PyTorch's name for the node: it makes rows of other than two dimensions, and its graph shows the view back.
PyObject* node_name(std::optional<Activation> activation, py::ssize_t dimensions, bool has_bias) {
    static PyObject* const names[] = {
        PyUnicode_InternFromString("ReluBackward0"),    PyUnicode_InternFromString("SigmoidBackward0"),
        PyUnicode_InternFromString("TanhBackward0"),    PyUnicode_InternFromString("AddmmBackward0"),
        PyUnicode_InternFromString("MmBackward0"),      PyUnicode_InternFromString("ViewBackward0"),
        PyUnicode_InternFromString("SqueezeBackward4"), PyUnicode_InternFromString("UnsafeViewBackward0")};
    if (activation)
        return names[*activation == Activation::relu ? 0 : *activation == Activation::sigmoid ? 1 : 2];
    if (dimensions == 2) return names[has_bias ? 3 : 4];
    if (dimensions == 1) return names[has_bias ? 5 : 6];
    return names[has_bias ? 5 : 7];
}

template <class T>
py::object forward(PyObject* input, PyObject* weight, PyObject* bias, std::optional<Activation> activation) {
    py::array x = array_of(input);
    py::array w = array_of(weight);
    py::array b = bias ? array_of(bias) : no_array();
    const Index rows = leading_size(x);
    const Index in = w.shape(1);
    const Index out = w.shape(0);
    std::vector<py::ssize_t> shape(x.shape(), x.shape() + x.ndim());
    shape.back() = out;
    py::array result = empty(x, shape);
    const runtime::Linear<T> layer{rows,
                                   in,
                                   out,
                                   readable_matrix<T>(x),
                                   readable_matrix<T>(w),
                                   bias ? as_vector(readable_matrix<T>(b)) : Vector<const T>{},
                                   activation ? &*activation : nullptr,
                                   static_cast<T*>(result.mutable_data())};
    find_blas_for(rows, out, in);
    {
        const Released released(rows * in * out >= worth_releasing);
        runtime::linear(layer);
    }
    py::object tensor = wrap_array(result);
    if (!recording()) return tensor;
    Edges<3> edges({input, weight, bias ? bias : input});
    if (!(edges.wanted(0) || edges.wanted(1) || (bias && edges.wanted(2)))) return tensor;
    auto rule =
        std::make_unique<LinearRule>(input, weight, bias, edges.wanted(0), edges.wanted(1),
                                     bias && edges.wanted(2), activation, result, as_variable(tensor.ptr()));
    static PyObject* const nothing = PyTuple_New(0);
    put(as_variable(tensor.ptr())->node,
        new_node(node_name(activation, x.ndim(), bias), edges.tuple(bias ? 3 : 2),
                 backward_of(std::move(rule)), py::reinterpret_borrow<py::object>(nothing)));
    return tensor;
}

bool fits(const py::array& x, const py::array& w, PyObject* bias) {
    if (x.ndim() < 1 || w.ndim() != 2 || x.shape(x.ndim() - 1) != w.shape(1)) return false;
    const int type = x.dtype().num();
    if ((type != py::dtype::num_of<float>() && type != py::dtype::num_of<double>()) ||
        w.dtype().num() != type)
        return false;
    if (!bias) return true;
    const py::array b = array_of(bias);
    return b.dtype().num() == type && b.ndim() == 1 && b.shape(0) == w.shape(0);
}

}  // namespace

// linear_layer(input, weight, bias, activation): a tensor, or None where the operands are not what it takes.
py::object linear_layer(PyObject* const* values, Py_ssize_t count) {
    const Arguments arguments("linear_layer", values, count, 3, 4);
    PyObject* const input = values[0];
    PyObject* const weight = values[1];
    PyObject* const bias = arguments[2];
    for (PyObject* operand : {input, weight, bias})
        if (operand && (!is_variable(operand) || !is_plain_array(as_variable(operand)->array)))
            return py::none();
    const py::array x = array_of(input);
    if (!fits(x, array_of(weight), bias)) return py::none();
    linear_calls.count();
    const auto activation = arguments[3] ? activation_named(arguments[3]) : std::nullopt;
    return x.dtype().num() == py::dtype::num_of<float>() ? forward<float>(input, weight, bias, activation)
                                                         : forward<double>(input, weight, bias, activation);
}

}  // namespace fastinit::bindings::tape
