#pragma once

#include <array>
#include <memory>

#include "bindings/tape/objects.hpp"

namespace fastinit::bindings::tape {

// The gradients of up to three inputs; null where there is none, nobody asks, or it is in `.grad` already.
using Gradients = std::array<py::object, 3>;

// The version of a value that a rule will read, as it was when the operation was recorded.
class Version {
  public:
    Version() = default;
    explicit Version(Variable* variable);

    bool is_current() const { return !counter_ || version_of(counter_.ptr()) == version_; }

    // As Node.saved has it: (counter, version, array, class of the maker).
    py::tuple saved() const { return py::make_tuple(counter_, version_, array_, maker_); }

  private:
    py::object counter_;
    long long version_ = 0;
    py::object array_;
    py::object maker_;
};

// How a compiled operation maps the gradient of its output to those of its inputs.
class Rule {
  public:
    virtual ~Rule() = default;

    // How many inputs there are.
    virtual std::size_t inputs() const = 0;

    // `accumulating`: gradients of leaves may be added to their `.grad` here and now.
    virtual Gradients gradients(py::array grad, bool accumulating) = 0;

    // Whether it keeps values, which are freed once it has run.
    virtual bool saves() const = 0;

    // A value that was changed since it was recorded, or null.
    virtual const Version* changed() const { return nullptr; }

    // Visits the objects held that could be part of a cycle.
    virtual int traverse(visitproc visit, void* argument) const = 0;
};

// The rule as what stands in Node.backward; a function of the gradient that gives a tuple.
py::object backward_of(std::unique_ptr<Rule> rule);

// The rule of such an object; null for any other.
Rule* rule_of(PyObject* backward);

// Whether the backward pass that this thread is in adds to `.grad` of leaves.
bool& accumulating();

// Where the gradients of an operation's inputs go.
template <std::size_t count>
struct Edges {
    std::array<py::object, count> edges;
    bool any = false;

    explicit Edges(const std::array<PyObject*, count>& inputs) {
        for (std::size_t i = 0; i < count; ++i) {
            edges[i] = edge_of(inputs[i]);
            any |= joins_graph(inputs[i], edges[i]);
        }
    }

    bool wanted(std::size_t i) const { return !edges[i].is_none(); }

    py::tuple tuple(std::size_t size = count) {
        py::tuple all(size);
        for (std::size_t i = 0; i < size; ++i) PyTuple_SET_ITEM(all.ptr(), i, edges[i].release().ptr());
        return all;
    }
};

}  // namespace fastinit::bindings::tape
