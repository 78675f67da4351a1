"""The differentiable functions of tensors, a subject each: every one works on arrays and records one node."""
