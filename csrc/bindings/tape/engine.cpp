#include <algorithm>
#include <atomic>
#include <vector>

#include "bindings/arrays.hpp"
#include "bindings/fastcall.hpp"
#include "bindings/register.hpp"
#include "bindings/tape/rule.hpp"

// The backward pass: gradients flow from the outputs, latest node first, until the leaves have them.
namespace fastinit::bindings::tape {
namespace {

py::object checked(PyObject* result) {
    if (!result) throw py::error_already_set();
    return py::reinterpret_steal<py::object>(result);
}

py::object call(PyObject* function, const py::object& first, const py::object& second) {
    PyObject* const values[] = {first.ptr(), second.ptr()};
    return checked(PyObject_Vectorcall(function, values, 2, nullptr));
}

py::object borrowed(PyObject* object) { return py::reinterpret_borrow<py::object>(object); }

// Sets the state of the thread for the length of a pass; a hook may start another pass inside.
class Accumulating {
  public:
    explicit Accumulating(bool state) : outer_(std::exchange(accumulating(), state)) {}
    Accumulating(const Accumulating&) = delete;
    Accumulating& operator=(const Accumulating&) = delete;
    ~Accumulating() { accumulating() = outer_; }

  private:
    bool outer_;
};

class Flow {
  public:
    // `wanted`: a dict of the ids of the edges whose gradients are to be caught in it, instead of added to
    // `.grad`, or null. `needed`: the set of the nodes on a way to one of them; the others need not run.
    Flow(bool retain_graph, PyObject* wanted, PyObject* needed)
        : retain_graph_(retain_graph), wanted_(wanted), needed_(needed) {}

    // Lets a gradient arrive at the end of an edge.
    void send(PyObject* edge, py::object grad) {
        if (edge == Py_None) return;
        if (is_node(edge)) return send_to_node(as_node(edge), std::move(grad));
        const Variable* const leaf = as_variable(edge);
        if (!wanted_ && !leaf->requires_grad) return;  // it was told so since the operation was recorded
        if (wanted_ || !is_none(leaf->hooks) || !is_none(leaf->post_hooks))
            collect(edge, std::move(grad));
        else
            call(python_side().add_grad, borrowed(edge), grad);
    }

    // Runs node after node, the latest first. What is written in Python runs with NumPy's warnings off: the
    // first node of that kind moves the rest of the pass into that state.
    void run(bool quiet) {
        while (!heap_.empty()) {
            if (!quiet && !is_compiled(pending_[heap_.front().slot].node)) return run_quietly();
            std::pop_heap(heap_.begin(), heap_.end());
            const std::size_t slot = heap_.back().slot;
            heap_.pop_back();
            const py::object node = std::move(pending_[slot].node_object);
            pending_[slot].node = nullptr;
            step(as_node(node.ptr()), std::move(pending_[slot].grad));
        }
    }

    // The hooks of leaves, which see the whole gradient.
    void finish() {
        for (auto& [leaf, total] : hooked_) {
            Variable* const variable = as_variable(leaf.ptr());
            py::object grad = is_none(variable->hooks)
                                  ? total
                                  : call(python_side().call_hooks, borrowed(variable->hooks), total);
            if (wanted_) {
                set_wanted(leaf.ptr(), grad);
                continue;
            }
            call(python_side().add_grad, leaf, grad);
            if (is_none(variable->post_hooks)) continue;
            const py::list hooks(borrowed(variable->post_hooks).attr("values")());
            for (const py::handle hook : hooks) checked(PyObject_CallOneArg(hook.ptr(), leaf.ptr()));
        }
    }

  private:
    struct Pending {
        Node* node;
        py::object node_object;
        py::object grad;
    };

    struct Turn {
        long long order;
        std::size_t slot;
        bool operator<(const Turn& other) const { return order > other.order; }  // the least on top
    };

    static bool is_compiled(const Node* node) {
        return !is_none(node->backward) && rule_of(node->backward) && is_none(node->hooks) &&
               is_none(node->retainer);
    }

    void send_to_node(Node* node, py::object grad) {
        if (node->flow == id_ && node->slot < pending_.size() && pending_[node->slot].node == node) {
            py::object& waiting = pending_[node->slot].grad;
            waiting = call(python_side().add, waiting, grad);
            return;
        }
        node->flow = id_;
        node->slot = pending_.size();
        pending_.push_back({node, borrowed(reinterpret_cast<PyObject*>(node)), std::move(grad)});
        heap_.push_back({node->order, node->slot});
        std::push_heap(heap_.begin(), heap_.end());
    }

    void collect(PyObject* leaf, py::object grad) {
        if (wanted_ && !is_wanted(leaf)) return;
        for (auto& [known, total] : hooked_)
            if (known.ptr() == leaf) {
                total = call(python_side().add, total, grad);
                return;
            }
        hooked_.emplace_back(borrowed(leaf), std::move(grad));
    }

    bool is_wanted(PyObject* edge) const {
        const int found = PyDict_Contains(wanted_, checked(PyLong_FromVoidPtr(edge)).ptr());
        if (found < 0) throw py::error_already_set();
        return found != 0;
    }

    void set_wanted(PyObject* edge, const py::object& grad) {
        if (PyDict_SetItem(wanted_, checked(PyLong_FromVoidPtr(edge)).ptr(), grad.ptr()) != 0)
            throw py::error_already_set();
    }

    bool is_needed(PyObject* node) const {
        const int found = needed_ ? PySet_Contains(needed_, node) : 1;
        if (found < 0) throw py::error_already_set();
        return found != 0;
    }

    void step(Node* node, py::object grad) {
        PyObject* const object = reinterpret_cast<PyObject*>(node);
        if (!is_none(node->hooks)) grad = call(python_side().call_hooks, borrowed(node->hooks), grad);
        if (!is_none(node->retainer)) checked(PyObject_CallOneArg(node->retainer, grad.ptr()));
        if (wanted_) {
            if (is_wanted(object)) set_wanted(object, grad);
            if (!is_needed(object)) return;
        }
        if (is_none(node->backward)) throw_freed(object);
        const py::object backward = borrowed(node->backward);
        const py::object edges = borrowed(node->edges);
        Rule* const rule = rule_of(backward.ptr());
        if (rule) {
            if (const Version* changed = rule->changed()) throw_modified(object, changed->saved());
            Gradients gradients =
                rule->gradients(py::reinterpret_steal<py::array>(grad.release()), accumulating());
            if (!retain_graph_ && rule->saves()) free(node);
            for (std::size_t i = 0; i < rule->inputs(); ++i)
                if (gradients[i])
                    send(PyTuple_GET_ITEM(edges.ptr(), static_cast<Py_ssize_t>(i)), std::move(gradients[i]));
            return;
        }
        check_versions(node);
        const py::object gradients = checked(PyObject_CallOneArg(backward.ptr(), grad.ptr()));
        if (!retain_graph_ && PyTuple_GET_SIZE(node->saved) > 0) free(node);
        send_all(edges.ptr(), gradients.ptr());
    }

    void check_versions(const Node* node) const {
        for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(node->saved); ++i) {
            PyObject* const value = PyTuple_GET_ITEM(node->saved, i);
            if (version_of(PyTuple_GET_ITEM(value, 0)) != PyLong_AsLongLong(PyTuple_GET_ITEM(value, 1)))
                throw_modified(reinterpret_cast<PyObject*>(const_cast<Node*>(node)), borrowed(value));
        }
    }

    void send_all(PyObject* edges, PyObject* gradients) {
        if (!PyTuple_Check(gradients) || PyTuple_GET_SIZE(gradients) != PyTuple_GET_SIZE(edges))
            throw std::runtime_error(
                "a backward must return a tuple with a gradient, or None, for each input");
        for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(edges); ++i) {
            py::object grad = borrowed(PyTuple_GET_ITEM(gradients, i));
            if (grad.is_none()) continue;
            // NumPy gives scalars for 0-d results.
            if (!py::isinstance<py::array>(grad))
                grad = checked(PyObject_CallOneArg(python_side().adopt, grad.ptr()));
            send(PyTuple_GET_ITEM(edges, i), std::move(grad));
        }
    }

    // Drops the saved values, and with them the right to a second backward.
    static void free(Node* node) {
        static PyObject* const nothing = PyTuple_New(0);
        put(node->backward, py::none());
        put(node->saved, borrowed(nothing));
    }

    [[noreturn]] static void throw_freed(PyObject* node) { throw_from(node, "freed", nullptr); }

    [[noreturn]] static void throw_modified(PyObject* node, const py::object& saved) {
        throw_from(node, "modified", saved.ptr());
    }

    // Raises the error that a method of the node makes.
    [[noreturn]] static void throw_from(PyObject* node, const char* method, PyObject* argument) {
        const py::object maker = borrowed(node).attr(method);
        const py::object error = argument ? checked(PyObject_CallOneArg(maker.ptr(), argument))
                                          : checked(PyObject_CallNoArgs(maker.ptr()));
        PyErr_SetObject(reinterpret_cast<PyObject*>(Py_TYPE(error.ptr())), error.ptr());
        throw py::error_already_set();
    }

    void run_quietly() {
        static PyMethodDef rest{"backward", &Flow::run_rest, METH_NOARGS, nullptr};
        const py::capsule self(this, "Flow");
        const py::object function = checked(PyCFunction_New(&rest, self.ptr()));
        checked(PyObject_CallOneArg(python_side().quietly, function.ptr()));
    }

    static PyObject* run_rest(PyObject* self, PyObject*) {
        return guarded([&]() -> py::object {
            static_cast<Flow*>(PyCapsule_GetPointer(self, "Flow"))->run(true);
            return py::none();
        });
    }

    static std::uint64_t next_id() {
        static std::atomic<std::uint64_t> last{0};
        return ++last;
    }

    const std::uint64_t id_ = next_id();
    const bool retain_graph_;
    PyObject* const wanted_;
    PyObject* const needed_;
    std::vector<Pending> pending_;
    std::vector<Turn> heap_;
    std::vector<std::pair<py::object, py::object>> hooked_;
};

// run_backward(roots, retain_graph, wanted, needed): roots are pairs of an edge and a gradient.
py::object run_backward(PyObject* const* values, Py_ssize_t count) {
    const Arguments arguments("run_backward", values, count, 4, 4);
    Flow flow(arguments.flag(1), arguments[2], arguments[3]);
    const Accumulating state(!arguments[2]);
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(values[0]); ++i) {
        PyObject* const root = PyList_GET_ITEM(values[0], i);
        flow.send(PyTuple_GET_ITEM(root, 0), borrowed(PyTuple_GET_ITEM(root, 1)));
    }
    flow.run(false);
    flow.finish();
    return py::none();
}

// backward_of_scalar(tensor, retain_graph): False where the tensor is not a 0-d result of an operation.
py::object backward_of_scalar(PyObject* const* values, Py_ssize_t count) {
    const Arguments arguments("backward_of_scalar", values, count, 2, 2);
    const Variable* const variable = as_variable(values[0]);
    if (is_none(variable->node) || !is_none(variable->view) || !is_plain_array(variable->array))
        return py::bool_(false);
    const auto array = py::reinterpret_borrow<py::array>(variable->array);
    if (array.ndim() != 0) return py::bool_(false);
    py::array one = no_array();
    if (array.dtype().num() == py::dtype::num_of<float>())
        one = py::array(py::dtype::of<float>(), std::vector<py::ssize_t>{});
    else if (array.dtype().num() == py::dtype::num_of<double>())
        one = py::array(py::dtype::of<double>(), std::vector<py::ssize_t>{});
    else
        return py::bool_(false);
    if (array.itemsize() == 4)
        *static_cast<float*>(one.mutable_data()) = 1;
    else
        *static_cast<double*>(one.mutable_data()) = 1;
    Flow flow(arguments.flag(1), nullptr, nullptr);
    const Accumulating state(true);
    flow.send(variable->node, std::move(one));
    flow.run(false);
    flow.finish();
    return py::bool_(true);
}

py::object is_accumulating(PyObject* const*, Py_ssize_t) { return py::bool_(accumulating()); }

PyMethodDef methods[] = {
    fastcall_method<run_backward>("run_backward",
                                  "run_backward(roots, retain_graph, wanted, needed, /)\n--\n\n"
                                  "Lets gradients flow from pairs of an edge and a gradient."),
    fastcall_method<backward_of_scalar>("backward_of_scalar",
                                        "backward_of_scalar(tensor, retain_graph, /)\n--\n\n"
                                        "The same from a 0-d tensor; False where it takes another way."),
    fastcall_method<is_accumulating>("is_accumulating",
                                     "is_accumulating()\n--\n\n"
                                     "Whether this thread's backward pass adds to `.grad` of leaves."),
    {}};

}  // namespace
}  // namespace fastinit::bindings::tape

namespace fastinit::bindings {

void register_tape_engine(py::module_& module) {
    if (PyModule_AddFunctions(module.ptr(), tape::methods) < 0) throw py::error_already_set();
}

}  // namespace fastinit::bindings
