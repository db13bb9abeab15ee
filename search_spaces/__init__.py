"""What a search may vary. Plain Python: no other package is imported."""

from search_spaces.parameters import OneOf, Parameter, Real, Space, Value, Whole
from search_spaces.registry import SPACES, space


__all__ = ["SPACES", "OneOf", "Parameter", "Real", "Space", "Value", "Whole", "space"]
