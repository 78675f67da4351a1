#include "bindings/arrays.hpp"
#include "bindings/fastcall.hpp"
#include "bindings/register.hpp"
#include "bindings/tape/layers.hpp"
#include "bindings/tape/rule.hpp"

// The sum of all elements: what a loss mostly ends with.
namespace fastinit::bindings::tape {
namespace {

// Small tensors alone: NumPy is as quick with others.
constexpr py::ssize_t largest = 128;

class SumRule final : public Rule {
  public:
    explicit SumRule(const py::array& summed) : shape_(summed.shape(), summed.shape() + summed.ndim()) {}

    std::size_t inputs() const override { return 1; }
    bool saves() const override { return false; }

    // The one number, repeated by strides of zero.
    Gradients gradients(py::array grad, bool) override {
        Gradients results;
        results[0] =
            py::array(grad.dtype(), shape_, std::vector<py::ssize_t>(shape_.size(), 0), grad.data(), grad);
        return results;
    }

    int traverse(visitproc, void*) const override { return 0; }

  private:
    std::vector<py::ssize_t> shape_;
};

// As NumPy adds up to 128 numbers: eight sums side by side.
template <class T>
T sum(const T* x, py::ssize_t size) {
    T total = 0;
    py::ssize_t i = 0;
    if (size >= 8) {
        T r[8];
        for (int j = 0; j < 8; ++j) r[j] = x[j];
        for (i = 8; i + 8 <= size; i += 8)
            for (int j = 0; j < 8; ++j) r[j] += x[i + j];
        total = ((r[0] + r[1]) + (r[2] + r[3])) + ((r[4] + r[5]) + (r[6] + r[7]));
    }
    for (; i < size; ++i) total += x[i];
    return total;
}

}  // namespace

// sum_of_all(input)
py::object sum_of_all(PyObject* const* values, Py_ssize_t count) {
    const Arguments arguments("sum_of_all", values, count, 1, 1);
    if (!is_variable(values[0]))
        throw py::type_error(std::string("sum(): argument 'input' (position 1) must be Tensor, not ") +
                             Py_TYPE(values[0])->tp_name);
    if (!is_plain_array(as_variable(values[0])->array)) return py::none();
    const auto x = py::reinterpret_borrow<py::array>(as_variable(values[0])->array);
    if (x.size() > largest || (x.flags() & py::array::c_style) == 0 || !well_behaved(x)) return py::none();
    const int type = x.dtype().num();
    if (type != py::dtype::num_of<float>() && type != py::dtype::num_of<double>()) return py::none();
    py::array total = empty(x, {});
    if (type == py::dtype::num_of<float>())
        *static_cast<float*>(total.mutable_data()) = sum(static_cast<const float*>(x.data()), x.size());
    else
        *static_cast<double*>(total.mutable_data()) = sum(static_cast<const double*>(x.data()), x.size());
    py::object tensor = wrap_array(std::move(total));
    if (!recording()) return tensor;
    Edges<1> edges({values[0]});
    if (!edges.any) return tensor;
    static PyObject* const name = PyUnicode_InternFromString("SumBackward0");
    static PyObject* const nothing = PyTuple_New(0);
    put(as_variable(tensor.ptr())->node,
        new_node(name, edges.tuple(), backward_of(std::make_unique<SumRule>(x)),
                 py::reinterpret_borrow<py::object>(nothing)));
    return tensor;
}

namespace {

PyMethodDef methods[] = {
    fastcall_method<linear_layer>("linear_layer",
                                  "linear_layer(input, weight, bias, activation='none', /)\n--\n\n"
                                  "The layer on tensors; None where it takes the general way."),
    fastcall_method<sum_of_all>("sum_of_all",
                                "sum_of_all(input, /)\n--\n\n"
                                "The sum of a small tensor; None where it takes the general way."),
    {}};

}  // namespace
}  // namespace fastinit::bindings::tape

namespace fastinit::bindings {

void register_tape_layers(py::module_& module) {
    if (PyModule_AddFunctions(module.ptr(), tape::methods) < 0) throw py::error_already_set();
}

}  // namespace fastinit::bindings
