"""What programs ask before they choose a device: there is no GPU here."""

__all__ = ["device_count", "is_available"]


def is_available() -> bool:
    """Returns False: tensors live on the CPU."""
    return False


def device_count() -> int:
    """Returns 0."""
    return 0
