"""What is said of a tensor that cannot be filled as it is."""

__all__ = ["refusal"]


def refusal(tensor: object, reason: str) -> TypeError:
    """Returns the error for a tensor which has no memory that could be filled in place."""
    return TypeError(f"cannot fill this {type(tensor).__name__} in place: {reason}")
