"""Schedules against PyTorch: the very numbers, states, warnings and errors."""

import copy
import gc
import pickle
import weakref

import pytest

import fastinit
from fastinit import nn, optim
from fastinit.optim import lr_scheduler
from reference.differential import calls, output, transcript

# Schedules of an optimiser `o` that has two groups; S is the module of schedules.
SCHEDULES = """
S.StepLR(o, 7) | S.StepLR(o, step_size=1, gamma=0.9) | S.StepLR(o, 30, 1.5)
S.MultiStepLR(o, [3, 10, 10, 50]) | S.MultiStepLR(o, (5,), gamma=0.3) | S.MultiStepLR(o, [])
S.MultiStepLR(o, [50, 2, 0]) | S.ExponentialLR(o, 0.97) | S.ExponentialLR(o, gamma=1)
S.CosineAnnealingLR(o, 10) | S.CosineAnnealingLR(o, T_max=37, eta_min=0.01) | S.CosineAnnealingLR(o, 200)
S.CosineAnnealingLR(o, 1) | S.CosineAnnealingWarmRestarts(o, 10)
S.CosineAnnealingWarmRestarts(o, 3, 2, 1e-3)
S.OneCycleLR(o, 0.5, total_steps=101) | S.OneCycleLR(o, [0.5, 1.5], epochs=51, steps_per_epoch=2)
S.OneCycleLR(o, 1.0, 200, pct_start=0.1, anneal_strategy='linear')
S.OneCycleLR(o, 1.0, 150, three_phase=True)
S.OneCycleLR(o, 1.0, 150, div_factor=3, final_div_factor=7, base_momentum=0.5, max_momentum=[0.8, 0.9])
S.OneCycleLR(o, 1.0, 150, cycle_momentum=False) | S.OneCycleLR(o, 1.0, 150, pct_start=1.0)
S.LambdaLR(o, lambda epoch: 0.95 ** epoch) | S.LambdaLR(o, [lambda e: 1 / (1 + e), lambda e: e % 3])
S.MultiplicativeLR(o, lambda epoch: 0.95) | S.MultiplicativeLR(o, [lambda e: 0.9, lambda e: 1 / e])
S.LinearLR(o) | S.LinearLR(o, 0.1, 0.7, 13) | S.LinearLR(o, start_factor=1.0, end_factor=0.0, total_iters=30)
S.ConstantLR(o) | S.ConstantLR(o, 0.5, 10) | S.ConstantLR(o, 1, total_iters=0) | S.PolynomialLR(o)
S.PolynomialLR(o, 20, 2.5) | S.PolynomialLR(o, total_iters=100, power=0.5)
S.CyclicLR(o, 0.1, 1.0, 9) | S.CyclicLR(o, [0.1, 0.2], 1.0, 7, 3, 'triangular2')
S.CyclicLR(o, 0.1, [1.0, 2.0], 7, mode='exp_range', gamma=0.98, max_momentum=0.7)
S.CyclicLR(o, 0.1, 1, 5, scale_fn=lambda x: 1 / x, cycle_momentum=False)
S.CyclicLR(o, 0.1, 1, 5, scale_fn=lambda x: 0.9 ** x, scale_mode='iterations')
S.SequentialLR(o, [S.ConstantLR(o, 0.1, 5), S.ExponentialLR(o, 0.9)], [5])
S.SequentialLR(o, [S.LinearLR(o), S.CosineAnnealingLR(o, 50), S.StepLR(o, 4)], milestones=[5, 60])
S.SequentialLR(o, [S.SequentialLR(o, [S.ExponentialLR(o, 0.9), S.ConstantLR(o)], [3]), S.StepLR(o, 3)], [20])
S.ChainedScheduler([S.ConstantLR(o, 0.1, 20), S.ExponentialLR(o, 0.9)])
S.ChainedScheduler([S.LinearLR(o), S.StepLR(o, 10)], optimizer=o)
"""

SETUP = """
import copy
from importlib import import_module
optim = import_module(torch.__name__ + ".optim")
S = import_module(torch.__name__ + ".optim.lr_scheduler")

def P(length=2):
    return [nn.Parameter(torch.ones(length))]

def make(kind="SGD", lr=0.1):
    groups = [{"params": P(2)}, {"params": P(3), "lr": lr * 3}]
    return getattr(optim, kind)(groups, lr=lr, **({"momentum": 0.9} if kind == "SGD" else {}))
"""

RUN = """
import warnings
warnings.simplefilter("ignore")
for make_lr, kinds in (lambda: 0.1, ["SGD", "AdamW"]), (lambda: torch.tensor(0.125), ["SGD"]):
    for kind in kinds:
        o = make(kind, make_lr())
        s = {schedule}
        print(s.get_last_lr())
        for step in range(100):
            o.step()
            s.step()
            for group in o.param_groups:
                print(s.get_last_lr(), {{k: v for k, v in group.items() if k != "params"}})
        state = s.state_dict()
        print(sorted(state), {{k: v for k, v in state.items() if k not in ("_scale_fn_ref", "_schedulers")}})
        # A run that goes on from a saved state.
        other = make(kind, make_lr())
        other.load_state_dict(copy.deepcopy(o.state_dict()))
        o = other
        resumed = {schedule}
        resumed.load_state_dict(copy.deepcopy(state))
        for group, rate in zip(o.param_groups, s.get_last_lr()):
            group["lr"] = rate
        for step in range({further}):
            o.step()
            resumed.step()
            print(resumed.get_last_lr())
"""


@pytest.mark.parametrize("schedule", calls(SCHEDULES))
def test_a_hundred_steps_have_the_very_rates_and_states_of_torch(schedule):
    torch = pytest.importorskip("torch")
    program = SETUP + RUN.format(schedule=schedule, further=1 if "OneCycle" in schedule else 10)
    ours, theirs = output(fastinit, program).splitlines(), output(torch, program).splitlines()
    assert [pair for pair in zip(ours, theirs, strict=True) if pair[0] != pair[1]] == []


MEASURES = """
S.ReduceLROnPlateau(o) | S.ReduceLROnPlateau(o, patience=2, factor=0.5)
S.ReduceLROnPlateau(o, 'max', patience=1)
S.ReduceLROnPlateau(o, patience=0, cooldown=3, threshold=0.1) | S.ReduceLROnPlateau(o, threshold_mode='abs')
S.ReduceLROnPlateau(o, 'max', patience=0, threshold_mode='abs', min_lr=[0.01, 0.2], eps=1e-3)
S.ReduceLROnPlateau(o, patience=0, min_lr=0.05) | S.ReduceLROnPlateau(o, patience=3, factor=0.0)
"""


@pytest.mark.parametrize("schedule", calls(MEASURES))
def test_a_plateau_is_seen_where_torch_sees_it(schedule):
    torch = pytest.importorskip("torch")
    program = f"""{SETUP}
o = make()
s = {schedule}
print(s.get_last_lr())
for step in range(60):
    s.step(((step * 7) % 11) / (step // 20 + 1) if step % 3 else torch.tensor(4.0))
    print(s.get_last_lr(), s.in_cooldown, s.state_dict())
again = S.ReduceLROnPlateau(o)
again.load_state_dict(s.state_dict())
again.step(1e9)
print(again.state_dict(), again.get_last_lr())
"""
    assert output(fastinit, program) == output(torch, program)


ARGUMENTS = """
S.LRScheduler(3) | S.LRScheduler(make()) | S.StepLR(make()) | S.StepLR(None, 3)
S.StepLR(make(), 0).last_epoch | S.StepLR(P(), 1)
S.StepLR(make(), 3, last_epoch=5) | S.ExponentialLR(make()) | stepped(S.ExponentialLR(make(), 'x'), 1)
stepped(S.StepLR(make(), 'x'), 1)
S.MultiStepLR(make(), 5) | S.CosineAnnealingLR(make()) | stepped(S.CosineAnnealingLR(make(), 0), 1)
S.LambdaLR(make(), [abs])
S.LambdaLR(make(), 3) | S.MultiplicativeLR(make(), 3) | S.MultiplicativeLR(make(), [3])
S.MultiplicativeLR(make(), [abs, 3]) | S.LambdaLR(3, abs)
S.LinearLR(make(), 0) | S.LinearLR(make(), 1.5) | S.LinearLR(make(), end_factor=-1)
S.LinearLR(make(), end_factor=2)
S.ConstantLR(make(), 2) | S.ConstantLR(make(), -0.1) | S.CosineAnnealingWarmRestarts(make(), 0)
S.CosineAnnealingWarmRestarts(make(), 2.5) | S.CosineAnnealingWarmRestarts(make(), 5, 0)
S.CosineAnnealingWarmRestarts(make(), 5, 1.5) | S.CosineAnnealingWarmRestarts(make(), 5, eta_min='x')
S.OneCycleLR(make(), 1.0) | S.OneCycleLR(3, 1.0) | S.OneCycleLR(make(), 1.0, 0)
S.OneCycleLR(make(), 1.0, 2.5)
S.OneCycleLR(make(), 1.0, epochs=2) | S.OneCycleLR(make(), 1.0, epochs=0, steps_per_epoch=2)
S.OneCycleLR(make(), 1.0, epochs=2, steps_per_epoch=0.5) | S.OneCycleLR(make(), 1.0, 10, pct_start=2.0)
S.OneCycleLR(make(), 1.0, 10, pct_start=1) | S.OneCycleLR(make(), 1.0, 10, anneal_strategy='x')
S.OneCycleLR(make(), [1.0], 10) | S.OneCycleLR(make(), 1.0, 10, max_momentum=[0.9])
S.OneCycleLR(make(), 1.0, 10, last_epoch=3) | S.OneCycleLR(Plain(P(), {'lr': 0.1}), 1.0, 10)
S.CyclicLR(3, 0.1, 1) | S.CyclicLR(make(), [0.1], 1) | S.CyclicLR(make(), 0.1, [1])
S.CyclicLR(make(), 0.1, 1, mode='x')
S.CyclicLR(make(), 0.1, 1, base_momentum=[1]) | S.CyclicLR(Plain(P(), {'lr': 0.1}), 0.1, 1)
S.ReduceLROnPlateau(make(), factor=1) | S.ReduceLROnPlateau(3) | S.ReduceLROnPlateau(make(), 'x')
S.ReduceLROnPlateau(make(), threshold_mode='x') | S.ReduceLROnPlateau(make(), min_lr=[0.1])
S.ReduceLROnPlateau(make()).step() | S.ReduceLROnPlateau(make()).step(1, epoch=3)
S.ReduceLROnPlateau(make()).step('x') | S.SequentialLR(make(), [], []) | S.SequentialLR(make(), [3], [])
S.SequentialLR(o, [S.ReduceLROnPlateau(o)], []) | S.SequentialLR(o, [S.StepLR(make(), 3)], [])
S.SequentialLR(o, [S.StepLR(o, 3)], [2]) | S.ChainedScheduler([]) | S.ChainedScheduler([3])
S.ChainedScheduler([S.StepLR(o, 3), 3]) | S.ChainedScheduler([S.ReduceLROnPlateau(o)])
S.ChainedScheduler([S.StepLR(o, 3), S.StepLR(make(), 3)]) | S.StepLR(o, 3).get_lr() | S.StepLR(o, 3).step()
S.CosineAnnealingLR(o, 3).get_lr() | stepped(S.StepLR(make(), 2), 3) | replaced().step()
S.LRScheduler.step(S.StepLR(make(), 2), epoch=4) | S.CosineAnnealingWarmRestarts(make(), 5).step(-1)
at(S.StepLR(make(), 3), 7) | at(S.MultiStepLR(make(), [2, 5]), 5) | at(S.ExponentialLR(make(), 0.5), 3)
at(S.CosineAnnealingLR(make(), 7), 3) | at(S.LambdaLR(make(), abs), 3) | at(S.ConstantLR(make()), 3)
at(S.LinearLR(make()), 3) | at(S.PolynomialLR(make()), 3) | at(S.CosineAnnealingWarmRestarts(make(), 5), 2.5)
at(S.CosineAnnealingWarmRestarts(make(), 5, 2), 23.5) | at(S.CosineAnnealingWarmRestarts(make(), 5), 17)
at(S.OneCycleLR(make(), 1.0, 10), 4) | at(S.OneCycleLR(make(), 1.0, 10), 11)
at(S.CyclicLR(make(), 0.1, 1, 5), 8)
resumed(lambda o: S.StepLR(o, 2, last_epoch=4)) | resumed(lambda o: S.ExponentialLR(o, 0.5, last_epoch=4))
resumed(lambda o: S.CosineAnnealingLR(o, 9, last_epoch=4)) | resumed(lambda o: S.LinearLR(o, last_epoch=2))
resumed(lambda o: S.CosineAnnealingWarmRestarts(o, 5, last_epoch=2))
resumed(lambda o: S.OneCycleLR(o, 1.0, 20, last_epoch=4)) | resumed(lambda o: S.PolynomialLR(o, last_epoch=2))
S.LambdaLR(make(), Growing()).state_dict() | restored(lambda o: S.LambdaLR(o, Growing()))
restored(lambda o: S.CyclicLR(o, 0.1, 1, 5, scale_fn=Growing()))
S.CyclicLR(make(), 0.1, 1, scale_fn=Growing()).state_dict()
restored(lambda o: S.ChainedScheduler([S.StepLR(o, 3), S.LambdaLR(o, Growing())]))
S.SequentialLR(o, [S.StepLR(o, 3), S.LambdaLR(o, [abs, Growing()])], [4]).state_dict() | grown()
"""

PLAIN = """
class Plain(optim.Optimizer):
    def step(self, closure=None):
        return 5

class Growing:
    def __init__(self):
        self.factor = 2.0

    def __call__(self, epoch):
        return self.factor * epoch

    def __repr__(self):
        return f"Growing({self.factor})"

o = make()

def stepped(schedule, times):
    for _ in range(times):
        schedule.step()
    return schedule.get_last_lr(), schedule.last_epoch

def replaced():
    optimizer = make()
    schedule = S.StepLR(optimizer, 3)
    optimizer.step = lambda: 3
    return schedule

def at(schedule, epoch):
    schedule.optimizer.step()
    schedule.step(epoch)
    return schedule.get_last_lr(), schedule.last_epoch

def resumed(build):
    optimizer = make()
    for group in optimizer.param_groups:
        group.update(initial_lr=0.1, max_lr=0.5, min_lr=0.01, max_momentum=0.9, base_momentum=0.5)
    schedule = build(optimizer)
    first = schedule.get_last_lr()
    optimizer.step()
    schedule.step()
    return first, schedule.get_last_lr(), schedule.last_epoch

def restored(build):
    first = build(make())
    functions = getattr(first, "lr_lambdas", None) or [getattr(first, "_scale_fn_custom", None)]
    if functions[0] is not None:
        functions[0].factor = 7.0
    state = first.state_dict()
    second = build(make())
    second.load_state_dict(state)
    second.optimizer.step()
    second.step()
    return state.get("lr_lambdas"), second.get_last_lr(), second.state_dict().get("lr_lambdas")

def grown():
    optimizer = make()
    schedule = S.ReduceLROnPlateau(optimizer, patience=0, min_lr=[0.1, 0.2])
    optimizer.add_param_group({"params": P(4)})
    schedule.step(1)
    schedule.step(1)
"""


def test_arguments_warnings_and_errors_are_those_of_torch():
    torch = pytest.importorskip("torch")
    setup = SETUP + PLAIN
    ours, theirs = transcript(fastinit, setup, ARGUMENTS), transcript(torch, setup, ARGUMENTS)
    assert [pair for pair in zip(ours, theirs, strict=True) if pair[0] != pair[1]] == []


def schedule_of(parameter):
    optimizer = optim.SGD([parameter], lr=1.0)
    return lr_scheduler.StepLR(optimizer, 1, gamma=0.5)


def test_warnings_point_at_the_line_that_calls():
    schedule = schedule_of(nn.Parameter(fastinit.ones(1)))
    with pytest.warns(UserWarning, match=r"before `optimizer.step\(\)`") as caught:
        schedule.step()
    assert caught[0].filename == __file__
    with pytest.warns(UserWarning, match="get_last_lr") as caught:
        schedule.get_lr()
    assert caught[0].filename == __file__
    with pytest.warns(UserWarning, match="epoch parameter") as caught:
        schedule.step(3)
    assert caught[0].filename == __file__


@pytest.mark.parametrize("through", [copy.deepcopy, lambda whole: pickle.loads(pickle.dumps(whole))])
def test_a_copy_schedules_a_copy_of_the_optimizer(through):
    schedule = schedule_of(nn.Parameter(fastinit.ones(1)))
    schedule.optimizer.step()
    schedule.step()
    duplicate = through({"schedule": schedule})["schedule"]
    assert duplicate.optimizer is not schedule.optimizer
    duplicate.optimizer.step()
    duplicate.step()
    assert [group["lr"] for group in duplicate.optimizer.param_groups] == [0.25]
    assert [group["lr"] for group in schedule.optimizer.param_groups] == [0.5]


def test_an_optimizer_is_freed_at_once_though_its_schedule_watches_its_steps():
    parameter = nn.Parameter(fastinit.ones(1))
    schedule = schedule_of(parameter)
    reference = weakref.ref(schedule.optimizer)
    gc.disable()
    try:
        del schedule
        assert reference() is None
    finally:
        gc.enable()


def test_a_rate_that_is_a_tensor_keeps_its_memory():
    rate = fastinit.tensor(1.0)
    optimizer = optim.SGD([nn.Parameter(fastinit.ones(1))], lr=rate)
    schedule = lr_scheduler.ExponentialLR(optimizer, 0.5)
    optimizer.step()
    schedule.step()
    assert rate.item() == 0.5
    assert schedule.get_last_lr()[0] is not rate


CUSTOM = """
class Warmup({base}):
    def __init__(self, optimizer, steps, last_epoch=-1):
        self.steps = steps
        super().__init__(optimizer, last_epoch)

    def get_lr(self):
        return [rate * min(1.0, (self.last_epoch + 1) / self.steps) for rate in self.base_lrs]

o = make()
schedule = Warmup(o, 7)
for step in range(10):
    o.step()
    schedule.step()
    print(schedule.get_last_lr(), schedule.last_epoch, isinstance(schedule, S.LRScheduler))
"""


@pytest.mark.parametrize("base", ["S.LRScheduler", "S._LRScheduler"])
def test_a_schedule_of_the_users_own_runs_as_in_torch(base):
    torch = pytest.importorskip("torch")
    program = SETUP + CUSTOM.format(base=base)
    assert output(fastinit, program) == output(torch, program)
