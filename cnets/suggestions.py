"""What may have been meant by a name that is unknown, for the end of a sentence."""

import difflib
from collections.abc import Iterable


def nearest(word: str, known: Iterable[str]) -> str:
    """The name that is most like a word; where none is, all there are."""
    names = list(known)
    near = difflib.get_close_matches(word, names, n=1)
    return f"; did you mean `{near[0]}`?" if near else f"; known: {', '.join(names)}."
