"""Building blocks of networks: parameters, the modules that hold them, and their first values."""

from . import init
from .container import ModuleDict, ModuleList, Sequential
from .module import Module
from .parameter import Parameter
from .parameter_container import ParameterDict, ParameterList

__all__ = [
    "Module",
    "ModuleDict",
    "ModuleList",
    "Parameter",
    "ParameterDict",
    "ParameterList",
    "Sequential",
    "init",
]
