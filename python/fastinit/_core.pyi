"""The compiled part of fastinit: fills, dense products, pointwise functions, and the tape."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol, SupportsFloat, TypeVar

import numpy as np

R = TypeVar("R")
FillArray = np.ndarray[Any, Any]
FloatArray = np.ndarray[Any, np.dtype[np.floating[Any]]]
IntArray = np.ndarray[Any, np.dtype[np.int64]]

__version__: str

def isa() -> str: ...
def built_isas() -> list[str]: ...
def usable_isas() -> list[str]: ...
def usable_cpus(root: str = "") -> int:
    """The CPUs of the affinity mask, or fewer by the quota of a cgroup, whose files lie under `root`."""

def use_isa(isa: str, /) -> None:
    """Has the kernels of another instruction set used from now on; FASTINIT_ISA chooses the first."""

def in_default_float_environment(
    function: Callable[..., R], args: tuple[Any, ...], kwargs: dict[str, Any], /
) -> R:
    """Calls a function with rounding to nearest and subnormals kept, whatever the thread has set."""

def get_num_threads() -> int: ...
def set_num_threads(count: int) -> None: ...
def calls() -> dict[str, int]: ...
def reset_calls() -> None: ...

# Fills, in place: float16, bfloat16, float32 or float64 (bernoulli, geometric and integers: also uint8 and
# the signed integers, bernoulli and integers bool), any strides that keep elements apart, the GIL released
# while a large array is filled. The words come from `seed` and `stream`, from `position` on, a multiple of 4.
# `global_shape` and `start` say that the array is the box from `start` on of a tensor of that shape: it gets
# that box's bits. Raises ValueError, or as `check_writable`, where the array cannot be filled in place; it is
# then as it was. Arguments given by position are read fastest.

def fill_uniform(
    array: FillArray,
    low: float,
    high: float,
    seed: int,
    stream: int,
    position: int,
    global_shape: Sequence[int] | None = None,
    start: Sequence[int] | None = None,
) -> None:
    """Uniform on [low, high); `low` where both are equal. ValueError too if the dtype has no value there."""

def fill_normal(
    array: FillArray,
    mean: float,
    std: float,
    seed: int,
    stream: int,
    position: int,
    global_shape: Sequence[int] | None = None,
    start: Sequence[int] | None = None,
) -> None:
    """Normal, by Box and Muller's transform of pairs of words in one block."""

def fill_trunc_normal(
    array: FillArray,
    mean: float,
    std: float,
    a: float,
    b: float,
    seed: int,
    stream: int,
    position: int,
    global_shape: Sequence[int] | None = None,
    start: Sequence[int] | None = None,
) -> None:
    """Normal under the condition that it lies in [a, b]; ValueError if the dtype has no value there."""

def fill_masked_uniform(
    array: FillArray,
    low: float,
    high: float,
    threshold: float,
    seed: int,
    stream: int,
    position: int,
    global_shape: Sequence[int] | None = None,
    start: Sequence[int] | None = None,
) -> None:
    """As `fill_uniform`, then times 0 where abs(x) < threshold, x and threshold rounded to the dtype."""

def fill_bernoulli(
    array: FillArray,
    p: float,
    seed: int,
    stream: int,
    position: int,
    global_shape: Sequence[int] | None = None,
    start: Sequence[int] | None = None,
) -> None:
    """1 where the element's word, over 2^32, is below p; else 0."""

def fill_exponential(
    array: FillArray,
    lambd: float,
    seed: int,
    stream: int,
    position: int,
    global_shape: Sequence[int] | None = None,
    start: Sequence[int] | None = None,
) -> None:
    """Exponential with the rate `lambd`: never 0, at most the largest value of the dtype."""

def fill_log_normal(
    array: FillArray,
    mean: float,
    std: float,
    seed: int,
    stream: int,
    position: int,
    global_shape: Sequence[int] | None = None,
    start: Sequence[int] | None = None,
) -> None:
    """e^(mean + std z) of the normal z that `fill_normal` gives; above 0, and finite."""

def fill_cauchy(
    array: FillArray,
    median: float,
    sigma: float,
    seed: int,
    stream: int,
    position: int,
    global_shape: Sequence[int] | None = None,
    start: Sequence[int] | None = None,
) -> None:
    """Cauchy about `median` with the half width `sigma`; finite."""

def fill_geometric(
    array: FillArray,
    p: float,
    seed: int,
    stream: int,
    position: int,
    global_shape: Sequence[int] | None = None,
    start: Sequence[int] | None = None,
) -> None:
    """The number of trials up to the first success, each of probability `p`; at most what the dtype holds."""

def fill_integers(
    array: FillArray,
    first: int,
    last: int,
    seed: int,
    stream: int,
    position: int,
    global_shape: Sequence[int] | None = None,
    start: Sequence[int] | None = None,
) -> None:
    """Integers of [first, last], each exactly as likely; in a floating-point dtype rounded."""

def fill_constant(array: FillArray, value: float, /) -> None:
    """`value`, rounded to the dtype."""

def random_words(
    array: np.ndarray[Any, np.dtype[np.uint32]] | np.ndarray[Any, np.dtype[np.uint64]],
    seed: int,
    stream: int,
    position: int,
    global_shape: Sequence[int] | None = None,
    start: Sequence[int] | None = None,
    *,
    draw: int = 0,
) -> None:
    """The words themselves, of one draw; uint64: those of `draw` above those of `draw + 1`."""

def argsort(keys: np.ndarray[Any, np.dtype[np.uint64]], /) -> np.ndarray[Any, np.dtype[np.int64]]:
    """The order of a vector of random words, as NumPy's stable argsort, in linear time on all threads."""

def blake2b_leaves(
    data: np.ndarray[Any, np.dtype[np.uint8]],
    leaf_size: int,
    node_offset: int,
    last: bool,
    out: np.ndarray[Any, np.dtype[np.uint8]],
    /,
) -> None:
    """The digests of consecutive leaves, (leaves, 64): those of `hashlib.blake2b` with fanout=0, depth=2.

    `node_offset` is the number of the first leaf; `last`: whether the last one is the last of its tree, which
    may be shorter.
    """

# Memory that another library hands over, or takes: the capsules of DLPack, of version 1 and of before it.

def take_dlpack(capsule: object, /) -> tuple[FillArray, bool]:
    """The array over the memory of a capsule, and whether that is a copy made for it.

    The capsule is used up; it is as it was where it is refused. The array is read-only where the capsule says
    so or is of before version 1. BufferError: memory that is not the host's, or elements of no dtype here.
    RuntimeError: it is no capsule, or used up.
    """

def give_dlpack(array: FillArray, versioned: bool, copied: bool, /) -> object:
    """A capsule over the memory of an array, of version 1 or of before it, which keeps the array alive.

    `copied` is what it says of itself. BufferError: a dtype that no tensor has, strides that are negative or
    no multiples of the element's size, or read-only memory where the capsule cannot say so.
    """

def check_dlpack_device(device_type: int, /) -> None:
    """BufferError that names the device, unless its memory is the host's, pinned memory included."""

def moments(array: FillArray, /) -> tuple[int, int, float, float, float, float, float]:
    """NaNs, zeros, shift, the sums of x - shift and of (x - shift)^2, least and largest of what is not NaN.

    `array` is a contiguous vector of float16, bfloat16, float32 or float64; the shift is its first finite
    value. Neither the number of threads nor the instruction set changes a bit.
    """

def check_writable(array: np.ndarray[Any, Any], /) -> None:
    """Checks that the array, of any dtype, can be written in place, element by element.

    ValueError: it is read-only, not aligned, or not of this machine's byte order. RuntimeError: two elements
    share memory.
    """

class _Places(Protocol):
    _place: tuple[int, int, int]

def take(generator: _Places, numel: int, /) -> tuple[int, int, int]:
    """Takes the positions of a fill of `numel` elements: returns `generator._place`, and moves it on.

    `_place` is seed, stream and position. No other thread comes between. ValueError where the stream ends
    before the fill.
    """

def fill_orthogonal(
    array: FloatArray,
    gain: float,
    seed: int,
    stream: int,
    position: int,
    global_shape: Sequence[int],
    start: Sequence[int],
    taps: int = 1,
    tap: int = 0,
) -> None:
    """`gain` times a random orthogonal matrix: of it, the box that `global_shape` and `start` say.

    Its columns are orthonormal, or its rows where there are fewer. It is made of the normals that
    `fill_normal` gives the elements (:, :, tap) of a tensor of the global shape by `taps`. The array has 2
    dimensions of float32 or float64, and is not empty.
    """

def zero_least(
    array: np.ndarray[Any, Any], keys: np.ndarray[Any, np.dtype[np.uint64]], count: int, first_row: int = 0
) -> None:
    """Zeroes in each column the elements of the `count` least keys; of equal keys, those of the lower rows.

    `keys` has a key for each element of whole columns, of which the array's are those from `first_row` on.
    """

# Dense products and activations: float32 and float64, computed with the GIL released.

def linear(
    x: FloatArray, weight: FloatArray, bias: FloatArray | None = None, activation: str = "none", /
) -> FloatArray:
    """activation(x @ weight.T + bias) as a new array: x (..., in), weight (out, in), bias (out)."""

def linear_backward(
    grad_output: FloatArray,
    x: FloatArray,
    weight: FloatArray,
    grad_x: FloatArray | None,
    grad_weight: FloatArray | None,
    grad_bias: FloatArray | None,
    accumulate_weight: bool = False,
    accumulate_bias: bool = False,
    activation: str = "none",
    output: FloatArray | None = None,
    /,
) -> None:
    """The gradients of `linear`, written into the arrays given, or added to what they hold.

    With an activation (relu, sigmoid or tanh), `output` is what `linear` returned.
    """

def matmul(a: FloatArray, b: FloatArray, /) -> FloatArray:
    """A @ b for matrices (..., m, k) and (..., k, n) of one dtype; leading dimensions broadcast."""

def gram_product(matrix: FillArray, x: FloatArray, /) -> FloatArray:
    """A^T (A x), the matrix read once; in the precision of x, float32 or float64, sums of parts in float64.

    The rows or the columns of the matrix are contiguous. The result does not depend on the number of threads.
    """

def solve_positive(matrix: FloatArray, vectors: FloatArray, /) -> FloatArray | None:
    """The solutions x of A x = b for vectors (count, n) of float64, on one thread; None without OpenBLAS.

    ValueError where the symmetric matrix A is not positive definite.
    """

def activation(name: str, x: FloatArray, first: float = 0.0, second: float = 0.0, /) -> FloatArray:
    """The activation of that name, as a new array.

    Elementwise: relu, leaky_relu (first: the negative slope), gelu, gelu_tanh, silu, sigmoid, tanh, softplus
    (first: beta, second: threshold), elu (first: alpha), selu. Along the last axis: softmax, log_softmax.
    """

def activation_backward(
    name: str, grad: FloatArray, saved: FloatArray, first: float = 0.0, second: float = 0.0, /
) -> FloatArray:
    """The gradient of `activation`.

    saved is its result for relu, sigmoid, tanh, softmax and log_softmax, else its input.
    """

def blas() -> str:
    """The configuration of the OpenBLAS that large products go to, loaded if it was not; else ""."""

def peak_rate(seconds: float, /) -> float:
    """The float32 multiplications and additions a second that all threads reach in registers."""

def use_blas(use: str, /) -> None:
    """Which road products take: "auto" by their size, "none" our own kernel, "openblas" always the BLAS."""

# The tape. What the fields hold, and what the functions take, is written where Python has them: in
# autograd/graph.py, variable.py and record.py. Fields that hold nothing are None.

class VariableBase:
    """The fields of a tensor."""

class NodeBase:
    """The fields of a node."""

    def __init__(
        self, edges: tuple[Any, ...], backward: Callable[..., Any], saved: tuple[Any, ...]
    ) -> None: ...

class GradMode:
    """`enabled` says whether operations of the calling thread are recorded."""

    enabled: bool

class CompiledBackward:
    """The `backward` of a node whose operation is compiled."""

    def __call__(self, grad: FillArray, /) -> tuple[FillArray | None, ...]: ...

def kept_bytes() -> int: ...
def torch_array(tensor: Any, dtypes: dict[Any, np.dtype[Any]], strided: Any, /) -> FillArray | None:
    """Returns an array over the memory of a tensor of PyTorch's, which the array keeps alive.

    None where the tensor has no such memory: its dtype is not in `dtypes`, its layout is not `strided`, it is
    nested, on another device, the conjugate or the negative of what lies in memory, or its storage is freed.
    """

def set_array_without_memory(array_class: type[FillArray]) -> None:
    """Says which class of arrays has a shape and a dtype alone.

    Fills leave such arrays alone; whatever else takes arrays raises NotImplementedError.
    """

def set_python_side(
    result_class: type[VariableBase],
    adopt: Callable[[Any], FillArray],
    node_class: Callable[[str], type[NodeBase]],
    add: Callable[[FillArray, FillArray], FillArray],
    add_grad: Callable[[Any, FillArray], None],
    call_hooks: Callable[[Any, FillArray], FillArray],
    quietly: Callable[[Callable[[], None]], None],
) -> None:
    """Says what is called of Python.

    Args:
        result_class: the class of what operations return.
        adopt: gives the ndarray for what is none: a NumPy scalar, say.
        node_class: gives the class of the nodes of a name.
        add: adds two arrays.
        add_grad: adds an array to the `.grad` of a leaf.
        call_hooks: gives what hooks make of a gradient.
        quietly: calls a function with NumPy's warnings off.
    """

def wrap(array: Any, /) -> Any: ...
def record(
    array: Any,
    name: str,
    inputs: tuple[object, ...],
    backward: Callable[..., Any],
    saved: tuple[VariableBase, ...] = (),
    *,
    saves_result: bool = False,
) -> Any: ...
def run_backward(
    roots: Sequence[tuple[Any, FillArray]],
    retain_graph: bool,
    wanted: dict[int, FillArray | None] | None,
    needed: set[Any] | None,
    /,
) -> None:
    """Lets gradients flow from the roots until the leaves have them.

    Args:
        roots: edges, and the gradient that arrives at each.
        retain_graph: whether nodes keep their saved values for another pass.
        wanted: the ids of the edges whose gradients are caught here instead of added to `.grad`.
        needed: the nodes on a way to a wanted edge; the others need not run.
    """

def backward_of_scalar(tensor: VariableBase, retain_graph: bool, /) -> bool:
    """Does that from a 0-d float32 or float64 result of an operation; False, and nothing done, for others."""

def is_accumulating() -> bool:
    """Tells whether the backward pass that this thread is in adds to `.grad` of leaves."""

# Operations on tensors, checks and record included; None where an operand is not of the common kind, so that
# the general way is to be taken.

def linear_layer(
    input: VariableBase, weight: VariableBase, bias: VariableBase | None, activation: str = "none", /
) -> Any:
    """activation(input @ weight.T + bias) of float32 or float64; none, relu, sigmoid or tanh."""

def sum_of_all(input: VariableBase, /) -> Any:
    """The sum of a contiguous tensor of at most 128 values, float32 or float64."""

# Losses of float32 or float64, and their gradients, each one pass over memory. `reduction` is "mean", "sum"
# or "none"; the sums of the first two do not depend on the number of threads. `grad` is that of the loss, 0-d
# or one number for each of its elements, and is divided by `divisor`.

def cross_entropy(
    x: FloatArray, target: IntArray, ignore_index: int, reduction: str, keep: bool, /
) -> tuple[FloatArray, int, Any, Any]:
    """The cross entropy of logits (rows, classes) and a class for each row; IndexError where there is none.

    Returns the loss, the number of rows that are not ignored and, where `keep`, what `cross_entropy_backward`
    takes.
    """

def cross_entropy_backward(
    exponentials: FloatArray,
    sums: FloatArray,
    target: IntArray,
    ignore_index: int,
    grad: FloatArray,
    divisor: float,
    /,
) -> FloatArray:
    """The gradient of the logits."""

def mse_loss(x: FloatArray, y: FloatArray, reduction: str, /) -> FloatArray:
    """(x - y)^2 of arrays of one dtype and shape."""

def mse_loss_backward(x: FloatArray, y: FloatArray, grad: FloatArray, divisor: float, /) -> FloatArray:
    """The gradient of x."""

# Optimisers' steps, in place: lists of arrays, the i-th of each for parameter i. They return the positions of
# the parameters that they left as they were, to be moved by other means: those which are not C-contiguous,
# writable arrays of float32 or float64, with the rest of the same dtype and shape and in memory of its own.

def sgd_step(
    parameters: list[FloatArray],
    grads: list[FloatArray],
    momenta: list[FloatArray] | None,
    lr: SupportsFloat,
    momentum: float,
    dampening: float,
    weight_decay: float,
    nesterov: bool,
    maximize: bool,
    /,
) -> list[int]:
    """One step of stochastic gradient descent; `momenta` None: without momentum."""

def adam_step(
    parameters: list[FloatArray],
    grads: list[FloatArray],
    means: list[FloatArray],
    squares: list[FloatArray],
    largest: list[FloatArray] | None,
    steps: list[FloatArray],
    lr: SupportsFloat,
    beta1: SupportsFloat,
    beta2: SupportsFloat,
    eps: float,
    weight_decay: float,
    decoupled: bool,
    maximize: bool,
    /,
) -> list[int]:
    """One step of Adam, or of AdamW where the decay is `decoupled`; of AMSGrad with `largest`.

    `steps` are 0-d arrays of float32 that count the steps of each parameter.
    """
