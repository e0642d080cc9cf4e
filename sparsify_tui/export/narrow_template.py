"""The functions that stand below the table GROUPS in exported code, as text.

Which normalizations go with a layer is seen by one run in which the channels that go are NaN:
behind them exactly their channels become NaN, and every layer with weights stops the spread.
"""

from __future__ import annotations

FUNCTIONS = '''
SIDES = ("outputs", "inputs")


def kept_by_plan():
    """The units of each of GROUPS that the optimization keeps."""
    return [_numbers(group["kept"]) for group in GROUPS]


def kept_after_training(model):
    """The units of each of GROUPS that a training with the recipe has left weights in."""
    modules, kept = dict(model.named_modules()), []
    for group in GROUPS:
        units = set(range(group["units"]))
        for side in filter(group.get, SIDES):
            units &= {
                unit
                for unit in units
                for name, runs in group[side].items()
                if any(_has_weights(modules[name], side)[at] for at in _elements(runs, {unit}))
            }
        kept.append(sorted(units))
    return kept


def silence(model, batch):
    """Takes from channels without weights the constants that biases and normalizations give them.

    A channel that the recipe has zeroed is then silent, and can be cut without a change.
    """
    outputs = _cuts(model, kept_after_training(model))["outputs"]
    norms = _norms_that_follow(model, batch, outputs)
    with torch.no_grad():
        for module, gone in (*outputs.items(), *norms.items()):
            for constant in (module.bias, getattr(module, "running_mean", None)):
                if constant is not None:
                    constant[sorted(gone)] = 0


def narrow_recipe():
    """The recipe for a model that is narrow already: without its masks of channels."""
    masks = r"  - !StructuredPruningModifier\\n(?:    .*\\n)*\\n?"
    return re.sub(masks, "", RECIPE.read_text())


def narrow(model, batch, kept=None):
    """Cuts channels out of `model` in place, and returns it.

    Sizes that its own code holds, such as a number of heads, have to be changed by hand first.

    Args:
        model: As the .onnx file was exported from.
        batch: Inputs to run it on once: a tensor, a tuple, or a dict by argument name.
        kept: Units that stay of each of GROUPS; those of `kept_by_plan` by default.
    """
    cuts = _cuts(model, kept_by_plan() if kept is None else kept)
    norms = _norms_that_follow(model, batch, cuts["outputs"])
    for layer in dict.fromkeys((*cuts["outputs"], *cuts["inputs"])):
        _cut_layer(layer, cuts["outputs"].get(layer, ()), cuts["inputs"].get(layer, ()))
    for norm, gone in norms.items():
        _cut_norm(norm, gone)
    _run(model, batch)  # fails here, and not in training, where the model's own code does not fit
    return model


def _cuts(model, kept):
    """By side and layer, the outputs or inputs that go."""
    modules, cuts = dict(model.named_modules()), {side: {} for side in SIDES}
    for group, units in zip(GROUPS, kept):
        gone = set(range(group["units"])) - set(units)
        for side in SIDES:
            for name, runs in group[side].items():
                cuts[side].setdefault(modules[name], set()).update(_elements(runs, gone))
    return cuts


def _numbers(text):
    ends = [list(map(int, part.split("-"))) for part in text.split()]
    return [number for one in ends for number in range(one[0], one[-1] + 1)]


def _elements(runs, units):
    """Where units lie on an axis of runs (first element, first unit, units, elements of each)."""
    return [
        start + (unit - first) * width + at
        for start, first, count, width in runs
        for unit in units
        if first <= unit < first + count
        for at in range(width)
    ]


def _axis(layer, side):
    """The axis of a weight that runs over its outputs, or inputs."""
    is_turned = isinstance(layer, torch.nn.modules.conv._ConvTransposeNd)
    return int((side == "inputs") != is_turned)


def _has_weights(layer, side):
    """Of each output or input: whether a weight of it is not zero."""
    weight = layer.weight.detach().movedim(_axis(layer, side), 0)
    used = weight.flatten(1).ne(0).any(1)
    return used.repeat(1 if _axis(layer, side) == 0 else getattr(layer, "groups", 1)).tolist()


def _run(model, batch):
    was_training = model.training
    model.eval()
    with torch.no_grad():
        if isinstance(batch, dict):
            model(**batch)
        else:
            model(*batch) if isinstance(batch, (tuple, list)) else model(batch)
    model.train(was_training)


def _norms_that_follow(model, batch, outputs):
    """The normalizations, with the channels that become NaN where those that go are NaN."""
    found = {}

    def stop(layer, args):
        return tuple(torch.nan_to_num(arg) for arg in args)

    def poison(layer, args, output):
        axis = -1 if isinstance(layer, torch.nn.Linear) else 1
        gone = torch.tensor(sorted(outputs[layer]), device=output.device, dtype=torch.long)
        return output.index_fill(axis, gone, math.nan)

    def note(norm, args):
        is_gone = args[0].isnan().transpose(0, 1).flatten(1).any(1)
        found.setdefault(norm, set()).update(is_gone.nonzero().flatten().tolist())

    hooks = []
    for module in model.modules():
        if isinstance(module, (torch.nn.modules.conv._ConvNd, torch.nn.Linear)):
            hooks.append(module.register_forward_pre_hook(stop))
        elif isinstance(module, torch.nn.modules.batchnorm._NormBase):
            hooks.append(module.register_forward_pre_hook(note))
        if module in outputs:
            hooks.append(module.register_forward_hook(poison))
    try:
        _run(model, batch)
    finally:
        for hook in hooks:
            hook.remove()
    return found


def _cut_layer(layer, outputs, inputs):
    kind = "features" if isinstance(layer, torch.nn.Linear) else "channels"
    takes, makes = getattr(layer, f"in_{kind}"), getattr(layer, f"out_{kind}")
    groups = getattr(layer, "groups", 1)
    if groups > 1:  # whole groups go, with their inputs and outputs
        gone = {at // (makes // groups) for at in outputs}
        inputs = {at for at in range(takes) if at // (takes // groups) in gone}
        layer.groups = groups - len(gone)
    left = {
        "outputs": [at for at in range(makes) if at not in outputs],
        "inputs": [at for at in range(takes) if at not in inputs],
    }
    setattr(layer, f"out_{kind}", len(left["outputs"]))
    setattr(layer, f"in_{kind}", len(left["inputs"]))
    weight = layer.weight.detach()
    for side in SIDES:
        if groups == 1 or _axis(layer, side) == 0:  # the other axis is one group's own
            positions = torch.tensor(left[side], device=weight.device)
            weight = weight.index_select(_axis(layer, side), positions)
    layer.weight = torch.nn.Parameter(weight)
    if layer.bias is not None:
        layer.bias = torch.nn.Parameter(layer.bias.detach()[left["outputs"]])


def _cut_norm(norm, gone):
    left = [at for at in range(norm.num_features) if at not in gone]
    norm.num_features = len(left)
    for name in ("weight", "bias"):
        if getattr(norm, name) is not None:
            setattr(norm, name, torch.nn.Parameter(getattr(norm, name).detach()[left]))
    for name in ("running_mean", "running_var"):
        if getattr(norm, name) is not None:
            setattr(norm, name, getattr(norm, name)[left])
'''
