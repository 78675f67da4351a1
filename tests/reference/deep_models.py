"""Small models of any depth and width, of fastinit or of PyTorch: whichever library is given."""

from __future__ import annotations

from typing import Any


def residual_network(library: Any, depth: int, width: int = 16) -> Any:
    """A residual network of fully connected layers, with the scalar biases and multipliers of Fixup."""
    nn, relu = library.nn, library.nn.functional.relu

    class Block(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.bias1a, self.bias1b, self.bias2a, self.bias2b = (scalar(library, 3.0) for _ in range(4))
            self.conv1 = nn.Linear(width, width, bias=False)
            self.conv2 = nn.Linear(width, width, bias=False)
            self.scale = scalar(library, 3.0)

        def forward(self, x: Any) -> Any:
            inner = relu(self.conv1(x + self.bias1a) + self.bias1b)
            return relu(x + self.conv2(inner + self.bias2a) * self.scale + self.bias2b)

    class Network(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv1 = nn.Linear(8, width)
            self.blocks = nn.ModuleList([Block() for _ in range(depth)])
            self.fc = nn.Linear(width, 3)

        def forward(self, x: Any) -> Any:
            x = relu(self.conv1(x))
            for block in self.blocks:
                x = block(x)
            return self.fc(x)

    return Network()


def gated_network(library: Any, depth: int, width: int = 16) -> Any:
    """A residual network whose branches stand behind the gates of ReZero."""
    nn = library.nn

    class Block(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.linear = nn.Linear(width, width)
            self.alpha = scalar(library, 1.0)

        def forward(self, x: Any) -> Any:
            return x + self.alpha * nn.functional.relu(self.linear(x))

    return nn.Sequential(*(Block() for _ in range(depth)))


def scalar(library: Any, value: float) -> Any:
    """A parameter of one number."""
    return library.nn.Parameter(library.full((1,), value))


def attention(library: Any, width: int, heads: int = 2, scale: float | None = None) -> Any:
    """Attention with a projection of its own for each of query, key and value."""
    nn = library.nn

    class Attention(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.q_proj, self.k_proj, self.v_proj, self.out_proj = (nn.Linear(width, width) for _ in range(4))

        def forward(self, x: Any, memory: Any) -> Any:
            size = width // heads
            q, k, v = (
                each.reshape(*each.shape[:2], heads, size).transpose(1, 2)
                for each in (self.q_proj(x), self.k_proj(memory), self.v_proj(memory))
            )
            weights = (q @ k.transpose(-2, -1) * (size**-0.5 if scale is None else scale)).softmax(-1)
            return self.out_proj((weights @ v).transpose(1, 2).reshape(*x.shape[:2], width))

    return Attention()


def stack(
    library: Any,
    depth: int,
    width: int,
    kind: str,
    *,
    alpha: float = 1.0,
    cross: bool = False,
    **options: Any,
) -> Any:
    """Layers of attention and feed-forward branches: `kind` is "pre", "post" or "none", where norms stand."""
    nn = library.nn

    def norm() -> Any:
        return nn.LayerNorm(width) if kind != "none" else nn.Identity()

    class Layer(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.self_attn = attention(library, width, **options)
            self.fc1, self.fc2 = nn.Linear(width, 2 * width), nn.Linear(2 * width, width)
            self.norm1, self.norm2 = norm(), norm()
            if cross:
                self.cross_attn = attention(library, width, **options)
                self.norm3 = norm()

        def add(self, x: Any, normalise: Any, branch: Any) -> Any:
            if kind == "pre":
                return x + branch(normalise(x))
            return normalise(alpha * x + branch(x))

        def forward(self, x: Any, memory: Any = None) -> Any:
            x = self.add(x, self.norm1, lambda each: self.self_attn(each, each))
            if cross:
                x = self.add(x, self.norm3, lambda each: self.cross_attn(each, memory))
            return self.add(x, self.norm2, lambda each: self.fc2(nn.functional.relu(self.fc1(each))))

    class Stack(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layers = nn.ModuleList([Layer() for _ in range(depth)])

        def forward(self, x: Any, memory: Any = None) -> Any:
            for layer in self.layers:
                x = layer(x, memory)
            return x

    return Stack()


def language_model(library: Any, depth: int, width: int = 16, kind: str = "pre", **options: Any) -> Any:
    """A decoder between an embedding and a head."""
    nn = library.nn

    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embed_tokens = nn.Embedding(11, width)
            self.decoder = stack(library, depth, width, kind, **options)
            self.norm = nn.LayerNorm(width) if kind == "pre" else nn.Identity()
            self.lm_head = nn.Linear(width, 11, bias=False)

        def forward(self, tokens: Any) -> Any:
            return self.lm_head(self.norm(self.decoder(self.embed_tokens(tokens))))

    return Model()


def translator(
    library: Any, depth: int, width: int = 16, kind: str = "none", alphas: tuple[float, float] = (1.0, 1.0)
) -> Any:
    """An encoder and a decoder of as many layers, with embeddings that are multiplied by sqrt(width)."""
    nn = library.nn

    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embed_tokens = nn.Embedding(11, width)
            self.encoder = stack(library, depth, width, kind, alpha=alphas[0])
            self.decoder = stack(library, depth, width, kind, alpha=alphas[1], cross=True)
            self.head = nn.Linear(width, 11)

        def forward(self, tokens: Any) -> Any:
            x = width**0.5 * self.embed_tokens(tokens)
            return self.head(self.decoder(x, self.encoder(x)))

    return Model()
