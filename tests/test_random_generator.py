"""A generator gives out each position once, and knows its way back."""

import copy
import pickle
import signal
import threading
from hashlib import blake2b

import numpy as np
import pytest

import fastinit
from fastinit import Generator, Shard, _core, random


@pytest.fixture
def default_state():
    """Gives the default generator its state back."""
    state = fastinit.get_rng_state()
    yield
    fastinit.set_rng_state(state)


def test_a_new_generator_has_pytorchs_seed():
    torch = pytest.importorskip("torch")
    assert Generator().initial_seed() == torch.Generator().initial_seed()


@pytest.mark.parametrize("seed", [0, 3, 2**64 - 1, -1, -(2**63), np.int64(5), np.uint64(2**63)])
def test_manual_seed_takes_the_seeds_that_pytorchs_takes(seed):
    torch = pytest.importorskip("torch")
    generator = Generator()
    assert generator.manual_seed(seed) is generator
    assert generator.initial_seed() == torch.Generator().manual_seed(int(seed)).initial_seed()
    assert Generator(seed=seed).initial_seed() == generator.initial_seed()


@pytest.mark.parametrize("seed", [2**64, -(2**63) - 1, 1.5, True, "a", None])
def test_manual_seed_refuses_what_pytorchs_refuses(seed):
    torch = pytest.importorskip("torch")
    with pytest.raises((RuntimeError, ValueError)) as expected:
        torch.Generator().manual_seed(seed)
    generator = Generator(seed=1)
    generator._take(4)
    with pytest.raises(expected.type) as error:
        generator.manual_seed(seed)
    assert str(error.value).startswith(str(expected.value))
    assert generator._take(0) == (1, 0, 4)


def test_a_generator_is_on_the_cpu():
    assert str(Generator("cpu").device) == "cpu"
    assert str(Generator(None).device) == "cpu"
    with pytest.raises(RuntimeError, match="cuda"):
        Generator("cuda")


def test_a_fill_takes_as_many_positions_as_elements_rounded_up_to_four():
    generator = Generator(seed=7)
    assert generator._take(5) == (7, 0, 0)
    assert generator._take(0) == (7, 0, 8)
    assert generator._take(1) == (7, 0, 8)
    assert generator._take(8) == (7, 0, 12)
    assert generator._take(1) == (7, 0, 20)


def test_manual_seed_goes_back_to_the_start_and_seed_takes_a_new_one():
    generator = Generator(seed=7)
    generator._take(5)
    assert generator.manual_seed(8)._take(1) == (8, 0, 0)
    new = generator.seed()
    assert new == generator.initial_seed() != 8
    assert generator._take(1) == (new, 0, 0)


def test_a_fill_that_would_pass_position_2_to_the_50_is_refused():
    generator = Generator(seed=7)
    generator._take(2**50 - 4)
    with pytest.raises(ValueError, match=r"would pass position 2\^50"):
        generator._take(5)
    assert generator._take(4) == (7, 0, 2**50 - 4)
    with pytest.raises(ValueError, match=r"2\^50"):
        generator._take(1)
    array = np.full(1, 7, np.float32)
    with pytest.raises(ValueError, match=r"2\^50"):
        random.uniform(array, generator=generator)
    assert array.tolist() == [7]


@pytest.mark.parametrize("whole", [(2**50 - 3, 1), (2**40, 2**40), (2**62, 2**62)])
def test_a_shard_of_a_tensor_that_the_stream_cannot_hold_is_refused(whole):
    generator = Generator(seed=7)
    generator._take(4)
    array = np.full((1, 1), 7, np.float32)
    with pytest.raises(ValueError, match=rf"{whole[0] * whole[1]} elements from position 4 .* 2\^50"):
        random.normal(array, generator=generator, shard=Shard(whole, (slice(0, 1), slice(0, 1))))
    assert array.tolist() == [[7]]
    assert generator._take(0) == (7, 0, 4)


def test_the_last_element_that_the_stream_holds_has_its_value():
    generator = Generator(seed=7)
    last = Shard((2**50,), (slice(2**50 - 1, None),))
    by_shard, by_position = np.empty((2, 1), np.float32)
    random.normal(by_shard, generator=generator, shard=last)
    _core.fill_normal(by_position, 0, 1, 7, 0, 2**50 - 4, (4,), (3,))
    assert by_shard.tolist() == by_position.tolist()
    with pytest.raises(ValueError, match=r"2\^50"):
        generator._take(1)


@pytest.mark.parametrize("place", [None, (1, 2), [1, 2, 4], (1, 2, "4"), (1, 2, -4)])
def test_positions_are_taken_from_a_generator_only(place):
    class Other:
        _place = place

    with pytest.raises((TypeError, OverflowError)):
        _core.take(Other(), 4)
    with pytest.raises(AttributeError, match="_place"):
        _core.take(object(), 4)
    with pytest.raises(TypeError, match="integer"):
        _core.take(Generator(), 4.0)


def test_the_state_goes_round():
    generator = Generator(seed=2**63 + 5).fork("a")
    generator._take(9)
    state = generator.get_state()
    assert state.dtype == np.uint8
    assert state.shape == (24,)
    taken = generator._take(3)
    assert generator.set_state(state) is generator
    assert generator._take(3) == taken
    other = Generator()
    other.set_state(state)
    assert other._take(3) == taken


@pytest.mark.parametrize(
    "duplicate", [copy.copy, copy.deepcopy, Generator.clone_state, lambda g: pickle.loads(pickle.dumps(g))]
)
def test_a_copy_goes_its_own_way_from_the_same_state(duplicate):
    generator = Generator(seed=3).fork(1)
    generator._take(4)
    clone = duplicate(generator)
    assert clone._take(4) == generator._take(4)
    clone._take(4)
    assert generator._take(4)[2] == 8


@pytest.mark.parametrize(
    ("state", "error"),
    [
        (3, TypeError),
        (np.zeros(24, np.float32), TypeError),
        (np.zeros(5, np.uint8), RuntimeError),
        (np.zeros((1, 24), np.uint8), RuntimeError),
        (np.full(24, 255, np.uint8), RuntimeError),
        (np.eye(1, 24, 16, np.uint8)[0], RuntimeError),
    ],
)
def test_a_state_that_no_generator_gave_is_refused(state, error):
    generator = Generator(seed=3)
    with pytest.raises(error):
        generator.set_state(state)
    assert generator._take(1) == (3, 0, 0)


# Python 3.12 and later warn of forks in processes with threads: that they work is what is tested here.
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_children_forked_while_another_thread_draws_draw_too(in_a_child):
    generator = Generator(seed=7)
    stop = threading.Event()

    def draw():
        while not stop.is_set():
            generator._take(4)

    def draws():
        first = generator._take(4)
        return first[:2] == (7, 0) and generator._take(4)[2] == first[2] + 4

    thread = threading.Thread(target=draw)
    thread.start()
    try:
        for _ in range(20):
            assert in_a_child(draws)
    finally:
        stop.set()
        thread.join()


def test_the_handler_of_a_signal_may_draw_while_its_thread_draws():
    generator = Generator(seed=7)
    by_handler = []
    former = signal.signal(signal.SIGPROF, lambda *_: by_handler.append(generator._take(4)[2]))
    signal.setitimer(signal.ITIMER_PROF, 0.0005, 0.0005)
    try:
        by_program = []
        while len(by_handler) < 20:
            by_program.append(generator._take(4)[2])
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, former)
    assert sorted(by_handler + by_program) == list(range(0, 4 * (len(by_handler) + len(by_program)), 4))


def test_a_forks_stream_is_the_hash_that_the_design_names():
    def stream(parent, tag, key):
        digest = blake2b(parent.to_bytes(8, "little") + tag + key, digest_size=8, person=b"fastinit").digest()
        return int.from_bytes(digest, "little")

    by_name = stream(0, b"\x01", "läyer.0".encode())
    by_int = stream(by_name, b"\x00", (2**64 - 1).to_bytes(8, "little"))
    generator = Generator(seed=5)
    assert generator.fork("läyer.0")._take(1) == (5, by_name, 0)
    assert generator.fork("läyer.0").fork(2**64 - 1)._take(1) == (5, by_int, 0)
    # Pinned, so that it cannot change in step with the lines above.
    assert Generator(seed=5).fork("weight")._take(1)[1] == 0x8F9CDD9C0EFB7A12
    assert Generator(seed=5).fork(0)._take(1)[1] == 0xC12A25FB69FBF7CE


def test_a_fork_depends_on_the_seed_and_the_key_alone():
    generator = Generator(seed=5)
    before = generator.fork("a")._take(1)
    generator._take(100)
    assert generator.fork("a")._take(1) == before
    assert generator._take(1)[2] == 100
    assert len({generator.fork(key)._take(1)[1] for key in ("a", "b", "", 0, 1, "0", "1")}) == 7


@pytest.mark.parametrize(
    ("key", "error"),
    [
        (1.5, TypeError),
        (True, TypeError),
        (None, TypeError),
        (b"a", TypeError),
        (-1, ValueError),
        (2**64, ValueError),
    ],
)
def test_a_key_that_is_neither_a_name_nor_an_int_is_refused(key, error):
    with pytest.raises(error, match="key"):
        Generator().fork(key)


def test_no_position_is_given_out_twice_to_threads():
    generator = Generator(seed=1)
    taken: list[int] = []

    def take_many():
        mine = [generator._take(4)[2] for _ in range(2000)]
        taken.extend(mine)

    threads = [threading.Thread(target=take_many) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == list(range(0, 4 * 8000, 4))


@pytest.mark.usefixtures("default_state")
def test_the_module_functions_are_the_default_generators():
    assert fastinit.manual_seed(4) is fastinit.default_generator
    assert fastinit.initial_seed() == 4
    state = fastinit.get_rng_state()
    first = np.empty(3, np.float32)
    again = np.empty(3, np.float32)
    random.normal(first)
    fastinit.set_rng_state(state)
    random.normal(again)
    assert (first == again).all()
    assert fastinit.seed() == fastinit.initial_seed()
    assert fastinit.manual_seed("7").initial_seed() == 7
    assert fastinit.manual_seed(1.7).initial_seed() == 1


@pytest.mark.usefixtures("default_state")
def test_a_generator_gives_what_manual_seed_gives():
    fastinit.manual_seed(11)
    by_default, by_generator = np.empty((2, 9), np.float32)
    random.uniform(by_default)
    random.uniform(by_generator, generator=Generator(seed=11))
    assert (by_default == by_generator).all()
