"""`Generator`: a place in the stream of random words, and the one that is used where none is given."""

import operator
import os
from typing import Any, Final, Self, SupportsIndex, SupportsInt

import numpy as np

from .. import _core
from ..devices import CPU, META, DeviceLike, as_device, device

__all__ = [
    "STREAM_VERSION",
    "Generator",
    "default_generator",
    "get_rng_state",
    "initial_seed",
    "manual_seed",
    "seed",
    "set_rng_state",
]

#: Version of the map from (seed, stream, position) to values. From 1 on it is frozen: new bits, a new number.
STREAM_VERSION: Final = 1

_MAX_POSITION: Final = 1 << 50  # 2^48 blocks of four words
_DEFAULT_SEED: Final = 67280421310721  # of a generator that was not given one, as in PyTorch
_STATE: Final = np.dtype("<u8")  # seed, stream, position


class Generator:
    """A place in the stream of random words: a seed, a stream number, a position (torch.Generator).

    The values of a fill depend on these three and on the fill's arguments, on nothing else. A fill moves the
    position on by the number of elements of the whole tensor, rounded up to 4, whatever its dtype and however
    the tensor is sharded. One generator may be used from several threads: no position is given out twice.

    Args:
        device: `"cpu"`; here because PyTorch's generators have one.
        seed: what `manual_seed` takes; without it, the fixed seed of PyTorch's new generators.

    Raises:
        RuntimeError: `device` is not the CPU, or `seed` is not an int.
        ValueError: `seed` does not fit into 64 bits.

    Examples:
        >>> generator = Generator(seed=7)
        >>> fastinit.rand(3, generator=generator)
        tensor([0.9546, 0.7502, 0.1142])
        >>> generator
        <fastinit.Generator seed=7 stream=0 position=4>
        >>> generator.fork("layer.weight")
        <fastinit.Generator seed=7 stream=1190567923251636200 position=0>
    """

    __slots__ = ("_place",)

    # Seed, stream and position: one tuple that is replaced, never changed, so that who reads it (a thread, a
    # forked child, the handler of a signal) finds three that belong together, and needs no lock.
    _place: tuple[int, int, int]

    def __init__(self, device: DeviceLike = "cpu", *, seed: SupportsIndex | None = None) -> None:
        if as_device(device) == META:
            raise RuntimeError("META device type not an accelerator.")
        self._place = (_DEFAULT_SEED if seed is None else _as_seed(seed), 0, 0)

    @property
    def device(self) -> device:
        """Always the CPU."""
        return CPU

    def manual_seed(self, seed: SupportsIndex) -> Self:
        """Goes to the start of the stream of `seed`.

        Args:
            seed: an int in [-2^63, 2^64); a negative one counts down from 2^64.

        Returns:
            The generator itself.

        Raises:
            RuntimeError: `seed` is not an int.
            ValueError: `seed` is out of range.
        """
        self._place = (_as_seed(seed), self._place[1], 0)
        return self

    def seed(self) -> int:
        """Takes a new seed from the operating system, goes to its start, and returns it."""
        value = int.from_bytes(os.urandom(8), "little")
        self.manual_seed(value)
        return value

    def initial_seed(self) -> int:
        """Returns the seed."""
        return self._place[0]

    def get_state(self) -> np.ndarray[Any, np.dtype[np.uint8]]:
        """Returns the state as 24 bytes: seed, stream and position, each a little-endian 64-bit integer."""
        return np.array(self._place, _STATE).view(np.uint8)

    def set_state(self, new_state: Any) -> Self:
        """Goes back to a state that `get_state` gave.

        Args:
            new_state: uint8 of shape (24,), an array or a tensor.

        Returns:
            The generator itself.

        Raises:
            TypeError: `new_state` is not an array of uint8.
            RuntimeError: its shape is another, or no generator can have been in that state.
        """
        if not hasattr(new_state, "__array__"):
            raise TypeError(f"expected a uint8 tensor, but got {type(new_state).__name__}")
        state = np.asarray(new_state)
        if state.dtype != np.uint8:
            raise TypeError(f"RNG state must be a uint8 tensor, but its dtype is {state.dtype}")
        if state.shape != (3 * _STATE.itemsize,):
            raise RuntimeError(f"Expected an RNG state of shape (24,) but found one of shape {state.shape}")
        seed, stream, position = (int(word) for word in np.ascontiguousarray(state).view(_STATE))
        if position > _MAX_POSITION or position % 4:
            raise RuntimeError(f"the RNG state is damaged: its position is {position}")
        self._place = (seed, stream, position)
        return self

    def clone_state(self) -> "Generator":
        """Returns another generator in the same state."""
        return Generator().set_state(self.get_state())

    def fork(self, key: str | SupportsIndex) -> "Generator":
        """Returns an independent generator, the same for the same key, at position 0.

        It has the same seed and a stream of its own, which depends on this generator's stream and on `key`,
        not on the position: fills made before do not change it, and the generator itself does not move.

        Args:
            key: a name, or an int in [0, 2^64).

        Raises:
            TypeError: `key` is neither.
            ValueError: `key` is an int out of range.
        """
        if isinstance(key, str):
            tagged = b"\x01" + key.encode()
        elif isinstance(key, bool) or not hasattr(key, "__index__"):
            raise TypeError(f"fork(): argument 'key' must be str or int, not {type(key).__name__}")
        else:
            number = operator.index(key)
            if not 0 <= number < 1 << 64:
                raise ValueError(f"fork(): expected key in [0, 2^64), got {number}")
            tagged = b"\x00" + number.to_bytes(8, "little")
        from hashlib import blake2b  # here, as it loads OpenSSL, which few programs that import fastinit need

        seed, stream, _ = self._place
        parent = stream.to_bytes(8, "little")
        digest = blake2b(parent + tagged, digest_size=8, person=b"fastinit").digest()
        forked = Generator()
        forked._place = (seed, int.from_bytes(digest, "little"), 0)
        return forked

    def _take(self, numel: int) -> tuple[int, int, int]:
        """Takes the positions of one fill of `numel` elements; returns (seed, stream, first position)."""
        return _core.take(self, numel)

    def __copy__(self) -> "Generator":
        return self.clone_state()

    def __deepcopy__(self, memo: dict[int, Any]) -> "Generator":
        return self.clone_state()

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore, (self.get_state(),)

    def __repr__(self) -> str:
        seed, stream, position = self._place
        return f"<fastinit.Generator {seed=} {stream=} {position=}>"


def _restore(state: np.ndarray[Any, np.dtype[np.uint8]]) -> Generator:
    generator = Generator()
    generator.set_state(state)
    return generator


def _as_seed(seed: SupportsIndex) -> int:
    if isinstance(seed, bool) or not hasattr(seed, "__index__"):
        raise RuntimeError(f"manual_seed expected a long, but got {type(seed).__name__}")
    value = operator.index(seed)
    if not -(1 << 63) <= value < 1 << 64:
        raise ValueError(f"Overflow when unpacking long long: expected seed in [-2^63, 2^64), got {value}")
    return value % (1 << 64)


#: The generator of every fill that is given none; seeded by the operating system until `manual_seed`.
default_generator: Final = Generator()
default_generator.seed()


def manual_seed(seed: SupportsInt | str) -> Generator:
    """Seeds the default generator (torch.manual_seed).

    Args:
        seed: an int, or what `int` makes one of, in [-2^63, 2^64); a negative one counts down from 2^64.

    Returns:
        The default generator, at the start of its stream.

    Raises:
        TypeError: `seed` is neither a number nor a string.
        ValueError: `seed` is out of range or is no number.
    """
    return default_generator.manual_seed(int(seed))


def seed() -> int:
    """Gives the default generator a seed from the operating system (torch.seed).

    Returns:
        The seed, a 64-bit int.
    """
    return default_generator.seed()


def initial_seed() -> int:
    """Returns the default generator's seed (torch.initial_seed)."""
    return default_generator.initial_seed()


def get_rng_state() -> np.ndarray[Any, np.dtype[np.uint8]]:
    """Returns the default generator's state, as `Generator.get_state` does (torch.get_rng_state).

    It is an array of 24 bytes, for `set_rng_state`.
    """
    return default_generator.get_state()


def set_rng_state(new_state: Any) -> None:
    """Puts the default generator into a state, as `Generator.set_state` does (torch.set_rng_state).

    Args:
        new_state: what `get_rng_state` gave: uint8 of shape (24,), an array or a tensor.

    Raises:
        RuntimeError: its shape is another, or no generator can have been in that state.
        TypeError: it is not an array of uint8.
    """
    default_generator.set_state(new_state)
