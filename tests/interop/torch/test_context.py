"""What a context is: its seed, how far it reaches, and that all is as it was once it is left."""

import asyncio
import contextvars
import inspect
import threading
import types

import pytest

from fastinit import Generator
from fastinit.nn import init

torch = pytest.importorskip("torch")
from torch.overrides import TorchFunctionMode, _len_torch_function_stack  # noqa: E402

from fastinit.interop.torch import fast_init  # noqa: E402

HIDDEN = [torch.nn.init._no_grad_trunc_normal_, torch.nn.init.orthogonal_, torch.nn.init.sparse_]
CODES = [function.__code__ for function in HIDDEN]


def draw():
    """A value by a call that a mode sees, and one by a call that it sees only the parts of."""
    return torch.rand(()).item(), torch.nn.init.trunc_normal_(torch.empty(1)).item()


def drawn(seed, fills_before=0):
    """What `draw` gives in a context of that seed after so many calls of it."""
    generator = Generator(seed=seed)
    generator._take(8 * fills_before)
    return (
        init.uniform_(torch.empty(()), generator=generator).item(),
        init.trunc_normal_(torch.empty(1), generator=generator).item(),
    )


def torchs(seed=5):
    """What `draw` gives outside, from PyTorch's generator of that seed."""
    torch.manual_seed(seed)
    return draw()


@pytest.fixture(autouse=True)
def _restored():
    """Whatever a test does, PyTorch is as it was afterwards."""
    yield
    assert _len_torch_function_stack() == 0
    assert [function.__code__ for function in HIDDEN] == CODES
    assert torchs() == torchs()


# The seed


def test_a_seed_repeats_a_context_and_leaves_pytorchs_generator():
    torch.manual_seed(5)
    with fast_init(1):
        assert draw() == drawn(1)
        assert draw() == drawn(1, 1)
    with fast_init(1):
        assert draw() == drawn(1)
    assert draw() == torchs()


def test_without_a_seed_contexts_differ_and_manual_seed_repeats_both():
    def two():
        with fast_init():
            first = draw()
        with fast_init():
            return first, draw()

    torch.manual_seed(5)
    first, second = two()
    assert first != second
    torch.manual_seed(5)
    assert (first, second) == two()


def test_without_a_seed_pytorchs_generator_makes_one_draw_of_64_bits():
    torch.manual_seed(5)
    bits = torch.empty(2, dtype=torch.int64).random_(-(1 << 63), None)
    torch.manual_seed(5)
    with fast_init() as generator:
        torch.nn.Linear(20, 30)
    assert generator.initial_seed() == bits[0].item() % (1 << 64)
    assert torch.empty((), dtype=torch.int64).random_(-(1 << 63), None) == bits[1]


@pytest.mark.parametrize("seed", [0, -1, (1 << 64) - 1])
def test_any_64_bits_are_a_seed(seed):
    with fast_init(seed) as generator:
        assert generator.initial_seed() == seed % (1 << 64)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"seed": "1"}, RuntimeError, "expected a long, but got str"),
        ({"seed": 1.0}, RuntimeError, "expected a long, but got float"),
        ({"seed": 1 << 64}, ValueError, "out of range|Overflow"),
        ({"seed": draw}, TypeError, r"@fast_init\(\)"),
        ({"module": "net"}, TypeError, "expected module to be a torch.nn.Module, got str"),
    ],
)
def test_a_wrong_argument_is_refused_at_once(arguments, error, message):
    with pytest.raises(error, match=message):
        fast_init(**arguments)


def test_a_fill_with_a_generator_of_pytorchs_depends_on_its_state_alone():
    given = torch.Generator().manual_seed(5)
    bits = torch.empty(2, dtype=torch.int64).random_(-(1 << 63), None, generator=given)
    for seed in (0, 1):
        given.manual_seed(5)
        with fast_init(seed) as generator:
            for each in bits:
                expected = init.normal_(torch.empty(9), generator=Generator(seed=each.item()))
                assert torch.equal(torch.nn.init.normal_(torch.empty(9), generator=given), expected)
            assert draw() == drawn(seed)
            assert generator.initial_seed() == seed


@pytest.mark.parametrize(
    "call",
    [
        lambda given: torch.empty(9).uniform_(generator=given),
        lambda given: torch.nn.init.trunc_normal_(torch.empty(9), generator=given),
        lambda given: torch.nn.init.orthogonal_(torch.empty(3, 3), generator=given),
        lambda given: torch.nn.init.sparse_(torch.empty(3, 3), 0.5, generator=given),
        lambda given: torch.nn.init.kaiming_uniform_(torch.empty(3, 3), generator=given),
        lambda given: torch.rand(9, generator=given),
        lambda given: torch.randint(9, (9,), generator=given),
    ],
)
def test_each_call_takes_one_draw_of_a_generator_of_pytorchs(call):
    given = torch.Generator().manual_seed(5)
    torch.empty((), dtype=torch.int64).random_(-(1 << 63), None, generator=given)
    after = given.get_state()
    given.manual_seed(5)
    with fast_init(0) as generator:
        first = call(given)
        assert torch.equal(given.get_state(), after)
        assert torch.equal(call(given.manual_seed(5)), first)
    assert generator._take(0)[2] == 0


def test_a_refused_call_with_a_generator_leaves_it_to_pytorch():
    given = torch.Generator().manual_seed(5)
    expected = torch.empty(9).normal_(0, float("inf"), generator=given.manual_seed(5))
    with fast_init(0):
        filled = torch.empty(9).normal_(0, float("inf"), generator=given.manual_seed(5))
    assert torch.equal(filled, expected)


# How far it reaches


def test_of_nested_contexts_the_inner_one_counts_and_the_outer_one_goes_on():
    with fast_init(1):
        assert draw() == drawn(1)
        with fast_init(2):
            assert draw() == drawn(2)
            with fast_init(1):
                assert draw() == drawn(1)
            assert draw() == drawn(2, 1)
        assert draw() == drawn(1, 1)


def test_an_inner_context_without_a_seed_takes_one_from_pytorchs_generator():
    torch.manual_seed(5)
    with fast_init() as plain:
        pass
    torch.manual_seed(5)
    with fast_init(1), fast_init() as inner:
        assert inner.initial_seed() == plain.initial_seed()


def test_one_object_may_be_entered_again_and_within_itself():
    context = fast_init(1)
    for _ in range(2):
        with context:
            assert draw() == drawn(1)
            with context:
                assert draw() == drawn(1)
            assert draw() == drawn(1, 1)


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_an_exception_leaves_the_context(error):
    with fast_init(1):
        with pytest.raises(error), fast_init(2):
            raise error
        assert draw() == drawn(1)


def test_a_decorated_function_is_a_context_each_time():
    @fast_init(1)
    def make(depth):
        """Makes."""
        return [draw(), *(make(depth - 1) if depth else []), draw()]

    assert make(1) == make(1) == [drawn(1), drawn(1), drawn(1, 1), drawn(1, 1)]
    assert make.__doc__ == "Makes."

    @fast_init()
    def once():
        return draw()

    torch.manual_seed(5)
    values = [once(), once()]
    torch.manual_seed(5)
    assert values[0] != values[1]
    assert values == [once(), once()]


def test_a_decorated_coroutine_function_is_a_context_each_time():
    @fast_init(1)
    async def make():
        first = draw()
        await asyncio.sleep(0)
        return first, draw()

    async def both():
        return await asyncio.gather(make(), make())

    assert asyncio.run(both()) == [(drawn(1), drawn(1, 1))] * 2


def test_a_generator_function_is_not_decorated():
    def generate():
        yield

    async def generate_later():
        yield

    for function in (generate, generate_later):
        with pytest.raises(TypeError, match="open it inside"):
            fast_init(1)(function)


def test_a_class_is_not_decorated_but_its_constructor_is():
    with pytest.raises(TypeError, match="decorate its __init__"):
        fast_init(1)(torch.nn.Linear)

    class Drawn:
        @fast_init(1)
        def __init__(self):
            self.values = draw()

    assert Drawn().values == drawn(1)


def test_a_generator_may_leave_its_context_after_those_around_it():
    def generate(seed):
        with fast_init(seed):
            yield draw()
            yield draw()

    first, second = generate(1), generate(2)
    with fast_init(3):
        assert next(first) == drawn(1)
        assert next(second) == drawn(2)
        assert next(first) == drawn(2, 1)  # the innermost one that is open
        first.close()
        assert draw() == drawn(2, 2)
    assert draw() == drawn(2, 3)
    second.close()
    assert torchs() == torchs()


def in_a_thread(function, *arguments):
    """Calls a function in another thread; returns what it returns."""
    results = []
    thread = threading.Thread(target=lambda: results.append(function(*arguments)))
    thread.start()
    thread.join()
    return results[0]


def test_another_thread_sees_pytorchs_own():
    expected = torchs()
    orthogonal = torch.nn.init.orthogonal_(torch.empty(3, 3))
    sparse = torch.nn.init.sparse_(torch.empty(3, 3), 0.5)
    with fast_init(1):
        in_a_thread(torch.manual_seed, 5)
        assert in_a_thread(draw) == expected
        assert torch.equal(in_a_thread(torch.nn.init.orthogonal_, torch.empty(3, 3)), orthogonal)
        assert torch.equal(in_a_thread(torch.nn.init.sparse_, torch.empty(3, 3), 0.5), sparse)
        assert draw() == drawn(1)


def test_another_thread_sees_pytorchs_own_in_a_copy_of_the_context_variables_too():
    expected = torchs()
    with fast_init(1):
        torch.manual_seed(5)
        assert in_a_thread(contextvars.copy_context().run, draw) == expected


class Drawing(torch.utils.data.Dataset):
    """Items that are drawn where they are asked for."""

    def __len__(self):
        return 4

    def __getitem__(self, index):
        return draw()


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded")
def test_forked_workers_of_a_data_loader_see_pytorchs_own():
    loader = torch.utils.data.DataLoader(
        Drawing(), None, num_workers=2, worker_init_fn=torch.manual_seed, multiprocessing_context="fork"
    )
    with fast_init(1):
        items = [tuple(map(float, each)) for each in loader]
    for worker in range(2):
        torch.manual_seed(worker)
        assert items[worker::2] == [draw(), draw()]


def test_threads_have_contexts_of_their_own():
    barrier = threading.Barrier(4)
    shared = fast_init(7)
    wrong = []

    def work(seed):
        for _ in range(20):
            with fast_init(seed):
                barrier.wait()
                values = draw()
                barrier.wait()
                wrong.extend([] if (values, draw()) == (drawn(seed), drawn(seed, 1)) else [seed])
            with shared:
                wrong.extend([] if draw() == drawn(7) else [7])

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert wrong == []


def test_a_thread_that_outlives_the_others_context_keeps_its_own():
    entered, left = threading.Event(), threading.Event()

    def work():
        with fast_init(2):
            entered.set()
            left.wait(10)
            return draw()

    results = []
    thread = threading.Thread(target=lambda: results.append(work()))
    with fast_init(1):
        thread.start()
        entered.wait(10)
    left.set()
    thread.join()
    assert results == [drawn(2)]


def test_tasks_that_take_turns_have_contexts_of_their_own():
    async def work(seed, turns):
        with fast_init(seed):
            values = []
            for _ in range(turns):
                values.append(draw())
                await asyncio.sleep(0)
        return values

    async def outside():
        await asyncio.sleep(0)
        return torchs()

    async def together():
        return await asyncio.gather(work(1, 3), work(2, 5), outside(), work(3, 1))

    one, two, none, three = asyncio.run(together())
    assert one == [drawn(1, turn) for turn in range(3)]
    assert two == [drawn(2, turn) for turn in range(5)]
    assert none == torchs()
    assert three == [drawn(3)]


def test_a_task_that_is_started_within_a_context_sees_it_as_long_as_it_is_open():
    async def work():
        first = draw()
        await asyncio.sleep(0.01)
        return first, torchs()

    async def start():
        with fast_init(1):
            task = asyncio.create_task(work())
            await asyncio.sleep(0)
        return await task

    assert asyncio.run(start()) == (drawn(1), torchs())


def test_a_context_may_be_left_where_its_context_variables_are_not_seen():
    context = fast_init(1)
    contextvars.copy_context().run(context.__enter__)
    expected = torchs()
    assert draw() != expected
    torch.manual_seed(5)
    assert draw() == expected
    context.__exit__(None, None, None)


class Counting(TorchFunctionMode):
    """Counts the calls it sees."""

    calls = 0

    def __torch_function__(self, func, types, args=(), kwargs=None):
        self.calls += 1
        return func(*args, **(kwargs or {}))


def test_other_modes_stay_where_they_are():
    with Counting() as around, fast_init(1):
        torch.zeros(3)
        assert draw() == drawn(1)
        with Counting() as within:
            assert draw() == drawn(1, 1)
            assert within.calls > 0
    assert around.calls > 0
    counting, context = Counting(), fast_init(1)
    context.__enter__()
    counting.__enter__()
    context.__exit__(None, None, None)
    torch.zeros(3)
    assert counting.calls > 0
    counting.__exit__(None, None, None)


def test_the_replaced_functions_are_the_same_objects_with_the_same_signatures():
    signatures = [inspect.signature(function) for function in HIDDEN]
    with fast_init(1):
        assert [
            torch.nn.init._no_grad_trunc_normal_,
            torch.nn.init.orthogonal_,
            torch.nn.init.sparse_,
        ] == HIDDEN
        assert [inspect.signature(function) for function in HIDDEN] == signatures
        assert [function.__code__ for function in HIDDEN] != CODES


def test_what_somebody_else_has_put_there_meanwhile_stays(monkeypatch):
    def other(tensor, gain=1, generator=None):
        return tensor.fill_(7)

    own = types.FunctionType(CODES[1], vars(torch.nn.init))
    with fast_init(1):
        torch.nn.init.orthogonal_.__code__ = other.__code__
    try:
        assert (torch.nn.init.orthogonal_(torch.empty(3, 3)) == 7).all()
        with fast_init(1):
            expected = init.orthogonal_(torch.empty(3, 3), generator=Generator(seed=1))
            assert torch.equal(torch.nn.init.orthogonal_(torch.empty(3, 3)), expected)
        assert (torch.nn.init.orthogonal_(torch.empty(3, 3)) == 7).all()
    finally:
        torch.nn.init.orthogonal_.__code__ = own.__code__
    with fast_init(1):
        monkeypatch.setattr(torch.nn.init, "_no_grad_trunc_normal_", lambda tensor, *_, **__: tensor.fill_(7))
    assert (torch.nn.init.trunc_normal_(torch.empty(3)) == 7).all()
