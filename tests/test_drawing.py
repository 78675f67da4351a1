"""A tensor's own random methods beside PyTorch's: what they accept, refuse, record, how they spread."""

import numpy as np
import pytest
from scipy import stats

import fastinit
from reference.differential import calls, outcome, output

DTYPES = ["float16", "bfloat16", "float32", "float64", "uint8", "int8", "int16", "int32", "int64", "bool"]
METHODS = """
exponential_() | exponential_(2) | exponential_(lambd=0.5) | exponential_(0) | exponential_(-1)
exponential_("a") | exponential_(None) | exponential_(True) | exponential_(torch.tensor(2.))
cauchy_() | cauchy_(1, 2) | cauchy_(median=1, sigma=2) | cauchy_(sigma=2.5) | cauchy_(0, 0) | cauchy_(0, "a")
log_normal_() | log_normal_(0, 0.25) | log_normal_(mean=0, std=0.5) | log_normal_(0, 0) | log_normal_("a")
geometric_(0.5) | geometric_(p=0.5) | geometric_(0) | geometric_(1) | geometric_(float("nan"))
geometric_("a")
bernoulli_() | bernoulli_(0.3) | bernoulli_(p=0) | bernoulli_(2) | bernoulli_("a") | bernoulli_(None)
bernoulli_(torch.tensor(0.3)) | bernoulli_(torch.full((5,), 0.5)) | bernoulli_(torch.full((3,), 0.5))
bernoulli_(torch.ones(5, dtype=torch.int64)) | bernoulli_(torch.ones(5, dtype=torch.bool))
bernoulli_(torch.full((1,), 0.5, dtype=torch.float64)) | bernoulli_(torch.full((2, 5), 0.5))
bernoulli_(torch.full((5,), 0.5, dtype=torch.float16))
random_() | random_(2) | random_(0, 2) | random_(0, 0) | random_(1, 0) | random_(2.5) | random_(True)
random_("a") | random_(None) | random_(0, None) | random_(1, None) | random_(to=2)
random_(**{"from": 0, "to": 2}) | random_(**{"from": 2}) | random_(None, 5) | random_(torch.tensor(2))
random_(0, to=2) | random_(1, 2, 3) | random_(256) | random_(-1, 1) | random_(2**40) | random_(-5)
"""


@pytest.fixture
def torch():
    return pytest.importorskip("torch")


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("call", calls(METHODS))
@pytest.mark.filterwarnings("ignore:.*Due to precision limitations:UserWarning")
def test_a_method_fills_and_refuses_what_torch_fills_and_refuses(torch, call, dtype):
    facts = f"(lambda x: (x.{call} is x, x.dtype, x.shape))(torch.ones(5, dtype=torch.{dtype}))"
    assert outcome(fastinit, facts) == outcome(torch, facts)


PROBABILITIES_OUT_OF_RANGE = [
    "torch.full((5,), -0.5)",
    "torch.full((5,), 1.5)",
    "torch.full((5,), float('nan'))",
]


@pytest.mark.parametrize("p", PROBABILITIES_OUT_OF_RANGE)
def test_probabilities_out_of_range_are_refused_as_in_torch(torch, p):
    call = f"torch.ones(5).bernoulli_({p})"
    assert outcome(torch, call).startswith(outcome(fastinit, call))


METHOD_CALLS = calls("""
exponential_() | cauchy_() | log_normal_() | geometric_(0.5) | bernoulli_() | normal_() | uniform_()
bernoulli_(torch.full((3,), 0.5)) | random_() | random_(3) | random_(1, 3) | random_(1, None) | random_(to=3)
""")


@pytest.mark.parametrize("call", METHOD_CALLS)
def test_the_gradient_stops_at_what_was_drawn(torch, call):
    program = f"""
x = torch.ones(3, requires_grad=True)
y = x * 2
y.{call}
print(type(y.grad_fn).__name__)
y.sum().backward()
print(x.grad)
try:
    x.{call}
except RuntimeError as error:
    print(error)
"""
    assert output(fastinit, program) == output(torch, program)


@pytest.mark.parametrize("call", METHOD_CALLS)
def test_a_tensor_whose_elements_share_memory_is_refused(torch, call):
    facts = f"torch.ones(1).expand(3).{call}"
    assert outcome(fastinit, facts) == outcome(torch, facts)


SAMPLES = 100_000
COMPARED = {
    "exponential_": (0.5,),
    "cauchy_": (1.0, 3.0),
    "log_normal_": (1.0, 2.0),
    "normal_": (1.0, 2.0),
    "uniform_": (-1.0, 2.0),
}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("method", COMPARED)
def test_the_values_are_spread_as_those_of_torch(torch, method, dtype):
    generators = fastinit.Generator().manual_seed(5), torch.Generator().manual_seed(5)
    ours, theirs = (
        getattr(library.empty(SAMPLES, dtype=getattr(library, dtype)), method)(
            *COMPARED[method], generator=generator
        )
        for library, generator in zip((fastinit, torch), generators, strict=True)
    )
    for alternative in ("less", "greater"):
        assert stats.ks_2samp(ours.numpy(), theirs.numpy(), alternative).pvalue > 1e-4


@pytest.mark.parametrize("dtype", ["float32", "float64", "int16", "int32", "int64"])
@pytest.mark.parametrize(
    ("method", "arguments"), [("geometric_", (0.3,)), ("random_", (2, 13)), ("bernoulli_", (0.2,))]
)
def test_the_counts_are_those_of_torch(torch, method, arguments, dtype):
    counts = []
    for library in (fastinit, torch):
        tensor = library.empty(SAMPLES, dtype=getattr(library, dtype))
        getattr(tensor, method)(*arguments, generator=library.Generator().manual_seed(5))
        counts.append(np.bincount(np.minimum(tensor.numpy().astype(np.int64), 20), minlength=21))
    table = np.array(counts)
    assert stats.chi2_contingency(table[:, table.sum(axis=0) > 20]).pvalue > 1e-4


def test_probabilities_one_by_one_draw_what_one_for_all_draws():
    def draw(p, dtype=fastinit.float32):
        return fastinit.empty(3, 5, dtype=dtype).bernoulli_(p, generator=fastinit.Generator(seed=1)).tolist()

    assert draw(fastinit.full((5,), 0.3, dtype=fastinit.float64)) == draw(0.3)
    assert draw(fastinit.tensor([0.0, 1.0, 0.0, 1.0, 0.0]), fastinit.int8) == [[0, 1, 0, 1, 0]] * 3
    mixed = fastinit.linspace(0, 1, 15).reshape(3, 5)
    filled = fastinit.empty(3, 5).bernoulli_(mixed, generator=fastinit.Generator(seed=1))
    uniform = fastinit.rand(3, 5, dtype=fastinit.float64, generator=fastinit.Generator(seed=1))
    assert (filled == (uniform < mixed).float()).all()


@pytest.mark.parametrize(
    "call", ["exponential_()", "cauchy_()", "log_normal_()", "geometric_(0.5)", "random_()"]
)
def test_a_method_moves_the_generator_by_the_elements_rounded_up_to_four(call):
    generator = fastinit.Generator(seed=1)
    name, arguments = call.split("(")
    for dtype in ("float16", "float64"):
        tensor = fastinit.empty(5, dtype=getattr(fastinit, dtype))
        getattr(tensor, name)(*([0.5] if arguments == "0.5)" else []), generator=generator)
    assert generator._take(0)[2] == 16
