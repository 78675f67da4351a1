"""Functions that are alike have a line of their own in their docstrings, and the sections of all."""

from fastinit.docstrings import documented

SECTIONS = """
    Args:
        input: any shape.

    Raises:
        TypeError: it is no tensor.
    """


def test_the_sections_stand_below_what_the_function_says() -> None:
    @documented(SECTIONS)
    def double(input: int) -> int:
        """Returns twice as much.

        And no more.
        """
        return 2 * input

    lines = (double.__doc__ or "").split("\n")
    assert lines[:4] == ["Returns twice as much.", "", "And no more.", ""]
    assert lines[4:7] == ["Args:", "    input: any shape.", ""]
    assert lines[7:] == ["Raises:", "    TypeError: it is no tensor.", ""]


def test_the_function_itself_is_returned() -> None:
    def double(input: int) -> int:
        """Returns twice as much."""
        return 2 * input

    assert documented(SECTIONS)(double) is double


def test_a_function_whose_docstring_python_left_out_stays_without_one() -> None:
    def double(input: int) -> int:
        return 2 * input

    assert documented(SECTIONS)(double).__doc__ is None
