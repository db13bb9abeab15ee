"""An error is a user's where our own `raise` has worded it, and only there."""

import contextlib
import json

import pyarrow as pa
import pytest

from cnets import presets
from harness.diagnosis import errors


def ours(code: str, **names):
    """Runs code as if it stood in a module of ours."""
    exec(compile(code, "harness/x.py", "exec"), {"__name__": "harness.x"} | names)


def caught(run) -> BaseException:
    """The error with which a function ends."""
    with pytest.raises(Exception) as error:  # noqa: PT011
        run()
    return error.value


@pytest.mark.parametrize(
    "code",
    [
        "raise ValueError('`a` must be 1.')",
        "presets.preset('nothing')",
        "try:\n int('x')\nexcept ValueError as e:\n raise ValueError('x') from e",
        "with with_:\n raise ValueError('x')",
        "try:\n raise ValueError('x')\nexcept ValueError:\n raise",
        "try:\n raise ValueError('x')\nfinally:\n len('')",
    ],
)
def test_what_our_code_has_refused_is_a_users(code):
    """By `raise`, also in a `with` block, from another error, or raised once more."""
    error = caught(lambda: ours(code, presets=presets, with_=contextlib.nullcontext()))
    assert errors.is_users(error)


@pytest.mark.parametrize(
    "code",
    [
        "int('x')",
        "a, b = 1, 2, 3",
        "list(zip([1], [], strict=True))",
        "'\\ud800'.encode()",
        "'\\xe9'.encode('ascii')",
        "json.loads('{')",
        "pa.array([1, 'x'], pa.int64())",
        "raise RuntimeError('x')",
        "raise UnicodeError('x')",
        "try:\n int('x')\nexcept ValueError:\n raise",
        "try:\n int('x')\nexcept ValueError as e:\n raise e",
        "try:\n int('x')\nfinally:\n len('')",
    ],
)
def test_what_nobody_has_worded_is_not(code):
    """Errors of expressions, of encoding and of libraries, also raised once more."""
    error = caught(lambda: ours(code, json=json, pa=pa))
    assert not errors.is_users(error)


def test_the_same_line_in_a_library_is_not():
    """Only our own packages write their sentences for users."""
    raised = compile("raise ValueError('x')", "x.py", "exec")
    assert not errors.is_users(caught(lambda: exec(raised, {"__name__": "torch.x"})))


@pytest.mark.parametrize(
    ("module", "extra", "named"),
    [
        ("torch", "train", "train"),
        ("torch.nn", "search", "search"),
        ("PIL", "search", "search"),
        ("tensorboardX", "train", "search"),
        ("onnxruntime", "train", "train"),
    ],
)
def test_what_is_lacking_has_an_extra(module, extra, named):
    """The one that is asked about if it has the module, else the one that has."""
    sentence = errors.lacking(ModuleNotFoundError(name=module), extra)
    top = module.partition(".")[0]
    assert sentence == f"`{top}` is not installed: pip install 'crossnets[{named}]'."


@pytest.mark.parametrize("module", ["duckdb", "nothing", "", None])
def test_what_is_in_no_extra_is_not_to_be_had_by_one(module):
    """A part of the base, a module of nobody, and an error that names none."""
    assert errors.lacking(ModuleNotFoundError(name=module), "search") is None


def test_an_error_that_was_never_raised_is_not():
    """It has no traceback that could tell."""
    assert not errors.is_users(ValueError("x"))
